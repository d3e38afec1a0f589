"""A server's answer to `tools/list`, as its client may see it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from inspector.core.fact import fact
from inspector.proxy.pending import Pending
from inspector.proxy.steps import Listed
from inspector.wire import mcp
from inspector.wire.jsonrpc import INTERNAL_ERROR, Frame

MALFORMED = "the server's tool list is malformed, so it is not shown"


@fact(frozen=True, slots=True)
class Shown:
    """`raw` is what the client gets, `listed` what was learnt. `refused`: why something of it goes no further."""

    raw: bytes
    listed: Listed | None
    refused: str = ""


def shown(frame: Frame, pending: Pending, visible: Callable[[Sequence[str]], list[str]]) -> Shown:
    """`frame` answers `pending`; `visible` leaves out the names that the policy hides."""
    raw = mcp.one_line(frame.raw)
    page = mcp.tool_list(frame)
    if page is None:
        return Shown(mcp.rpc_error(frame.id, INTERNAL_ERROR, MALFORMED), None, MALFORMED)
    seen = visible([name for name in page.definitions if name not in page.duplicated])
    result = frame.body["result"]
    more = isinstance(result, dict) and result.get("nextCursor") is not None
    complete = not more and pending.frame.params.get("cursor") is None
    listed = Listed(page, tuple(name for name in page.definitions if name not in seen), complete)
    twins = ", ".join(sorted(page.duplicated))
    refused = f"several tools are named {twins[:200]}: none of them is listed" if twins else ""
    if listed.hidden:
        raw = mcp.filtered_list(frame, page, seen, pending.era)
    return Shown(raw, listed, refused)
