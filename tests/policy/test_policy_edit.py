"""A rule made of a call: it loads, it decides as asked, and everything else of the text stays."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest

from inspector.core.call import Call, Caller, CallId
from inspector.core.commands import RuleKind, RuleWish
from inspector.core.decision import Verdict
from inspector.core.errors import PolicyError
from inspector.core.json import Number
from inspector.policy.approvals import Remembered
from inspector.policy.definitions import Definitions
from inspector.policy.edit import add_rule, argument_path
from inspector.policy.engine import Circumstances, decide
from inspector.policy.ledger_memory import MemoryLedger
from inspector.policy.load import load_text
from inspector.policy.model import Policy

SAMPLES = sorted((Path(__file__).parents[2] / "sample_policies").iterdir())
HEAD = 'version: "1"\ndefault: deny\n'
ARGUMENTS = {
    "read_file": {"path": "/srv/projects/a"},
    "create_charge": {"currency": "gbp", "amount": 60_000},
    "manage_executions": {"action": "delete"},
    "manage_flow": {"action": "enable"},
    "execute_flow": {"namespace": "prod"},
    "get_instance_info": {"info": "everything"},
    "get-resource-links": {"count": 12},
    "backfill_executions": {"days": 90},
    "create_refund": {"amount": 5},
    "create_invoice": {"items": [{"amount": 5}]},
    "write_file": {"path": "/srv/projects/.env"},
}


def call(tool: str, server: str = "srv", number: int = 1, **arguments: object) -> Call:
    return Call(CallId(number), 0.0, Caller("local", "s", "agent"), server, tool, arguments)  # type: ignore[arg-type]


def verdict(text: str, one: Call, path: str = "") -> Verdict:
    about = Circumstances(listed=lists(one.tool))
    return decide(one, load_text(text, path=path), MemoryLedger(), Remembered(), 0.0, circumstances=about).verdict


def exact_tools(policy: Policy) -> list[str]:
    return [*sorted({*policy.top.exact, *policy.top.hide_exact}), "nobody_listed_this"]


def cases() -> list[object]:
    found = []
    for sample in SAMPLES:
        text = sample.read_text()
        for tool in exact_tools(load_text(text, path=str(sample))):
            found += [pytest.param(sample, tool, kind, id=f"{sample.stem}-{tool}-{kind}") for kind in RuleKind]
    return found


WANTED = {
    RuleKind.ALLOW: {Verdict.ALLOW},
    RuleKind.DENY: {Verdict.DENY},
    RuleKind.ASK: {Verdict.PENDING},
    RuleKind.LIMIT: {Verdict.ALLOW, Verdict.PENDING},
    RuleKind.PIN: {Verdict.ALLOW, Verdict.PENDING},
}


def lists(tool: str) -> Definitions:
    """A server that takes any arguments."""
    listed = Definitions()
    listed.learn({tool: {"name": tool, "inputSchema": {"type": "object"}}}, frozenset())
    return listed


def check(text: str, one: Call, kind: RuleKind, path: str) -> str:
    """Add it, prove what was promised, and return the new text."""
    made = add_rule(text, one, RuleWish(kind), path=path, listed=lists(one.tool))
    assert verdict(made, one, path) in WANTED[kind]
    assert add_rule(made, one, RuleWish(kind), path=path, listed=lists(one.tool)) == made
    old, new = load_text(text, path=path), load_text(made, path=path)
    for name in {*old.top.exact, *new.top.exact} - {one.tool}:
        # `pointer` and digest included, so that an entry is the very same one.
        assert old.top.exact[name].digest == new.top.exact[name].digest
    assert old.settings == new.settings
    removed = [line[1:] for line in difflib.unified_diff(text.split("\n"), made.split("\n"), n=0, lineterm="")][2:]
    assert not [line for line in removed if line.strip().startswith("#") and line in text and line not in made]
    return made


def check_sample(sample: Path, tool: str, kind: RuleKind) -> None:
    check(sample.read_text(), call(tool, **ARGUMENTS.get(tool, {"value": "x"})), kind, str(sample))


# Some of the cases by default, the same ones each time; all of them in the nightly run.
@pytest.mark.parametrize(("sample", "tool", "kind"), cases()[::23])
def test_every_sample_policy_takes_a_rule(sample: Path, tool: str, kind: RuleKind) -> None:
    check_sample(sample, tool, kind)


@pytest.mark.slow
@pytest.mark.parametrize(("sample", "tool", "kind"), cases())
def test_every_tool_of_every_sample_policy_takes_a_rule(sample: Path, tool: str, kind: RuleKind) -> None:
    check_sample(sample, tool, kind)


def test_what_asks_is_allowed_by_one_changed_word() -> None:
    text = HEAD + "tools:\n  a:\n    action: approve   # look first\n    reason: why\n"
    assert check(text, call("a"), RuleKind.ALLOW, "") == text.replace("approve ", "allow ")


@pytest.mark.parametrize("line", ["a:", "a: {}", "a: # note", "a: {reason: x} # note", '"a":   '])
def test_an_empty_or_flowing_entry_keeps_its_line(line: str) -> None:
    made = check(f"{HEAD}tools:\n  {line}\n  b: {{}}\n", call("a"), RuleKind.DENY, "")
    assert "action: deny}" in made.split("\n")[3]
    assert made.split("\n")[4:] == ["  b: {}", ""]
    assert made.count("# note") == line.count("# note")


def test_an_unlisted_tool_is_listed_behind_the_last_one() -> None:
    text = HEAD + "tools:\n  a:\n    require:\n      - {path: args.x, op: exists, value: true}  # why\n\n# the end\n"
    assert check(text, call("b"), RuleKind.ALLOW, "") == text.replace("# why\n", "# why\n  b: {}\n")


def test_without_tools_there_are_tools_then() -> None:
    assert check(HEAD, call("b"), RuleKind.ALLOW, "") == HEAD + "tools:\n  b: {}\n"
    assert check(HEAD + "tools: {}\n", call("b"), RuleKind.ALLOW, "") == HEAD + "tools:\n  b: {}\n"
    assert check(HEAD + "tools:\n  {}\n", call("b"), RuleKind.ASK, "").endswith("tools:\n  {b: {action: approve}}\n")


def test_a_file_without_a_last_line_break_and_one_with_crlf() -> None:
    text = (HEAD + "tools:\n  a:\n    action: approve").replace("\n", "\r\n")
    made = check(text, call("b"), RuleKind.LIMIT, "")
    assert made == text + ("\r\n  b:\r\n    limits:\r\n      - {counter: calls_per_minute, window: minute, max: 10}")


def test_json_stays_json() -> None:
    sample = next(s for s in SAMPLES if s.suffix == ".json")
    made = check(sample.read_text(), call("list_flows"), RuleKind.LIMIT, str(sample))
    assert made.startswith(sample.read_text().rstrip().rsplit("\n", 2)[0])
    assert '    "list_flows": {\n      "limits": [\n        {\n          "counter": "calls_per_minute"' in made


def test_json_on_one_line_stays_on_one_line() -> None:
    text = '{"version":"1","default":"deny","tools":{"a":{}}}'
    made = check(text, call("a", n=Number("1.50"), s='"q"'), RuleKind.PIN, "p.json")
    assert "\n" not in made
    assert '{"path":"args.n","op":"in","value":[1.50]}' in made


def test_a_value_that_is_not_on_the_list_is_put_on_it() -> None:
    text = HEAD + "tools:\n  a:\n    require: [{path: args.do, op: in, value: [get, list]}] # keep\n"
    made = check(text, call("a", do="set"), RuleKind.ALLOW, "")
    assert made == text.replace("[get, list]", "[get, list, set]")


def test_a_value_that_asks_is_taken_off_the_list_and_the_last_one_takes_the_list_with_it() -> None:
    text = HEAD + "tools:\n  a:\n    approve_if: [{path: args.do, op: in, value: [kill, stop]}]\n    reason: r\n"
    made = check(text, call("a", do="kill"), RuleKind.ALLOW, "")
    assert "value: [stop]" in made
    again = check(made, call("a", do="stop"), RuleKind.ALLOW, "")
    assert again == HEAD + "tools:\n  a:\n    reason: r\n"


def test_the_last_rule_leaves_an_empty_entry() -> None:
    text = HEAD + "tools:\n  a:  # mine\n    deny_if:\n      - {path: args.n, op: gt, value: 5}\n  b: {}\n"
    assert check(text, call("a", n=9), RuleKind.ALLOW, "") == HEAD + "tools:\n  a: {}  # mine\n  b: {}\n"


def test_pinned_arguments_pass_and_others_do_not_and_a_second_pin_widens() -> None:
    first, second = call("a", path="/x", deep={"k": [1, None]}), call("a", path="/y", deep={"k": [1, None]})
    made = check(HEAD, first, RuleKind.PIN, "")
    assert verdict(made, second) is Verdict.DENY
    both = check(made, second, RuleKind.PIN, "")
    assert verdict(both, first) is verdict(both, second) is Verdict.ALLOW
    assert verdict(both, call("a", path="/x")) is Verdict.DENY
    assert both.count("args.path") == 1


def test_odd_names_are_escaped() -> None:
    odd = call("no:such #tool", **{"a.b": 1, "*": 2, "back\\slash": 3})
    assert check(HEAD, odd, RuleKind.PIN, "")
    assert argument_path("a.b") == "args.a\\.b"


def test_a_limit_is_counted_and_a_second_wish_changes_its_number() -> None:
    one = call("a")
    made = add_rule(HEAD, one, RuleWish(RuleKind.LIMIT, 3, "hour"))
    assert "{counter: calls_per_hour, window: hour, max: 3}" in made
    assert add_rule(made, one, RuleWish(RuleKind.LIMIT, 5, "hour")) == made.replace("max: 3", "max: 5")


def test_a_servers_own_entry_is_the_one_that_changes() -> None:
    text = HEAD + "servers:\n  srv:\n    tools:\n      a: {action: approve}\ntools:\n  a: {}\n"
    assert check_own(text) == text.replace("{action: approve}", "{action: deny}")


def check_own(text: str) -> str:
    made = add_rule(text, call("a"), RuleWish(RuleKind.DENY))
    assert verdict(made, call("a")) is Verdict.DENY
    return made


@pytest.mark.parametrize(
    ("tools", "kind", "why"),
    [
        ('{"a*": {action: deny}}', RuleKind.ALLOW, r"/tools/a\*/action stands in the way"),
        ("{a: {limits: [{counter: c, window: day, max: 0}]}}", RuleKind.ALLOW, "/tools/a/limits/c stands in the way"),
        ('{a: {pin: "sha256:' + "0" * 64 + '"}}', RuleKind.ASK, "/tools/a/pin stands in the way"),
        ("{a: {schema: false}}", RuleKind.LIMIT, "/tools/a/schema stands in the way"),
        ("{}", RuleKind.PIN, "no arguments to pin"),
    ],
)
def test_what_is_not_its_own_is_left_to_a_person(tools: str, kind: RuleKind, why: str) -> None:
    with pytest.raises(PolicyError, match=why):
        add_rule(f"{HEAD}tools: {tools}\n", call("a"), RuleWish(kind))


def test_a_glob_that_hides_is_left_to_a_person() -> None:
    with pytest.raises(PolicyError, match="hidden by a glob"):
        add_rule(HEAD + 'hide: ["a*"]\n', call("a"), RuleWish(RuleKind.ALLOW))


def test_intercept_and_broken_texts_are_refused() -> None:
    foreign = 'version: "1"\ntools:\n  a:\n    rules: [{name: n, action: deny}]\n'
    with pytest.raises(PolicyError, match="Intercept"):
        add_rule(foreign, call("a"), RuleWish(RuleKind.ALLOW))
    with pytest.raises(PolicyError, match="default"):
        add_rule("version: '1'\n", call("a"), RuleWish(RuleKind.ALLOW))
