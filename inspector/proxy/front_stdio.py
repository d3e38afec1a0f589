"""Clients that speak stdio: through a shim and our Unix socket, or on this process's own stdin and stdout.

What a shim says first is one line, the hello: `{"version": 1, "name": …, "command": […] | null, "cwd": …, "env": {…},
"grant": … | null}`. It is answered by one line, `{"ok": true}` or `{"ok": false, "error": …}`; from then on both ways
carry the client's and the server's bytes.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import socket
import stat
import struct
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import anyio
from anyio.abc import TaskGroup

from inspector.core.errors import ConfigError, InspectError, UpstreamError
from inspector.core.upstream import NAME
from inspector.proxy.links import ClientSide, Hub
from inspector.proxy.shim import HELLO_VERSION
from inspector.proxy.stdio_client import StdioClient
from inspector.proxy.stdio_pipes import own_pipes
from inspector.wire.jsonrpc import INVALID_REQUEST, BadFrame

_HELLO_LIMIT = 1 << 20
_HELLO_TIMEOUT = 10.0  # seconds
_MAX_CLIENTS = 256

Adopt: TypeAlias = Callable[[str, tuple[str, ...], str, Mapping[str, str]], str]
"""(name, command, folder, environment) → the name of the upstream that it is from now on. Raises InspectError."""


@dataclass(frozen=True, slots=True)
class Hello:
    name: str
    command: tuple[str, ...]  # empty: `name` is one of our upstreams
    cwd: str
    env: Mapping[str, str]
    grant: str | None


def identity(name: str, command: tuple[str, ...], env: Mapping[str, str]) -> str:
    """Which upstream it is that a client brings along: `name` and 12 hex digits of its command and environment."""
    parts = [*command, "", *(f"{key}={value}" for key, value in sorted(env.items()))]
    digest = hashlib.sha256("\0".join(parts).encode(errors="surrogateescape"))
    return f"{name}-{digest.hexdigest()[:12]}"


def parse_hello(line: bytes) -> Hello:
    """
    Raises:
        ValueError: with the reason, for anything but the hello of this version.
    """
    try:
        said = json.loads(line)
    except ValueError:
        raise ValueError("the first line is no JSON") from None
    if not isinstance(said, dict):
        raise ValueError("the first line is no JSON object")
    if said.get("version") != HELLO_VERSION:
        raise ValueError("this shim and the running mcp-inspect are of different versions; restart mcp-inspect")
    name, command, cwd, env, grant = (said.pop(key, None) for key in ("name", "command", "cwd", "env", "grant"))
    if len(said) != 1:
        raise ValueError(f"unknown member {min(said.keys() - {'version'})[:40]!r} in the hello")
    if not (isinstance(name, str) and NAME.fullmatch(name)):
        raise ValueError("the name must be made of a-z, 0-9, - and _, at most 32 of them")
    if not (isinstance(cwd, str) and (grant is None or (isinstance(grant, str) and _is_grant(grant)))):
        raise ValueError("the grant must be 1 to 64 printable characters")
    if not (command is None or (isinstance(command, list) and command and _all_text(command))):
        raise ValueError("command must be a list of strings, or null")
    if not (isinstance(env, dict) and _all_text(env.values())):
        raise ValueError("env must be an object of strings")
    return Hello(name, tuple(command or ()), cwd, env, grant)


def _is_grant(text: str) -> bool:
    return 1 <= len(text) <= 64 and text.isprintable()


def _all_text(values: Iterable[object]) -> bool:
    return all(isinstance(value, str) and "\0" not in value for value in values)


class StdioFront:
    """One for the engine. Its clients' tasks run in `tasks`; cancelling those closes the connections.

    `hide` is told each client's environment before its server gets it: the secrets in it must not be recorded.
    """

    def __init__(self, hub: Hub, *, tasks: TaskGroup, adopt: Adopt, hide: Callable[[Mapping[str, str]], None]) -> None:
        self._hub = hub
        self._tasks = tasks
        self._adopt = adopt
        self._hide = hide
        self._clients: set[StdioClient] = set()

    # -- shims

    @asynccontextmanager
    async def listen(self, path: Path) -> AsyncIterator[None]:
        """Accept shims on a Unix socket (0600, in a folder of mode 0700 that must exist) inside the `async with`.

        Raises:
            ConfigError: the socket cannot be made there.
        """
        listener = _bind(path)
        server = await asyncio.get_running_loop().create_unix_server(self._accept, sock=listener)
        try:
            yield
        finally:
            server.close()
            path.unlink(missing_ok=True)  # noqa: ASYNC240 - one call, at the end
            for client in tuple(self._clients):
                client.drop()

    def _accept(self) -> StdioClient:
        client = StdioClient(self._hub)
        self._tasks.start_soon(self._serve_shim, client)
        return client

    async def _serve_shim(self, client: StdioClient) -> None:
        self._clients.add(client)
        try:
            refusal = await self._greet(client)
            if refusal is not None:
                client.write(json.dumps({"ok": False, "error": refusal}).encode())
            else:
                await client.served()
        finally:
            self._clients.discard(client)
            await client.close()

    async def _greet(self, client: StdioClient) -> str | None:
        """Why this client is not let in; None when it is."""
        line = None
        with anyio.move_on_after(_HELLO_TIMEOUT):
            line = await client.first_line(_HELLO_LIMIT)
        try:
            hello = self._hello(client, line)
            self._hide(hello.env)
            name = self._upstream_of(hello)
            await client.connect(name, hello.grant or f"stdio:{name}", ClientSide(hello.cwd, hello.env), b'{"ok":true}')
        except UpstreamError as error:  # its own event says so
            return str(error)
        except (InspectError, ValueError) as error:
            self._refused(client, line, str(error))
            return str(error)
        return None

    def _hello(self, client: StdioClient, line: bytes | None) -> Hello:
        if line is None:
            raise ValueError("no hello came, or one of more than 1 MiB")
        if not _same_user(client.socket()):
            raise ValueError("another user runs this mcp-inspect")
        if len(self._clients) > _MAX_CLIENTS:
            raise ValueError(f"this mcp-inspect serves {_MAX_CLIENTS} stdio clients already")
        return parse_hello(line)

    def _refused(self, client: StdioClient, line: bytes | None, why: str) -> None:
        said = client.unread if line is None else line
        if said or not client.has_left:  # who comes and goes without a word only looked whether we are there
            bad = BadFrame(_without_env(said), INVALID_REQUEST, why)
            self._hub.rejected(bad, connection="", upstream="", peer=_peer(client.socket()))

    def _upstream_of(self, hello: Hello) -> str:
        if hello.command:
            return self._adopt(hello.name, hello.command, hello.cwd, hello.env)
        if self._hub.upstream(hello.name) is None:
            names = ", ".join(self._hub.upstream_names()) or "none"
            raise ValueError(f"no upstream is named {hello.name!r} here; there are: {names}")
        return hello.name

    # -- this process's own client

    async def serve_own(self, upstream: str, grant: str) -> None:
        """Serve the client that spawned this process, until it closes stdin or stdout.

        From the first moment on, nothing else in this process reaches the real stdin and stdout: a stray `print`
        goes to stderr.

        Raises:
            UpstreamError: the server cannot be started.
        """
        async with own_pipes(sys.stdin.fileno(), sys.stdout.fileno()) as (reader, writer):
            client = StdioClient(self._hub, two_pipes=True)
            loop = asyncio.get_running_loop()
            await loop.connect_read_pipe(lambda: client, reader)
            transport, _ = await loop.connect_write_pipe(client.writing_side, writer)
            client.answer_through(transport)
            try:
                side = ClientSide(str(Path.cwd()), dict(os.environ))
                self._hide(side.env)
                await client.connect(upstream, grant, side, None)
                await client.served()
            finally:
                await client.close()


def _bind(path: Path) -> socket.socket:
    folder = path.parent
    try:
        info = folder.stat()
        if info.st_uid != os.getuid() or stat.S_IMODE(info.st_mode) & 0o077:
            raise ConfigError(f"the folder {folder} must be yours alone: chmod 700 it, or remove it")
        listener = socket.socket(socket.AF_UNIX)
        before = os.umask(0o177)
        try:
            path.unlink(missing_ok=True)
            listener.bind(str(path))
        finally:
            os.umask(before)
    except OSError as error:  # among others: a path of more than 107 bytes
        raise ConfigError(f"cannot make the socket {path}: {error.strerror or error}") from error
    return listener


def _without_env(line: bytes) -> bytes:
    """A hello as it may be kept: the environment in it holds secrets that nobody has named to us yet."""
    try:
        said = json.loads(line)
    except ValueError:
        return b"" if b'"env"' in line else line[:200]
    if not isinstance(said, dict):
        return line[:200]
    return json.dumps({key: value for key, value in said.items() if key != "env"}).encode()[:4096]


def _credentials(peer: socket.socket) -> tuple[int, int]:
    """Process and user at the other end, by the kernel's word. Raises OSError. Linux only."""
    process, user, _ = struct.unpack(
        "3i", peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    )
    return process, user


def _peer(peer: socket.socket) -> str:
    """Who connected, for a person."""
    with contextlib.suppress(OSError):
        if hasattr(socket, "SO_PEERCRED"):
            return "process {} of user {}".format(*_credentials(peer))
    return "a process of this machine"


def _same_user(peer: socket.socket) -> bool:
    """The kernel's word for who connected; where there is no such word, the folder's mode alone keeps others out."""
    with contextlib.suppress(OSError):
        if hasattr(socket, "SO_PEERCRED"):
            return _credentials(peer)[1] == os.getuid()
        if sys.platform == "darwin":
            # struct xucred by LOCAL_PEERCRED (1) at SOL_LOCAL (0): version, uid, …
            return bool(struct.unpack_from("2I", peer.getsockopt(0, 1, 76))[1] == os.getuid())
    return not (hasattr(socket, "SO_PEERCRED") or sys.platform == "darwin")
