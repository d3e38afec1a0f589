"""Work on policy texts behind the port: never in the way of the loop, and never raising."""

from __future__ import annotations

import asyncio
import json

import pytest
from policy.runwork import HEAD, Run

from inspector.core.call import CallId
from inspector.core.commands import (
    CheckPolicy,
    Complete,
    Completions,
    Learn,
    MakeRule,
    PolicyCheck,
    PolicyHistory,
    PolicyVersions,
    Rejected,
    RuleKind,
    RuleWish,
    Text,
    WhatIf,
    WhatIfResult,
)
from inspector.core.events import PolicyLoaded, ToolsListed
from inspector.core.word import Word
from inspector.folds import past
from inspector.workbench import Workbench

pytestmark = pytest.mark.anyio
OPEN = 'version: "1"\ndefault: allow\n'


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def run() -> Run:
    run = Run(OPEN)
    for at in range(300):
        run.call(at, path="/srv/a")
    return run


@pytest.fixture
def bench(run: Run) -> Workbench:
    return Workbench(run.store, lambda: "policy.yaml")


async def test_what_if_counts_what_changes(bench: Workbench) -> None:
    found = await bench.command(WhatIf(HEAD + "  t: {limits: [{counter: c, window: minute, max: 1}]}\n"))
    assert isinstance(found, WhatIfResult)
    assert (found.calls, found.totals) == (300, ((Word.ALLOW, Word.LIMIT, 295),))


async def test_a_what_if_says_when_older_calls_are_no_longer_at_hand(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = await bench.command(WhatIf(OPEN))
    monkeypatch.setattr(past, "MAX_PAST", 20)
    run = Run(OPEN)
    for at in range(30):
        run.call(at, path="/srv/a")
    cut = await Workbench(run.store, lambda: "").command(WhatIf(OPEN))
    assert isinstance(whole, WhatIfResult)
    assert isinstance(cut, WhatIfResult)
    assert [(found.calls, found.newest_only) for found in (whole, cut)] == [(300, False), (20, True)]


async def test_a_text_is_checked_beside_the_loop_and_not_on_it(bench: Workbench) -> None:
    lines = "".join(f"  tool_{n}: {{limits: [{{counter: c{n}, window: minute, max: 1}}]}}\n" for n in range(200))
    turns, checked = 0, asyncio.create_task(bench.command(CheckPolicy(HEAD + lines + "  spoilt: {acton: deny}\n")))
    while not checked.done():  # what comes meanwhile has its turn
        turns += 1
        await asyncio.sleep(0)
    found = checked.result()
    assert isinstance(found, PolicyCheck)
    assert (found.loads, ["acton" in str(problem) for problem in found.problems]) == (False, [True])
    assert turns > 100


async def test_what_if_gives_way_to_others_and_can_be_cancelled(bench: Workbench) -> None:
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    beside = asyncio.create_task(others())
    await bench.command(WhatIf(OPEN))
    assert turns >= 300 // 20
    task = asyncio.create_task(bench.command(WhatIf(OPEN)))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    beside.cancel()


async def test_a_text_that_does_not_load_is_rejected(bench: Workbench) -> None:
    assert isinstance(await bench.command(WhatIf("default: [")), Rejected)
    assert isinstance(await bench.command(Learn("default: [")), Rejected)
    assert isinstance(await bench.command(MakeRule("default: [", CallId(1), RuleWish(RuleKind.DENY))), Rejected)


async def test_a_rule_is_made_of_a_recorded_call(bench: Workbench) -> None:
    made = await bench.command(MakeRule(OPEN, CallId(3), RuleWish(RuleKind.PIN)))
    assert isinstance(made, Text)
    assert "{path: args.path, op: in, value: [/srv/a]}" in made.text
    assert isinstance(await bench.command(MakeRule(OPEN, CallId(999), RuleWish(RuleKind.DENY))), Rejected)


async def test_learning_sees_the_run(bench: Workbench) -> None:
    learnt = await bench.command(Learn(OPEN))
    assert isinstance(learnt, Text)
    assert "default: deny" in learnt.text
    assert "path_within, value: [/srv]" in learnt.text


async def test_completions_know_what_servers_listed(run: Run, bench: Workbench) -> None:
    run.store.fold(ToolsListed(1.0, "srv", (("read_file", b'{"name":"read_file"}'),), ()))
    found = await bench.command(Complete("tools:\n  re", 1, 4))
    assert isinstance(found, Completions)
    assert [one.insert for one in found.items] == ["read_file:"]


async def test_many_definitions_are_read_beside_the_loop_and_not_on_it(run: Run, bench: Workbench) -> None:
    schema = json.dumps({"name": "x", "inputSchema": {"properties": {f"p{n}": {"type": "string"} for n in range(50)}}})
    run.store.fold(ToolsListed(1.0, "srv", tuple((f"read_{n}", schema.encode()) for n in range(500)), ()))
    turns, asked = 0, asyncio.create_task(bench.command(Complete("tools:\n  re", 1, 4)))
    while not asked.done():
        turns += 1
        await asyncio.sleep(0)
    found = asked.result()
    assert isinstance(found, Completions)
    assert len(found.items) == 100
    assert turns > 1, "done on the loop, it would be over with the first one"


async def test_every_version_is_kept_in_order(run: Run, bench: Workbench) -> None:
    for number, text in enumerate((OPEN, HEAD + "  t: {}\n"), 1):
        run.store.fold(PolicyLoaded(float(number), "p.yaml", f"h{number}", number, text, "editor"))
    found = await bench.command(PolicyHistory())
    assert isinstance(found, PolicyVersions)
    assert [(v.version, v.hash, v.origin) for v in found.versions] == [(1, "h1", "editor"), (2, "h2", "editor")]
