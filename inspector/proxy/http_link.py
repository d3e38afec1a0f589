"""One client's channel to an HTTP server: every message is an exchange of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import aiohttp
import anyio
from multidict import CIMultiDict

from inspector.core.call import Era
from inspector.proxy import sdk_rules
from inspector.proxy.headers import replace_params, request_headers, response_headers
from inspector.proxy.http_client import ClientRole
from inspector.proxy.links import Headers, Outgoing, Receiver, Route
from inspector.wire.framing import UPSTREAM_LINE, SseReader
from inspector.wire.jsonrpc import FrameId, Kind
from inspector.wire.mcp import one_line

if TYPE_CHECKING:
    from inspector.proxy.upstream_http import HttpUpstream
