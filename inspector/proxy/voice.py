"""With whose credential a link speaks to its server: with the client's own or with our login, never with both.

A client that once showed an `Authorization` of its own on a link speaks for itself there: our token is not added, and a
refusal is its own to answer. (A header that we were configured with is in the place of theirs before it comes here.)
"""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Protocol, TypeAlias

from inspector.proxy.http_client import Asking, HttpClient, Sent, Told
from inspector.proxy.http_response import Response
from inspector.proxy.links import Headers
from inspector.proxy.login import UpstreamLogin
from inspector.proxy.login_flow import Challenge


class Speaker(Protocol):
    """The upstream, as a voice needs it."""

    http: HttpClient
    login: UpstreamLogin | None


Refused: TypeAlias = tuple[Challenge, str | None]
"""What a server said to a request, and the token that was sent with it."""


class Voice:
    """Of one link."""

    def __init__(self, server: Speaker) -> None:
        self._server = server
        self._is_clients_own = False

    def request(
        self,
        method: str,
        headers: Headers,
        raw: bytes = b"",
        target: bytes | None = None,
        refused: Refused | None = None,
    ) -> Asking | LoggedIn:
        """See `HttpClient.request`; raises LoginError besides. `refused`: this very request already was."""
        login, http = self._login(headers), self._server.http
        if login is None:
            return http.request(method, headers, raw, target)

        def ask(token: str | None) -> Asking:
            return http.request(method, _with(token, headers), raw, target)

        # Nobody logs in to say good-bye.
        return ask(login.held) if method == "DELETE" else LoggedIn(login, ask, refused)

    def post(self, headers: Headers, raw: bytes, heard: Told, refused: Callable[[Sent, Refused], None]) -> Sent | None:
        """See `HttpClient.post`; None too when a login has to be seen to first. `refused` is told in place of `heard`
        when the answer asks for another login of ours: then `request` goes on from there."""
        login, http = self._login(headers), self._server.http
        if login is None:
            return http.post(headers, raw, heard)
        if not login.at_hand:
            return None
        token = login.held

        def hear(sent: Sent, answer: Response | Exception | None) -> None:
            challenge = login.refusal(answer) if isinstance(answer, Response) else None
            if challenge is None:
                heard(sent, answer)
            else:
                refused(sent, (challenge, token))

        return http.post(_with(token, headers), raw, hear)

    def _login(self, headers: Headers) -> UpstreamLogin | None:
        """Ours, unless the client speaks for itself."""
        login = self._server.login
        if login is not None and not self._is_clients_own:
            self._is_clients_own = b"authorization" in [name for name, _ in headers]
        return None if self._is_clients_own else login


def _with(token: str | None, headers: Headers) -> Headers:
    return headers if token is None else (*headers, (b"authorization", b"Bearer " + token.encode()))


class LoggedIn:
    """One request with our token. Refused for want of one, it is sent once more: a refused request did not run."""

    def __init__(self, login: UpstreamLogin, ask: Callable[[str | None], Asking], refused: Refused | None) -> None:
        self._login = login
        self._request = ask
        self._refused = refused
        self._asking: Asking | None = None

    async def __aenter__(self) -> Response:
        if self._refused is not None:
            challenge, token = self._refused
        else:
            token = await self._login.token()
            response = await self._ask(token)
            first = self._login.refusal(response)
            if first is None:
                return response
            await self._leave()
            challenge = first
        response = await self._ask(await self._login.renew(challenge, token))
        again = self._login.refusal(response)
        if again is None:
            return response
        await self._leave()
        raise self._login.useless(again)

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
