from __future__ import annotations

import re
import sqlite3
from hashlib import sha256
from pathlib import Path

import pytest
from event_samples import CALLER

from inspector.core.call import CallId, Outcome
from inspector.core.decision import Decision, StepResult, TraceStep, Verdict
from inspector.core.events import (
    CallArrived,
    Decided,
    Direction,
    Finished,
    Forwarded,
    FrameSeen,
    PolicyLoaded,
    RunStarted,
    StderrLine,
)
from inspector.core.json import Number
from inspector.record.recorder import Recorder
from inspector.record.schema import APPLICATION_ID

DOCS = (Path(__file__).parents[2] / "docs" / "recording.md").read_text()
EXAMPLES = re.findall(r"```sql\n(.*?)```", DOCS, re.DOTALL)
POLICY = "version: 1\n"
HASH = sha256(POLICY.encode()).hexdigest()
RULE = "/tools/execute_flow/deny_if/large"


def decided(call_id: int, verdict: Verdict, rule: str = "") -> Decided:
    fired = TraceStep(rule, StepResult.FIRED, "args.amount", "gt", 100, Number("250.00"))
    passed = TraceStep("/tools/execute_flow/require/x", StepResult.PASS)
    trace = (passed, fired) if rule else (passed,)
    decision = Decision(CallId(call_id), 60.0, "kestra", "execute_flow", verdict, rule, "no", trace, (), (), (), HASH)
    return Decided(60.0, decision)


@pytest.fixture
def recording(tmp_path: Path) -> sqlite3.Connection:
    recorder = Recorder.create(tmp_path, "r", 0.0)
    for event in (
        RunStarted(0.0, "k3x9", "0.1.0", 7, "http://127.0.0.1:7337", ("kestra",)),
        PolicyLoaded(0.0, "policy.yaml", HASH, 1, POLICY, "start"),
        CallArrived(
            60.0, CallId(1), "c1", CALLER, "kestra", "execute_flow", {"flowId": "nightly"}, CallId(1), 1, b'{"id":1}'
        ),
        FrameSeen(60.1, "c1", "kestra", Direction.FROM_UPSTREAM, CallId(1), b'{"progress":1}'),
        decided(1, Verdict.ALLOW),
        Forwarded(60.0, CallId(1)),
        Finished(60.25, CallId(1), Outcome.OK, b'{"result":{}}', relayed=True),
        CallArrived(61.0, CallId(2), "c1", CALLER, "kestra", "execute_flow", {"flowId": "pay"}, CallId(2)),
        decided(2, Verdict.DENY, RULE),
        Finished(61.0, CallId(2), Outcome.NOT_SENT, b"{}"),
        StderrLine(62.0, "kestra", "warning: slow"),
    ):
        recorder.append(event)
    recorder.close()
    return sqlite3.connect(f"{recorder.path.as_uri()}?mode=ro", uri=True)


def test_the_example_about_refusals_answers(recording: sqlite3.Connection) -> None:
    assert recording.execute(EXAMPLES[0]).fetchall() == [(RULE, "execute_flow", 1, "1970-01-01 00:01:01")]


def test_the_example_about_arguments_answers(recording: sqlite3.Connection) -> None:
    assert recording.execute(EXAMPLES[1]).fetchall() == [
        (1, "1970-01-01 00:01:00", "nightly", "allow", "ok", 250.0),
        (2, "1970-01-01 00:01:01", "pay", "deny", "not_sent", None),
    ]


def test_the_example_about_a_trace_answers(recording: sqlite3.Connection) -> None:
    assert recording.execute(EXAMPLES[2]).fetchall() == [(RULE, 250.0, POLICY)]


def test_the_frames_are_all_that_was_said_whichever_event_holds_them(recording: sqlite3.Connection) -> None:
    frames = recording.execute("SELECT at, call_id, connection, upstream, direction, text FROM frames").fetchall()
    assert frames == [
        (60.0, 1, "c1", "kestra", "c→", '{"id":1}'),
        (60.1, 1, "c1", "kestra", "u→", '{"progress":1}'),
        (60.25, 1, "c1", "kestra", "u→", '{"result":{}}'),
        (61.0, 2, "c1", "kestra", "→c", "{}"),
    ]


def test_there_are_three_examples() -> None:
    assert len(EXAMPLES) == 3


def test_every_view_and_column_is_documented(recording: sqlite3.Connection) -> None:
    tables = recording.execute("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')").fetchall()
    for (table,) in tables:
        line = next(line for line in DOCS.splitlines() if line.startswith(f"| `{table}` |"))
        columns = [column for _, column, *_ in recording.execute(f"PRAGMA table_info({table})")]
        assert [column for column in columns if f"`{column}`" not in line] == []
        assert recording.execute(f"SELECT * FROM {table}").fetchall() != []


def test_the_documented_marks_are_in_the_file(recording: sqlite3.Connection) -> None:
    assert recording.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
    assert f"0x{APPLICATION_ID:X}" in DOCS
    (version,) = recording.execute("PRAGMA user_version").fetchone()
    assert f"is the format, now {version}." in DOCS
