"""Who may do what: invitations and groups."""

from __future__ import annotations

import json
from typing import Any, Literal, TypeAlias

from mcp.server.mcpserver.exceptions import ToolError

from inspector.demo.world import World

Role: TypeAlias = Literal["admin", "developer", "editor", "launcher", "viewer"]


class PeopleTools:
    def __init__(self, world: World) -> None:
        self._world = world

    def invite_user(self, email: str, group_names: list[str] | None = None, role: Role | None = None) -> str:
        """Ask somebody in, with a role or into groups. An open invitation for the address is given back instead."""
        if "@" not in email:
            raise ToolError(f"Client error '422 Unprocessable Entity': {email!r} is no e-mail address")
        for invitation in self._world.invitations.values():
            if invitation["email"] == email:
                return json.dumps(invitation)
        made = f"inv-{self._world.new_id()[:8]}"
        self._world.invitations[made] = {"id": made, "email": email, "groups": group_names or [], "role": role}
        return json.dumps(self._world.invitations[made])

    def manage_invitations(self, action: Literal["get", "delete"], id_: str | None = None) -> str:
        """Look at an invitation, or take it back."""
        found = self._world.invitations.get(id_ or "")
        if found is None:
            raise ToolError(f"Client error '404 Not Found': there is no invitation {id_!r}")
        if action == "delete":
            del self._world.invitations[found["id"]]
        return json.dumps(found)

    def manage_group(
        self,
        action: Literal["create", "get", "update", "delete"],
        id_: str | None = None,
        name: str | None = None,
        description: str | None = None,
        role: Role | None = None,
    ) -> str:
        """Make, look at, change or remove a group of people."""
        groups = self._world.groups
        if action == "create":
            if not name:
                raise ToolError("name is required to create a group")
            made = f"grp-{self._world.new_id()[:8]}"
            groups[made] = {"id": made, "name": name, "description": description or "", "role": role}
            return json.dumps(groups[made])
        found = groups.get(id_ or "")
        if found is None:
            raise ToolError(f"Client error '404 Not Found': there is no group {id_!r}")
        match action:
            case "update":
                changed: dict[str, Any] = {"name": name, "description": description, "role": role}
                found.update({key: value for key, value in changed.items() if value is not None})
            case "delete":
                del groups[found["id"]]
            case "get":
                pass
        return json.dumps(found)
