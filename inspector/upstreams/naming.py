"""What an upstream is called when nobody said: short, recognisable, and fit for our URL."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePath
from urllib.parse import urlsplit

from inspector.core.errors import UsageError
from inspector.core.upstream import NAME, RESERVED_NAMES

# These only start something else: the name is in their arguments.
_RUNNERS = frozenset({"npx", "bunx", "pnpx", "uvx", "uv", "docker", "podman", "node", "deno", "bun", "env"})
_RUNNER_WORDS = frozenset({"run", "tool", "exec", "dlx", "x", "server.py", "index.js", "main.py"})
_PYTHON = re.compile(r"python[\d.]*")
_AFFIXES = re.compile(r"^(?:mcp-server-|server-|mcp-)|(?:-mcp-server|-server|-mcp)$")


def checked_name(name: str, source: str) -> str:
    """`name`, once it is fit to be one. Raises UsageError naming `source`."""
    if not NAME.fullmatch(name):
        raise UsageError(f"{source}: {name!r} is no upstream name; use 1 to 32 of a-z, 0-9, _ and -")
    if name in RESERVED_NAMES:
        raise UsageError(f"{source}: the name {name!r} is taken by the program itself; choose another")
    return name


def command_name(argv: Sequence[str]) -> str:
    """A name for a command: of `npx -y @modelcontextprotocol/server-everything` it is `everything`."""
    program = PurePath(argv[0]).name
    words = [word for word in argv[1:] if not word.startswith("-") and "=" not in word and word not in _RUNNER_WORDS]
    if (program in _RUNNERS or _PYTHON.fullmatch(program)) and words:
        # `docker run … -e NAME image:tag` and `python -m package` both carry the telling word in the same shape.
        telling = next((word for word in words if "/" in word or "mcp" in word), words[0])
        program = PurePath(telling).name.partition("@")[0].partition(":")[0]
    return _fit(program.removesuffix(".py").removesuffix(".js"))


def url_name(url: str) -> str:
    """A name for an endpoint: its host, with the port where the host alone says little."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if host in {"localhost", "127.0.0.1", "::1"}:
        return _fit(f"localhost-{parts.port}" if parts.port else "localhost")
    labels = [label for label in host.split(".") if label not in {"www", "mcp", "api"}]
    return _fit(labels[0] if labels else host)


def _fit(text: str) -> str:
    """The nearest thing to `text` that is a name."""
    plain = re.sub(r"[^a-z0-9_-]+", "-", text.lower()).strip("-")
    short = _AFFIXES.sub("", plain)[:32].strip("-")
    return short if short and short not in RESERVED_NAMES else "upstream"
