"""The first policy: it loads, it fits, and it lets nothing destroy."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from inspector.core.decision import Verdict
from inspector.policy.lint import lint
from inspector.policy.lint_tools import lint_tools
from inspector.policy.load import load_text
from inspector.policy.match import match
from inspector.policy.model import Default
from inspector.policy.starter import start_policy

TOOLS = sorted((Path(__file__).parents[1] / "data" / "tools").glob("*.json"))


@pytest.mark.parametrize("file", TOOLS, ids=lambda file: file.stem)
def test_a_start_policy_fits_its_server_and_gets_no_advice(file: Path) -> None:
    listed = json.loads(file.read_text())["tools"]
    policy = load_text(start_policy(listed))
    assert policy.top.default is Default.DENY
    assert lint(policy) + lint_tools(policy, listed) == ()
    rules = [denial.rule for tool in listed if (denial := match(policy, "s", tool["name"]).denial)]
    assert set(rules) <= {"(hidden)"}


def test_each_risk_gets_its_rules() -> None:
    kestra = json.loads(next(file for file in TOOLS if file.stem == "kestra_tools").read_text())["tools"]
    policy = load_text(start_policy(kestra))
    exact = policy.top.exact
    assert policy.top.hide_exact == {"delete_execution_logs", "delete_flow_logs"}
    assert exact["find_flow"].limits == ()
    rates = {name: int(exact[name].limits[0].max) for name in ("generate_app", "invite_user", "execute_flow")}
    assert rates == {"generate_app": 60, "invite_user": 30, "execute_flow": 10}
    assert exact["manage_flow"].require[0].conditions[0].value == [
        *["enable", "disable", "list_revisions", "list_dependencies", "get_yaml"]
    ]
    assert exact["manage_flow"].approve_if[0].predicate.conditions[0].value == ["enable", "disable"]


def test_money_asks() -> None:
    policy = load_text(start_policy([{"name": "create_charge"}]))
    assert policy.top.exact["create_charge"].action == "approve"


@pytest.mark.parametrize("tools", [[], [{"name": "delete_all"}], [{"name": 'a"b: *'}, {"name": "no"}, {"name": " "}]])
def test_odd_lists_make_policies_that_load(tools: list[dict[str, object]]) -> None:
    assert load_text(start_policy(tools)).top.default == Verdict.DENY.value  # type: ignore[arg-type]


def test_a_server_cannot_write_a_glob_or_a_line_of_its_own_into_the_policy() -> None:
    names = ["list_*", "*", "get_it", " ", "a\ntools: {x: {}}", "b\u2028c", "delete_*", "x" * 300]
    text = start_policy([{"name": name} for name in names])
    policy = load_text(text)
    assert list(policy.top.exact) == ["get_it"]
    assert (policy.top.globs, policy.top.star, policy.top.hide_globs) == ((), None, ())
    assert '#   "a\\ntools: {x: {}}"\n' in text
