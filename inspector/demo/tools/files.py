"""Files that belong to a namespace. Paths begin with `/`; folders are what paths have in common."""

from __future__ import annotations

from typing import Any, Literal

from mcp.server.mcpserver.exceptions import ToolError

from inspector.demo.world import World


class FileTools:
    def __init__(self, world: World) -> None:
        self._world = world

    def namespace_file_action(
        self,
        *,
        namespace: str,
        path: str | None = None,
        action: Literal["get", "create", "move", "delete", "search"] = "get",
        file_content: str | None = None,
        to_path: str | None = None,
        q: str | None = None,
    ) -> dict[str, Any]:
        """Read, write, move or remove one file, or search the names of all of them for `q`."""
        files = self._files(namespace)
        if action == "search":
            return {"result": [name for name in sorted(files) if (q or "") in name]}
        name = _absolute(path, "path")
        if action == "create":
            files[name] = file_content or ""
            return {"path": name, "size": len(files[name])}
        if name not in files:
            raise ToolError(f"Client error '404 Not Found': there is no file {name!r} in {namespace!r}")
        match action:
            case "get":
                return {"path": name, "content": files[name]}
            case "move":
                files[_absolute(to_path, "to_path")] = files.pop(name)
                return {"from": name, "to": _absolute(to_path, "to_path")}
            case "delete":
                del files[name]
                return {"deleted": name}

    def namespace_directory_action(
        self,
        namespace: str,
        path: str,
        action: Literal["list", "create", "delete", "move"],
        to_path: str | None = None,
    ) -> dict[str, Any]:
        """List, make, move or remove a folder, with everything below it."""
        files = self._files(namespace)
        folder = _absolute(path, "path").rstrip("/") + "/"
        inside = sorted(name for name in files if name.startswith(folder))
        match action:
            case "list":
                return {"result": inside}
            case "create":
                files.setdefault(folder + ".keep", "")
                return {"path": folder}
            case "delete":
                for name in inside:
                    del files[name]
                return {"deleted": inside}
            case "move":
                target = _absolute(to_path, "to_path").rstrip("/") + "/"
                for name in inside:
                    files[target + name.removeprefix(folder)] = files.pop(name)
                return {"from": folder, "to": target, "files": len(inside)}

    def _files(self, namespace: str) -> dict[str, str]:
        if namespace not in self._world.namespaces():
            raise ToolError(f"Client error '404 Not Found': there is no namespace {namespace!r}")
        return self._world.files.setdefault(namespace, {})


def _absolute(path: str | None, field: str) -> str:
    if not path:
        raise ToolError(f"{field} is required for this action")
    if ".." in path.split("/"):
        raise ToolError(f"Client error '400 Bad Request': {field} must not contain '..'")
    return path if path.startswith("/") else f"/{path}"
