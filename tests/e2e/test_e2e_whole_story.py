"""The whole story in a real terminal, before the demo's server and before one that others wrote: an agent connects, a
call is held, edited and approved, one is denied, the calls are filtered, a rule is made of one, the what-if says what a
change would mean, it is saved, and the next call goes another way."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from e2e.sdk_agent import SdkAgent, denial, said
from e2e.stage import LARGE, SMALL, STARTS_WITHIN, TOKEN, inspect, url_of
from e2e.terminal import Terminal

ASKED, MEANT = "drop the table", "count the rows"


@dataclass(frozen=True)
class Tale:
    """The words that the story has at one server."""

    upstream: str
    policy: str  # asks about the `held` tool, allows the others
    held: str
    arguments: dict[str, Any]  # of it, without the text, which comes last
    text: str  # the argument that is edited
    free: str
    wanted: dict[str, Any]  # its arguments
    answer: str  # what it says then
    size: tuple[int, int]
    mode: str

    def proves(self, agent: SdkAgent, answer: str) -> str:
        """Where the text has to show that the server received."""
        if self.upstream == "demo":
            return said(agent.ask(self.held, namespace="shop.orders", action="get", key="note"))
        return answer


DEMO = Tale(
    upstream="demo",
    policy='version: "1"\ndefault: allow\ntools:\n  manage_kv_store:\n    approve_if:\n'
    "      - {path: args.action, op: eq, value: set}\n",
    held="manage_kv_store",
    arguments={"namespace": "shop.orders", "action": "set", "key": "note"},
    text="value",
    free="search_flows",
    wanted={"query": "orders"},
    answer="import-orders",
    size=LARGE,
    mode="2026-07-28",
)
EVERYTHING = Tale(
    upstream="everything",
    policy='version: "1"\ndefault: allow\ntools:\n  echo:\n    action: approve\n    reason: it is loud\n',
    held="echo",
    arguments={},
    text="message",
    free="get-sum",
    wanted={"a": 40, "b": 2},
    answer="The sum of 40 and 2 is 42.",
    size=SMALL,
    mode="legacy",
)


@pytest.fixture(params=[DEMO, EVERYTHING], ids=["demo", "server-everything"])
def tale(request: pytest.FixtureRequest) -> Tale:
    request.getfixturevalue("needs")("tmux")
    found: Tale = request.param
    return found


@pytest.fixture
def named(tale: Tale, home: Path, request: pytest.FixtureRequest) -> None:
    """The demo's server has its name; the other one gets one in mcp-inspect.toml."""
    if tale is EVERYTHING:
        command = json.dumps([*request.getfixturevalue("server_everything"), "stdio"])
        (home / "config").mkdir()
        (home / "config" / "mcp-inspect.toml").write_text(f"[upstreams.{tale.upstream}]\ncommand = {command}\n")


@pytest.mark.usefixtures("named")
def test_from_the_first_connection_to_a_call_that_a_saved_rule_decides(tmp_path: Path, tale: Tale) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(tale.policy)
    with inspect(tmp_path, "--policy", str(policy), "--upstream", tale.upstream, size=tale.size) as terminal:
        url = connected(terminal, tale)
        with SdkAgent(url, mode=tale.mode, name="teller") as agent:
            assert tale.answer in said(agent.ask(tale.free, **tale.wanted))
            edited_and_approved(terminal, agent, tale)
            denied_with_a_reason(terminal, agent, tale)
            filtered(terminal)
            ruled(terminal, agent, tale)
            foreseen_and_saved(terminal, agent, tale, policy)


def connected(terminal: Terminal, tale: Tale) -> str:
    """The URL that a person copies for an agent: in sight only its mask, on the clipboard all of it."""
    screen = terminal.wait_for(re.compile(r"Waiting for a client at http://127\.0\.0\.1:\d+"), STARTS_WITHIN)
    terminal.wait_for("••••")
    assert TOKEN not in screen
    terminal.send("y")
    terminal.wait_for("Copied the configuration for Claude Code")
    url = url_of(screen, tale.upstream)
    assert url in terminal.clipboard
    return url


def edited_and_approved(terminal: Terminal, agent: SdkAgent, tale: Tale) -> None:
    answer = agent.call(tale.held, **tale.arguments, **{tale.text: ASKED})
    terminal.wait_until(lambda _: terminal.title == "◐ 1 held · mcp-inspect", what="the title's mark")
    terminal.send("e")
    line = len(tale.arguments) + 2
    terminal.wait_for(re.compile(rf'{line} +"{tale.text}": "{ASKED}"'))
    terminal.send(*["Down"] * (line - 1), "End", "Left", *["BSpace"] * len(ASKED), *typed(MEANT))
    terminal.wait_for(re.compile(r"Arguments · edited \+1 .?1"))
    terminal.send("F2")
    assert MEANT in tale.proves(agent, said(answer.result(20)))
    terminal.wait_until(lambda _: terminal.title == "mcp-inspect", what="the title without its mark")


def denied_with_a_reason(terminal: Terminal, agent: SdkAgent, tale: Tale) -> None:
    answer = agent.call(tale.held, **tale.arguments, **{tale.text: "once more"})
    terminal.wait_until(lambda _: terminal.title == "◐ 1 held · mcp-inspect", what="the title's mark")
    terminal.send("d", *typed("once is enough"), "Enter")
    assert "A person denied this call: once is enough" in denial(answer.result(20))


def filtered(terminal: Terminal) -> None:
    """Only the denied call stays."""
    terminal.wait_until(lambda screen: _rows(screen, "✓ allow") >= 2 and _rows(screen, "✗ deny") == 1, what="the calls")
    terminal.send("/", *typed("decision:deny"))
    terminal.wait_for(re.compile(r"decision:deny +1 call"))
    terminal.wait_until(lambda screen: (_rows(screen, "✓ allow"), _rows(screen, "✗ deny")) == (0, 1), what="one row")


def ruled(terminal: Terminal, agent: SdkAgent, tale: Tale) -> None:
    """Another filter, and a rule of the call that it finds: in one burst, as a fast hand on a slow line."""
    terminal.send("C-u", *typed(f"tool:{tale.free}"), "Enter", "r", "Down")
    terminal.wait_for("Make a rule from this call")
    terminal.wait_for(re.compile(rf"\+ +{tale.free}: {{action: deny}}"))
    terminal.wait_for("1 allow → deny")
    terminal.send("Enter")
    terminal.wait_for("Written, and in force with the next call.")
    denied = denial(agent.ask(tale.free, **tale.wanted))
    assert f"(rule /tools/{tale.free}/action)" in denied


def foreseen_and_saved(terminal: Terminal, agent: SdkAgent, tale: Tale, policy: Path) -> None:
    """Thought better of it: what was denied shall pass again."""
    terminal.send("4")
    line = policy.read_text().splitlines().index(f"  {tale.free}: {{action: deny}}")
    terminal.wait_for(re.compile(rf"{line + 1} +{tale.free}: {{action: deny}}"))
    terminal.send(*["Down"] * line, "End", "Left", *["BSpace"] * len("deny"), *typed("allow"))
    terminal.wait_for("1 call changes decision")
    terminal.wait_for(re.compile(r"1 +✗ deny +→ +✓ allow"))
    terminal.send("F9")
    terminal.wait_for(re.compile(rf"#\d +{tale.free} +✗ → ✓"))
    terminal.send("C-s")
    terminal.wait_for(re.compile(r"v3 ✓"))
    assert f"  {tale.free}: {{action: allow}}\n" in policy.read_text()
    assert tale.answer in said(agent.ask(tale.free, **tale.wanted))


def typed(words: str) -> list[str]:
    """For one `send` with the keys before and behind them."""
    return [character.replace(" ", "Space") for character in words]


def _rows(screen: str, decision: str) -> int:
    """Calls in the table with this decision."""
    return len(re.findall(rf"\d\d:\d\d:\d\d .* {decision}\b", screen))
