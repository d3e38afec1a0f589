"""Things written by a model. The demo has none: it fills in a small template, and takes its time over it."""

from __future__ import annotations

import re
from typing import Any

from inspector.demo.tools.flows import brief, parsed
from inspector.demo.world import World

_THINKS_FOR = 1.2  # seconds


class GenerateTools:
    def __init__(self, world: World) -> None:
        self._world = world

    async def generate_flow(
        self,
        user_prompt: str,
        flow_yaml: str = "",
        namespace: str = "",
        provider_id: str = "",
        auto_create: bool = False,
    ) -> dict[str, Any]:
        """Draft a flow from a wish in plain words, or change the one in `flow_yaml`. `auto_create` saves it as well."""
        await self._world.time.sleep(_THINKS_FOR)
        text = flow_yaml or _flow(user_prompt, namespace or "drafts")
        created = brief(self._world.put_flow(parsed(text))) if auto_create else None
        return {"yaml": text, "provider": provider_id or "template", "created": created}

    async def generate_dashboard(
        self, user_prompt: str, dashboard_yaml: str = "", provider_id: str = "", auto_create: bool = False
    ) -> dict[str, Any]:
        """Draft a dashboard from a wish in plain words, or change the one given. `auto_create` saves it as well."""
        await self._world.time.sleep(_THINKS_FOR)
        text = dashboard_yaml or f"id: {_slug(user_prompt)}\ntitle: {user_prompt}\ncharts: []\n"
        if auto_create:
            self._world.dashboards[_slug(user_prompt)] = text
        return {"yaml": text, "provider": provider_id or "template", "created": auto_create}

    async def generate_app(
        self, user_prompt: str, app_yaml: str = "", provider_id: str = "", auto_create: bool = False
    ) -> dict[str, Any]:
        """Draft an app from a wish in plain words, or change the one given. `auto_create` saves it as well."""
        await self._world.time.sleep(_THINKS_FOR)
        uid = _slug(user_prompt)
        text = app_yaml or f"id: {uid}\ntype: io.kestra.plugin.ee.apps.Execution\ndisplayName: {user_prompt}\n"
        if auto_create:
            self._world.apps[uid] = {"uid": uid, "name": user_prompt, "enabled": False, "tags": []}
        return {"yaml": text, "provider": provider_id or "template", "created": auto_create}

    async def generate_test(
        self, user_prompt: str, test_yaml: str = "", provider_id: str = "", auto_create: bool = False
    ) -> dict[str, Any]:
        """Draft a unit test from a wish in plain words, or change the one given. `auto_create` saves it as well."""
        await self._world.time.sleep(_THINKS_FOR)
        test_id = _slug(user_prompt)
        text = test_yaml or f"id: {test_id}\nnamespace: drafts\ntestCases: []\n"
        if auto_create:
            self._world.tests[test_id] = {"id": test_id, "namespace": "drafts", "cases": 0}
        return {"yaml": text, "provider": provider_id or "template", "created": auto_create}


def _flow(wish: str, namespace: str) -> str:
    return f"id: {_slug(wish)}\nnamespace: {namespace}\ndescription: {wish}\ntasks:\n  - id: first-step\n"


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40] or "draft"
