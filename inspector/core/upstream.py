"""Which server stands behind us, before anything is started."""

from __future__ import annotations

import re
from dataclasses import field
from enum import StrEnum
from typing import TypeAlias
from urllib.parse import urlsplit

from inspector.core.fact import fact

NAME = re.compile(r"[a-z0-9_-]{1,32}")
RESERVED_NAMES = frozenset({"all", "mcp"})


@fact(frozen=True, slots=True)
class CommandSpec:
    """A stdio server. `env` is added to ours (or to the client's, when a shim sent one); `cwd` None means inherited."""

    argv: tuple[str, ...]
    env: tuple[tuple[str, str], ...] = ()
    cwd: str | None = None


class UrlTransport(StrEnum):
    """How a server behind a URL is spoken to."""

    AUTO = "auto"  # Streamable HTTP, unless it turns out to know only what was there before
    HTTP = "http"
    SSE = "sse"  # HTTP+SSE, the transport of MCP 2024-11-05


@fact(frozen=True, slots=True)
class UrlSpec:
    """A server behind a URL. `headers` are ours, sent with every request; they override the client's.

    `oauth_scope`: what to ask for at a login, in place of what the server names; None: nobody said.
    """

    url: str
    headers: tuple[tuple[str, str], ...] = ()
    oauth_scope: str | None = None
    transport: UrlTransport = UrlTransport.AUTO

    @property
    def has_credential(self) -> bool:
        """Was it given an `Authorization` of its own? Then nobody has to log in."""
        named = any(name.lower() == "authorization" for name, _ in self.headers)
        return named or "@" in urlsplit(self.url).netloc


@fact(frozen=True, slots=True)
class UpstreamSpec:
    name: str
    target: CommandSpec | UrlSpec
    origin: str = "command line"  # where the definition was found, for the screen
    secrets: tuple[str, ...] = field(default=(), repr=False)  # values that must not reach the recording
    lazy: bool = False  # started by its first client, not with the run


Target: TypeAlias = CommandSpec | UrlSpec
