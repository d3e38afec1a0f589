"""The exchange as a transcript: `>>` what arrives, `<<` what is asked of the driver."""

from __future__ import annotations

import json
from typing import Any

import pytest
from exchange_rig import NOW, Line, SetRules, denied, events, exchange, frame, only, said, tool_call, without_notes

from inspector.core.call import CallId, Era, Outcome
from inspector.core.events import Direction, FrameRejected, FrameSeen, Progressed, UncoveredMethod
from inspector.proxy.links import HttpRequest
from inspector.proxy.steps import (
    Abandon,
    Answer,
    End,
    Ended,
    Judge,
    Listed,
    Note,
    Plain,
    Send,
    ToolsChanged,
    Withdraw,
)

MODERN = {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}


def test_a_call_is_judged_before_anything_is_sent() -> None:
    machine, route = exchange(), Line()
    steps = machine.from_client(tool_call(text="hi"), route, None, NOW)
    judge = only(steps, Judge)
    assert (judge.call.tool, judge.call.arguments, judge.call.server) == ("echo", {"text": "hi"}, "srv")
    assert not [step for step in steps if isinstance(step, Send)]


def test_an_allowed_call_leaves_as_it_came_and_its_answer_ends_it() -> None:
    machine, route = exchange(), Line()
    machine.from_client(tool_call(7, text="hi"), route, None, NOW)
    sent = only(machine.forward(CallId(1), None, None, NOW), Send)
    assert json.loads(sent.outgoing.raw)["params"] == {"name": "echo", "arguments": {"text": "hi"}}
    answer = said({"id": 7, "result": {"content": []}})
    steps = machine.from_upstream(answer, None, (), NOW)
    assert without_notes(steps) == [Answer(route, answer, True), Ended(CallId(1), Outcome.OK, answer, relayed=True)]
    assert machine.pending.all() == ()


def test_edited_arguments_are_what_is_sent_and_what_is_recorded() -> None:
    machine = exchange()
    machine.from_client(tool_call(amount=999), Line(), None, NOW)
    steps = machine.forward(CallId(1), {"amount": 7}, None, NOW)
    assert json.loads(only(steps, Send).outgoing.raw)["params"]["arguments"] == {"amount": 7}
    assert only(steps, Note).event.raw == only(steps, Send).outgoing.raw


@pytest.mark.parametrize(("meta", "complete"), [(None, None), (MODERN, "complete")])
def test_a_denial_is_a_tool_result_that_says_so_in_both_eras(meta: dict[str, Any] | None, complete: str | None) -> None:
    machine, route = exchange(), Line()
    machine.from_client(tool_call("x", meta=meta), route, None, NOW)
    answer = machine.refuse(CallId(1), denied(1), "run-1")
    assert answer is not None
    assert answer.final
    assert answer.route is route
    body = json.loads(answer.raw)
    assert body["id"] == "x"
    assert body["result"]["isError"] is True
    assert body["result"]["content"] == [{"type": "text", "text": "[POLICY DENIED] no echo"}]
    assert body["result"].get("resultType") == complete
    assert body["result"]["_meta"]["mcp-inspect/decision"] == {"id": "run-1", "rule": "/tools/echo/action"}


def test_an_id_in_flight_is_not_taken_twice_but_one_and_the_string_one_differ() -> None:
    machine, route = exchange(), Line()
    machine.from_client(tool_call(1), route, None, NOW)
    assert isinstance(only(machine.from_client(tool_call("1"), route, None, NOW), Judge), Judge)
    steps = machine.from_client(tool_call(1), route, None, NOW)
    assert json.loads(only(steps, Answer).raw)["error"]["code"] == -32600
    assert isinstance(events(steps)[0], FrameRejected)


@pytest.mark.parametrize("method", ["Tools/Call", "tools/call ", "tools/ｃall", "TOOLS/CALL"])
def test_a_method_that_a_forgiving_server_takes_for_a_call_is_refused(method: str) -> None:
    steps = exchange().from_client(frame(id=1, method=method, params={"name": "x"}), Line(), None, NOW)
    assert json.loads(only(steps, Answer).raw)["error"]["code"] == -32601
    assert not [step for step in steps if isinstance(step, Send | Judge)]


def test_a_call_without_an_id_is_recorded_and_never_runs() -> None:
    route = Line()
    steps = exchange().from_client(frame(method="tools/call", params={"name": "x"}), route, None, NOW)
    assert without_notes(steps) == [Plain(route, 202)]
    assert isinstance(events(steps)[0], FrameRejected)


def test_an_unknown_method_is_forwarded_and_badged() -> None:
    steps = exchange().from_client(frame(id=1, method="vendor/thing"), Line(), None, NOW)
    assert any(isinstance(event, UncoveredMethod) and event.forwarded for event in events(steps))
    assert only(steps, Send)


def test_an_unknown_method_is_refused_where_the_policy_says_so() -> None:
    steps = exchange(SetRules(methods=True)).from_client(frame(id=1, method="vendor/thing"), Line(), None, NOW)
    assert json.loads(only(steps, Answer).raw)["error"]["code"] == -32601


@pytest.mark.parametrize("method", ["resources/read", "prompts/get", "completion/complete", "vendor/x"])
def test_whatever_no_policy_judges_is_forwarded_recorded_and_badged(method: str) -> None:
    steps = exchange().from_client(frame(id=1, method=method), Line(), None, NOW)
    assert [(e.method, e.forwarded) for e in events(steps) if isinstance(e, UncoveredMethod)] == [(method, True)]
    assert [e.raw for e in events(steps) if isinstance(e, FrameSeen)] == [only(steps, Send).outgoing.raw]


@pytest.mark.parametrize("method", ["ping", "tools/list", "initialize", "tasks/get", "logging/setLevel"])
def test_the_protocol_s_own_housekeeping_has_no_badge(method: str) -> None:
    steps = exchange().from_client(frame(id=1, method=method), Line(), None, NOW)
    assert not [event for event in events(steps) if isinstance(event, UncoveredMethod)]


@pytest.mark.parametrize("denied", [False, True])
def test_a_stranger_s_notification_is_badged_and_dropped_where_the_policy_says_so(denied: bool) -> None:
    machine = exchange(SetRules(methods=denied))
    steps = machine.from_client(frame(method="notifications/vendor/x"), Line(), None, NOW)
    assert [e.forwarded for e in events(steps) if isinstance(e, UncoveredMethod)] == [not denied]
    assert bool([e for e in events(steps) if isinstance(e, FrameRejected)]) is denied
    assert bool([step for step in steps if isinstance(step, Send)]) is not denied
    assert only(steps, Plain).status == 202  # a notification has no answer, over HTTP either way
    assert not [step for step in steps if isinstance(step, Answer)]


@pytest.mark.parametrize("method", ["resources/read", "prompts/list"])
def test_refusing_strangers_methods_refuses_none_of_mcp_s_own(method: str) -> None:
    assert only(exchange(SetRules(methods=True)).from_client(frame(id=1, method=method), Line(), None, NOW), Send)


def test_cancelling_a_held_call_withdraws_it_and_tells_the_server_nothing() -> None:
    machine, route = exchange(), Line()
    machine.from_client(tool_call(5), route, None, NOW)
    cancel = frame(method="notifications/cancelled", params={"requestId": 5})
    assert without_notes(machine.from_client(cancel, route, None, NOW)) == [Withdraw(CallId(1)), Plain(route, 202)]
    assert machine.drop(CallId(1)) is route
    assert machine.forward(CallId(1), None, None, NOW) == []


def test_cancelling_a_call_that_was_sent_goes_on_to_the_server() -> None:
    machine = exchange()
    machine.from_client(tool_call(5), Line(), None, NOW)
    machine.forward(CallId(1), None, None, NOW)
    cancel = frame(method="notifications/cancelled", params={"requestId": 5})
    assert only(machine.from_client(cancel, Line(), None, NOW), Send).outgoing.raw == cancel.raw


@pytest.mark.parametrize("speaks_http", [False, True])
@pytest.mark.parametrize("meta", [None, MODERN])
def test_a_cancelled_call_has_ended_and_a_late_answer_ends_it_no_second_time(
    speaks_http: bool, meta: dict[str, Any] | None
) -> None:
    machine, route = exchange(speaks_http=speaks_http), Line()
    machine.from_client(tool_call(5, meta=meta), route, None, NOW)
    machine.forward(CallId(1), None, None, NOW)
    cancel = frame(method="notifications/cancelled", params={"requestId": 5})
    steps = machine.from_client(cancel, route, None, NOW)
    assert only(steps, Ended) == Ended(CallId(1), Outcome.CANCELLED, b"")
    late = without_notes(machine.from_upstream(b'{"jsonrpc":"2.0","id":5,"result":{}}', None, (), NOW))
    closed = speaks_http and meta is not None  # the request itself was closed: no answer can come
    assert [type(step) for step in late] == ([] if closed else [Answer])
    assert machine.closed() == []


def test_cancelling_one_does_not_cancel_a_twin_of_another_type() -> None:
    machine = exchange()
    machine.from_client(tool_call(1), Line(), None, NOW)
    for other in ("1", True, None, [1], {"a": 1}):
        cancel = frame(method="notifications/cancelled", params={"requestId": other})
        assert not any(isinstance(s, Withdraw | Ended) for s in machine.from_client(cancel, Line(), None, NOW)), other


def test_a_closed_stream_withdraws_a_held_call_in_either_era() -> None:
    machine, route = exchange(), Line()
    machine.from_client(tool_call(1), route, None, NOW)
    assert machine.route_gone(route) == [Withdraw(CallId(1))]


def test_a_closed_stream_cancels_a_modern_call_in_flight_but_no_legacy_one() -> None:
    legacy, modern = exchange(), exchange()
    route = Line()
    legacy.from_client(tool_call(1), route, None, NOW)
    modern.from_client(tool_call(1, meta=MODERN), route, None, NOW)
    legacy.forward(CallId(1), None, None, NOW)
    modern.forward(CallId(1), None, None, NOW)
    assert legacy.route_gone(route) == []
    assert modern.route_gone(route) == [Abandon(route, 1), Ended(CallId(1), Outcome.CANCELLED, b"")]


def test_progress_goes_to_the_request_that_asked_for_it() -> None:
    machine, one, two = exchange(), Line(), Line()
    machine.from_client(tool_call(1, meta={"progressToken": "a"}), one, None, NOW)
    machine.from_client(tool_call(2, meta={"progressToken": "b"}), two, None, NOW)
    for call in (1, 2):
        machine.forward(CallId(call), None, None, NOW)
    progress = {"progressToken": "a", "progress": 3, "total": 10, "message": "loading"}
    raw = said({"method": "notifications/progress", "params": progress})
    steps = machine.from_upstream(raw, None, (), NOW)
    assert without_notes(steps) == [Answer(one, raw, False)]
    assert Progressed(NOW, CallId(1), "3/10 loading") in events(steps)


def test_after_a_hold_a_servers_progress_is_told_only_where_it_grows() -> None:
    machine, route = exchange(), Line()
    machine.from_client(tool_call(1, meta={"progressToken": "t"}), route, None, NOW)
    machine.hold(CallId(1))
    told = machine.waiting(CallId(1), 3)
    assert told is not None
    assert json.loads(told.raw)["params"]["progress"] == pytest.approx(3e-6)
    machine.forward(CallId(1), None, None, NOW)
    zero, more = (
        said({"method": "notifications/progress", "params": {"progressToken": "t", "progress": p}}) for p in (0, 0.5)
    )
    assert without_notes(machine.from_upstream(zero, None, (), NOW)) == []
    assert without_notes(machine.from_upstream(more, None, (), NOW)) == [Answer(route, more, False)]


def test_what_a_server_asks_goes_with_the_latest_request_and_what_it_announces_to_the_stream() -> None:
    machine, route, stream = exchange(), Line(), Line()
    machine.open_stream(stream)
    machine.from_client(tool_call(1), route, None, NOW)
    machine.forward(CallId(1), None, None, NOW)
    asked = said({"id": 9, "method": "sampling/createMessage", "params": {}})
    told = said({"method": "notifications/tools/list_changed"})
    assert only(machine.from_upstream(asked, None, (), NOW), Answer).route is route
    assert only(machine.from_upstream(told, None, (), NOW), Answer).route is stream


def test_an_announcement_waits_for_the_stream_that_the_client_opens_later() -> None:
    machine, stream = exchange(), Line()
    told = said({"method": "notifications/tools/list_changed"})
    assert without_notes(machine.from_upstream(told, None, (), NOW)) == [ToolsChanged()]
    assert machine.open_stream(stream) == [Answer(stream, told, False)]


def test_hidden_and_duplicated_tools_leave_the_list() -> None:
    machine, route = exchange(SetRules(hidden=["secret"])), Line()
    machine.from_client(frame(id=1, method="tools/list", params={"_meta": MODERN}), route, None, NOW)
    tools = [{"name": n, "inputSchema": {}} for n in ("a", "secret", "twin", "twin")]
    steps = machine.from_upstream(said({"id": 1, "result": {"tools": tools, "nextCursor": "p2"}}), None, (), NOW)
    result = json.loads(only(steps, Answer).raw)["result"]
    assert [tool["name"] for tool in result["tools"]] == ["a"]
    assert (result["nextCursor"], result["ttlMs"], result["cacheScope"]) == ("p2", 0, "private")
    assert only(steps, Listed).hidden == ("secret", "twin")


def test_a_list_with_nothing_hidden_passes_untouched() -> None:
    machine = exchange()
    machine.from_client(frame(id=1, method="tools/list"), Line(), None, NOW)
    raw = b'{"jsonrpc":"2.0","id":1, "result":{"tools":[{"name":"a","n":1.00}]}}'
    assert only(machine.from_upstream(raw, None, (), NOW), Answer).raw == raw


@pytest.mark.parametrize("tools", [None, "x", [1], [{"name": 3}]])
def test_a_malformed_list_is_never_passed_through(tools: Any) -> None:
    machine = exchange()
    machine.from_client(frame(id=1, method="tools/list"), Line(), None, NOW)
    steps = machine.from_upstream(said({"id": 1, "result": {"tools": tools}}), None, (), NOW)
    assert json.loads(only(steps, Answer).raw)["error"]["code"] == -32603
    (bad,) = [event for event in events(steps) if isinstance(event, FrameRejected)]
    assert (bad.direction, bad.code) == (Direction.FROM_UPSTREAM, -32603)


def test_a_lost_server_fails_what_it_had_and_what_comes_later() -> None:
    machine, route = exchange(), Line()
    machine.from_client(tool_call(1), route, None, NOW)
    machine.forward(CallId(1), None, None, NOW)
    steps = machine.upstream_lost("srv exited with code 3")
    assert "exited with code 3" in json.loads(only(steps, Answer).raw)["error"]["message"]
    assert only(steps, Ended).outcome is Outcome.UNKNOWN
    later = machine.from_client(frame(id=2, method="ping"), route, None, NOW)
    assert "exited with code 3" in json.loads(only(later, Answer).raw)["error"]["message"]
    machine.from_client(tool_call(3), route, None, NOW)
    assert only(machine.forward(CallId(2), None, None, NOW), Ended).outcome is Outcome.NOT_SENT


def test_an_http_refusal_passes_through_to_an_http_client_and_becomes_an_error_for_stdio() -> None:
    http = HttpRequest("POST", ())
    for over_http in (True, False):
        machine, route = exchange(speaks_http=True), Line()
        machine.from_client(tool_call(4), route, http if over_http else None, NOW)
        sent = only(machine.forward(CallId(1), None, None, NOW), Send).outgoing
        steps = machine.plain(sent, 401, ((b"www-authenticate", b"Bearer"),), b"")
        if over_http:
            assert only(steps, Plain) == Plain(route, 401, ((b"www-authenticate", b"Bearer"),), b"")
        else:
            assert "HTTP status 401" in json.loads(only(steps, Answer).raw)["error"]["message"]
        assert only(steps, Ended).outcome is Outcome.RPC_ERROR


def test_after_a_hold_an_http_refusal_can_only_be_an_error_with_its_status() -> None:
    machine, route = exchange(speaks_http=True), Line()
    machine.from_client(tool_call(4), route, HttpRequest("POST", ()), NOW)
    assert machine.hold(CallId(1)) is route
    sent = only(machine.forward(CallId(1), None, None, NOW), Send).outgoing
    assert "503" in json.loads(only(machine.plain(sent, 503, (), b"busy"), Answer).raw)["error"]["message"]


def test_a_modern_stream_that_ends_without_a_result_is_an_error_and_a_legacy_one_may_be_resumed() -> None:
    http = HttpRequest("POST", ())
    for meta, kind in ((MODERN, Answer), (None, End)):
        machine, route = exchange(speaks_http=True), Line()
        machine.from_client(tool_call(1, meta=meta), route, http, NOW)
        sent = only(machine.forward(CallId(1), None, None, NOW), Send).outgoing
        assert sent.era is (Era.MODERN if meta else Era.LEGACY)
        assert isinstance(without_notes(machine.ended(sent, None))[0], kind)


def test_a_servers_own_request_is_refused_where_the_policy_says_so() -> None:
    machine, route = exchange(SetRules(server_requests=True)), Line()
    machine.from_client(tool_call(1), route, None, NOW)
    machine.forward(CallId(1), None, None, NOW)
    steps = machine.from_upstream(said({"id": 9, "method": "roots/list"}), None, (), NOW)
    assert json.loads(only(steps, Send).outgoing.raw)["error"]["code"] == -32601
    (bad,) = [event for event in events(steps) if isinstance(event, FrameRejected)]
    assert (bad.direction, bad.code) == (Direction.FROM_UPSTREAM, -32601)
    assert not [step for step in steps if isinstance(step, Answer)]


def test_a_client_that_goes_leaves_nothing_that_could_run_later() -> None:
    machine, route = exchange(), Line()
    machine.from_client(tool_call(1), route, None, NOW)
    machine.from_client(tool_call(2), route, None, NOW)
    machine.forward(CallId(1), None, None, NOW)
    assert machine.closed() == [Ended(CallId(1), Outcome.UNKNOWN, b""), Withdraw(CallId(2))]


def test_every_frame_of_a_call_is_told_once_in_both_directions() -> None:
    machine, asked = exchange(), tool_call(1)
    came = machine.from_client(asked, Line(), None, NOW)
    assert only(came, Judge).call.frame == asked.raw
    machine.forward(CallId(1), None, None, NOW)
    went = machine.from_upstream(said({"id": 1, "result": {}}), None, (), NOW)
    assert only(went, Ended).relayed
    assert not [event for event in events(came) + events(went) if isinstance(event, FrameSeen)]


def test_an_answer_of_several_lines_is_seen_as_it_came_beside_the_one_that_goes_on() -> None:
    machine = exchange()
    machine.from_client(tool_call(1), Line(), None, NOW)
    machine.forward(CallId(1), None, None, NOW)
    answer = said({"id": 1, "result": {}}).replace(b",", b",\n")
    went = machine.from_upstream(answer, None, (), NOW)
    (seen,) = [event for event in events(went) if isinstance(event, FrameSeen)]
    assert (seen.call_id, seen.direction, seen.raw) == (CallId(1), Direction.FROM_UPSTREAM, answer)
    ended = only(went, Ended)
    assert not ended.relayed
    assert b"\n" not in ended.response
