"""Apps, unit tests and the instance itself: what only the larger edition has."""

from __future__ import annotations

from typing import Any, Literal

from mcp.server.mcpserver.exceptions import ToolError

from inspector.demo.tools.flows import parsed
from inspector.demo.world import World


class AppTools:
    def __init__(self, world: World) -> None:
        self._world = world

    def search_apps(
        self,
        *,
        page: int = 1,
        size: int = 10,
        sort: list[Any] | None = None,
        tags: list[Any] | None = None,
        q: str | None = None,
        namespace: str | None = None,
        flowId: str | None = None,  # noqa: N803 - the argument's real name
    ) -> str:
        """Apps by name, tag, namespace or flow, a page at a time; one a line."""
        found = [
            app
            for app in self._world.apps.values()
            if (q or "").lower() in app["name"].lower()
            and set(tags or ()) <= set(app["tags"])
            and namespace in {None, app.get("namespace")}
            and flowId in {None, app.get("flowId")}
        ]
        if sort:
            found.sort(key=lambda app: str(app["name"]))
        first = max(page - 1, 0) * size
        return "\n".join(f"{app['uid']}: {app['name']}" for app in found[first : first + size]) or "no app fits"

    def manage_apps(
        self,
        action: Literal["create", "enable", "disable", "delete"],
        uid: str | None = None,
        yaml_source: str | None = None,
    ) -> str:
        """Save an app from YAML, switch one on or off, or remove it."""
        apps = self._world.apps
        if action == "create":
            if not yaml_source:
                raise ToolError("yaml_source is required to create an app")
            made = f"app-{self._world.new_id()[:8]}"
            apps[made] = {"uid": made, "name": yaml_source.splitlines()[0], "tags": [], "enabled": True}
            return f"{made} was created"
        if uid not in apps:
            raise ToolError(f"Client error '404 Not Found': there is no app {uid!r}")
        if action == "delete":
            del apps[uid]
        else:
            apps[uid]["enabled"] = action == "enable"
        return f"{uid} was {action}d"

    async def manage_tests(
        self,
        action: Literal["create", "run", "delete"],
        yaml_source: str | None = None,
        namespace: str | None = None,
        id_: str | None = None,
    ) -> str:
        """Save a unit test from YAML, run one, or remove it."""
        tests = self._world.tests
        if action == "create":
            if not yaml_source:
                raise ToolError("yaml_source is required to create a test")
            flow = parsed(yaml_source)
            tests[flow.id] = {"id": flow.id, "namespace": flow.namespace, "cases": len(flow.tasks)}
            return f"{flow.id} was saved"
        found = tests.get(id_ or "")
        if found is None or namespace != found["namespace"]:
            raise ToolError(f"Client error '404 Not Found': there is no test {id_!r} in namespace {namespace!r}")
        if action == "delete":
            del tests[found["id"]]
            return f"{id_} was deleted"
        await self._world.time.sleep(0.3 * found["cases"])
        return f"{id_}: {found['cases']} cases, all of them passed"

    def get_instance_info(self, info: Literal["configuration", "license_info"] = "configuration") -> str:
        """What this Kestra is: how it is configured, or whom it is licensed to."""
        if info == "license_info":
            return "edition: demo, expires: never"
        return "edition: demo, storage: memory, queue: memory, tenants: main"
