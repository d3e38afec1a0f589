"""A call that is answered by a task, on all four ways and in both eras, with raw ends and a slot for one call."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fidelity_script import LEGACY_META, META, SCRIPT
from raw_ground import WAYS, Ground, Session, raw_ground

from inspector.core.call import CallId
from inspector.record.reader import Recording

POLICY = """
version: "1"
default: allow
servers:
  web: {tools: {job: {limits: [{counter: running, window: in_flight, max: 1}]}}}
  pipe: {tools: {job: {limits: [{counter: running, window: in_flight, max: 1}]}}}
"""
DONE = '"content":[{"type":"text","text":"the job is done"}]'


def result(members: str) -> str:
    return f'{{"jsonrpc":"2.0","id":$ID,"result":{{{members}}}}}'


# A `cursor` chooses among a script's answers to one method: it stands for the time that has passed.
ANSWERS = {
    **SCRIPT,
    "call job": [result('"task":{"taskId":"t","status":"working","ttl":60000.00,"pollInterval":1.00}')],
    "call job modern": [result('"resultType":"task","taskId":"t","status":"working","ttlMs":6e4')],
    "tasks/get": [result('"taskId":"t","status":"working","statusMessage":"half"')],
    "tasks/get later": [result('"taskId":"t","status":"completed"')],
    "tasks/get modern": [result(f'"resultType":"complete","taskId":"t","status":"completed","result":{{{DONE}}}')],
    "tasks/result": [result(DONE)],
    "tasks/cancel": [result('"taskId":"t","status":"cancelled"')],
    "tasks/cancel modern": [result('"resultType":"complete"')],
}


class Talk:
    """One client's questions, and the results that it got."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.modern = session.meta == META
        self._count = 0

    def ask(self, method: str, members: str, when: str = "") -> dict[str, Any]:
        self._count += 1
        cursor = f'"cursor":"{when}",' if when else ""
        params = f"{members},{cursor}{META if self.modern else LEGACY_META}"
        asked = f'{{"jsonrpc":"2.0","id":"{self._count}","method":"{method}","params":{{{params}}}}}'
        got: dict[str, Any] = json.loads(self._session.wire.exchange(asked)[-1])["result"]
        return got

    def call(self) -> dict[str, Any]:
        task = "" if self.modern else ',"task":{"ttl":60000}'
        return self.ask("tools/call", f'"name":"job","arguments":{{}}{task}', "modern" if self.modern else "")

    def about(self, method: str, when: str = "") -> dict[str, Any]:
        return self.ask(method, '"taskId":"t"', when)

    def is_refused(self) -> bool:
        return "[POLICY DENIED]" in json.dumps(self.call())


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    with raw_ground(ANSWERS, POLICY) as made:
        yield made


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("era", ["legacy", "modern"])
def test_a_task_keeps_its_call_s_slot_until_it_has_ended(ground: Ground, way: str, era: str) -> None:
    talk = Talk(ground.session(way, era))
    created = talk.call()
    assert (created if talk.modern else created["task"])["status"] == "working"
    assert talk.is_refused()
    assert talk.about("tasks/get")["statusMessage"] == "half"
    assert talk.is_refused()
    if talk.modern:
        assert "result" in talk.about("tasks/get", "modern")
    else:
        assert talk.about("tasks/get", "later")["status"] == "completed"
        assert "content" in talk.about("tasks/result")
    assert not talk.is_refused()
    talk.about("tasks/cancel", "modern" if talk.modern else "")
    assert not talk.is_refused()
    talk.about("tasks/cancel", "modern" if talk.modern else "")


@pytest.mark.parametrize("era", ["legacy", "modern"])
def test_the_recording_has_one_row_for_a_task_and_all_that_was_said_in_it(ground: Ground, era: str) -> None:
    talk = Talk(ground.session("http-stdio", era))
    path = Path(ground.engine.wait_said(r"recording to (\S+)").group(1))
    with Recording.open(path) as recording:
        before = recording.calls()
    talk.call()
    talk.about("tasks/get")
    talk.about("tasks/cancel", "modern" if talk.modern else "")
    assert talk.is_refused() is False  # so what came before is on disk
    talk.about("tasks/cancel", "modern" if talk.modern else "")
    with Recording.open(path) as recording:
        assert recording.calls() == before + 2
        detail = recording.detail(CallId(before + 1))
    assert detail is not None
    said = [json.loads(line.raw).get("method", "answer") for line in detail.frames]
    assert said == ["tools/call", "answer", "tasks/get", "answer", "tasks/cancel", "answer"]
