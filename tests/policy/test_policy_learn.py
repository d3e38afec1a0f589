"""Least privilege from what was seen: tight, loadable, and never against a call that ran."""

from __future__ import annotations

from pathlib import Path

import pytest
from runwork import HEAD, Run, replay

from inspector.core.decision import Verdict
from inspector.core.errors import PolicyError
from inspector.policy.learn import learn
from inspector.policy.load import load_text

OPEN = '# mine\nversion: "1"\ndefault: allow  # for now\n'
SAMPLES = sorted((Path(__file__).parents[2] / "sample_policies").iterdir())


def still_allowed(run: Run, text: str) -> bool:
    """Does everything that ran pass, or at least only ask as it did?"""
    return all(
        again.now.verdict is again.past.decision.verdict
        for again in replay(load_text(text), run.past)
        if again.past.decision.verdict is not Verdict.DENY
    )


def test_what_was_used_is_listed_and_the_rest_is_denied() -> None:
    run = Run(OPEN)
    for at in range(4):
        run.call(at, "read", path=f"/srv/app/{at}.txt", mode="text")
    run.call(5, "once")
    learnt = learn(OPEN, run.past)
    assert learnt == (
        '# mine\nversion: "1"\ndefault: deny  # for now\ntools:\n'
        "  once:\n    limits:\n      - {counter: calls_per_minute, window: minute, max: 2}\n"
        "  read:\n    require:\n"
        "      - {path: args.path, op: path_within, value: [/srv/app]}\n"
        "      - {path: args.mode, op: in, value: [text]}\n"
        "    limits:\n      - {counter: calls_per_minute, window: minute, max: 10}\n"
    )
    assert still_allowed(run, learnt)
    run.call(6, "read", path="/etc/passwd", mode="text")
    assert replay(load_text(learnt), run.past)[-1].now.rule == "/tools/read/require/args.path-path_within"


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ([3, 7, 5], "- conditions:\n          - {path: args.v, op: gte, value: 3}"),
        (["a", "b", "a", "b"], "{path: args.v, op: in, value: [a, b]}"),
        ([True, True, True], "{path: args.v, op: in, value: [true]}"),
        (["https://a.example/x", "https://b.example:8443/", "http://a.example"], "host_in, value: [a.example, b.exam"),
    ],
)
def test_values_become_ranges_choices_and_places(values: list[object], constraint: str) -> None:
    run = Run(OPEN)
    for at, value in enumerate(values):
        run.call(at, "t", v=value)
    learnt = learn(OPEN, run.past)
    assert constraint in learnt
    assert still_allowed(run, learnt)


@pytest.mark.parametrize(
    "values", [["x1", "x2", "x3"], ["a", 1, None], [True, False, True], [[1], [2], [3]], ["/a", "/b", "/c"], [1, 2]]
)
def test_what_tells_nothing_is_not_written_down(values: list[object]) -> None:
    run = Run(OPEN)
    for at, value in enumerate(values):
        run.call(at, "t", v=value)
    assert "args.v" not in learn(OPEN, run.past)


def test_rules_that_say_so_already_are_not_said_again() -> None:
    text = HEAD + (
        "  t:\n    # why\n    require: [{path: args.v, op: in, value: [a, b, c]}]\n"
        "    limits: [{counter: mine, window: day, max: 9}]\n  other: {}\n"
    )
    run = Run(text)
    for at in range(6):
        run.call(at, v="a")
    assert learn(text, run.past) == text


def test_denied_calls_teach_nothing() -> None:
    run = Run(HEAD + "  a: {}\n")
    run.call(0, "b")
    assert learn(HEAD + "  a: {}\n", run.past) == HEAD + "  a: {}\n"


def test_an_edited_call_teaches_what_was_sent() -> None:
    text = HEAD + "  t: {action: approve}\n"
    run = Run(text)
    for at in range(3):
        run.approve(run.call(at * 10, n=900), at * 10 + 1, edit={"n": 5})
    learnt = learn(text, run.past)
    assert "op: lte, value: 5" in learnt
    assert "900" not in learnt


def test_the_peak_is_that_of_one_minute() -> None:
    run = Run(OPEN)
    for at in (0, 1, 2, 3, 4, 5, 60, 61, 120):
        run.call(at)
    assert "window: minute, max: 20}" in learn(OPEN, run.past)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_every_sample_policy_can_learn(sample: Path) -> None:
    text = sample.read_text()
    policy = load_text(text, path=str(sample))
    run = Run(text)
    for at in range(3):
        for index, tool in enumerate(policy.top.exact):
            run.call(at * 100 + index, tool, **{"path": "/srv/projects/a", "action": "get", "value": 5})
    learnt = learn(text, run.past, path=str(sample))
    assert learn(learnt, run.past, path=str(sample)) == learnt
    comments = [line for line in text.split("\n") if line.strip().startswith("#")]
    assert [line for line in learnt.split("\n") if line.strip().startswith("#")] == comments


def test_intercept_is_refused() -> None:
    with pytest.raises(PolicyError, match="Intercept"):
        learn('version: "1"\ntools:\n  a:\n    rules: [{name: n, action: deny}]\n', ())
