"""The tools of every upstream as they were listed last, and whether a call has to wait until they are known."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from anyio.abc import TaskGroup

from inspector.core.call import Era
from inspector.core.events import Direction, Event, FrameRejected, ToolsListed
from inspector.core.json import Json, JsonObject
from inspector.policy.gate import Gate
from inspector.proxy import sdk_rules
from inspector.proxy.connection import ClientConnection
from inspector.proxy.links import ClientSide, HttpRequest, Upstream
from inspector.proxy.pending import Pending
from inspector.proxy.survey import Behalf, Surveys
from inspector.wire.jsonrpc import BadFrame, dump
from inspector.wire.mcp import ToolList


class Catalogue:
    """One for the engine. `gate` is the one in charge now."""

    def __init__(self, gate: Callable[[], Gate], emit: Callable[[Event], None], clock: Callable[[], float]) -> None:
        self._gate = gate
        self._emit = emit
        self._clock = clock
        self._definitions: dict[str, dict[str, JsonObject]] = {}
        self._surveys = Surveys(self._surveyed, clock, self._rejected)

    def definition(self, upstream: str, tool: Json) -> JsonObject | None:
        return self._definitions.get(upstream, {}).get(tool) if isinstance(tool, str) else None

    def listed(self, server: str, page: ToolList, hidden: tuple[str, ...], *, complete: bool) -> None:
        self._definitions.setdefault(server, {}).update(page.definitions)
        self._gate().listed(server, page.definitions, page.duplicated)
        texts = tuple((name, dump(definition)) for name, definition in page.definitions.items())
        self._emit(ToolsListed(self._clock(), server, texts, hidden, complete))

    def outdate(self, upstream: str) -> None:
        """It said that its tools have changed."""
        self._surveys.outdate(upstream)

    def visible(self) -> Mapping[str, list[str]]:
        """What clients may see now, by upstream."""
        gate = self._gate()
        return {server: gate.visible(server, list(tools)) for server, tools in self._definitions.items()}

    def is_needed(self, connection: ClientConnection, pending: Pending, tool: Json) -> bool:
        """Does this call wait for a survey: to be judged by a schema, or because its headers repeat arguments?"""
        exchange, policy = connection.exchange, self._gate().policy
        judged_by = policy is not None and policy.uses_arguments_schema
        sent_with = exchange.speaks_http and pending.http is None and pending.era is Era.MODERN
        if not (judged_by or sent_with or pending.says_parameters):
            return False
        return self._surveys.due(exchange.upstream, known=self.definition(exchange.upstream, tool) is not None)

    def contradiction(self, upstream: str, pending: Pending, tool: Json) -> str | None:
        """What headers that repeat arguments say otherwise than these; None: nothing, or the tool is not known."""
        definition = self.definition(upstream, tool) if pending.says_parameters else None
        if definition is None or pending.http is None:
            return None
        arguments = pending.frame.params.get("arguments")
        said = arguments if isinstance(arguments, dict) else {}
        return sdk_rules.param_mismatch(definition, said, pending.http.headers)

    def survey(
        self,
        upstream: Upstream,
        connection: ClientConnection,
        pending: Pending,
        tasks: TaskGroup,
        then: Callable[[], None],
    ) -> None:
        """Ask as this client would; `then` when it is known, or will not be for now."""
        side = connection.side or _credentials(pending.http if upstream.has_url else None)
        self._surveys.before(upstream, Behalf(pending.era, side), tasks, then)

    def _surveyed(self, server: str, page: ToolList) -> None:
        single = [name for name in page.definitions if name not in page.duplicated]
        visible = self._gate().visible(server, single)
        self.listed(server, page, tuple(name for name in page.definitions if name not in visible), complete=True)

    def _rejected(self, server: str, bad: BadFrame) -> None:
        now, direction = self._clock(), Direction.FROM_UPSTREAM
        self._emit(FrameRejected(now, "", server, direction, bad.code, bad.reason, bad.raw[:4096]))


def _credentials(http: HttpRequest | None) -> ClientSide | None:
    """What a server may ask of whoever wants to list its tools."""
    if http is None:
        return None
    return ClientSide("", {}, tuple((name, value) for name, value in http.headers if name == b"authorization"))
