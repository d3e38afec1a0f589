"""The ground of tests with raw ends: a headless engine before one scripted server, over HTTP and over a pipe."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from e2e.processes import Program
from fidelity_script import ANNOUNCED, HELLO, LEGACY_META, META
from wire_client import HttpWire, StdioWire

SERVER = Path(__file__).parent.parent / "servers" / "raw_server.py"
WAYS = ("http-http", "http-stdio", "stdio-http", "stdio-stdio")


@dataclass(frozen=True)
class Session:
    """A client of one era on one way, and the `_meta` of its requests."""

    way: str
    meta: str
    wire: HttpWire | StdioWire
    answered: list[str]  # to `initialize`
    announced: list[str]


@dataclass
class Ground:
    """One engine before the same script over HTTP (`web`) and over a pipe (`pipe`)."""

    home: Path
    engine: Program
    wires: list[HttpWire | StdioWire] = field(default_factory=list)
    sessions: dict[tuple[str, str], Session] = field(default_factory=dict)

    def session(self, way: str, era: str) -> Session:
        if (way, era) not in self.sessions:
            wire = self.wire(way)
            if era == "modern":
                made = Session(way, META, wire, [], [])
            else:
                made = Session(way, LEGACY_META, wire, *wire.begin(HELLO, len(ANNOUNCED)))
            self.sessions[way, era] = made
        return self.sessions[way, era]

    def wire(self, way: str) -> HttpWire | StdioWire:
        client, upstream = way.split("-")
        name = {"http": "web", "stdio": "pipe"}[upstream]
        made: HttpWire | StdioWire
        if client == "http":
            made = HttpWire(self.engine.wait_said(rf"{name} at (http://\S+)").group(1))
        else:
            env = {**os.environ, "MCP_INSPECT_HOME": str(self.home)}
            made = StdioWire([sys.executable, "-m", "inspector", "stdio", name], env)
        self.wires.append(made)
        return made

    def received(self, way: str) -> list[str]:
        log = self.home / f"{way.split('-')[1]}.log"
        return log.read_text().rpartition("\n")[0].split("\n") if log.exists() else []  # whole lines only


@contextmanager
def raw_ground(answers: Mapping[str, list[str]], rules: str) -> Iterator[Ground]:
    """`answers`: the server's script; `rules`: the policy's text."""
    home = Path(tempfile.mkdtemp(prefix="mi-", dir="/tmp"))
    script, policy, config = home / "script.json", home / "policy.yaml", home / "config" / "mcp-inspect.toml"
    script.write_text(json.dumps(answers))
    policy.write_text(rules)
    config.parent.mkdir()
    server = [sys.executable, str(SERVER), str(script)]
    with Program([*server, "http", "0"], env={"SERVER_LOG": str(home / "http.log")}) as web:
        port = web.wait_said(r"listening on (\d+)").group(1)
        config.write_text(
            f'[upstreams.web]\nurl = "http://127.0.0.1:{port}/mcp"\n'
            f"[upstreams.pipe]\ncommand = {json.dumps([*server, 'stdio'])}\n"
            f'env = {{ SERVER_LOG = "{home}/stdio.log" }}\n'
        )
        flags = ["--upstream", "web", "--upstream", "pipe", "--policy", str(policy), "--headless", "--port", "0"]
        with Program([sys.executable, "-m", "inspector", *flags], env={"MCP_INSPECT_HOME": str(home)}) as engine:
            engine.wait_said("recording to")
            made = Ground(home, engine)
            yield made
            for wire in made.wires:
                wire.close()
    shutil.rmtree(home, ignore_errors=True)
