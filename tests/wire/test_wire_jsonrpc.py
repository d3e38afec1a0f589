"""What a client may say, byte for byte; and that what was read can be written again without a change."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.core.json import Json, Number, parse_int
from inspector.wire.jsonrpc import (
    INVALID_PARAMS,
    INVALID_REQUEST,
    MAX_DEPTH,
    PARSE_ERROR,
    BadFrame,
    Frame,
    Kind,
    dump,
    has_duplicate_keys,
    parse_answer,
    parse_client,
    parse_json,
    parse_upstream,
)
from inspector.wire.mcp import call_frame, tool_call

DATA = Path(__file__).parent.parent / "data"


def call(arguments: str = "{}", *, more: str = "", frame_id: str = "1") -> bytes:
    params = f'{{"name":"safe","arguments":{arguments}{more}}}'
    return f'{{"jsonrpc":"2.0","id":{frame_id},"method":"tools/call","params":{params}}}'.encode()


def refused(raw: bytes) -> BadFrame:
    bad = parse_client(raw)
    assert isinstance(bad, BadFrame), bad
    assert bad.raw == raw
    return bad


def accepted(raw: bytes) -> Frame:
    frame = parse_client(raw)
    assert isinstance(frame, Frame), frame
    assert frame.raw == raw
    return frame


# ---- the text --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "not JSON"),
        (b"   ", "not JSON"),
        (b"\xef\xbb\xbf" + call(), "a byte order mark"),
        (call().decode().encode("utf-16"), "invalid UTF-8"),
        (call().decode().encode("utf-16-le"), "not JSON"),
        (call().decode().encode("utf-32-le"), "not JSON"),
        (call('{"x":"') + b"\xc0\xaf", "invalid UTF-8"),
        (b'{"jsonrpc":"2.0","id":1,"method":"\xed\xa0\x80"}', "invalid UTF-8"),  # a surrogate as CESU-8
        (b'{"jsonrpc":"2.0","id":1,"method":"\xf4\x90\x80\x80"}', "invalid UTF-8"),  # above U+10FFFF
        (call('{"x":"\\ud800"}'), "lone surrogate"),
        (call('{"x":"\\udc00\\ud800"}'), "lone surrogate"),
        (call('{"\\uDBFF":1}'), "lone surrogate"),
        (call() + b"{}", "not JSON: Extra data"),
        (call() + b"\x00", "not JSON: Extra data"),
        (call() + b"\n" + call(), "not JSON: Extra data"),
        (call('{"x":"a\tb"}'), "not JSON: Invalid control character"),
        (call('{"x":"a\nb"}'), "not JSON: Invalid control character"),
        (call('{"x":"\\x41"}'), "not JSON: Invalid \\escape"),
        (call("{'x':1}"), "not JSON"),
        (call('{"x":1,}'), "not JSON"),
        (call('{"x":[1,]}'), "not JSON"),
        (call('{"x":/*1*/1}'), "not JSON"),
        (call('{"x":01}'), "not JSON"),
        (call('{"x":+1}'), "not JSON"),
        (call('{"x":.5}'), "not JSON"),
        (call('{"x":1.}'), "not JSON"),
        (call('{"x":0x10}'), "not JSON"),
        (call('{"x":1_000}'), "not JSON"),
        (call('{"x":١}'), "not JSON"),
        (call('{"x":\u00a01}'), "not JSON"),
        (call('{"x":NaN}'), "NaN is not JSON"),
        (call('{"x":Infinity}'), "Infinity is not JSON"),
        (call('{"x":-Infinity}'), "-Infinity is not JSON"),
        (call('{"x":1e309}'), "a number too large for a double"),
        (call('{"x":-1e400}'), "a number too large for a double"),
        (call('{"x":1e-99999999999999999999}'), "a number that cannot be read"),
        (call('{"x":' + "1" * 65 + "}"), "a number of more than 64 characters"),
        (call('{"x":-' + "1" * 64 + "}"), "a number of more than 64 characters"),
        (call('{"x":0.' + "1" * 63 + "}"), "a number of more than 64 characters"),
        (call('{"x":' + "1" * 5000 + "}"), "a number of more than 64 characters"),
    ],
)
def test_text_that_two_parsers_could_read_differently_is_a_parse_error(raw: bytes, reason: str) -> None:
    bad = refused(raw)
    assert (bad.code, bad.id) == (PARSE_ERROR, None)
    assert bad.reason.startswith(reason)


@pytest.mark.parametrize(
    "arguments",
    [
        '{"a":1,"a":1}',
        '{"a":1,"b":{"c":[{"d":1,"d":2}]}}',
        '{"a":1,"\\u0061":2}',
        '{"/":1,"\\/":2}',
        '{"\U0001f600":1,"\\ud83d\\ude00":2}',
    ],
)
def test_a_key_that_stands_twice_is_refused_at_any_depth_and_after_unescaping(arguments: str) -> None:
    assert refused(call(arguments)).reason == "duplicate object key"


def test_keys_that_differ_only_in_unicode_form_are_two_keys() -> None:
    assert accepted(call('{"\u00e9":1,"e\u0301":2}')).params["arguments"] == {"\u00e9": 1, "e\u0301": 2}


@pytest.mark.parametrize("twice", ['"id":1,"id":2', '"method":"ping","method":"tools/call","id":1'])
def test_an_envelope_member_that_stands_twice_is_refused(twice: str) -> None:
    assert refused(f'{{"jsonrpc":"2.0",{twice},"params":{{}}}}'.encode()).reason == "duplicate object key"


def nested(levels: int, opening: str = "[", closing: str = "]") -> bytes:
    """A frame whose deepest value stands `levels` deep: frame and params are two of them."""
    return (
        '{"jsonrpc":"2.0","id":1,"method":"x","params":{"v":'
        + opening * (levels - 2)
        + "1"
        + closing * (levels - 2)
        + "}}"
    ).encode()


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_nesting_of_64_levels_passes_and_65_does_not(opening: str, closing: str) -> None:
    accepted(nested(MAX_DEPTH, opening, closing))
    assert refused(nested(MAX_DEPTH + 1, opening, closing)).reason == "nesting of more than 64 levels"


def test_nesting_beyond_the_parser_itself_is_the_same_parse_error() -> None:
    assert refused(nested(200_000)).reason == "nesting of more than 64 levels"


def test_many_shallow_containers_and_brackets_in_strings_are_not_deep() -> None:
    accepted(call('{"x":[' + "[]," * 500 + '[]],"y":"' + "[{" * 500 + '"}'))


def test_white_space_around_and_between_tokens_is_legal() -> None:
    frame = accepted(b' \t\r\n{ "jsonrpc" : "2.0",\n"id":7 ,\r"method":"ping" }\n')
    assert (frame.kind, frame.id, frame.method, frame.params) == (Kind.REQUEST, 7, "ping", {})


def test_a_surrogate_pair_and_an_escaped_backslash_before_u_are_no_lone_surrogates() -> None:
    assert accepted(call('{"x":"\\ud83d\\ude00","y":"\\\\ud800"}')).params["arguments"] == {"x": "😀", "y": "\\ud800"}


def test_doubles_at_their_limits_pass() -> None:
    arguments = accepted(call('{"a":1.7976931348623157e308,"b":5e-324,"c":1e-400,"d":-0}')).params["arguments"]
    assert isinstance(arguments, dict)
    assert [n.text for n in arguments.values() if isinstance(n, Number)] == [
        "1.7976931348623157e308",
        "5e-324",
        "1e-400",
        "-0",
    ]


# ---- the envelope ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"[]", "batches are not accepted"),
        (b'[{"jsonrpc":"2.0","id":1,"method":"ping"}]', "batches are not accepted"),
        (b'"ping"', "a message must be an object"),
        (b"1", "a message must be an object"),
        (b"null", "a message must be an object"),
        (b"{}", 'jsonrpc must be "2.0"'),
        (b'{"id":1,"method":"ping"}', 'jsonrpc must be "2.0"'),
        (b'{"jsonrpc":2.0,"id":1,"method":"ping"}', 'jsonrpc must be "2.0"'),
        (b'{"jsonrpc":"1.0","id":1,"method":"ping"}', 'jsonrpc must be "2.0"'),
        (b'{"jsonrpc":"2.0","id":1}', "neither a request nor a response"),
        (b'{"jsonrpc":"2.0","id":1,"method":5}', "neither a request nor a response"),
        (b'{"jsonrpc":"2.0","id":1,"method":null}', "neither a request nor a response"),
        (b'{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}', "neither a request nor a response"),
        (b'{"jsonrpc":"2.0","id":1,"method":"ping","error":{}}', "neither a request nor a response"),
        (b'{"jsonrpc":"2.0","id":1,"result":{},"error":{}}', "neither a request nor a response"),
        (b'{"jsonrpc":"2.0","id":1,"result":{},"params":{}}', "neither a request nor a response"),
        (b'{"jsonrpc":"2.0","result":{}}', "neither a request nor a response"),
        (b'{"jsonrpc":"2.0","id":1,"method":"ping","Method":"tools/call"}', "unknown member 'Method'"),
        (b'{"jsonrpc":"2.0","id":1,"method":"ping","x":1}', "unknown member 'x'"),
        (b'{"jsonrpc":"2.0","id":1,"result":{},"x":1}', "unknown member 'x'"),
        (b'{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}', "params must be an object"),
        (b'{"jsonrpc":"2.0","id":1,"method":"ping","params":"{}"}', "params must be an object"),
    ],
)
def test_what_is_not_one_plain_message_is_an_invalid_request(raw: bytes, reason: str) -> None:
    bad = refused(raw)
    assert (bad.code, bad.reason) == (INVALID_REQUEST, reason)


@pytest.mark.parametrize("frame_id", ["null", "true", "false", "{}", "[]", "1.0", "1e3", "1.5", "-0.0"])
def test_an_id_is_a_string_or_an_integer_literal(frame_id: str) -> None:
    bad = refused(call(frame_id=frame_id))
    assert (bad.code, bad.reason, bad.id) == (INVALID_REQUEST, "id must be a string or an integer", None)
    answer = refused(f'{{"jsonrpc":"2.0","id":{frame_id},"result":{{}}}}'.encode())
    assert answer.code == INVALID_REQUEST


@pytest.mark.parametrize("frame_id", ["0", "-1", '"1"', '""', '"é"', "12345678901234567890", "-99999999999999999999"])
def test_the_id_comes_back_as_it_was_written(frame_id: str) -> None:
    frame = accepted(call(frame_id=frame_id))
    assert json.dumps(json.loads(frame_id)).encode() == dump(frame.id) or dump(frame.id) == frame_id.encode()


def test_the_ids_1_and_string_1_are_different() -> None:
    assert accepted(call(frame_id="1")).id != accepted(call(frame_id='"1"')).id


def test_a_refused_request_is_answered_under_its_id_and_a_refused_answer_under_none() -> None:
    assert refused(b'{"jsonrpc":"2.0","id":"a","method":"ping","x":1}').id == "a"
    assert refused(b'{"jsonrpc":"2.0","id":"a","result":{},"x":1}').id is None


@pytest.mark.parametrize("params", ["[]", "null", "5", '"x"'])
def test_params_of_a_call_that_are_no_object_are_invalid_params(params: str) -> None:
    bad = refused(f'{{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{params}}}'.encode())
    assert (bad.code, bad.id) == (INVALID_PARAMS, 3)


def test_requests_notifications_and_responses_are_told_apart() -> None:
    kinds = [
        accepted(raw).kind
        for raw in (
            b'{"jsonrpc":"2.0","id":1,"method":"ping"}',
            b'{"jsonrpc":"2.0","method":"notifications/initialized"}',
            b'{"jsonrpc":"2.0","id":1,"result":{}}',
            b'{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"x"}}',
        )
    ]
    assert kinds == [Kind.REQUEST, Kind.NOTIFICATION, Kind.RESPONSE, Kind.RESPONSE]


# ---- the samples -----------------------------------------------------------------------------------------------


def raw_samples() -> Iterator[Any]:
    for line in (DATA / "hostile_inputs_sample.jsonl").read_text().splitlines():
        sample = json.loads(line)
        # raw-68 is a line of more than 4 MiB: the line reader's.
        if sample["channel"] == "stdio.client" and sample["threat"] != "size":
            yield pytest.param(sample, id=sample["id"])


@pytest.mark.parametrize("sample", raw_samples())
def test_hostile_line_is_refused_or_sent_on_as_required(sample: dict[str, Any]) -> None:
    required = sample["required"]
    frame = parse_client(base64.b64decode(sample["input"]["bytes_b64"]).rstrip(b"\n"))
    read = tool_call(frame) if isinstance(frame, Frame) else frame
    if required["decision"] == "none":
        assert isinstance(read, BadFrame)
        assert (read.code, read.reason) == (required["client_receives"]["error_code"], required["reason"])
        return
    assert isinstance(frame, Frame) and not isinstance(read, BadFrame)
    if isinstance(required["upstream_receives"], list):
        (received,) = required["upstream_receives"]
        sent = json.loads(call_frame(frame, None))["params"]
        assert sent["name"] == received["tool"]
        assert sent.get("arguments", {}) == received.get("args", sent.get("arguments", {}))


# ---- nothing is lost -------------------------------------------------------------------------------------------

numbers = st.one_of(
    st.from_regex(r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?", fullmatch=True),
    st.from_regex(r"-?(0|[1-9][0-9]{0,62})", fullmatch=True),
    st.sampled_from(["1.00", "-0", "-0.0", "0e0", "1E+2", "1e-320", "12345678901234567890", "9007199254740993"]),
)
exact_numbers = numbers.map(lambda text: parse_int(text) if text.lstrip("-").isdigit() else Number(text))
characters = st.characters(exclude_categories=["Cs"])
values: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | exact_numbers | st.text(characters),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(characters), inner, max_size=4),
    max_leaves=12,
)


@given(numbers)
def test_a_number_keeps_its_text(text: str) -> None:
    value = parse_json(text.encode())
    assert dump(value) == text.encode()
    assert value == Decimal(text)


@given(values)
def test_what_was_written_reads_the_same_and_is_written_the_same(value: Json) -> None:
    raw = dump(value)
    assert parse_json(raw) == value
    assert dump(parse_json(raw)) == raw


@given(values)
def test_the_strict_and_the_lenient_reader_agree_on_what_both_accept(value: Json) -> None:
    raw = dump({"jsonrpc": "2.0", "id": 1, "method": "m", "params": {"v": value}})
    strict, lenient = parse_client(raw), parse_upstream(raw)
    assert strict == lenient
    assert not has_duplicate_keys(raw)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_frame_or_a_refusal(raw: bytes) -> None:
    assert isinstance(parse_client(raw), Frame | BadFrame)
    assert isinstance(parse_upstream(raw), Frame | BadFrame)


FRAGMENTS = (
    *('{"jsonrpc":"2.0"', ',"id":', ',"method":', '"tools/call"', ',"params":{', '"name":', '"a"', "}", "]", "["),
    *("1", "-", "e9", ".", "null", "NaN", "\\ud800", '"', ",", ":", " ", "\x00", "\ufeff", "\u2028"),
)
fragments = st.sampled_from(FRAGMENTS).map(str.encode)


@settings(max_examples=300)
@given(st.lists(fragments, max_size=24).map(b"".join))
def test_anything_that_looks_like_a_frame_is_a_frame_or_a_refusal(raw: bytes) -> None:
    assert isinstance(parse_client(raw), Frame | BadFrame)
    assert isinstance(parse_upstream(raw), Frame | BadFrame)


@given(st.binary(max_size=60))
def test_what_is_accepted_is_what_any_json_parser_reads(noise: bytes) -> None:
    frame = parse_client(call('{"x":"') + noise)
    assert isinstance(frame, BadFrame) or json.loads(frame.raw) == json.loads(dump(frame.body))


# ---- upstreams -------------------------------------------------------------------------------------------------


def _rounded(raw: bytes) -> object:
    return json.loads(raw, parse_int=float, parse_float=float)


@given(values)
def test_an_answer_that_is_read_quickly_says_what_an_exact_reading_says_but_for_numbers(value: Json) -> None:
    raw = dump({"jsonrpc": "2.0", "id": "a", "result": {"v": value}})
    quick, exact = parse_answer(raw), parse_upstream(raw)
    assert isinstance(exact, Frame)
    assert quick is None or (quick.raw, quick.kind, quick.id) == (exact.raw, exact.kind, exact.id)
    assert quick is None or _rounded(dump(quick.body)) == _rounded(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"jsonrpc":"2.0","id":1,"method":"ping"}',
        b'{"jsonrpc":"2.0","method":"notifications/progress","params":{}}',
        b'{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}',
        b'{"jsonrpc":"2.0","id":1}',
        b'{"jsonrpc":"2.0","id":1.0,"result":{}}',
        b'{"jsonrpc":"2.0","id":null,"result":{}}',
        b'{"jsonrpc":"2.0","id":true,"result":{}}',
        b'{"jsonrpc":"2.0","id":1,"result":{"a":NaN}}',
        b'{"jsonrpc":"2.0","id":1,"result":{"a":"\\ud83d"}}',
        b'{"jsonrpc":"2.0","id":1,"result":' + b"[" * 251 + b"]" * 251 + b"}",
        b'[{"jsonrpc":"2.0","id":1,"result":{}}]',
        b"no JSON",
    ],
)
def test_what_is_no_plain_answer_is_left_to_the_exact_reader(raw: bytes) -> None:
    assert parse_answer(raw) is None


def from_upstream(raw: bytes) -> Frame:
    frame = parse_upstream(raw)
    assert isinstance(frame, Frame), frame
    return frame


@pytest.mark.parametrize(
    "raw",
    [
        b'{"jsonrpc":"2.0","id":1,"result":{"a":NaN,"b":[-Infinity,1e400]}}',
        b'{"jsonrpc":"2.0","id":1,"result":{"text":"cut \\ud83d","\\udc00":{},"e":[],"n":[null,true,1.50]}}',
        b'{"jsonrpc":"2.0","id":1,"result":{"n":' + b"1" * 5000 + b"}}",
        b'{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"x","data":{"y":[1.0]},"more":1},"extra":2}',
        b'{"id":1,"result":null}',
    ],
)
def test_what_a_server_says_is_written_again_without_a_change(raw: bytes) -> None:
    assert dump(from_upstream(raw).body) == raw


def test_a_server_frame_is_told_apart_by_its_members() -> None:
    request = from_upstream(b'{"jsonrpc":"2.0","id":0,"method":"elicitation/create","params":{"a":1},"x":1}')
    assert (request.kind, request.id, request.params) == (Kind.REQUEST, 0, {"a": 1})
    notification = from_upstream(b'{"jsonrpc":"2.0","method":"notifications/message","params":[1]}')
    assert (notification.kind, notification.params) == (Kind.NOTIFICATION, {})
    assert from_upstream(b'{"id":"a","error":{}}').kind is Kind.RESPONSE


@pytest.mark.parametrize(
    "raw",
    [
        b"Starting server...",
        b"",
        b"\xff",
        b"\xef\xbb\xbf{}",
        b"{}",
        b"[1]",
        b"null",
        b'{"id":1.5,"result":{}}',
        b'{"id":true,"result":{}}',
        b'{"id":1,"result":' + b"[" * 300 + b"]" * 300 + b"}",
        b"[" * 200_000,
    ],
)
def test_a_line_that_is_no_message_is_a_bad_frame(raw: bytes) -> None:
    assert isinstance(parse_upstream(raw), BadFrame)


def test_duplicate_keys_are_seen_at_any_depth() -> None:
    assert has_duplicate_keys(b'{"a":[{"b":1,"\\u0062":' + b"1" * 5000 + b"}]}")
    assert not has_duplicate_keys(b'{"a":[{"b":1.5},{"b":NaN}]}')
