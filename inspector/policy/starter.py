"""A first policy, as commented YAML: a template, or one with a rule for every tool that a server lists."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from inspector.core.json import Json, JsonObject
from inspector.core.risk import Risk, powers, risk_of
from inspector.policy.match import invalid_name
from inspector.policy.write_yaml import scalar, write_yaml

_HEAD = """\
# A first policy. Every field is explained in docs/policy.md; `mcp-inspect policy check` finds mistakes.
version: "1"

# What is not listed below is denied: a tool that the server adds later waits until somebody has read about it.
default: deny
"""
_TEMPLATE = """
settings:
  approval: {timeout: 50, on_timeout: deny}  # how long a person may take, and what happens then

# Removed from what the agent sees.
hide: []

tools:
  # some_reading_tool: {}                      # allowed
  # some_writing_tool: {rate_limit: 30/minute}
  # some_dangerous_tool: {action: approve, reason: Why a person should look.}
"""
_TITLES = {
    Risk.READ: "Read: allowed.",
    Risk.OTHER: "Other: 60 a minute.",
    Risk.WRITE: "Write: 30 a minute.",
    Risk.EXECUTE: "Execute: 10 a minute.",
    Risk.FINANCIAL: "Financial: a person looks at each.",
    Risk.DESTRUCTIVE: "One tool, many powers: what destroys is denied by its argument, the rest asks.",
}
_PER_MINUTE = {Risk.OTHER: 60, Risk.WRITE: 30, Risk.EXECUTE: 10}


def start_policy(definitions: Iterable[JsonObject] = ()) -> str:
    """The text of a policy that loads. The risks are guesses from names, annotations and argument values."""
    listed = {str(tool["name"]): tool for tool in definitions if isinstance(tool.get("name"), str)}
    if not listed:
        return _HEAD + _TEMPLATE + "  {}\n"
    tools = {name: tool for name, tool in listed.items() if "*" not in name and invalid_name(name) is None}
    risks = {name: risk_of(name, tool) for name, tool in tools.items()}
    hidden = [name for name, risk in risks.items() if risk is Risk.DESTRUCTIVE and not _safe(tools[name])]
    left_out = _left_out(name for name in listed if name not in tools)
    return _HEAD + "".join([*left_out, *_hide(hidden), "\ntools:\n", *_groups(tools, risks, hidden)])


def _left_out(names: Iterable[str]) -> Iterator[str]:
    """A server must not write a glob into our policy: what it lists under such a name would let others in."""
    if written := [json.dumps(name) for name in names]:
        yield "\n# Left out, and so denied: names that have a * or that no call may have.\n"
        yield from (f"#   {name}\n" for name in written)


def _hide(names: list[str]) -> Iterator[str]:
    if names:
        yield "\n# Destructive: removed from what the agent sees, and denied all the same.\nhide:\n"
        yield from (f"  - {scalar(name)}\n" for name in names)


def _groups(tools: dict[str, JsonObject], risks: dict[str, Risk], hidden: list[str]) -> Iterator[str]:
    shown = False
    for risk, title in _TITLES.items():
        names = [name for name, found in risks.items() if found is risk and name not in hidden]
        if not names:
            continue
        yield f"  # {title}\n"
        for name in names:
            yield _indented(name, _rules(risk, tools[name]))
        shown = True
    if not shown:
        yield "  {}\n"


def _indented(name: str, rules: Json) -> str:
    return "".join(f"  {line}\n" for line in write_yaml({name: rules}).splitlines())


def _rules(risk: Risk, tool: JsonObject) -> Json:
    if risk is Risk.READ:
        return {}
    if risk is Risk.FINANCIAL:
        return {"action": "approve", "reason": "Moves money."}
    if risk is Risk.DESTRUCTIVE:
        return _by_argument(tool)
    return {"rate_limit": {"max": _PER_MINUTE[risk], "window": "minute", "scope": "grant"}}


def _safe(tool: JsonObject) -> dict[str, list[str]]:
    """By argument the values that do not destroy; empty when no argument decides."""
    safe: dict[str, list[str]] = {}
    chosen = {argument for argument, _, risk in powers(tool) if risk is Risk.DESTRUCTIVE}
    for argument, value, risk in powers(tool):
        if argument in chosen and risk is not Risk.DESTRUCTIVE:
            safe.setdefault(argument, []).append(value)
    return safe


def _by_argument(tool: JsonObject) -> Json:
    """Only the values that do not destroy pass, and of those the ones that do more than read ask."""
    require: list[Json] = []
    approve_if: list[Json] = []
    reading = {value for _, value, risk in powers(tool) if risk is Risk.READ}
    for argument, values in _safe(tool).items():
        path = f"args.{argument}"
        require.append({"path": path, "op": "in", "value": list[Json](values)})
        asking: list[Json] = [value for value in values if value not in reading]
        if asking:
            approve_if.append({"path": path, "op": "in", "value": asking})
    rules: JsonObject = {"require": require}
    if approve_if:
        rules["approve_if"] = approve_if
    return {**rules, "rate_limit": {"max": 10, "window": "minute", "scope": "grant"}}
