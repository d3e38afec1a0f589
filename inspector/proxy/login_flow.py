"""One login, or one refresh, by the SDK's OAuth client: discovery, registration, PKCE, tokens (MCP, Authorization).

The SDK's provider is a generator of HTTP requests around the request that needs a token. That request is never sent
here: its answer is the refusal that our own client got, and what is taken from it in the end is the token.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from urllib.parse import urlsplit

import anyio.to_thread

from inspector.core.json import JsonObject
from inspector.logins import KeptLogin
from inspector.proxy import sdk_rules
from inspector.proxy.login_redirect import LoginError, Redirect

if TYPE_CHECKING:
    import httpx2
    from mcp.client.auth import OAuthClientProvider
    from mcp.shared.auth import AuthorizationCodeResult, OAuthClientInformationFull, OAuthToken

_ANSWER: Final = 1 << 20  # bytes of what an authorization server says
_SECONDS: Final = 30.0  # for one of its answers
_PROTOCOL: Final = "2025-11-25"  # from 2025-06-18 on the SDK names the resource that a token is for (RFC 8707)

ShowPage: TypeAlias = Callable[[str], Awaitable[None]]
"""Put a login page's address before the person."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """How a server refused a request: 401, or 403 for a scope that is missing; its `WWW-Authenticate`."""

    status: int
    www_authenticate: tuple[str, ...]


@cache
def _sdk() -> None:
    import httpx2  # noqa: F401
    import mcp.client.auth  # noqa: F401

    # It logs what it raises, which nobody configured: that would be printed across the screen.
    logging.getLogger("mcp.client.auth").addHandler(logging.NullHandler())
    logging.getLogger("mcp.client.auth").propagate = False


@dataclass(frozen=True, slots=True)
class LoginFlow:
    """How to log in at one server. `scope`: what to ask for in place of what the server names. `keep` is told of what
    was learned as soon as it is known. `now`: Unix seconds."""

    url: str
    scope: str | None
    keep: Callable[[KeptLogin], None]
    show: ShowPage
    now: Callable[[], float]

    async def obtain(self, kept: KeptLogin, challenge: Challenge | None, refused: str | None) -> KeptLogin | None:
        """A token other than `refused`: by a refresh, else by asking the person.

        `challenge` None: by a refresh only. None returned: the server's refusal led nowhere.

        Raises:
            LoginError: the login failed.
            ConfigError: it cannot be kept.
        """
        # One after the other: of two threads that enter the SDK by different modules, one gets half of it.
        await sdk_rules.loaded()
        await anyio.to_thread.run_sync(_sdk)
        import httpx2
        from mcp.client.auth import OAuthFlowError

        try:
            async with httpx2.AsyncClient(timeout=_SECONDS) as http:
                return await _Attempt(self, kept, http).run(challenge, refused)
        except (OAuthFlowError, httpx2.HTTPError, httpx2.InvalidURL, ValueError, OSError) as error:
            raise LoginError(_one_line(error)) from None

    def refusal(self, challenge: Challenge) -> list[tuple[str, str]]:
        """The headers that the SDK reads: with the scope that was configured in front of the server's."""
        said = ", ".join(challenge.www_authenticate)
        if self.scope is not None and challenge.status == 401:
            said = f'Bearer scope="{self.scope}", {said}'
        return [("www-authenticate", said)]

    def checked(self, url: str) -> str:
        """
        Raises:
            LoginError: a token would travel on a weaker way than the server's own.
        """
        if urlsplit(url).scheme != "https" and urlsplit(self.url).scheme == "https":
            raise LoginError(f"its authorization server is not on https: {url[:200]}")
        return url


class _Attempt:
    """One run of the SDK's provider, whose TokenStorage and handlers it is."""

    def __init__(self, flow: LoginFlow, kept: KeptLogin, http: httpx2.AsyncClient) -> None:
        self._flow = flow
        self._login = kept
        self._http = http
        self._redirect: Redirect | None = None
        self._provider = self._make_provider()

    async def run(self, challenge: Challenge | None, refused: str | None) -> KeptLogin | None:
        import httpx2
        from mcp.shared.inbound import MCP_PROTOCOL_VERSION_HEADER

        request = httpx2.Request("POST", self._flow.url, headers={MCP_PROTOCOL_VERSION_HEADER: _PROTOCOL})
        if challenge is None or challenge.status == 401:
            self._doubt(refused)
        steps = self._provider.async_auth_flow(request)
        try:
            return await self._follow(steps, request, challenge, refused)
        finally:
            await steps.aclose()
            if self._redirect is not None:
                self._redirect.close()

    async def _follow(
        self,
        steps: AsyncGenerator[httpx2.Request, httpx2.Response],
        request: httpx2.Request,
        challenge: Challenge | None,
        refused: str | None,
    ) -> KeptLogin | None:
        import httpx2

        asked = False
        outgoing = await anext(steps)
        while True:
            if outgoing is request:
                if "authorization" in request.headers and (asked or self._login.token != refused):
                    return self._login
                if challenge is None or asked:
                    return None
                asked = True
                await self._open_redirect()
                headers = self._flow.refusal(challenge)
                answer = httpx2.Response(challenge.status, headers=headers, request=request)
            else:
                answer = await self._send(outgoing)
            try:
                outgoing = await steps.asend(answer)
            except StopAsyncIteration:  # the SDK does not read the refusal as one
                return None

    def _make_provider(self) -> OAuthClientProvider:
        from mcp.client.auth import OAuthClientProvider
        from mcp.shared.auth import OAuthClientMetadata, OAuthMetadata, ProtectedResourceMetadata

        about = OAuthClientMetadata.model_validate(
            {
                "client_name": "mcp-inspect",
                "redirect_uris": ["http://127.0.0.1/callback"],  # the port is known when one is needed
                "token_endpoint_auth_method": "none",
            }
        )
        provider = OAuthClientProvider(self._flow.url, about, self, self._go, self._come_back)
        context, kept = provider.context, self._login
        context.token_expiry_time = kept.expires_at
        # Of these the SDK keeps nothing itself: a refresh would go to the MCP server's own /token.
        if kept.server is not None:
            context.oauth_metadata = OAuthMetadata.model_validate(kept.server)
        if kept.resource is not None:
            context.protected_resource_metadata = ProtectedResourceMetadata.model_validate(kept.resource)
            context.auth_server_url = str(context.protected_resource_metadata.authorization_servers[0])
        return provider

    def _doubt(self, refused: str | None) -> None:
        """The server's word on a token counts, whatever the clock says: refresh it before anybody is asked."""
        if self._login.token == refused:
            self._provider.context.token_expiry_time = 1.0

    async def _open_redirect(self) -> None:
        """A registration is bound to its redirect address: one whose port is taken by now is made anew."""
        from pydantic import AnyUrl

        context = self._provider.context
        uris = (context.client_info.redirect_uris if context.client_info else None) or []
        registered = str(uris[0]) if uris else ""
        self._redirect = await Redirect.open(urlsplit(registered).port or 0 if registered else 0)
        if registered and registered != self._redirect.uri:
            context.client_info = None
        context.client_metadata.redirect_uris = [AnyUrl(self._redirect.uri)]

    async def _send(self, request: httpx2.Request) -> httpx2.Response:
        import httpx2

        self._flow.checked(str(request.url))
        response = await self._http.send(request, stream=True)
        body = bytearray()
        try:
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > _ANSWER:
                    raise LoginError(f"{request.url.host} answers with more than 1 MiB")
        finally:
            await response.aclose()
        headers = [(name, value) for name, value in response.headers.multi_items() if name != "content-encoding"]
        whole = httpx2.Response(response.status_code, headers=headers, content=bytes(body), request=request)
        whole.next_request = response.next_request
        return whole

    # the provider's handlers

    async def _go(self, authorization_url: str) -> None:
        if self._redirect is None:
            raise LoginError("there is nothing to log in for")
        await self._flow.show(self._redirect.expect(self._flow.checked(authorization_url)))

    async def _come_back(self) -> AuthorizationCodeResult:
        from mcp.shared.auth import AuthorizationCodeResult

        if self._redirect is None:
            raise LoginError("there is nothing to log in for")
        returned = await self._redirect.answer()
        return AuthorizationCodeResult(code=returned.code, state=returned.state, iss=returned.iss)

    # the provider's TokenStorage

    async def get_tokens(self) -> OAuthToken | None:
        from mcp.shared.auth import OAuthToken

        return None if self._login.tokens is None else OAuthToken.model_validate(self._login.tokens)

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        from mcp.shared.auth import OAuthClientInformationFull

        return None if self._login.client is None else OAuthClientInformationFull.model_validate(self._login.client)

    async def set_tokens(self, tokens: OAuthToken) -> None:
        expires_at = None if tokens.expires_in is None else self._flow.now() + tokens.expires_in
        self._learn(tokens=_json(tokens), expires_at=expires_at)

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self._learn(client=_json(client_info), tokens=None, expires_at=None)

    def _learn(self, **news: Any) -> None:
        context = self._provider.context
        server, resource = context.oauth_metadata, context.protected_resource_metadata
        self._login = replace(
            self._login,
            server=None if server is None else _json(server),
            resource=None if resource is None else _json(resource),
            **news,
        )
        self._flow.keep(self._login)


def _json(model: Any) -> JsonObject:
    found: JsonObject = model.model_dump(mode="json", exclude_none=True)
    return found


def _one_line(error: Exception) -> str:
    """What others say, on one line of bounded length, without what a terminal would obey."""
    said = " ".join(str(error).split()) or type(error).__name__
    return "".join(c if c.isprintable() else " " for c in said)[:300]
