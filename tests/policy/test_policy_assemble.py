"""What the engine gets: names, keys of counters, digests, normalised values."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from inspector.core.decision import Algorithm, Scope
from inspector.policy.assemble import unique
from inspector.policy.load import load_object, load_text
from inspector.policy.model import Approval, Default, Entry, Limit, Policy, Settings


def load(**top: Any) -> Policy:
    return load_object({"version": "1", "default": "deny", **top})


def entry(**rules: Any) -> Entry:
    return load(tools={"t": rules}).top.exact["t"]


def limits(*given: dict[str, Any], **rules: Any) -> tuple[Limit, ...]:
    return entry(limits=[{"window": "minute", "max": 2, **limit} for limit in given], **rules).limits


def names(*predicates: dict[str, Any]) -> list[str]:
    return [predicate.name for predicate in entry(deny_if=list(predicates)).deny_if]


BARE = {"path": "args.a", "op": "eq", "value": 1}


def test_a_predicate_is_named_by_its_name_its_conditions_or_always() -> None:
    both = {"conditions": [BARE, {**BARE, "path": "args.b", "op": "gt"}]}
    assert names({**BARE, "name": "n"}, both, {"conditions": []}) == ["n", "args.a-eq+args.b-gt", "always"]


def test_a_repeat_within_one_list_gets_a_number() -> None:
    assert names(BARE, BARE, {"conditions": [BARE]}) == ["args.a-eq", "args.a-eq#2", "args.a-eq#3"]
    assert unique(["a", "a#2", "a", "a#2"]) == ["a", "a#2", "a#3", "a#2#2"]


def test_lists_are_numbered_apart() -> None:
    found = entry(require=[BARE], deny_if=[BARE], approve_if=[BARE])
    assert [found.require[0].name, found.deny_if[0].name, found.approve_if[0].predicate.name] == ["args.a-eq"] * 3


def test_sections_sort_their_keys_by_how_they_match() -> None:
    top = load(tools={"b_*": {}, "a": None, "*": {}, "*_c": {}}, hide=["x", "y_*", "*"], all_tools={}).top
    assert (set(top.exact), [glob for glob, _ in top.globs]) == ({"a"}, ["b_*", "*_c"])
    assert top.star is not None
    assert top.star.pointer == "/tools/*"
    assert top.all_tools is not None
    assert (top.hide_exact, top.hide_globs) == (frozenset({"x"}), ("y_*", "*"))


def test_pointers_are_escaped_and_name_the_server() -> None:
    policy = load(tools={"a/b~c": {}}, servers={"s/1": {"default": "allow", "tools": {"t": {}}, "all_tools": {}}})
    section = policy.servers["s/1"]
    assert policy.top.exact["a/b~c"].pointer == "/tools/a~1b~0c"
    assert section.exact["t"].pointer == "/servers/s~11/tools/t"
    assert section.all_tools is not None
    assert section.all_tools.pointer == "/servers/s~11/all_tools"
    assert section.default is Default.ALLOW
    assert load(servers={"s": {}}).servers["s"].default is None


@pytest.mark.parametrize("alias", ["approve", "ask", "require_approval"])
def test_the_action_that_asks_has_three_spellings(alias: str) -> None:
    assert entry(action=alias).action == "approve"


def test_a_limit_is_what_it_says_and_else_the_usual() -> None:
    (limit,) = limits({"counter": "n"})
    assert limit == Limit("n", "/tools/t/limits/n", 60, Decimal(2))
    assert (limit.scope, limit.algorithm, limit.amount) == (Scope.GRANT, Algorithm.FIXED, Decimal(1))


def test_windows_have_one_length_whatever_their_spelling() -> None:
    found = limits(*({"counter": str(w), "window": w} for w in ("second", "minute", 60, "hour", "day", "in_flight")))
    assert [limit.window for limit in found] == [1, 60, 60, 3600, 86400, 0]
    assert found[-1].algorithm is Algorithm.IN_FLIGHT


def test_an_amount_has_three_spellings() -> None:
    found = limits(
        {"counter": "a", "amount": 2},
        {"counter": "b", "increment": 2},
        {"counter": "c", "amount": "args.x.*"},
        {"counter": "d", "increment_from": "args.x.*"},
    )
    assert found[0].amount == found[1].amount == Decimal(2)
    assert found[2].amount == found[3].amount
    assert found[2].amount_text == "args.x.*"


def test_a_pool_is_no_pointer() -> None:
    (limit,) = limits({"counter": "n", "pool": "/tools/u/limits/n"})
    assert limit.name == "pool:/tools/u/limits/n"


def test_soft_limits_and_refunds_are_flags() -> None:
    (limit,) = limits({"counter": "n", "on_exceed": "approve", "refund": "never", "scope": "client"})
    assert (limit.asks, limit.refund_on_error, limit.scope) == (True, False, Scope.CLIENT)


def test_a_rate_limit_comes_after_the_limits_and_counts_by_session() -> None:
    found = limits({"counter": "n"}, rate_limit="10/hour")
    assert [limit.counter for limit in found] == ["n", "rate_limit"]
    assert found[1] == Limit("rate_limit", "/tools/t/limits/rate_limit", 3600, Decimal(10), Scope.SESSION)
    (slots,) = entry(rate_limit={"max": 1, "window": "in_flight", "scope": "global", "on_deny": "wait"}).limits
    assert (slots.algorithm, slots.scope, slots.on_deny) == (Algorithm.IN_FLIGHT, Scope.GLOBAL, "wait")


def test_approvals_keep_what_was_left_open() -> None:
    found = entry(approval={"timeout": 7}, approve_if=[{**BARE, "reason": "r", "on_timeout": "allow"}])
    assert found.approval == Approval(7, None)
    assert (found.approve_if[0].approval, found.approve_if[0].reason) == (Approval(None, "allow"), "r")


def test_settings_fill_each_gap_on_their_own() -> None:
    assert load().settings == Settings()
    settings = load(settings={"approval": {"on_timeout": "allow"}, "confusable_names": "deny"}).settings
    assert settings == Settings(Approval(50, "allow"), 100, confusable_names_deny=True)
    settings = load(settings={"server_requests": "deny", "unknown_methods": "deny"}).settings
    assert (settings.server_requests_deny, settings.unknown_methods_deny) == (True, True)


def test_a_digest_changes_with_the_entry_and_with_nothing_else() -> None:
    before = entry(deny_if=[BARE], reason="a").digest
    assert entry(reason="a", deny_if=[BARE]).digest == before
    assert entry(deny_if=[{**BARE, "value": 2}], reason="a").digest != before
    text = "version: '1'\ndefault: deny\ntools:\n  t: {action: ask}\n"
    other = text.replace("{", "  # a comment\n    {").replace("deny", "allow")
    assert load_text(text).top.exact["t"].digest == load_text(other).top.exact["t"].digest


def test_paths_and_hosts_of_a_condition_are_normalised() -> None:
    def value(op: str, *given: str) -> object:
        return entry(require=[{"path": "args.a", "op": op, "value": list(given)}]).require[0].conditions[0].value

    assert value("path_within", "/a//b/./c/..", "/..", "//srv/") == ["/a/b", "/", "/srv"]
    assert value("host_in", "API.Example.COM.", "*.Ex.org", "[::1]") == ["api.example.com", "*.ex.org", "::1"]


def test_missing_denies_only_when_it_says_so() -> None:
    found = [
        entry(deny_if=[{**BARE, "missing": missing}]).deny_if[0].conditions[0].missing_denies
        for missing in (False, "false", "deny")
    ]
    assert found == [False, False, True]


def test_validate_and_pin_need_the_definitions_of_the_upstream() -> None:
    assert not load(tools={"t": {"schema": {}}}).uses_arguments_schema
    assert load(servers={"s": {"all_tools": {"validate": "input_schema"}}}).uses_arguments_schema
    policy = load(tools={"t_*": {"pin": "sha256:" + "AB" * 32}})
    assert policy.uses_arguments_schema
    assert policy.top.globs[0][1].pin == "ab" * 32


def test_a_schema_becomes_a_check() -> None:
    check = entry(schema={"required": ["a"]}).conforms
    assert check is not None
    assert check({"a": 1}) is None
    assert check({}) is not None
