"""With whose credential a link speaks to its server: with the client's own or with our login, never with both.

A client that once showed an `Authorization` of its own on a link speaks for itself there: our token is not added, and a
refusal is its own to answer. (A header that we were configured with is in the place of theirs before it comes here.)
"""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Protocol

from inspector.proxy.http_client import Asking, HttpClient
from inspector.proxy.http_response import Response
from inspector.proxy.links import Headers
from inspector.proxy.login import UpstreamLogin


class Speaker(Protocol):
    """The upstream, as a voice needs it."""

    http: HttpClient
    login: UpstreamLogin | None


class Voice:
    """Of one link."""

    def __init__(self, server: Speaker) -> None:
        self._server = server
        self._is_clients_own = False

    def request(
        self, method: str, headers: Headers, raw: bytes = b"", target: bytes | None = None
    ) -> Asking | LoggedIn:
        """See `HttpClient.request`; raises LoginError besides."""
        login, http = self._server.login, self._server.http
        if login is None:
            return http.request(method, headers, raw, target)

        def ask(token: str | None) -> Asking:
            ours = headers if token is None else (*headers, (b"authorization", b"Bearer " + token.encode()))
            return http.request(method, ours, raw, target)

        if self._is_clients_own or b"authorization" in [name for name, _ in headers]:
            self._is_clients_own = True
            return ask(None)
        # Nobody logs in to say good-bye.
        return ask(login.held) if method == "DELETE" else LoggedIn(login, ask)


class LoggedIn:
    """One request with our token. Refused for want of one, it is sent once more: a refused request did not run."""

    def __init__(self, login: UpstreamLogin, ask: Callable[[str | None], Asking]) -> None:
        self._login = login
        self._request = ask
        self._asking: Asking | None = None

    async def __aenter__(self) -> Response:
        token = await self._login.token()
        response = await self._ask(token)
        challenge = self._login.refusal(response)
        if challenge is None:
            return response
        await self._leave()
        response = await self._ask(await self._login.renew(challenge, token))
        challenge = self._login.refusal(response)
        if challenge is None:
            return response
        await self._leave()
        raise self._login.useless(challenge)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._leave()

    async def _ask(self, token: str | None) -> Response:
        asking = self._request(token)
        response = await asking.__aenter__()
        self._asking = asking
        return response

    async def _leave(self) -> None:
        asking, self._asking = self._asking, None
        if asking is not None:
            await asking.__aexit__(None, None, None)
