from __future__ import annotations

import base64
import json
import tempfile
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from event_samples import any_event, arrival
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector.core.events import (
    Direction,
    Event,
    FrameSeen,
    PolicyLoaded,
    RunStarted,
    StderrLine,
    ToolsListed,
)
from inspector.core.json import Number
from inspector.record.codec import decode, encode
from inspector.record.reader import Recording
from inspector.record.recorder import Recorder
from inspector.record.redact import PLACEHOLDER, Redactor

SECRET = 'Zq7/"tok\\en+é='


def written(event: Event, *secrets: str) -> Event:
    return decode(Redactor(secrets).row(event))


def frame(raw: bytes) -> FrameSeen:
    return FrameSeen(1.0, "c1", "kestra", Direction.FROM_CLIENT, None, raw)


@pytest.mark.parametrize(
    "form",
    [
        SECRET.encode(),
        json.dumps(SECRET).encode(),
        json.dumps(SECRET, ensure_ascii=False).encode(),
        json.dumps(SECRET).replace("/", "\\/").encode(),
        json.dumps(json.dumps({"x": SECRET})).encode(),
        quote(SECRET, safe="").encode(),
        quote(SECRET).encode(),
        quote_plus(SECRET).encode(),
        quote(SECRET, safe="").replace("%2F", "%2f").encode(),
        json.dumps(SECRET).replace("\\u00e9", "\\u00E9").encode(),
    ],
)
def test_a_secret_is_found_in_the_forms_that_a_frame_gives_it(form: bytes) -> None:
    assert written(frame(b"\xff<" + form.strip(b'"') + b">"), SECRET).raw.count(PLACEHOLDER.encode()) == 1


@pytest.mark.parametrize("user", ["a", "ab", "abc", "long-user-name"])
def test_a_secret_in_basic_authorization_is_found_whatever_the_user(user: str) -> None:
    header = base64.b64encode(f"{user}:{SECRET}".encode())
    raw = written(frame(b"Authorization: Basic " + header + b"\r\n"), SECRET).raw
    assert raw.startswith(b"Authorization: Basic ")
    assert PLACEHOLDER.encode() in raw
    assert header not in raw


def test_names_and_values_and_numbers_of_arguments_are_hidden() -> None:
    event = arrival(1, 1.0, a=[{"hunter2!": "so hunter2! it is"}], pin=123456789, exact=Number("0.123456789"), other=12)
    assert written(event, "hunter2!", "123456789").arguments == {
        "a": [{PLACEHOLDER: f"so {PLACEHOLDER} it is"}],
        "pin": PLACEHOLDER,
        "exact": PLACEHOLDER,
        "other": 12,
    }


def test_an_event_without_a_secret_is_untouched() -> None:
    event = arrival(1, 1.0, text="hunter", number=Number("1.00"))
    assert Redactor(["hunter2!"]).row(event) == encode(event)
    assert Redactor().row(event) == encode(event)


def test_a_short_secret_is_left_alone() -> None:
    assert written(frame(b"abcde abcdef"), "abcde").raw == b"abcde abcdef"
    assert written(frame(b"abcde abcdef"), "abcdef").raw == b"abcde " + PLACEHOLDER.encode()


def test_the_longest_secret_wins_where_one_contains_another() -> None:
    assert written(frame(b"token-token-2"), "token-", "token-token-2").raw == PLACEHOLDER.encode()


def test_a_secret_learned_later_is_hidden_from_then_on() -> None:
    redactor = Redactor()
    assert redactor.row(frame(b"hunter2!")).blob == b"hunter2!"
    redactor.learn(["hunter2!"])
    assert redactor.row(frame(b"hunter2!")).blob == PLACEHOLDER.encode()


@pytest.mark.parametrize(
    "secret", ["approved", "arguments", "decision", "FROM_CLIENT", "starting", "kestra", "1000000"]
)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_a_secret_that_is_a_word_of_the_format_breaks_no_row(secret: str, data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from([type(arrival(1, 0.0)), FrameSeen, RunStarted, ToolsListed]))
    event = data.draw(any_event(kind))
    assert type(decode(Redactor([secret]).row(event))) is kind


secrets = st.text(st.sampled_from('aZ7/"\\\n\té%&+=•世 '), min_size=5, max_size=20).map(lambda tail: f"Zq{tail}")


@settings(max_examples=60, deadline=None)
@given(secrets, st.text(max_size=4), st.text(max_size=4))
def test_no_secret_survives_in_the_file(secret: str, before: str, after: str) -> None:
    text = f"{before.encode('utf-8', 'replace').decode()}{secret}{after.encode('utf-8', 'replace').decode()}"
    body = {"token": text, text: [json.dumps({"inner": text})]}
    events: list[Event] = [
        RunStarted(0.0, "r", "1", 1, f"http://{text}", (text,)),
        PolicyLoaded(0.0, "p", "0" * 64, 1, f"# {text}", "start"),
        StderrLine(0.0, "kestra", text),
        arrival(1, 0.0, **body),
        ToolsListed(0.0, "kestra", ((text, json.dumps(body).encode()), (text, b"\xff" + text.encode())), (text,)),
        frame(json.dumps(body).encode()),
        frame(json.dumps(body, ensure_ascii=False).encode()),
        frame(f"/?q={quote(text)}&r={quote_plus(text)}".encode()),
    ]
    with tempfile.TemporaryDirectory() as folder:
        recorder = Recorder.create(Path(folder), "r", 0.0, [secret])
        for event in events:
            recorder.append(event)
        recorder.close()
        content = recorder.path.read_bytes()
        with Recording.open(recorder.path) as recording:
            back = list(recording.events())
    for form in (secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], quote(secret)):
        assert form.encode() not in content
        assert json.dumps(form)[1:-1].encode() not in content
    assert [type(event) for event in back] == [type(event) for event in events]
