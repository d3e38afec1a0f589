"""`mcp-inspect stdio …`: the front that a client spawns. Everything it does is the shim's; nothing heavy on the way."""

from __future__ import annotations


def run(arguments: list[str]) -> int:
    from inspector.proxy.shim import run_shim

    return run_shim(arguments, _run_here)


def _run_here(name: str, command: list[str], policy: str | None, grant: str | None) -> int:
    """The whole engine, which only a process without a running inspector has to load."""
    from inspector.wiring import run_standalone

    return run_standalone(name, command, policy, grant)
