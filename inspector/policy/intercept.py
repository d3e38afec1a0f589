"""Intercept's YAML dialect: `tools.<name>.rules[]`, walked in order. See "Intercept" in `docs/policy.md`.

It is read as it stands, not translated: the engine walks the rules the way Intercept does (`policy convert` writes the
native document).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, ValidationInfo, WithJsonSchema, field_validator
from pydantic_core import InitErrorDetails

from inspector.core.decision import Scope
from inspector.core.json import Json, JsonObject
from inspector.core.problems import Problem
from inspector.policy import fields
from inspector.policy.assemble import condition, digest
from inspector.policy.fields import ArgsPath, fault, kind
from inspector.policy.model import Default, Entry, InterceptRule, Limit, Operator, Policy, Section, Settings
from inspector.policy.part import Part, detail, leaf
from inspector.policy.source import Blame, Location, pointer

WINDOWS = {"minute": 60, "hour": 3600, "day": 86400}
GLOBAL_SCOPE = "_global"  # the counters of the rules under "*"
_OPERATORS = tuple(op for op in Operator if op not in (Operator.PATH_WITHIN, Operator.HOST_IN))
_RATE = re.compile(r"0*([1-9][0-9]*)/(minute|hour|day)")


@dataclass(frozen=True, slots=True)
class StatePath:
    """`state.<scope>.<counter>`: the condition bounds its rule's own counter."""

    text: str


@dataclass(frozen=True, slots=True)
class Rate:
    """`N/window`."""

    max: Decimal
    window: str

    @property
    def counter(self) -> str:
        return f"_rate_{self.window}"


def _version(value: Any) -> str:
    return "1" if value == 1 and isinstance(value, int) and not isinstance(value, bool) else fields.version(value)


def _path(value: Any) -> ArgsPath | StatePath:
    return StatePath(value) if fields.text(value).startswith("state.") else fields.args_path(value)


def _rate(value: Any) -> Rate:
    found = _RATE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise fault(f'expected a rate such as "5/hour" (per minute, hour or day), found {kind(value)}')
    return Rate(Decimal(found[1]), found[2])


class InterceptCondition(Part):
    """One test of an argument, or the bound of the rule's counter."""

    path: Annotated[ArgsPath | StatePath, *leaf(_path, type="string")]
    op: Annotated[Operator, *leaf(fields.word(*_OPERATORS), enum=[*_OPERATORS])]
    value: Annotated[Any, WithJsonSchema({})]

    @field_validator("value", mode="plain")
    @classmethod
    def _operand(cls, value: Json, info: ValidationInfo) -> Json:
        op = info.data.get("op")
        return value if op is None else fields.operand(Operator(op), value)


class InterceptState(Part):
    """The counter that a rule keeps."""

    counter: Annotated[str, *leaf(fields.filled, type="string", minLength=1)]
    window: Annotated[str, *leaf(fields.word(*WINDOWS), enum=[*WINDOWS])]
    increment: Annotated[Decimal | None, *leaf(fields.quantity, type="number", minimum=0)] = None
    increment_from: Annotated[ArgsPath | None, *leaf(fields.args_path, type="string")] = None

    @classmethod
    def conflicts(cls, data: dict[str, Any]) -> Iterator[InitErrorDetails]:
        if "increment" in data and "increment_from" in data:
            yield detail(("increment_from",), fault("increment and increment_from exclude each other", Blame.KEY))


class RuleText(Part):
    """One rule as it is written."""

    name: Annotated[str, *leaf(fields.filled, type="string", minLength=1)]
    action: Annotated[str, *leaf(fields.word("evaluate", "deny"), enum=["evaluate", "deny"])] = "evaluate"
    conditions: list[InterceptCondition] = Field(default=[])
    on_deny: Annotated[str | None, *leaf(fields.text, type="string")] = None
    state: InterceptState | None = None
    rate_limit: Annotated[Rate | None, *leaf(_rate, type="string")] = None

    @field_validator("state", mode="before")
    @classmethod
    def _no_null(cls, value: Any) -> Any:
        return InterceptState.model_validate(value)

    @classmethod
    def conflicts(cls, data: dict[str, Any]) -> Iterator[InitErrorDetails]:
        conditions, action = data.get("conditions"), data.get("action", "evaluate")
        if "rate_limit" in data:
            beside = {"conditions": bool(conditions), "state": "state" in data, "action: deny": action == "deny"}
            others = [other for other, stands in beside.items() if stands]
            if others:
                yield detail(("rate_limit",), fault(f"rate_limit stands alone, not with {others[0]}", Blame.KEY))
        elif action == "deny" and conditions:
            yield detail(("conditions",), fault("a rule with action: deny takes no conditions", Blame.KEY))
        elif action == "evaluate" and "conditions" not in data:
            yield detail(("conditions",), fault("a rule that evaluates needs conditions", Blame.MISSING))
        elif action == "evaluate" and conditions == []:
            yield detail(("conditions",), fault("a rule that evaluates needs at least one condition"))


class InterceptTool(Part):
    """The rules of one tool, in the order in which they are walked."""

    rules: list[RuleText] = Field(default=[])


class InterceptDocument(Part):
    """A whole policy in Intercept's dialect."""

    written_as: ClassVar[str] = "an object with version and tools"

    version: Annotated[str, *leaf(_version, enum=["1", 1])]
    description: Annotated[str | None, *leaf(fields.text, type="string")] = None
    default: Annotated[Literal["allow", "deny"], *leaf(fields.word("allow", "deny"), enum=["allow", "deny"])] = "allow"
    hide: list[Annotated[str, *leaf(fields.tool_name, type="string")]] = Field(default=[])
    tools: dict[Annotated[str, *leaf(fields.tool_name, type="string")], InterceptTool | None] = Field(default={})

    @classmethod
    def conflicts(cls, data: dict[str, Any]) -> Iterator[InitErrorDetails]:
        hide, tools = data.get("hide"), data.get("tools")
        hidden = hide if isinstance(hide, list) else []
        for index, name in enumerate(hidden):
            if name in hidden[:index]:
                yield detail(("hide", index), fault(f"{kind(name)} is hidden already"))
        for name, tool in (tools if isinstance(tools, dict) else {}).items():
            rules = tool.get("rules") if isinstance(tool, dict) else None
            located: list[tuple[Location, dict[str, Any]]] = [
                (("tools", name, "rules", index), rule)
                for index, rule in enumerate(rules if isinstance(rules, list) else ())
                if isinstance(rule, dict)
            ]
            yield from _repeated_counters(located)
            for at, rule in located:
                yield from _foreign_state(name, at, rule)


def _repeated_counters(rules: list[tuple[Location, dict[str, Any]]]) -> Iterator[InitErrorDetails]:
    seen = set[str]()
    for at, rule in rules:
        state, rate = rule.get("state"), rule.get("rate_limit")
        counter = state.get("counter") if isinstance(state, dict) else None
        implied = _RATE.fullmatch(rate) if isinstance(rate, str) else None
        if implied is not None:
            counter = f"_rate_{implied[2]}"
        if isinstance(counter, str) and counter in seen:
            message = f'the counter "{counter}" belongs to an earlier rule of this tool'
            yield detail((*at, "state", "counter"), fault(message))
            if implied is not None:
                yield detail((*at, "rate_limit"), fault(message))
        elif isinstance(counter, str):
            seen.add(counter)


def _foreign_state(tool: str, at: Location, rule: dict[str, Any]) -> Iterator[InitErrorDetails]:
    """A bound must be on the rule's own counter: Intercept would read another one as nought."""
    state, conditions = rule.get("state"), rule.get("conditions")
    counter = state.get("counter") if isinstance(state, dict) else None
    scope = GLOBAL_SCOPE if tool == "*" else tool
    for index, item in enumerate(conditions if isinstance(conditions, list) else ()):
        path = item.get("path") if isinstance(item, dict) else None
        if not isinstance(path, str) or not path.startswith("state."):
            continue
        where = (*at, "conditions", index, "path")
        if not isinstance(counter, str):
            yield detail(where, fault("the rule has no state block whose counter this could be"))
        elif path != f"state.{scope}.{counter}":
            yield detail(where, fault(f"a rule reads its own counter only: state.{scope}.{counter}"))
        if item.get("op") not in ("lt", "lte"):
            yield detail(where, fault(f"a counter is compared by lt or lte, not by {kind(item.get('op'))}"))


def assemble_intercept(
    document: InterceptDocument, raw: JsonObject, *, text: str, path: str, warnings: tuple[Problem, ...]
) -> Policy:
    """The compiled policy; `raw` is the same document as plain JSON."""
    raw_tools = raw.get("tools")
    entries = {
        name: Entry(
            pointer(("tools", name)), digest=digest(raw_tools.get(name) if isinstance(raw_tools, dict) else None)
        )
        for name in document.tools
    }
    top = Section(
        exact={name: entry for name, entry in entries.items() if name != "*"},
        globs=(),
        star=entries.get("*"),
        all_tools=None,
        hide_exact=frozenset(name for name in document.hide if name != "*"),
        hide_globs=("*",) if "*" in document.hide else (),
        default=Default(document.default),
    )
    return Policy(
        text=text,
        hash=hashlib.sha256(text.encode()).hexdigest(),
        path=path,
        top=top,
        servers={},
        settings=Settings(),
        warnings=warnings,
        intercept={
            name: tuple(_rule(name, rule) for rule in (tool.rules if tool else ()))
            for name, tool in document.tools.items()
        },
    )


def _rule(tool: str, rule: RuleText) -> InterceptRule:
    return InterceptRule(
        name=rule.name,
        deny=rule.action == "deny",
        conditions=tuple(
            condition(c.path, Operator(c.op), c.value) for c in rule.conditions if isinstance(c.path, ArgsPath)
        ),
        limit=_limit(tool, rule),
        on_deny=rule.on_deny,
    )


def _limit(tool: str, rule: RuleText) -> Limit | None:
    amount: Decimal | ArgsPath = Decimal(1)
    if rule.rate_limit is not None:
        counter, window, most = rule.rate_limit.counter, rule.rate_limit.window, rule.rate_limit.max
    else:
        bounds = [Decimal(c.value) - (c.op == Operator.LT) for c in rule.conditions if isinstance(c.path, StatePath)]
        if rule.state is None or not bounds:
            return None
        counter, window, most = rule.state.counter, rule.state.window, min(bounds)
        amount = next((a for a in (rule.state.increment, rule.state.increment_from) if a is not None), amount)
    return Limit(
        counter=counter,
        name=f"{pointer(('tools', tool))}/state/{counter}",
        window=WINDOWS[window],
        max=most,
        scope=Scope.GLOBAL,
        amount=amount.segments if isinstance(amount, ArgsPath) else amount,
        amount_text=amount.text if isinstance(amount, ArgsPath) else str(amount),
        on_deny=rule.on_deny,
    )
