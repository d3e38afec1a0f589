"""An MCP server that wants a login, and the authorization server that it sends people to, on two ports of one process.

    python tests/servers/oauth_server.py [http|sse]     (`authorization on PORT` and `listening on PORT` go to stderr)

Both stand on the official SDK. The person at the authorization server agrees at once, unless told otherwise by a POST
of `{"deny": true}` to its `/control`; there too: `lifetime` (seconds of the tokens given from now on), `revoke` (access
tokens given so far are dead), `forget` (refresh tokens too). The answer tells what came in: one
`{"path": …, "method": …, "authorization": …, "form": …}` for each request.
"""

from __future__ import annotations

import json
import secrets
import socket
import sys
import time
import warnings
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import anyio
import uvicorn
from mcp.server import MCPServer
from mcp.server.auth.provider import (
    AccessToken,
    AuthorizationCode,
    AuthorizationParams,
    AuthorizeError,
    RefreshToken,
    construct_redirect_uri,
)
from mcp.server.auth.routes import create_auth_routes
from mcp.server.auth.settings import AuthSettings, ClientRegistrationOptions
from mcp.server.mcpserver import Context
from mcp.shared.auth import OAuthClientInformationFull, OAuthToken
from mcp.shared.exceptions import MCPDeprecationWarning
from pydantic import AnyHttpUrl
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

warnings.simplefilter("ignore", MCPDeprecationWarning)
SCOPES = ["mcp", "admin", "extra"]


@dataclass
class State:
    """An OAuthAuthorizationServerProvider and a TokenVerifier."""

    deny: bool = False
    lifetime: int = 3600
    clients: dict[str, OAuthClientInformationFull] = field(default_factory=dict)
    codes: dict[str, AuthorizationCode] = field(default_factory=dict)
    access: dict[str, AccessToken] = field(default_factory=dict)
    refresh: dict[str, RefreshToken] = field(default_factory=dict)
    log: list[dict[str, Any]] = field(default_factory=list)

    async def get_client(self, client_id: str) -> OAuthClientInformationFull | None:
        return self.clients.get(client_id)

    async def register_client(self, client_info: OAuthClientInformationFull) -> None:
        client_info.scope = " ".join(SCOPES)  # for all that it may ever ask for
        self.clients[client_info.client_id] = client_info

    async def authorize(self, client: OAuthClientInformationFull, params: AuthorizationParams) -> str:
        if self.deny:
            raise AuthorizeError("access_denied", "the person said no")
        code = secrets.token_urlsafe(24)
        self.codes[code] = AuthorizationCode(
            code=code,
            scopes=params.scopes or ["mcp"],
            expires_at=time.time() + 60,
            client_id=client.client_id,
            code_challenge=params.code_challenge,
            redirect_uri=params.redirect_uri,
            redirect_uri_provided_explicitly=params.redirect_uri_provided_explicitly,
            resource=params.resource,
        )
        return construct_redirect_uri(str(params.redirect_uri), code=code, state=params.state)

    async def load_authorization_code(self, client: Any, authorization_code: str) -> AuthorizationCode | None:
        return self.codes.get(authorization_code)

    async def exchange_authorization_code(self, client: Any, authorization_code: AuthorizationCode) -> OAuthToken:
        del self.codes[authorization_code.code]
        return self._give(client.client_id, authorization_code.scopes, authorization_code.resource)

    async def load_refresh_token(self, client: Any, refresh_token: str) -> RefreshToken | None:
        return self.refresh.get(refresh_token)

    async def exchange_refresh_token(self, client: Any, refresh_token: RefreshToken, scopes: list[str]) -> OAuthToken:
        del self.refresh[refresh_token.token]
        return self._give(client.client_id, scopes or refresh_token.scopes, refresh_token.resource)

    async def load_access_token(self, token: str) -> AccessToken | None:
        return self.access.get(token)

    async def verify_token(self, token: str) -> AccessToken | None:
        return self.access.get(token)

    async def revoke_token(self, token: Any) -> None: ...

    def _give(self, client: str, scopes: list[str], resource: str | None) -> OAuthToken:
        access, refresh = f"access-{secrets.token_hex(16)}", f"refresh-{secrets.token_hex(16)}"
        self.access[access] = AccessToken(token=access, client_id=client, scopes=scopes, resource=resource)
        self.refresh[refresh] = RefreshToken(token=refresh, client_id=client, scopes=scopes, resource=resource)
        return OAuthToken(access_token=access, refresh_token=refresh, expires_in=self.lifetime, scope=" ".join(scopes))

    async def control(self, request: Request) -> Response:
        if request.method == "POST":
            said = await request.json()
            self.deny, self.lifetime = said.get("deny", self.deny), said.get("lifetime", self.lifetime)
            if said.get("revoke") or said.get("forget"):
                self.access.clear()
            if said.get("forget"):
                self.refresh.clear()
        return JSONResponse(self.log)


def watched(app: Any, state: State, where: str, judge: Any = None) -> Any:
    """Write each request down; `judge` may answer it."""

    async def asgi(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"] == "/control":
            await app(scope, receive, send)
            return
        events, body = [], b""
        while scope["method"] == "POST":
            events.append(await receive())
            body += events[-1].get("body", b"")
            if not events[-1].get("more_body"):
                break
        headers = {k.decode(): v.decode() for k, v in scope["headers"]}
        query = dict(parse_qsl(scope["query_string"].decode()))
        form = dict(parse_qsl(body.decode())) if "urlencoded" in headers.get("content-type", "") else {}
        line = {
            "path": f"{where}{scope['path']}",
            "authorization": headers.get("authorization", ""),
            "form": form | query,
        }
        state.log.append(line | {"method": scope["method"]})

        async def again() -> Any:
            return events.pop(0) if events else await receive()

        refused = judge(headers, body) if judge else None
        await (refused or app)(scope, again, send)

    return asgi


def resource(state: State, kind: str, issuer: str, url: str) -> Any:
    server = MCPServer(
        "wants a login",
        log_level="ERROR",
        token_verifier=state,
        auth=AuthSettings(
            issuer_url=AnyHttpUrl(issuer),
            resource_server_url=AnyHttpUrl(url),
            required_scopes=["mcp"],
            validate_token_resource=True,
        ),
    )

    @server.tool()
    async def echo(text: str) -> str:
        return text

    @server.tool()
    async def credential(ctx: Context) -> str:
        """What its caller came with."""
        return str(ctx.headers["authorization"])

    @server.tool()
    async def admin() -> str:
        """Wants the scope `admin`."""
        return "done as admin"

    def judge(headers: dict[str, str], body: bytes) -> Response | None:
        token = state.access.get(headers.get("authorization", "")[7:])
        message = json.loads(body) if body.startswith(b"{") else {}
        if token is None or message.get("params", {}).get("name") != "admin" or "admin" in token.scopes:
            return None
        challenge = 'Bearer error="insufficient_scope", scope="admin"'
        return Response(status_code=403, headers={"www-authenticate": challenge})

    app = server.sse_app() if kind == "sse" else server.streamable_http_app()
    return watched(app, state, "resource", judge)


async def main(kind: str) -> None:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    ports = [listener.getsockname()[1] for listener in sockets]
    issuer, state = f"http://127.0.0.1:{ports[0]}", State()
    options = ClientRegistrationOptions(enabled=True, valid_scopes=SCOPES, default_scopes=["mcp"])
    routes = create_auth_routes(state, AnyHttpUrl(issuer), client_registration_options=options)  # type: ignore[arg-type]
    control = Route("/control", state.control, methods=["GET", "POST"])
    apps = [
        watched(Starlette(routes=[*routes, control]), state, "authorization"),
        resource(state, kind, issuer, f"http://127.0.0.1:{ports[1]}/{'sse' if kind == 'sse' else 'mcp'}"),
    ]
    print(f"authorization on {ports[0]}", file=sys.stderr)
    print(f"listening on {ports[1]}", file=sys.stderr, flush=True)  # connections queue from here on
    async with anyio.create_task_group() as group:
        for app, listener in zip(apps, sockets, strict=True):
            group.start_soon(uvicorn.Server(uvicorn.Config(app, log_level="error")).serve, [listener])


if __name__ == "__main__":
    anyio.run(main, sys.argv[1] if len(sys.argv) > 1 else "http")
