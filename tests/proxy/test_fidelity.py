"""What arrives is what was sent, token for token: members, their order, strings, and the text of every number.

Raw clients and a raw server at the ends, a headless engine with a policy and a recording between them, all four ways.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from fidelity_script import (
    ANNOUNCED,
    ASKED,
    BESIDE,
    HELLO,
    LEGACY_META,
    LEGACY_ONLY,
    META,
    ODD,
    PLAIN,
    REPLIES,
    SAID,
    SCRIPT,
    tool,
)
from raw_ground import WAYS, Ground, Session, raw_ground
from wire_client import HttpWire

POLICY = 'version: "1"\ndefault: allow\nhide: [secret]\ntools:\n  "*": {rate_limit: 1000/minute}\n'


def tokens(text: str) -> Any:
    """A JSON text with nothing lost but white space and how a string is escaped."""
    return json.loads(
        text,
        object_pairs_hook=lambda pairs: ("object", *pairs),
        parse_int=lambda number: ("number", number),
        parse_float=lambda number: ("number", number),
    )


def assert_same(got: list[str], sent: list[str], frame_id: str = "", token: str = '"tök/1"') -> None:
    wanted = [text.replace("$ID", frame_id).replace("$TOKEN", token) for text in sent]
    assert [tokens(text) for text in got] == [tokens(text) for text in wanted]


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    with raw_ground(SCRIPT, POLICY) as made:
        yield made


@pytest.fixture(params=WAYS)
def legacy(ground: Ground, request: pytest.FixtureRequest) -> Session:
    return ground.session(request.param, "legacy")


@pytest.fixture(params=WAYS)
def modern(ground: Ground, request: pytest.FixtureRequest) -> Session:
    return ground.session(request.param, "modern")


@pytest.fixture(params=[f"{way} {era}" for way in WAYS for era in ("legacy", "modern")])
def either(ground: Ground, request: pytest.FixtureRequest) -> Session:
    return ground.session(*request.param.split())


def ask(method: str, params: str, frame_id: str = "7") -> str:
    return f'{{"jsonrpc":"2.0","id":{frame_id},"method":"{method}","params":{{{params}}}}}'


def call(name: str, meta: str, frame_id: str = "7") -> str:
    return ask("tools/call", f'"name":"{name}","arguments":{ODD},{meta}', frame_id)


def test_the_handshake_shows_the_server_as_it_is(legacy: Session, ground: Ground) -> None:
    assert_same(legacy.answered, SCRIPT["initialize"], '"hello"')
    assert tokens(HELLO) in [tokens(text) for text in ground.received(legacy.way)]


def test_what_the_server_says_on_its_own_arrives(legacy: Session) -> None:
    assert_same(legacy.announced, ANNOUNCED)


def test_discovery_shows_the_server_as_it_is(modern: Session) -> None:
    assert_same(modern.wire.exchange(ask("server/discover", META, '"d"')), SCRIPT["server/discover"], '"d"')


PARAMS = '"uri":"file:///a","name":"p","cursor":"1 é","ref":{"type":"ref/prompt","name":"p"},"taskId":"t"'


@pytest.mark.parametrize("method", [*PLAIN, "tools/list"])
def test_an_answer_and_its_question_pass_unchanged(either: Session, method: str, ground: Ground) -> None:
    question = ask(method, f'{PARAMS},"x-vendor":{ODD},{either.meta}')
    assert_same(either.wire.exchange(question), SCRIPT[method], "7")
    received = [tokens(text) for text in ground.received(either.way)]
    if (either.way, either.meta) == ("http-stdio", META):  # a shared process: ids and progress tokens are ours there
        received = [_without_ids(text) for text in received]
        assert _without_ids(tokens(question)) in received
    else:
        assert tokens(question) in received


def test_a_hidden_tool_leaves_its_page_and_takes_nothing_with_it(either: Session) -> None:
    whole = SCRIPT["tools/list page/2 é"][0]
    without = whole.replace(tool("secret") + ",", "")
    if either.meta == META:
        without = without.replace('"ttlMs":60000', '"ttlMs":0').replace('"public"', '"private"')
    assert without != whole
    assert_same(either.wire.exchange(ask("tools/list", f'"cursor":"page/2 é",{either.meta}')), [without], "7")


def test_a_page_of_hidden_tools_alone_keeps_its_cursor(either: Session) -> None:
    (text,) = either.wire.exchange(ask("tools/list", f'"cursor":"1.00",{either.meta}'))
    listed = json.loads(text)["result"]
    assert (listed["tools"], listed["nextCursor"]) == ([], "")


def _without_ids(value: Any) -> Any:
    if not isinstance(value, tuple) or value[0] != "object":
        return value
    return tuple((k, _without_ids(v)) for k, v in value[1:] if k not in ("id", "progressToken"))


@pytest.mark.parametrize("method", LEGACY_ONLY)
def test_what_only_the_earlier_era_knows_passes_too(legacy: Session, method: str) -> None:
    question = ask(method, f'"uri":"file:///a","level":"debug","x-vendor":{ODD}')
    assert_same(legacy.wire.exchange(question), SCRIPT[method], "7")


@pytest.mark.parametrize("frame_id", ["7", '"7"', '"gr\\u00fc\\u00df"', "0", "-5", "12345678901234567890", '""'])
def test_a_call_passes_with_its_progress_and_logs_under_any_id(either: Session, frame_id: str) -> None:
    assert_same(either.wire.exchange(call("rich", either.meta, frame_id)), SCRIPT["call rich"], frame_id)


@pytest.mark.parametrize("token", ["1", '"1"', "12345678901234567890"])
def test_a_progress_token_keeps_its_type_and_text(either: Session, token: str) -> None:
    question = call("rich", either.meta.replace('"tök/1"', token))
    assert_same(either.wire.exchange(question), SCRIPT["call rich"], "7", token)


def test_a_call_reaches_the_server_as_it_was_written(either: Session, ground: Ground) -> None:
    question = call("quick", either.meta, '"as written"')
    either.wire.exchange(question)
    received = [_without_ids(tokens(text)) for text in ground.received(either.way)]
    assert _without_ids(tokens(question)) in received


@pytest.mark.parametrize("beside", BESIDE)
def test_a_task_a_retry_and_a_stranger_s_member_go_with_their_call(
    either: Session, beside: str, ground: Ground
) -> None:
    frame_id = json.dumps(f"with {beside}")
    question = ask("tools/call", f'"name":"quick",{BESIDE[beside]},"arguments":{ODD},{either.meta}', frame_id)
    assert_same(either.wire.exchange(question), SCRIPT["call quick"], frame_id)
    assert _without_ids(tokens(question)) in [_without_ids(tokens(text)) for text in ground.received(either.way)]


@pytest.mark.parametrize("method", SAID)
def test_what_only_a_client_tells_arrives_as_it_was_written(legacy: Session, method: str, ground: Ground) -> None:
    _tell(legacy, f'{{"jsonrpc":"2.0","method":"{method}","params":{{{SAID[method]}}}}}', ground)


def test_a_stranger_s_notification_arrives_in_the_modern_era_too(modern: Session, ground: Ground) -> None:
    told = f'"way":"{modern.way}",{SAID["notifications/vendor/x"]},{META}'
    _tell(modern, f'{{"jsonrpc":"2.0","method":"notifications/vendor/x","params":{{{told}}}}}', ground)


def _tell(session: Session, told: str, ground: Ground) -> None:
    told = told.replace('"params":{', f'"params":{{"told-on":"{session.way}",', 1)
    session.wire.notify(told)
    deadline = time.monotonic() + 30
    while tokens(told) not in [tokens(text) for text in ground.received(session.way)]:
        assert time.monotonic() < deadline, told
        time.sleep(0.01)


@pytest.mark.parametrize("name", ["fails", "needs input", "makes a task"])
def test_every_kind_of_answer_to_a_call_passes(either: Session, name: str) -> None:
    assert_same(either.wire.exchange(call(name, either.meta)), SCRIPT[f"call {name}"], "7")


def test_a_server_asks_its_client_and_reads_the_answer(legacy: Session, ground: Ground) -> None:
    sent = [text for text in SCRIPT["call asks"] if text != "WAIT"]
    assert_same(legacy.wire.exchange(call("asks", LEGACY_META), REPLIES), sent, "7")
    received = [tokens(text) for text in ground.received(legacy.way)]
    for asked in ASKED.values():
        question = json.loads(asked)
        reply = REPLIES[question["method"]].replace("$ID", json.dumps(question["id"]))
        assert tokens(reply) in received


def test_one_and_the_string_one_are_two_requests_at_once(legacy: Session) -> None:
    if isinstance(legacy.wire, HttpWire):
        _at_once(legacy.wire, LEGACY_META)
        return
    legacy.wire.notify(call("quick", LEGACY_META, "1"))
    got = legacy.wire.exchange(call("quick", LEGACY_META, '"1"')) + legacy.wire.hear(1)
    for frame_id in ("1", '"1"'):
        assert tokens(SCRIPT["call quick"][0].replace("$ID", frame_id)) in [tokens(text) for text in got]


@pytest.mark.parametrize("way", ["http-http", "http-stdio"])
def test_modern_requests_with_equal_ids_get_their_own_answers(ground: Ground, way: str) -> None:
    wire = ground.wire(way)
    assert isinstance(wire, HttpWire)
    _at_once(wire, META, "1", '"1"', "1", '"1"')


def _at_once(wire: HttpWire, meta: str, *frame_ids: str) -> None:
    got: dict[int, list[str]] = {}
    wanted = frame_ids or ("1", '"1"')

    def exchange(number: int, frame_id: str) -> None:
        got[number] = wire.exchange(call("rich", meta, frame_id))

    threads = [threading.Thread(target=exchange, args=pair) for pair in enumerate(wanted)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    for number, frame_id in enumerate(wanted):
        assert tokens(got[number][-1]) == tokens(SCRIPT["call rich"][-1].replace("$ID", frame_id))


@pytest.mark.parametrize("frame_id", ["5", '"sub/1"'])
def test_a_subscription_names_its_own_request(modern: Session, frame_id: str) -> None:
    question = ask("subscriptions/listen", f'"notifications":{{"toolsListChanged":true,"x":{ODD}}},{META}', frame_id)
    assert_same(modern.wire.exchange(question, stop_after=2), SCRIPT["subscriptions/listen"], frame_id)
