"""A `tools/call` and who made it."""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum
from typing import NewType

from inspector.core.fact import fact
from inspector.core.json import JsonObject

CallId = NewType("CallId", int)
"""Ours, unique within a run, counted from 1; shown as `#12`."""


class Era(StrEnum):
    """Which protocol family a frame belongs to (the MCP specification names them by date)."""

    LEGACY = "legacy"  # 2024-11-05 … 2025-11-25: initialize, sessions, server-initiated requests
    MODERN = "modern"  # 2026-07-28: stateless, `_meta` per request, MRTR


class Outcome(StrEnum):
    """How a forwarded call ended."""

    OK = "ok"
    TOOL_ERROR = "tool_error"  # a result with isError: true
    RPC_ERROR = "rpc_error"  # a JSON-RPC error
    NOT_SENT = "not_sent"  # decided, but the upstream never got it
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"  # the upstream died, or nobody waited for the answer
    INPUT_REQUIRED = "input_required"  # an MRTR leg ended; a retry may follow


@fact(frozen=True)
class Caller:
    """The identities that policy scopes are made of ("Limits" in `docs/policy.md`)."""

    grant: str  # the credential: "local", "stdio:<upstream>", or a name given to one
    session: str  # the shim's connection, or grant + upstream + client name over HTTP
    client: str  # clientInfo.name: self-declared


@fact(frozen=True, slots=True)
class Call:
    """One `tools/call` as judged. `arguments` are the client's own, parsed exactly; {} when absent or null."""

    id: CallId
    at: float  # Unix seconds
    caller: Caller
    server: str  # the upstream's name
    tool: str
    arguments: JsonObject = field(default_factory=dict)
    request_state: str | None = None  # present on an MRTR retry
    frame: bytes = b""  # a text with these arguments in its `params`: as the client wrote it, until they were edited
