"""The headless engine between a real agent and a real server: what it denies, and what survives its death."""

from __future__ import annotations

import http.client
import json
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from e2e.agents.loop import agent
from e2e.agents.model import Say, Use
from e2e.processes import Program

from inspector.core.events import CallArrived, Decided
from inspector.record.reader import Recording

SERVER = Path(__file__).parent.parent / "servers" / "sdk_server.py"
META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": {"name": "hammer", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}
HEADERS = {
    "content-type": "application/json",
    "accept": "application/json, text/event-stream",
    "mcp-protocol-version": "2026-07-28",
    "mcp-method": "tools/call",
    "mcp-name": "echo",
}


@contextmanager
def engine(folder: Path, policy: dict[str, Any], log: Path) -> Iterator[tuple[Program, str]]:
    """A headless engine in front of the SDK's server over HTTP, and its endpoint."""
    file = folder / "policy.json"
    file.write_text(json.dumps({"version": "1", **policy}))
    with Program([sys.executable, str(SERVER), "http", "0"], env={"SERVER_LOG": str(log)}) as server:
        port = server.wait_said(r"listening on (\d+)").group(1)
        flags = ["--upstream", f"http://127.0.0.1:{port}/mcp", "--policy", str(file), "--headless", "--port", "0"]
        with Program([sys.executable, "-m", "inspector", *flags, "--format", "jsonl"]) as program:
            yield program, program.wait_said(r"at (http://\S+/mcp)").group(1)


def seen_by(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text().splitlines()]


def test_the_eleventh_call_is_denied_before_it_reaches_the_server_and_the_agent_reads_why(
    home: Path, tmp_path: Path
) -> None:
    log = tmp_path / "server.jsonl"
    limit = {"counter": "echoes", "window": "day", "max": 10}
    policy = {"default": "deny", "tools": {"echo": {"limits": [limit]}}}
    script = [*(Use("echo", text=f"call {n}") for n in range(1, 12)), Use("add", a=1, b=2), Say("understood")]
    with engine(home, policy, log) as (program, url), agent(url, script) as run:
        assert run.last_word() == "understood"
        *answered, eleventh, other = run.model.tool_results
        program.wait_printed(r'"tool": ?"add"')
        decisions = [json.loads(line) for line in program.stdout]
    assert [f"call {n}" in answered[n - 1] for n in range(1, 11)] == [True] * 10
    assert "[POLICY DENIED]" in eleventh
    assert "/tools/echo/limits/echoes" in eleventh
    assert "resets" in eleventh
    assert "(default deny)" in other or "default deny" in other
    assert [call["arguments"]["text"] for call in seen_by(log)] == [f"call {n}" for n in range(1, 11)]
    assert [decision["verdict"] for decision in decisions] == ["allow"] * 10 + ["deny"] * 2


def hammer(url: str, thread: int, answered: list[int], enough: threading.Event) -> None:
    """Calls until the engine is gone."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    try:
        for number in range(100_000):
            params = {"name": "echo", "arguments": {"text": f"{thread}/{number}"}, "_meta": META}
            body = {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params}
            connection.request("POST", parts.path, json.dumps(body), HEADERS)
            response = connection.getresponse()
            assert response.status == 200, response.read()
            response.read()
            answered.append(number)
            if len(answered) >= 150:
                enough.set()
    except (OSError, http.client.HTTPException):
        pass
    finally:
        connection.close()


def test_a_killed_engine_leaves_a_recording_with_every_decision_whose_call_the_server_saw(
    home: Path, tmp_path: Path
) -> None:
    log = tmp_path / "server.jsonl"
    answered: list[int] = []
    enough = threading.Event()
    with engine(home, {"default": "allow"}, log) as (program, url):
        path = Path(program.wait_said(r"recording to (\S+)").group(1))
        threads = [threading.Thread(target=hammer, args=(url, n, answered, enough)) for n in range(8)]
        for thread in threads:
            thread.start()
        assert enough.wait(60)
        program.signal(signal.SIGKILL)
        for thread in threads:
            thread.join(20)
        assert program.wait_exit() == -signal.SIGKILL
    with Recording.open(path) as recording:
        events = list(recording.events())
    text_of = {e.call_id: e.arguments["text"] for e in events if isinstance(e, CallArrived)}
    decided = {text_of[e.decision.call_id] for e in events if isinstance(e, Decided)}
    seen = {call["arguments"]["text"] for call in seen_by(log)}
    assert len(seen) >= 150
    assert seen <= decided
