"""The address on 127.0.0.1 that a browser comes back to after a login (RFC 8252 §7.3), open for that one login only.

It also has a short address of its own that leads to the login page: that one fits on a screen and into a terminal's
line, and cannot be guessed by a web page or by another user of this machine.
"""

from __future__ import annotations

import asyncio
import hmac
import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, urlsplit

import anyio

_HEAD: Final = 16 << 10  # bytes of a request
_PATIENCE: Final = 10.0  # seconds for one to come in
_CALLBACK: Final = "/callback"
_REASONS: Final = {200: "OK", 302: "Found", 400: "Bad Request", 404: "Not Found"}
_DONE: Final = "mcp-inspect has received the answer. You can close this window."
_DENIED: Final = "The login was refused; mcp-inspect knows. You can close this window."
_FOREIGN: Final = "This answer belongs to no login that mcp-inspect waits for."


class LoginError(Exception):
    """There is no token, and what a person can do about it: fit to be the error of a call."""


@dataclass(frozen=True, slots=True)
class Returned:
    """What the browser brought back (RFC 6749 §4.1.2, RFC 9207)."""

    code: str
    state: str
    iss: str | None


class Redirect:
    """A listener for one login. `uri` is what the authorization server is told to send the browser to."""

    def __init__(self) -> None:
        self._server: asyncio.Server | None = None
        self._target = ""
        self._state = ""
        self._start = f"/{secrets.token_urlsafe(9)}"
        self._returned: Returned | None = None
        self._denied = ""
        self._heard = anyio.Event()
        self.port = 0

    @classmethod
    async def open(cls, port: int) -> Redirect:
        """On this port when it is free (a client is registered with it), else on any. Port 0: any."""
        redirect = cls()
        try:
            server = await asyncio.start_server(redirect._serve, "127.0.0.1", port, limit=_HEAD)
        except (OSError, OverflowError):
            server = await asyncio.start_server(redirect._serve, "127.0.0.1", 0, limit=_HEAD)
        redirect._server = server
        redirect.port = server.sockets[0].getsockname()[1]
        return redirect

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.port}{_CALLBACK}"

    def expect(self, authorization_url: str) -> str:
        """From now on the answer to this request is waited for. Returns the short address that leads to it."""
        self._target = authorization_url
        self._state = parse_qs(urlsplit(authorization_url).query).get("state", [""])[0]
        return f"http://127.0.0.1:{self.port}{self._start}"

    async def answer(self) -> Returned:
        """
        Raises:
            LoginError: the person, or the authorization server, said no.
        """
        await self._heard.wait()
        if self._returned is None:
            raise LoginError(f"the login was refused: {self._denied}")
        return self._returned

    def close(self) -> None:
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_PATIENCE):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(self._respond(head))
                await writer.drain()
        except (OSError, TimeoutError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # no request, or nobody to answer: the login goes on waiting
        finally:
            writer.close()

    def _respond(self, head: bytes) -> bytes:
        method, _, rest = head.partition(b"\r\n")[0].decode("latin-1").partition(" ")
        place = urlsplit(rest.partition(" ")[0])
        if method != "GET":
            return _page(404, "")
        if place.path == self._start and self._target:
            return _page(302, "", f"location: {self._target}\r\n")
        return self._came_back(parse_qs(place.query)) if place.path == _CALLBACK else _page(404, "")

    def _came_back(self, query: Mapping[str, list[str]]) -> bytes:
        said = {name: values[0] for name, values in query.items() if len(values) == 1}
        state = said.get("state", "")
        # Any web page can send a browser here: what does not carry our state must not even end the wait.
        if not self._state or not hmac.compare_digest(state.encode(), self._state.encode()) or self._heard.is_set():
            return _page(400, _FOREIGN)
        if "error" in said or not said.get("code"):
            told = said.get("error_description") or said.get("error") or "it sent no code"
            self._denied = "".join(c if c.isprintable() else " " for c in told)[:200]
            self._heard.set()
            return _page(200, _DENIED)
        self._returned = Returned(said["code"], state, said.get("iss"))
        self._heard.set()
        return _page(200, _DONE)


def _page(status: int, words: str, extra: str = "") -> bytes:
    body = f"<!doctype html><meta charset=utf-8><title>mcp-inspect</title><p>{words}</p>\n".encode()
    return (
        f"HTTP/1.1 {status} {_REASONS[status]}\r\n{extra}content-type: text/html; charset=utf-8\r\n"
        f"content-length: {len(body)}\r\ncache-control: no-store\r\nreferrer-policy: no-referrer\r\n"
        "connection: close\r\n\r\n"
    ).encode() + body


def has_browser(environ: Mapping[str, str] = os.environ) -> bool:
    """Is there a graphical one? A text browser would take the terminal that our screen is on."""
    return sys.platform == "darwin" or any(environ.get(name) for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"))


async def open_browser(url: str) -> None:
    """Show the page to the person, if there is a browser (`$BROWSER`, else the system's)."""
    if not has_browser():
        return
    # A process of its own: some browsers write to the terminal, and some are waited for. `-I`, or a `webbrowser.py` of
    # the current folder would run.
    quiet = asyncio.subprocess.DEVNULL
    command = (sys.executable, "-I", "-m", "webbrowser", url)
    try:
        await asyncio.create_subprocess_exec(*command, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True)
    except OSError:
        return  # the address is on the screen as well
