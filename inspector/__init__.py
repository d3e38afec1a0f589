"""mcp-inspect: see, stop and shape everything an AI agent does through MCP."""

__version__ = "0.1.0"
