"""Which server stands behind us, before anything is started."""

from __future__ import annotations

import re
from dataclasses import field
from typing import TypeAlias

from inspector.core.fact import fact

NAME = re.compile(r"[a-z0-9_-]{1,32}")
RESERVED_NAMES = frozenset({"all", "mcp"})


@fact(frozen=True, slots=True)
class CommandSpec:
    """A stdio server. `env` is added to ours (or to the client's, when a shim sent one); `cwd` None means inherited."""

    argv: tuple[str, ...]
    env: tuple[tuple[str, str], ...] = ()
    cwd: str | None = None


@fact(frozen=True, slots=True)
class UrlSpec:
    """A Streamable HTTP server. `headers` are ours, sent with every request; they override the client's."""

    url: str
    headers: tuple[tuple[str, str], ...] = ()


@fact(frozen=True, slots=True)
class UpstreamSpec:
    name: str
    target: CommandSpec | UrlSpec
    origin: str = "command line"  # where the definition was found, for the screen
    secrets: tuple[str, ...] = field(default=(), repr=False)  # values that must not reach the recording


Target: TypeAlias = CommandSpec | UrlSpec
