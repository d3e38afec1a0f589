from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from event_samples import KINDS, any_event, arrival, decision
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.core.decision import Verdict
from inspector.core.events import Decided, FrameSeen, ToolsListed
from inspector.core.json import Number
from inspector.record.codec import KINDS as CODED
from inspector.record.codec import Row, decode, encode


def test_every_kind_of_event_has_a_row() -> None:
    assert set(CODED.values()) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_an_event_comes_back_as_it_was(kind: type) -> None:
    @settings(max_examples=60, deadline=None)
    @given(any_event(kind))
    def round_trip(event: object) -> None:
        back = decode(encode(event))
        assert back == event
        assert type(back) is kind

    round_trip()


@given(st.sampled_from(["1.00", "-0", "1e400", "12345678901234567890", "0.10E-3"]))
def test_a_number_keeps_its_text(text: str) -> None:
    back = decode(encode(arrival(1, 0.0, n=Number(text), deep=[{"n": Number(text)}])))
    assert back.arguments["n"].text == back.arguments["deep"][0]["n"].text == text
    assert f'"n":{text}'.encode() in encode(back).payload


@pytest.mark.parametrize("number", ["1.00", "1E+3", "0E-9", "-0", "NaN", "Infinity"])
def test_a_decimal_keeps_its_digits_and_exponent(number: str) -> None:
    known = decision(1, 0.0, Verdict.ALLOW)
    reading = decode(encode(Decided(0.0, _with_before(known, Decimal(number))))).decision.readings[0]
    assert str(reading.before) == number


def _with_before(known, before):
    return replace(known, readings=(replace(known.readings[0], before=before),))


def test_a_lone_surrogate_and_a_huge_integer_are_kept() -> None:
    event = arrival(1, 0.0, text="\ud800\x00é", number=2**70, **{"\udfff": None})
    back = decode(encode(event))
    assert back.arguments["text"] == "\ud800\x00é"
    assert back.arguments["number"] == 2**70
    assert "\udfff" in back.arguments
    encode(event).payload.decode()


def test_bytes_that_are_no_text_are_kept() -> None:
    event = ToolsListed(0.0, "kestra", (("a", b"\xff\x00"), ("b", b'{"x": 1.0}')), ("a",))
    assert decode(encode(event)) == event


def test_the_large_field_is_outside_the_payload() -> None:
    row = encode(FrameSeen(1.0, "c1", "kestra", "c→", 3, b"x" * 1000))
    assert row.blob == b"x" * 1000
    assert b"xxx" not in row.payload
    assert (row.at, row.call_id) == (1.0, 3)


def test_a_field_that_a_newer_version_added_is_passed_over() -> None:
    row = encode(Decided(1.0, decision(1, 1.0, Verdict.DENY, "/x")))
    fields = json.loads(row.payload)
    fields["added"] = fields["decision"]["added"] = 1
    assert decode(row._replace(payload=json.dumps(fields).encode())) == decode(row)


def test_a_field_that_an_older_version_lacked_takes_its_default() -> None:
    row = encode(arrival(1, 0.0))
    fields = json.loads(row.payload)
    del fields["leg"]
    assert decode(row._replace(payload=json.dumps(fields).encode())).leg == 1


@pytest.mark.parametrize(
    "row",
    [
        Row("Nothing", 0.0, None, "{}", None),
        Row("Decided", 0.0, 1, "{}", None),
        Row("Decided", 0.0, 1, '{"decision": []}', None),
        Row("Forwarded", 0.0, 1, "[1]", None),
        Row("Forwarded", 0.0, 1, "not json", None),
        Row(
            "UpstreamChanged",
            0.0,
            None,
            '{"upstream":"a","state":"asleep","detail":"","pid":null,"exit_code":null}',
            None,
        ),
    ],
)
def test_a_row_that_is_no_event_is_a_value_error(row: Row) -> None:
    with pytest.raises(ValueError, match=row.kind):
        decode(row)
