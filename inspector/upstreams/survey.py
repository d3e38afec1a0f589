"""What an upstream lists, asked directly and once: for `policy check` and `policy init`, which run no proxy."""

from __future__ import annotations

import json
import logging
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import IO, Any, TypedDict, cast

import anyio
import httpx2
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.session import ClientRequestContext, ElicitationFnT, ListRootsFnT, SamplingFnT
from mcp.client.sse import sse_client
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import (
    CONNECTION_CLOSED,
    INVALID_REQUEST,
    CreateMessageRequestParams,
    ElicitRequestParams,
    ErrorData,
    Implementation,
    ListRootsResult,
    ListToolsRequest,
    PaginatedRequestParams,
)
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from inspector import __version__
from inspector.core.errors import ConfigError, UpstreamError
from inspector.core.json import JsonObject, Number, parse_int
from inspector.core.printable import printable
from inspector.core.upstream import CommandSpec, Target, UpstreamSpec, UrlSpec, UrlTransport
from inspector.logins import Logins

PATIENCE = 60.0  # seconds for the start and all pages: `uvx some-server` may have to fetch itself first
MAX_PAGES = 100
_GLANCE = 5.0  # seconds for the older transport, when the newer one is not spoken
_TAIL = 4096  # bytes of what a command says on its standard error
# The SDK's client lets what its HTTP library raises through as it is.
_FAILURES = (
    MCPError,
    OSError,
    ValueError,
    httpx2.HTTPError,
    httpx2.InvalidURL,
    anyio.BrokenResourceError,
    anyio.ClosedResourceError,
    anyio.EndOfStream,
)

# Of a line that is no JSON the SDK logs a traceback, and without any handler that lands on the person's terminal.
logging.getLogger("mcp").addHandler(logging.NullHandler())


class _Page(BaseModel):
    """One page of a listing, the definitions as they are: the SDK's own model would drop what it does not know."""

    model_config = ConfigDict(extra="allow")
    tools: list[dict[str, Any]]
    next_cursor: str | None = Field(None, alias="nextCursor")


def listed_tools(
    upstream: UpstreamSpec, patience: float = PATIENCE, *, logins: Logins | None = None
) -> list[JsonObject]:
    """Start or reach the upstream, list its tools, let it go. Takes `patience` seconds and a clean-up at most.

    Nobody is asked to log in here: a server that wants it is answered with what `logins` has.

    Raises UpstreamError, with the last line of what a command says on its standard error.
    """
    target = _logged_in(upstream, logins) if logins is not None else upstream.target
    try:
        return _asked(upstream.name, target, patience)
    except UpstreamError:
        if isinstance(target, UrlSpec) and target.transport is UrlTransport.AUTO:
            with suppress(UpstreamError):
                return _asked(upstream.name, replace(target, transport=UrlTransport.SSE), min(patience, _GLANCE))
        raise


def _asked(name: str, target: Target, patience: float) -> list[JsonObject]:
    with tempfile.TemporaryFile() as said:
        try:
            tools = anyio.run(_listed, target, said, patience)
        except* TimeoutError:
            raise UpstreamError(f"{name} listed no tools within {patience:g} s{_last_words(said)}") from None
        except* _FAILURES as failures:
            why = _first(failures)
            raise UpstreamError(f"{name} cannot be asked for its tools: {why}{_last_words(said)}") from None
    # Through text, so that numbers are exact from here on.
    return cast("list[JsonObject]", json.loads(json.dumps(tools), parse_int=parse_int, parse_float=Number))


def _logged_in(upstream: UpstreamSpec, logins: Logins) -> Target:
    """With the login that a run of the proxy has kept, should there be one and no credential in its place."""
    target = upstream.target
    if not isinstance(target, UrlSpec) or target.has_credential:
        return target
    try:
        kept = logins.read(target.url)
    except ConfigError as error:
        raise UpstreamError(str(error)) from None
    if kept is None or kept.token is None:
        return target
    return replace(target, headers=(*target.headers, ("authorization", f"Bearer {kept.token}")))


async def _listed(target: Target, said: IO[bytes], patience: float) -> list[dict[str, Any]]:
    with anyio.fail_after(patience):
        async with _client(target, said) as client:
            tools: list[dict[str, Any]] = []
            cursor: str | None = None
            for _ in range(MAX_PAGES):
                request = ListToolsRequest(params=PaginatedRequestParams(cursor=cursor))
                page = await client.session.send_request(request, _Page)
                tools += page.tools
                cursor = page.next_cursor
                if cursor is None:
                    return tools
            raise ValueError(f"its list does not end after {MAX_PAGES} pages")


# Some servers list more tools to a client that can do more: a policy is to know them all. None of it is done here.
_UNABLE = ErrorData(code=INVALID_REQUEST, message="mcp-inspect only asks for the list of tools")


async def _no_sampling(context: ClientRequestContext, params: CreateMessageRequestParams) -> ErrorData:
    return _UNABLE


async def _no_elicitation(context: ClientRequestContext, params: ElicitRequestParams) -> ErrorData:
    return _UNABLE


async def _no_roots(context: ClientRequestContext) -> ListRootsResult:
    return ListRootsResult(roots=[])


class _About(TypedDict):
    client_info: Implementation
    sampling_callback: SamplingFnT
    elicitation_callback: ElicitationFnT
    list_roots_callback: ListRootsFnT


@asynccontextmanager
async def _client(target: Target, said: IO[bytes]) -> AsyncIterator[Client]:
    about: _About = {
        "client_info": Implementation(name="mcp-inspect", version=__version__),
        "sampling_callback": _no_sampling,
        "elicitation_callback": _no_elicitation,
        "list_roots_callback": _no_roots,
    }
    match target:
        case UrlSpec(url, headers, transport=UrlTransport.SSE):
            async with Client(sse_client(url, headers=dict(headers)), **about) as client:
                yield client
        case UrlSpec(url, headers):
            async with (
                httpx2.AsyncClient(headers=dict(headers)) as http,
                Client(streamable_http_client(url, http_client=http), **about) as client,
            ):
                yield client
        case CommandSpec((command, *arguments), env, cwd):
            # The whole environment, as for a run: what the command needs must not depend on who asks it.
            started = StdioServerParameters(command=command, args=arguments, env={**os.environ, **dict(env)}, cwd=cwd)
            with os.fdopen(os.dup(said.fileno()), "w") as errors:
                async with Client(stdio_client(started, errlog=errors), **about) as client:
                    yield client
        case CommandSpec():
            raise ValueError("its command is empty")


def _first(failures: BaseExceptionGroup[Any]) -> str:
    """The first of what went wrong, on one line."""
    failure: BaseException = failures
    while isinstance(failure, BaseExceptionGroup):
        failure = failure.exceptions[0]
    if isinstance(failure, ValidationError):
        return "its answer is no list of tools"
    if isinstance(failure, OSError) and failure.strerror and failure.filename:
        return f"{printable(str(failure.filename))}: {failure.strerror}"
    if isinstance(failure, MCPError) and (failure.code, failure.message) == (CONNECTION_CLOSED, "Connection closed"):
        return "it ended, or closed the connection, before it answered"
    return printable(" ".join(str(failure).split())) or type(failure).__name__


def _last_words(said: IO[bytes]) -> str:
    said.seek(0, os.SEEK_END)
    said.seek(max(0, said.tell() - _TAIL))
    lines = [line.strip() for line in said.read().decode(errors="replace").splitlines() if line.strip()]
    # Node ends with its version; what went wrong stands above the trace.
    telling = [line for line in lines if "error" in line.lower()] or lines
    return f"\nIt said last: {printable(telling[-1])}" if telling else ""
