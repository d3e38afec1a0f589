"""The key-value store of a namespace."""

from __future__ import annotations

from typing import Any, Literal

from mcp.server.mcpserver.exceptions import ToolError

from inspector.demo.world import World


class KvTools:
    def __init__(self, world: World) -> None:
        self._world = world

    def manage_kv_store(
        self,
        namespace: str,
        action: Literal["get", "set", "list", "delete"],
        key: str | None = None,
        value: Any = None,
    ) -> dict[str, Any]:
        """Read, write, list or remove values that flows of a namespace share. The answer stands in `result`."""
        store = self._world.kv.setdefault(namespace, {})
        if action == "list":
            return {"result": sorted(store)}
        if not key:
            raise ToolError(f"key is required to {action} a value")
        if action == "set":
            store[key] = value
            return {"status": "ok"}
        if key not in store:
            raise ToolError(f"Client error '404 Not Found': {namespace!r} has no key {key!r}")
        if action == "delete":
            del store[key]
            return {"deleted": key}
        return {"result": store[key]}
