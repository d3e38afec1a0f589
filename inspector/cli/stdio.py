"""`mcp-inspect stdio …`: the front that a client spawns. Everything it does is the shim's; nothing heavy on the way."""

from __future__ import annotations


def run(arguments: list[str]) -> int:
    from inspector.proxy.shim import run_shim  # type: ignore[import-not-found,unused-ignore]

    code: int = run_shim(arguments)
    return code
