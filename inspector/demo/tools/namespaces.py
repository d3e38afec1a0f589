"""What namespaces there are, and what is in them."""

from __future__ import annotations

from typing import Any

from mcp.server.mcpserver.exceptions import ToolError

from inspector.demo.lifecycle import Flow
from inspector.demo.tools.flows import brief
from inspector.demo.world import World


class NamespaceTools:
    def __init__(self, world: World) -> None:
        self._world = world

    def list_namespaces(self, query: str = "", page_size: int = 100, with_flows_only: bool = False) -> dict[str, Any]:
        """All namespaces, or those whose name holds `query`; on request only those that have flows."""
        with_flows = {namespace for namespace, _ in self._world.flows}
        names = sorted(with_flows) if with_flows_only else self._world.namespaces()
        return {"result": [name for name in names if query in name][:page_size]}

    def list_flows_in_namespace(self, namespace: str) -> dict[str, Any]:
        """Every flow of one namespace."""
        return {"result": [brief(flow) for flow in self._flows(namespace)]}

    def list_namespace_dependencies(self, namespace: str) -> dict[str, Any]:
        """Which flows of a namespace start which others, one arrow a line."""
        arrows = [f"{before} --> {flow.id}" for flow in self._flows(namespace) for before in flow.after]
        return {"result": "\n".join(arrows) or "no flow here starts another one"}

    def _flows(self, namespace: str) -> list[Flow]:
        found = [flow for flow in self._world.flows.values() if flow.namespace == namespace]
        if not found and namespace not in self._world.namespaces():
            raise ToolError(f"Client error '404 Not Found': there is no namespace {namespace!r}")
        return found
