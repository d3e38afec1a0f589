"""Banners that everybody sees."""

from __future__ import annotations

import json
from typing import Any, Literal

from mcp.server.mcpserver.exceptions import ToolError

from inspector.demo.world import World


class AnnouncementTools:
    def __init__(self, world: World) -> None:
        self._world = world

    def manage_announcements(
        self,
        *,
        action: Literal["list", "create", "update", "delete"],
        id_: str | None = None,
        message: str | None = None,
        type: Literal["INFO", "WARNING", "ERROR"] | None = None,
        startDate: str | None = None,  # noqa: N803 - the arguments' real names
        endDate: str | None = None,  # noqa: N803
        active: bool = True,
        tenantId: str | None = None,  # noqa: N803
    ) -> str:
        """List the banners, put one up, change one, or take one down."""
        banners = self._world.announcements
        if action == "list":
            return json.dumps(list(banners.values()))
        given: dict[str, Any] = {
            "message": message,
            "type": type,
            "startDate": startDate,
            "endDate": endDate,
            "active": active,
            "tenantId": tenantId,
        }
        if action == "create":
            if not message:
                raise ToolError("message is required to put up a banner")
            made = f"ann-{self._world.new_id()[:8]}"
            banners[made] = {"id": made, **given, "type": type or "INFO"}
            return json.dumps(banners[made])
        found = banners.get(id_ or "")
        if found is None:
            raise ToolError(f"Client error '404 Not Found': there is no announcement {id_!r}")
        if action == "delete":
            del banners[found["id"]]
        else:
            found.update({key: value for key, value in given.items() if value is not None})
        return json.dumps(found)
