"""`mcp-inspect stdio …`: a byte pump between the client that spawned it and the running inspector.

Clients spawn one for every session and wait for it, so this file starts in a few hundredths of a second: standard
library only, and no asyncio. Where no inspector runs (or with `--standalone`) the engine runs in this very process.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from inspector.core.errors import InspectError, UsageError
from inspector.core.upstream import NAME, RESERVED_NAMES
from inspector.runs import live

USAGE = """\
usage: mcp-inspect stdio NAME
       mcp-inspect stdio [--standalone] [--policy FILE] [--name NAME] [--grant G] -- COMMAND…

The front that a stdio client spawns: NAME is an upstream of the running mcp-inspect, or one of mcp-inspect.toml;
COMMAND is the server itself. Without a running mcp-inspect, or with --standalone, the policy is enforced and
everything recorded in this process.

options:
  --standalone    an engine of its own, even beside a running mcp-inspect
  --policy FILE   the policy document of that engine
  --name NAME     what to call COMMAND (default: by its words)
  --grant G       whose counters calls are charged to, where limits are per grant (default: stdio:NAME)
"""

HELLO_VERSION = 1
_CHUNK = 64 << 10
_HELLO_TIMEOUT = 30.0  # seconds; the inspector may have to wait before it starts a server that keeps failing
_RUNNERS = frozenset({"npx", "uvx", "bunx", "pnpx", "pipx", "node", "bun", "deno", "sh", "bash", "env"})


@dataclass(slots=True)
class Request:
    """The command line."""

    name: str = ""
    command: list[str] = field(default_factory=list)
    standalone: bool = False
    policy: str | None = None
    grant: str | None = None


RunHere: TypeAlias = Callable[[str, list[str], str | None, str | None], int]
"""The engine in this process: `(name, command, policy, grant)` → exit code."""


def run_shim(arguments: Sequence[str], run_here: RunHere) -> int:
    """Serve one client; returns the exit code: 0 after a session, 1 when the inspector went away, 2 for an error,
    130 when interrupted."""
    if arguments[:1] in (["--help"], ["-h"]):
        print(USAGE, end="")
        return 0
    try:
        request = parse(arguments)
        inspector = None if request.standalone else find_inspector()
        if inspector is None:
            return run_here(request.name, request.command, request.policy, request.grant)
        if request.policy is not None:
            _say("--policy is not used: the running mcp-inspect has its own (--standalone to use it)")
        with inspector:
            return _pump(inspector, _greet(inspector, request))
    except InspectError as error:
        _say(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        return 130


def _say(text: str) -> None:
    print(f"mcp-inspect: {text}", file=sys.stderr, flush=True)


def parse(arguments: Sequence[str]) -> Request:
    """
    Raises:
        UsageError: what is wrong with the command line.
    """
    request = Request()
    words = iter(arguments)
    for word in words:
        flag, has_value, value = word.partition("=")
        if word == "--":
            request.command = list(words)
            if not request.command:
                raise UsageError("stdio: a command must follow --")
        elif word == "--standalone":
            request.standalone = True
        elif flag in ("--policy", "--name", "--grant"):
            text = value if has_value else next(words, "")
            if not text:
                raise UsageError(f"stdio: {flag} needs a value")
            setattr(request, flag[2:], text)
        elif word.startswith("-"):
            raise UsageError(f"stdio: unknown flag {word}; see mcp-inspect stdio --help")
        elif request.name:
            raise UsageError(f"stdio: unexpected {word!r}; a command goes behind --, as in: stdio -- {word}")
        else:
            request.name = word
    return _named(request)


def _named(request: Request) -> Request:
    if not request.name and not request.command:
        raise UsageError("stdio: give the NAME of an upstream, or -- COMMAND")
    request.name = request.name or name_of(request.command)
    if not NAME.fullmatch(request.name) or request.name in RESERVED_NAMES:
        raise UsageError(f"stdio: {request.name!r} cannot be a name: a-z, 0-9, - and _, at most 32; not all or mcp")
    return request


def name_of(command: Sequence[str]) -> str:
    """A name for a server that was given by its command alone: what is run, not what runs it."""
    for word in command:
        base = word.rstrip("/").rpartition("/")[2].partition("@")[0].lower()
        if word.startswith("-") or base in _RUNNERS or base.rstrip("0123456789.") == "python":
            continue
        stem = base.removesuffix(".py").removesuffix(".js").removesuffix(".sh")
        name = "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "-" for c in stem).strip("-")[:32]
        if name and name not in RESERVED_NAMES:
            return name
    return "server"


def find_inspector() -> socket.socket | None:
    """A connection to the newest run that accepts shims."""
    for run in live():
        if run.socket:
            connection = socket.socket(socket.AF_UNIX)
            with contextlib.suppress(OSError):
                connection.connect(run.socket)
                return connection
            connection.close()
    return None


def _greet(inspector: socket.socket, request: Request) -> bytes:
    """Say the hello; returns what the server said right behind the answer.

    Raises:
        UsageError: the inspector does not take us, in its words.
    """
    hello = {
        "version": HELLO_VERSION,
        "name": request.name,
        "command": request.command or None,
        "cwd": os.getcwd(),  # noqa: PTH109 - a string is all that is needed
        "env": dict(os.environ),
        "grant": request.grant,
    }
    inspector.settimeout(_HELLO_TIMEOUT)
    said = b""
    try:
        with contextlib.suppress(BrokenPipeError):  # refused before all of it was read: it says why
            inspector.sendall(json.dumps(hello).encode() + b"\n")
        while b"\n" not in said:
            chunk = inspector.recv(_CHUNK)
            if not chunk:
                raise UsageError("the running mcp-inspect closed the connection; is it shutting down?")
            said += chunk
    except OSError as error:
        raise UsageError(f"the running mcp-inspect does not answer ({error}); --standalone does without it") from None
    inspector.settimeout(None)
    line, _, rest = said.partition(b"\n")
    answer = json.loads(line)
    if not answer["ok"]:
        raise UsageError(f"the running mcp-inspect refuses: {answer['error']}")
    return rest


def _pump(inspector: socket.socket, first: bytes) -> int:
    """Bytes both ways until the inspector's side ends. A closed stdin is passed on; answers still come."""
    threading.Thread(target=_from_client, args=(inspector,), daemon=True).start()
    try:
        _write(first)
        while chunk := inspector.recv(_CHUNK):
            _write(chunk)
    except BrokenPipeError:
        return 0  # the client is gone; so is our socket in a moment, which tells the inspector
    except OSError:
        _say("the running mcp-inspect went away")
        return 1
    return 0


def _write(data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(1, view) :]


def _from_client(inspector: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while chunk := os.read(0, _CHUNK):
            inspector.sendall(chunk)
    with contextlib.suppress(OSError):
        inspector.shutdown(socket.SHUT_WR)
    # A client that vanished, rather than closed its end and waits, has also closed what we write to.
    with contextlib.suppress(OSError):
        _await_no_reader(1)
        inspector.shutdown(socket.SHUT_RDWR)


def _await_no_reader(fd: int) -> None:
    """Returns when nobody can read what is written to the pipe `fd` any more."""
    import select

    poll = select.poll()
    poll.register(fd, 0)  # errors and hang-ups are always reported
    poll.poll()
