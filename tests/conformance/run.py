"""The published MCP conformance suite, direct and through the proxy: who passes direct must pass proxied.

    python tests/conformance/run.py [REVISION …]        (all three when none is named)

One server (tests/servers/conformance_server.py) is reached in three ways: over HTTP by itself, over HTTP through a
headless engine, and through the same engine as a command. A policy that judges and limits every call is in force, and
everything is recorded. A scenario passes when at least one of its checks succeeds and none fails or warns.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).parents[1]
if __name__ == "__main__":
    sys.path.insert(0, str(TESTS))

from e2e.processes import Program  # noqa: E402 - as a script, the line above finds it

SERVER = TESTS / "servers" / "conformance_server.py"
REVISIONS = ("2025-06-18", "2025-11-25", "2026-07-28")
WAYS = ("direct", "http→http", "http→stdio")
POLICY = """\
version: "1"
default: allow
tools:
  "*": {rate_limit: 100000/minute}
"""
STAMP = len("-2026-11-22T12-29-57-344Z")  # at the end of a folder of results


@dataclass(frozen=True)
class Scenario:
    checks: tuple[str, ...]  # their statuses
    troubles: tuple[str, ...]  # what the failed ones say

    @property
    def passes(self) -> bool:
        return "SUCCESS" in self.checks and not {"FAILURE", "WARNING"} & {*self.checks}


@dataclass(frozen=True)
class Result:
    """Of one revision and way, by scenario."""

    revision: str
    way: str
    scenarios: dict[str, Scenario]

    @property
    def passed(self) -> set[str]:
        return {name for name, scenario in self.scenarios.items() if scenario.passes}

    @property
    def checks(self) -> int:
        return sum(scenario.checks.count("SUCCESS") for scenario in self.scenarios.values())


@dataclass(frozen=True)
class Parity:
    """What one proxied way lost against the direct one, and what it does with fewer checks that succeed."""

    direct: Result
    proxied: Result

    @property
    def lost(self) -> dict[str, Scenario]:
        gone = self.direct.passed - self.proxied.passed
        return {name: self.proxied.scenarios.get(name, Scenario((), ("it did not run",))) for name in sorted(gone)}

    @property
    def kept(self) -> int:
        return len(self.direct.passed) - len(self.lost)

    def __str__(self) -> str:
        head = f"{self.proxied.revision}  {self.proxied.way:<10}  {self.kept}/{len(self.direct.passed)} scenarios"
        lines = [f"{head}, {self.proxied.checks}/{self.direct.checks} checks"]
        for name, scenario in self.lost.items():
            lines += [f"  lost: {name}", *(f"    {trouble}" for trouble in scenario.troubles)]
        return "\n".join(lines)


@contextmanager
def reachable(home: Path) -> Iterator[dict[str, str]]:
    """The URL for each way, while all of it runs."""
    (home / "config").mkdir(parents=True)
    policy = home / "policy.yaml"
    policy.write_text(POLICY)
    python = sys.executable
    with Program([python, str(SERVER), "http", "0"]) as server:
        port = server.wait_said(r"listening on (\d+)").group(1)
        web = f"http://127.0.0.1:{port}/mcp"
        (home / "config" / "mcp-inspect.toml").write_text(
            f'[upstreams.web]\nurl = "{web}"\n[upstreams.pipe]\ncommand = ["{python}", "{SERVER}", "stdio"]\n'
        )
        flags = ["--upstream", "web", "--upstream", "pipe", "--policy", str(policy), "--headless", "--port", "0"]
        with Program([python, "-m", "inspector", *flags], env={"MCP_INSPECT_HOME": str(home)}) as engine:
            proxied = [engine.wait_said(rf"{name} at (http://\S+)").group(1) for name in ("web", "pipe")]
            engine.wait_said("recording to")
            yield dict(zip(WAYS, (web, *proxied), strict=True))


def run_suite(suite: Sequence[str], url: str, revision: str, way: str) -> Result:
    """Every scenario of a server for that revision; about six seconds."""
    with tempfile.TemporaryDirectory() as folder:
        command = [*suite, "server", "--url", url, "--suite", "all", "--spec-version", revision, "-o", folder]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        scenarios = {
            found.parent.name.removeprefix("server-")[:-STAMP]: _scenario(json.loads(found.read_text()))
            for found in Path(folder).glob("server-*/checks.json")
        }
    if not scenarios:
        raise AssertionError(f"the suite ran nothing:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    return Result(revision, way, scenarios)


def _scenario(checks: list[dict[str, str]]) -> Scenario:
    bad = [check for check in checks if check["status"] in ("FAILURE", "WARNING")]
    said = tuple(f"{check['status']} {check['id']}: {check.get('errorMessage', '')[:300]}" for check in bad)
    return Scenario(tuple(check["status"] for check in checks), said)


def measure(suite: Sequence[str], revisions: Sequence[str]) -> Iterator[Parity]:
    """Both proxied ways for each revision, direct before them."""
    with tempfile.TemporaryDirectory(prefix="mi-", dir="/tmp") as home, reachable(Path(home)) as urls:
        for revision in revisions:
            direct, *proxied = (run_suite(suite, urls[way], revision, way) for way in WAYS)
            for result in proxied:
                yield Parity(direct, result)


def main(revisions: Sequence[str]) -> int:
    if not {*revisions} <= {*REVISIONS}:
        print(f"{(__doc__ or '').strip()}\n\nREVISION is one of {', '.join(REVISIONS)}", file=sys.stderr)
        return 2
    here = Path(__file__).parent / "node_modules" / ".bin"
    if not here.exists():
        subprocess.run(["npm", "ci", "--prefix", str(here.parents[1])], check=True, timeout=300)
    os.environ.pop("MCP_INSPECT_HOME", None)
    kept = wanted = 0
    for parity in measure((str(here / "node"), str(here / "conformance")), revisions or REVISIONS):
        print(parity, flush=True)
        kept, wanted = kept + parity.kept, wanted + len(parity.direct.passed)
    print(f"parity: {kept}/{wanted}")
    return 0 if kept == wanted else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
