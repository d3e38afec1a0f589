"""A small Kestra in memory, spoken to over MCP, and scripted agents that use it.

`python -m inspector.demo` is the server on stdio, `python -m inspector.demo.agent URL` the agents. Both need the MCP
SDK, whose import takes a second, so the program starts them as processes of their own.
"""
