"""Look for flows, change them, remove them."""

from __future__ import annotations

import difflib
import re
from dataclasses import replace
from typing import Any, Literal

from mcp.server.mcpserver.exceptions import ToolError

from inspector.demo.lifecycle import Flow
from inspector.demo.world import World

_SCALAR = re.compile(r"^(id|namespace|description):\s*(.+?)\s*$", re.MULTILINE)
_TASK = re.compile(r"^\s+- id:\s*(\S+)\s*$", re.MULTILINE)


class FlowTools:
    def __init__(self, world: World) -> None:
        self._world = world

    def search_flows(self, query: str, size: int = 10, page: int = 1) -> dict[str, Any]:
        """Flows whose name or definition holds `query`, a page at a time."""
        found = [flow for flow in self._world.flows.values() if query.lower() in source(flow).lower()]
        first = max(page - 1, 0) * size
        return {"results": [brief(flow) for flow in found[first : first + size]], "total": len(found)}

    def find_flow(self, query: str, namespace: str = "") -> dict[str, Any]:
        """The flow that `query` most likely means, or the candidates when several could be meant."""
        flows = {flow.id: flow for flow in self._world.flows.values() if namespace in {"", flow.namespace}}
        exact = [flow for flow_id, flow in flows.items() if query.lower() in flow_id]
        near = exact or [flows[name] for name in difflib.get_close_matches(query, flows, 3, 0.3)]
        if not near:
            raise ToolError(f"no flow is called anything like {query!r}")
        return {"match" if len(near) == 1 else "candidates": [brief(flow) for flow in near]}

    def list_flows_with_triggers(
        self, namespace: str = "", enabled_only: bool = False, disabled_only: bool = False
    ) -> dict[str, Any]:
        """Flows that start by themselves, with what starts them; all, or only the enabled or disabled ones."""
        lines = []
        for flow in self._world.flows.values():
            if namespace not in {"", flow.namespace} or not (flow.every or flow.after):
                continue
            if (enabled_only and not flow.enabled) or (disabled_only and flow.enabled):
                continue
            what = f"every {flow.every:g} s" if flow.every else f"after {', '.join(flow.after)}"
            lines.append(f"{flow.namespace}.{flow.id} ({'enabled' if flow.enabled else 'disabled'}): {what}")
        return {"result": "\n".join(lines)}

    def create_flow_from_yaml(self, yaml_definition: str) -> dict[str, Any]:
        """Save a flow. One of the same namespace and id gets a new revision."""
        return brief(self._world.put_flow(parsed(yaml_definition)))

    def manage_flow(
        self,
        action: Literal["enable", "disable", "list_revisions", "list_dependencies", "get_yaml", "delete"],
        namespace: str,
        flow_id: str,
    ) -> str:
        """Do one thing to one flow: switch it on or off, show its definition, its revisions or what it depends on,
        or remove it."""
        flow = self._world.flow(namespace, flow_id)
        key = (namespace, flow_id)
        match action:
            case "enable" | "disable":
                self._world.flows[key] = replace(flow, enabled=action == "enable")
                return f"{flow_id} is {action}d"
            case "list_revisions":
                return "\n".join(f"{past.revision}: {past.description}" for past in self._world.revisions[key])
            case "list_dependencies":
                return "\n".join(f"{other} --> {flow_id}" for other in flow.after) or f"{flow_id} stands alone"
            case "get_yaml":
                return source(flow)
            case "delete":
                del self._world.flows[key]
                return f"{flow_id} was deleted"


def parsed(text: str) -> Flow:
    """The part of a flow's YAML that the demo understands. Raises ToolError for one without id, namespace or tasks."""
    found = {key: value.strip("'\"") for key, value in _SCALAR.findall(text)}
    tasks = tuple(_TASK.findall(text.partition("tasks:")[2]))
    for field in ("id", "namespace"):
        if not found.get(field):
            raise ToolError(f"Client error '422 Unprocessable Entity': {field} must not be empty")
    if not tasks:
        raise ToolError("Client error '422 Unprocessable Entity': tasks must hold at least one task with an id")
    return Flow(found["namespace"], found["id"], found.get("description", ""), tasks, source=text)


def source(flow: Flow) -> str:
    """The flow's YAML, as it was written or as it would be."""
    if flow.source:
        return flow.source
    tasks = "".join(
        f'  - id: {task}\n    type: io.kestra.plugin.core.log.Log\n    message: "{task}"\n' for task in flow.tasks
    )
    return f"id: {flow.id}\nnamespace: {flow.namespace}\ndescription: {flow.description}\ntasks:\n{tasks}"


def brief(flow: Flow) -> dict[str, Any]:
    return {
        "namespace": flow.namespace,
        "id": flow.id,
        "revision": flow.revision,
        "disabled": not flow.enabled,
        "description": flow.description,
    }
