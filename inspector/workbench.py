"""Work on policy texts that changes nothing: what-if, rules made of calls, what a run taught, completion, history.

Shared by the port of a live run and that of a recording. It runs on the loop of the proxy, so what takes long
is done in slices or in a thread.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Final, TypeAlias

import anyio.lowlevel
import anyio.to_thread

from inspector.core.commands import (
    CheckPolicy,
    CommandResult,
    Complete,
    Completions,
    Learn,
    MakeRule,
    PolicyCheck,
    PolicyHistory,
    PolicyVersions,
    Rejected,
    Text,
    WhatIf,
)
from inspector.core.errors import PolicyError
from inspector.core.json import JsonObject
from inspector.core.problems import Problem
from inspector.policy.complete import complete
from inspector.policy.definitions import Definitions
from inspector.policy.edit import add_rule
from inspector.policy.learn import learn
from inspector.policy.load import check_text
from inspector.policy.model import Policy
from inspector.policy.whatif import Again, replaying, summary
from inspector.store import Store

SLICE: Final = 20  # calls judged between two turns of the loop: a millisecond or two

BenchCommand: TypeAlias = CheckPolicy | WhatIf | MakeRule | Learn | PolicyHistory | Complete


class Workbench:
    """`path` names the policy's file, "" while there is none."""

    def __init__(self, store: Store, path: Callable[[], str]) -> None:
        self._store = store
        self._path = path

    async def command(self, command: BenchCommand) -> CommandResult:
        match command:
            case CheckPolicy(text):
                return await self._check(text)
            case WhatIf(text):
                return await self._what_if(text)
            case MakeRule():
                return await self._make_rule(command)
            case Learn(text):
                return await _in_thread(lambda: learn(text, self._store.past(), path=self._path()))
            case Complete():
                return await self._complete(command)
            case PolicyHistory():
                return PolicyVersions(self._store.policies())

    async def _what_if(self, text: str) -> CommandResult:
        policy, _ = await self._read(text)
        if policy is None:
            return Rejected("this text does not load, so nothing can be judged by it")
        listed = await anyio.to_thread.run_sync(self._listed()) if policy.uses_arguments_schema else {}
        again: list[Again] = []
        for one in replaying(policy, self._store.past(), listed, self._store.undoings()):
            again.append(one)
            if len(again) % SLICE == 0:
                await anyio.lowlevel.checkpoint()
        return replace(summary(again), newest_only=self._store.past_is_cut)

    async def _check(self, text: str) -> PolicyCheck:
        policy, problems = await self._read(text)
        return PolicyCheck(problems, loads=policy is not None)

    async def _read(self, text: str) -> tuple[Policy | None, tuple[Problem, ...]]:
        """In a thread: a large policy takes longer to read than a frame, or a call, may wait."""
        read = partial(check_text, text, path=self._path())
        return await anyio.to_thread.run_sync(read, abandon_on_cancel=True)

    async def _make_rule(self, command: MakeRule) -> CommandResult:
        past = self._store.past_call(command.call_id)
        if past is None:
            return Rejected(f"#{command.call_id} is no longer at hand: choose one of the newest calls")
        parsed = self._listed()

        def made() -> str:
            listed = Definitions()
            listed.learn(parsed().get(past.call.server, {}), frozenset())
            return add_rule(command.text, past.call, command.wish, path=self._path(), listed=listed)

        return await _in_thread(made)

    async def _complete(self, command: Complete) -> CommandResult:
        parsed, path = self._listed(), self._path()

        def found() -> Completions:
            return complete(command.text, command.line, command.column, path=path, listed=parsed())

        return await anyio.to_thread.run_sync(found, abandon_on_cancel=True)

    def _listed(self) -> Callable[[], dict[str, dict[str, JsonObject]]]:
        """Reads definitions by upstream and tool, as they are now: for a thread, since a server may have listed many.
        They came as JSON objects, and were written by us."""
        definitions = self._store.definitions()
        return lambda: {
            upstream: {name: json.loads(text) for name, text in known.items()}
            for upstream, known in definitions.items()
        }


async def _in_thread(made: Callable[[], str]) -> CommandResult:
    try:
        return Text(await anyio.to_thread.run_sync(made, abandon_on_cancel=True))
    except PolicyError as error:
        return Rejected(str(error))
