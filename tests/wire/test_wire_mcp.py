"""What frames mean, and the frames that we write."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.core.call import Era, Outcome
from inspector.core.json import Json, JsonObject, Number
from inspector.wire.framing import LineReader
from inspector.wire.jsonrpc import INVALID_PARAMS, METHOD_NOT_FOUND, BadFrame, Frame, dump, parse_client, parse_upstream
from inspector.wire.mcp import (
    CLIENT_INFO_META,
    PROTOCOL_VERSION_META,
    ClientInfo,
    ToolCall,
    call_frame,
    call_outcome,
    client_info,
    denial,
    disguised_call,
    era_of,
    filtered_list,
    list_changed,
    one_line,
    progress_text,
    progress_token,
    rpc_error,
    tool_call,
    tool_list,
    unknown_method,
    waiting,
)


def request(method: str, params: Any = None, frame_id: Any = 1) -> Frame:
    frame = parse_client(dump({"jsonrpc": "2.0", "id": frame_id, "method": method, "params": params or {}}))
    assert isinstance(frame, Frame), frame
    return frame


def from_client(raw: bytes) -> Frame:
    frame = parse_client(raw)
    assert isinstance(frame, Frame), frame
    return frame


def from_upstream(raw: bytes) -> Frame:
    frame = parse_upstream(raw)
    assert isinstance(frame, Frame), frame
    return frame


def answer(result: Any) -> Frame:
    return from_upstream(dump({"jsonrpc": "2.0", "id": 1, "result": result}))


# ---- calls -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("params", [{}, {"name": None}, {"name": 5}, {"name": ["safe"]}, {"Name": "safe"}])
def test_a_call_whose_name_is_no_string_is_invalid_params(params: JsonObject) -> None:
    frame = request("tools/call", params, frame_id="a")
    assert tool_call(frame) == BadFrame(frame.raw, INVALID_PARAMS, "name must be a string", "a")


@pytest.mark.parametrize("arguments", ['{"amount":1}', [], 1, False, ""])
def test_arguments_that_are_neither_an_object_nor_null_are_invalid_params(arguments: Json) -> None:
    frame = request("tools/call", {"name": "safe", "arguments": arguments})
    assert tool_call(frame) == BadFrame(frame.raw, INVALID_PARAMS, "arguments must be an object", 1)


@pytest.mark.parametrize("more", [{}, {"arguments": None}, {"arguments": {}}])
def test_arguments_that_are_absent_or_null_are_empty(more: JsonObject) -> None:
    assert tool_call(request("tools/call", {"name": "safe", **more})) == ToolCall("safe", {}, None)


def test_a_retry_carries_its_state() -> None:
    frame = request("tools/call", {"name": "safe", "arguments": {"a": 1}, "requestState": "s", "inputResponses": {}})
    assert tool_call(frame) == ToolCall("safe", {"a": 1}, "s")


@pytest.mark.parametrize(
    "method",
    [
        "Tools/Call",
        "TOOLS/CALL",
        "tools/call ",
        " tools/call",
        "tools /call",
        "tools/call\n",
        "tools/call\x00",
        "tools/call\u00a0",
        "tools/ca\u00adll",
        "tools\u200b/call",
        "\ufefftools/call",
        "tools/c\u2060all",
        "ｔools/call",
        "tools\uff0fcall",
        "tool\u017f/call",
        "tool\u24e2/call",
        "/tools/call",
        "tools/call/",
    ],
)
def test_a_method_that_a_forgiving_server_takes_for_a_call_is_seen_through(method: str) -> None:
    assert disguised_call(method)


@pytest.mark.parametrize("method", ["tools/call", "tools/calls", "tools/list", "tool/call", "toolscall", "", "x"])
def test_other_methods_are_no_disguised_calls(method: str) -> None:
    assert not disguised_call(method)


def test_a_disguised_call_is_answered_as_an_unknown_method() -> None:
    bad = unknown_method(request("Tools/Call", frame_id=9))
    assert (bad.code, bad.id, bad.reason) == (METHOD_NOT_FOUND, 9, "method not found: Tools/Call")


def test_an_escaped_method_is_a_plain_call() -> None:
    frame = from_client(b'{"jsonrpc":"2.0","id":1,"method":"tools\\/c\\u0061ll","params":{"name":"delete"}}')
    assert frame.method == "tools/call"
    assert b'"method":"tools/call"' in call_frame(frame, None)


# ---- what is sent ----------------------------------------------------------------------------------------------


def test_a_call_is_written_anew_with_its_members_in_order_and_its_numbers_as_they_were() -> None:
    raw = (
        b'{"jsonrpc": "2.0", "id": 12345678901234567890, "method": "tools/call",\r\n "params": {"_meta": {"x": 1.50},'
        b' "name": "pay", "vendor": [1e2], "arguments": {"z": 1.00, "a": -0, "big": 123456789012345678901}}}'
    )
    assert call_frame(from_client(raw), None) == (
        b'{"jsonrpc":"2.0","id":12345678901234567890,"method":"tools/call","params":{"_meta":{"x":1.50},'
        b'"name":"pay","vendor":[1e2],"arguments":{"z":1.00,"a":-0,"big":123456789012345678901}}}'
    )


@pytest.mark.parametrize("variant", ["Name", "NAME", "Arguments", "_META", "Ta\u017fk", "tas\u212a", "RequestState"])
def test_a_member_that_a_case_insensitive_server_takes_for_a_known_one_is_dropped(variant: str) -> None:
    frame = request("tools/call", {variant: "delete", "name": "safe", "vendor": 1})
    assert json.loads(call_frame(frame, None))["params"] == {"name": "safe", "vendor": 1}


def test_members_inside_the_arguments_are_the_tools_own() -> None:
    frame = request("tools/call", {"name": "safe", "arguments": {"Name": 1, "name": 2}})
    assert json.loads(call_frame(frame, None))["params"]["arguments"] == {"Name": 1, "name": 2}


def test_edited_arguments_take_the_place_of_the_clients() -> None:
    frame = request("tools/call", {"name": "pay", "arguments": {"amount": 5}, "_meta": {}})
    assert call_frame(frame, {"amount": Number("1.0")}) == (
        b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"pay","arguments":{"amount":1.0},"_meta":{}}}'
    )
    assert json.loads(call_frame(request("tools/call", {"name": "pay"}), {"a": 1}))["params"]["arguments"] == {"a": 1}


def test_characters_that_some_line_readers_split_at_leave_as_escapes() -> None:
    sent = call_frame(request("tools/call", {"name": "safe", "arguments": {"a\u2028": "b\u2029c\u0085é"}}), None)
    assert b'{"a\\u2028":"b\\u2029c\\u0085' + "é".encode() in sent
    assert len(sent.decode().splitlines()) == 1


names = st.text(st.characters(exclude_categories=["Cs"]))
json_values: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**17), 10**17) | names,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=8,
)


@given(names, st.dictionaries(names, json_values, max_size=4), st.booleans(), st.booleans())
def test_what_is_sent_is_what_was_judged(name: str, arguments: JsonObject, edited: bool, ascii_only: bool) -> None:
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": name, "arguments": arguments}}
    frame = from_client(json.dumps(body, ensure_ascii=ascii_only, indent=1).encode())
    sent = call_frame(frame, arguments if edited else None)
    judged, arrived = tool_call(frame), tool_call(from_client(sent))
    assert judged == arrived == ToolCall(name, arguments, None)
    assert LineReader(1 << 20).feed(sent + b"\n") == [sent]
    assert len(sent.decode().splitlines()) == 1


@given(json_values, st.sampled_from(["\n", "\r\n", "\r", " "]))
def test_one_line_has_the_same_tokens(value: Json, end: str) -> None:
    raw = json.dumps({"v": value}, indent=1).replace("\n", end).encode()
    line = one_line(raw)
    assert json.loads(line) == json.loads(raw)
    assert LineReader(1 << 20).feed(line + b"\n") == [line]


def test_a_message_that_stands_on_one_line_is_the_same_bytes() -> None:
    raw = b'{"jsonrpc":"2.0", "method":"x"}'
    assert one_line(raw) is raw


# ---- who and what ----------------------------------------------------------------------------------------------


def test_a_request_that_carries_its_version_is_modern() -> None:
    assert era_of(request("tools/list", {"_meta": {PROTOCOL_VERSION_META: "2026-07-28"}})) is Era.MODERN
    assert era_of(request("tools/list", {"_meta": {"progressToken": 1}})) is Era.LEGACY
    assert era_of(request("tools/list", {"_meta": "x"})) is Era.LEGACY


def test_the_client_says_who_it_is_in_initialize_or_in_meta() -> None:
    info = {"name": "c" * 200, "version": "v" * 100}
    short = ClientInfo("c" * 128, "v" * 64)
    assert client_info(request("initialize", {"clientInfo": info})) == short
    assert client_info(request("tools/call", {"_meta": {CLIENT_INFO_META: info}})) == short
    assert client_info(request("tools/call", {"clientInfo": info})) is None
    assert client_info(request("initialize", {"clientInfo": {"name": 1}})) is None
    assert client_info(request("initialize", {"clientInfo": {"name": "c", "version": 1}})) == ClientInfo("c", "")


@pytest.mark.parametrize("token", [0, "a", "", Number("12345678901234567890")])
def test_a_progress_token_keeps_its_type_and_text(token: Json) -> None:
    seen = progress_token(request("tools/call", {"_meta": {"progressToken": token}}))
    assert dump(seen) == dump(token)


@pytest.mark.parametrize("meta", [{}, {"progressToken": None}, {"progressToken": True}, {"progressToken": 1.5}, []])
def test_anything_else_is_no_progress_token(meta: Json) -> None:
    assert progress_token(request("tools/call", {"_meta": meta})) is None


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({"progress": 3, "total": 10, "message": "loading"}, "3/10 loading"),
        ({"progress": 0.50}, "0.5"),
        ({"progress": Number("1.50"), "total": 2}, "1.50/2"),
        ({"progress": 1, "message": 5}, "1"),
        ({"progress": 1, "message": "x" * 900}, "1 " + "x" * 398),
    ],
)
def test_progress_reads_as_a_person_writes_it(params: JsonObject, text: str) -> None:
    assert progress_text(request("notifications/progress", params)) == text


@pytest.mark.parametrize(
    ("body", "outcome", "state"),
    [
        ({"result": {"content": []}}, Outcome.OK, None),
        ({"result": {"isError": True}}, Outcome.TOOL_ERROR, None),
        ({"result": {"isError": "yes"}}, Outcome.OK, None),
        ({"result": None}, Outcome.OK, None),
        ({"error": {"code": 1, "message": "x"}}, Outcome.RPC_ERROR, None),
        ({"result": {"resultType": "input_required", "requestState": "s"}}, Outcome.INPUT_REQUIRED, "s"),
        ({"result": {"resultType": "input_required"}}, Outcome.INPUT_REQUIRED, None),
        ({"result": {"resultType": "complete", "isError": False}}, Outcome.OK, None),
    ],
)
def test_a_response_ends_its_call(body: JsonObject, outcome: Outcome, state: str | None) -> None:
    assert call_outcome(from_upstream(dump({"jsonrpc": "2.0", "id": 1, **body}))) == (outcome, state)


# ---- what we write ---------------------------------------------------------------------------------------------


def test_a_denial_is_a_tool_result_that_says_so() -> None:
    legacy = json.loads(denial("1", Era.LEGACY, "no more than 10 a minute", "#12", "/tools/x/limits/n"))
    assert legacy == {
        "jsonrpc": "2.0",
        "id": "1",
        "result": {
            "content": [{"type": "text", "text": "[POLICY DENIED] no more than 10 a minute"}],
            "isError": True,
            "_meta": {"mcp-inspect/decision": {"id": "#12", "rule": "/tools/x/limits/n"}},
        },
    }
    modern = json.loads(denial(1, Era.MODERN, "no", "#12", ""))
    assert (modern["id"], modern["result"]["resultType"]) == (1, "complete")


def test_an_error_carries_its_data_only_when_there_is_some() -> None:
    assert rpc_error(None, -32700, "x") == b'{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"x"}}'
    assert json.loads(rpc_error(Number("12345678901234567890"), 1, "x", [1]))["error"]["data"] == [1]


def test_waiting_grows_and_stays_below_any_real_progress() -> None:
    steps = [json.loads(waiting("t", step))["params"]["progress"] for step in range(1, 1000)]
    assert steps == sorted(set(steps))
    assert steps[0] > 0 and steps[-1] < 0.001
    assert json.loads(waiting("t", 1))["params"]["progressToken"] == "t"


def test_list_changed_is_a_notification() -> None:
    assert json.loads(list_changed()) == {"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}


# ---- lists -----------------------------------------------------------------------------------------------------

TOOLS = [{"name": "b", "description": "cut \\ud83d", "x": Number("1.50")}, {"name": "a"}, {"name": "secret"}]


def test_a_list_keeps_its_order_its_cursor_and_its_unknown_members() -> None:
    raw = b'{"jsonrpc":"2.0","id":"l","result":{"nextCursor":"n","tools":[{"name":"b","d":"cut \\ud83d","x":1.50},'
    frame = from_upstream(raw + b'{"name":"secret"}],"v":2}}')
    page = tool_list(frame)
    assert page is not None
    assert list(page.definitions) == ["b", "secret"]
    assert filtered_list(frame, page, ["b"], Era.LEGACY) == raw[:-1] + b'],"v":2}}'


def test_a_filtered_modern_list_is_not_for_the_caches_of_others() -> None:
    frame = answer({"tools": TOOLS, "ttlMs": 60000, "cacheScope": "public", "resultType": "complete"})
    page = tool_list(frame)
    assert page is not None
    assert json.loads(filtered_list(frame, page, [], Era.MODERN))["result"] == {
        "tools": [],
        "ttlMs": 0,
        "cacheScope": "private",
        "resultType": "complete",
    }


def test_a_name_that_is_listed_twice_is_known_as_such() -> None:
    page = tool_list(answer({"tools": [{"name": "a"}, {"name": "b"}, {"name": "a", "v": 2}]}))
    assert page is not None
    assert page.duplicated == {"a"}


@pytest.mark.parametrize(
    "result", [None, [], {}, {"tools": {}}, {"tools": [1]}, {"tools": [{}]}, {"tools": [{"name": 1}]}]
)
def test_a_malformed_list_is_none(result: Json) -> None:
    assert tool_list(answer(result)) is None


def test_a_list_that_two_readers_see_differently_is_malformed() -> None:
    raw = b'{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"secret"}],"tools":[{"name":"a"}]}}'
    assert tool_list(from_upstream(raw)) is None
