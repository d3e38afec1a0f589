"""The port of a live run: what a screen asks of the engine, and what it is told where that cannot be done."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from inspector.connect import Endpoint
from inspector.core.call import CallId
from inspector.core.commands import (
    AcceptTools,
    Approve,
    CheckArguments,
    ClientConfig,
    Command,
    ControlServer,
    Deny,
    Done,
    Extend,
    Inspect,
    ListRecordings,
    Recordings,
    Rejected,
    RevokeApproval,
    ServerAction,
    Text,
)
from inspector.core.events import ToolsListed
from inspector.core.upstream import CommandSpec, UpstreamSpec
from inspector.live_port import LivePort
from inspector.policy.model import Default
from inspector.record.reader import Recording
from inspector.settings import Settings
from inspector.store import Store
from inspector.wiring import engine

pytestmark = pytest.mark.anyio
TINY = Path(__file__).parent / "servers" / "tiny_server.py"
SCHEMA = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@asynccontextmanager
async def opened(store: Store) -> AsyncIterator[LivePort]:
    """The port of a run with one server, `tiny`."""
    spec = UpstreamSpec("tiny", CommandSpec((sys.executable, "-S", str(TINY))))
    settings = Settings(upstreams=(spec,), token="t0ken", default=Default.ALLOW, headless=True, lazy=True)
    async with engine(settings, store.fold) as made:
        yield LivePort(
            store=store,
            driver=made.driver,
            policy_file=made.policy_file,
            endpoint=lambda: Endpoint("http://127.0.0.1:1", "t0ken"),
            recording=lambda: Recording.open(made.recorder.path),
            clock=time.time,
            shut_down=lambda: None,
            accept_tools=made.accept_tools,
            recordings=lambda: Recordings(()),
        )


@pytest.mark.parametrize(
    ("tool", "arguments", "why"),
    [
        ("echo", {"text": "hi"}, ""),
        ("echo", {"text": 5}, "args.text: 5 is not of type"),
        ("echo", {}, '"text" is a required property'),
        ("loose", {"text": 5}, ""),
        ("never listed", {"text": 5}, ""),
    ],
)
async def test_arguments_are_compared_with_what_the_server_listed(
    home: Path, tool: str, arguments: object, why: str
) -> None:
    store = Store()
    listed = {"echo": {"name": "echo", "inputSchema": SCHEMA}, "loose": {"name": "loose"}}
    texts = tuple((name, json.dumps(definition).encode()) for name, definition in listed.items())
    async with opened(store) as port:
        store.fold(ToolsListed(1.0, "tiny", texts, ()))
        said = await port.command(CheckArguments("tiny", tool, json.dumps(arguments)))
    assert isinstance(said, Text)
    assert (why in said.text) if why else said.text == ""


@pytest.mark.parametrize("typed", ["", "{", "[1]", '{"text": 1, "text": 2}'])
async def test_what_is_no_object_yet_is_not_found_fault_with(home: Path, typed: str) -> None:
    store = Store()
    async with opened(store) as port:
        store.fold(ToolsListed(1.0, "tiny", (("echo", json.dumps({"inputSchema": SCHEMA}).encode()),), ()))
        assert await port.command(CheckArguments("tiny", "echo", typed)) == Text("")


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (Approve(CallId(7)), "#7 is no longer held"),
        (Approve(CallId(7), "{"), "the arguments are not sent: "),
        (Approve(CallId(7), "[]"), "they must be an object"),
        (Deny(CallId(7)), "#7 is no longer held"),
        (Extend(CallId(7)), "#7 is no longer held"),
        (Inspect(CallId(7)), "#7 is not in the recording"),
        (RevokeApproval(3), "it has ended already"),
        (ControlServer("other", ServerAction.STOP), "no upstream is called 'other'"),
        (AcceptTools("tiny", ()), "no tool of tiny waits to be accepted"),
        (ClientConfig("claude-code", "other"), "no upstream is called 'other'; there are tiny"),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else None,
)
async def test_what_cannot_be_done_is_said(home: Path, command: Command, why: str) -> None:
    async with opened(Store()) as port:
        said = await port.command(command)
    assert isinstance(said, Rejected)
    assert why in said.why


async def test_a_server_is_stopped_and_served_again(home: Path) -> None:
    async with opened(Store()) as port:
        assert await port.command(ControlServer("tiny", ServerAction.STOP)) == Done(
            "tiny is stopped: its calls are denied until it is started again"
        )
        assert await port.command(ControlServer("tiny", ServerAction.START)) == Done("tiny is served again")
        assert await port.command(ListRecordings()) == Recordings(())
