"""Tools as the store sees them: risk, cost and how they fare; and calls that repeat."""

from __future__ import annotations

from decimal import Decimal

from inspector.core.call import Caller, CallId, Outcome
from inspector.core.decision import Algorithm, CounterKey, Decision, Reading, Scope, Verdict
from inspector.core.events import CallArrived, Decided, Event, Finished, Forwarded, ToolsListed
from inspector.core.risk import Risk
from inspector.store import Store

CALLER = Caller("local", "s1", "claude-code")


def arrived(number: int, tool: str = "delete_flow", path: str = "/a") -> CallArrived:
    return CallArrived(number, CallId(number), "c1", CALLER, "kestra", tool, {"path": path}, CallId(number))


def allowed(number: int, tool: str = "delete_flow", verdict: Verdict = Verdict.ALLOW) -> Decided:
    return Decided(number, Decision(CallId(number), number, "kestra", tool, verdict, "", "", (), (), (), (), "h"))


def folded(*events: Event) -> Store:
    store = Store()
    for event in events:
        store.fold(event)
    return store


def test_a_tool_counts_its_calls_its_times_and_what_it_answered() -> None:
    (tool,) = (
        folded(
            ToolsListed(0, "kestra", (("delete_flow", b'{"name":"delete_flow"}'),), ()),
            arrived(1), allowed(1), Forwarded(1.0, CallId(1)), Finished(1.5, CallId(1), Outcome.OK, b"x" * 100),
            arrived(2), allowed(2, verdict=Verdict.DENY), Finished(2.0, CallId(2), Outcome.NOT_SENT, b"no"),
            arrived(3), allowed(3), Forwarded(3.0, CallId(3)), Finished(3.1, CallId(3), Outcome.TOOL_ERROR, b"y"),
        )
        .views(0, 4.0)
        .tools
    )  # fmt: skip
    assert (tool.calls, tool.refused, tool.errors, tool.result_bytes) == (3, 1, 1, 101)
    assert (tool.risk, tool.listed, tool.definition_bytes) == (Risk.DESTRUCTIVE, True, 22)
    assert tool.p95_ms == 500.0


def test_a_row_knows_the_risk_of_its_tool_from_the_definition() -> None:
    listed = b'{"name":"manage","inputSchema":{"properties":{"action":{"enum":["list","delete"]}}}}'
    store = folded(ToolsListed(0, "kestra", (("manage", listed),), ()), arrived(1, "manage"))
    assert store.views(0, 1.0).calls[0].risk is Risk.DESTRUCTIVE
    assert store.definition("kestra", "manage") == listed.decode()
    assert store.definition("kestra", "unknown") == ""


def test_the_same_call_again_is_counted_though_others_come_between() -> None:
    calls = folded(arrived(1), arrived(2, path="/b"), arrived(3), arrived(4, path="/b"), arrived(5)).views(0, 6.0).calls
    assert [row.repeats for row in calls] == [1, 1, 2, 2, 3]


def test_names_that_a_client_makes_up_do_not_fill_the_memory() -> None:
    store = folded(ToolsListed(0, "kestra", (("real", b"{}"),), ()))
    for number in range(1, 1_200):
        store.fold(arrived(number, f"made_up_{number}"))
    tools = store.views(0, 0.0).tools
    assert len(tools) <= 1_000
    assert "real" in {tool.name for tool in tools}


def test_a_limit_knows_who_used_it_and_how_it_went() -> None:
    key = CounterKey("/tools/t/limits/n", Scope.GLOBAL, "", 60, Algorithm.FIXED)
    store = folded(arrived(1))
    for number, before in ((1, 0), (1, 1)):
        reading = Reading(key, "/tools/t/limits/n", Decimal(before), Decimal(1), Decimal(10), 120.0)
        decision = Decision(CallId(number), 61.0, "kestra", "t", Verdict.ALLOW, "", "", (), (), (reading,), (), "h")
        store.fold(Decided(61.0, decision))
    (limit,) = store.views(0, 62.0).limits
    assert limit.users == (("claude-code", 2.0),)
    assert limit.history[-1] == 2.0
    assert len(limit.history) == 24
    (later,) = store.views(0, 125.0).limits
    assert (later.used, later.history[-1]) == (0.0, 0.0)
