"""A checked document → the compiled policy that the engine reads."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Literal

from inspector.core.decision import Algorithm, Scope
from inspector.core.json import Json, JsonObject
from inspector.core.problems import Problem
from inspector.policy import document as doc
from inspector.policy.compiled import compile_pattern
from inspector.policy.fields import ArgsPath
from inspector.policy.model import (
    Approval,
    ApproveIf,
    Condition,
    Default,
    Entry,
    Limit,
    Operator,
    Policy,
    Predicate,
    Section,
    Settings,
)
from inspector.policy.pattern_cost import longest_text
from inspector.policy.source import Location, pointer
from inspector.policy.text_search import search_of

RATE_LIMIT = "rate_limit"


def assemble(document: doc.Document, raw: JsonObject, *, text: str, path: str, warnings: tuple[Problem, ...]) -> Policy:
    """`raw` is the same document as plain JSON, from which the digests of its entries are taken."""
    top = _section(document, document.default, raw, ())
    servers = {
        name: _section(server, server.default, _below(raw, "servers", name), ("servers", name))
        for name, server in document.servers.items()
    }
    entries = [entry for section in (top, *servers.values()) for entry in every_entry(section)]
    return Policy(
        text=text,
        hash=hashlib.sha256(text.encode()).hexdigest(),
        path=path,
        top=top,
        servers=servers,
        settings=_settings(document.settings),
        warnings=warnings,
        uses_arguments_schema=any(entry.validate_input or entry.pin is not None for entry in entries),
    )


def every_entry(section: Section) -> Iterable[Entry]:
    yield from section.exact.values()
    yield from (entry for _, entry in section.globs)
    yield from (entry for entry in (section.star, section.all_tools) if entry is not None)


def conditions_of(policy: Policy) -> Iterable[Condition]:
    """All of them, in the order of the document."""
    for section in (policy.top, *policy.servers.values()):
        for entry in every_entry(section):
            asking = (trigger.predicate for trigger in entry.approve_if)
            for predicate in (*entry.require, *entry.deny_if, *asking):
                yield from predicate.conditions
    for rules in (policy.intercept or {}).values():
        for rule in rules:
            yield from rule.conditions


def digest(value: Json) -> str:
    """Of an entry's content: the same for the same fields in any order, whatever the comments and the layout."""
    spelled = json.dumps(value, sort_keys=True, default=lambda number: {"number": str(number)})
    return hashlib.sha256(spelled.encode()).hexdigest()


def counter_name(entry: str, counter: str) -> str:
    """The part of a counter's key that says which limit it belongs to."""
    return f"{entry}/limits/{counter}"


def _below(raw: Json, *keys: str) -> Json:
    for key in keys:
        raw = raw.get(key) if isinstance(raw, dict) else None
    return raw


def _section(part: doc.Document | doc.Server, default: str | None, raw: Json, at: Location) -> Section:
    entries = {
        name: _entry(rules or doc.Rules(), _below(raw, "tools", name), pointer((*at, "tools", name)))
        for name, rules in part.tools.items()
    }
    all_tools = None
    if isinstance(raw, dict) and "all_tools" in raw:
        all_tools = _entry(part.all_tools, raw["all_tools"], pointer((*at, "all_tools")))
    return Section(
        exact={name: entry for name, entry in entries.items() if "*" not in name},
        globs=tuple((name, entry) for name, entry in entries.items() if "*" in name and name != "*"),
        star=entries.get("*"),
        all_tools=all_tools,
        hide_exact=frozenset(name for name in part.hide if "*" not in name),
        hide_globs=tuple(name for name in part.hide if "*" in name),
        default=None if default is None else Default(default),
    )


def _entry(rules: doc.Rules | doc.AllTools, raw: Json, at: str) -> Entry:
    shared = Entry(
        pointer=at,
        require=_predicates(rules.require),
        deny_if=_predicates(rules.deny_if),
        approve_if=_triggers(rules.approve_if),
        limits=_limits(rules, at),
        validate_input=rules.validate_ == "input_schema",
        digest=digest(raw),
    )
    if not isinstance(rules, doc.Rules):
        return shared
    return Entry(
        pointer=at,
        action=_action(rules.action),
        reason=rules.reason,
        require=shared.require,
        deny_if=shared.deny_if,
        approve_if=shared.approve_if,
        limits=shared.limits,
        approval=Approval(rules.approval.timeout, rules.approval.on_timeout),
        validate_input=shared.validate_input,
        conforms=None if rules.schema_ is None else rules.schema_.conforms,
        pin=rules.pin,
        digest=shared.digest,
    )


def _action(word: str) -> Literal["allow", "deny", "approve"]:
    match word:
        case "allow" | "deny":
            return word
        case _:
            return "approve"


def unique(names: Iterable[str]) -> list[str]:
    """A repeat gets `#2`, `#3` … so that every rule id names one rule."""
    seen: Counter[str] = Counter()
    result: list[str] = []
    for name in names:
        seen[name] += 1
        candidate = name if seen[name] == 1 else f"{name}#{seen[name]}"
        while candidate in result:
            seen[name] += 1
            candidate = f"{name}#{seen[name]}"
        result.append(candidate)
    return result


def _conditions(part: doc.BareCondition | doc.Predicate) -> tuple[Condition, ...]:
    tested = [part] if isinstance(part, doc.BareCondition) else part.conditions
    return tuple(condition(c.path, c.op, c.value, missing_denies=c.missing) for c in tested)


def condition(path: ArgsPath, op: Operator, value: Json, *, missing_denies: bool = False) -> Condition:
    """One compiled condition; `value` has passed the operator's check."""
    made = Condition(path.segments, path.text, op, value, missing_denies)
    if op is Operator.REGEX and isinstance(value, str):
        return replace(made, search=compile_pattern(value), longest=longest_text(value))
    if op is Operator.EXISTS and (text_search := search_of(path.segments)) is not None:
        return replace(made, in_frame=text_search.finds)
    return made


def _named(part: doc.BareCondition | doc.Predicate, conditions: tuple[Condition, ...]) -> str:
    return part.name or "+".join(f"{c.path_text}-{c.op}" for c in conditions) or "always"


def _predicates(parts: Iterable[doc.BareCondition | doc.Predicate]) -> tuple[Predicate, ...]:
    compiled = [(part, _conditions(part)) for part in parts]
    names = unique(_named(part, conditions) for part, conditions in compiled)
    return tuple(
        Predicate(name, conditions, part.on_deny, isinstance(part, doc.BareCondition))
        for name, (part, conditions) in zip(names, compiled, strict=True)
    )


def _triggers(parts: list[doc.AskingCondition | doc.AskingPredicate]) -> tuple[ApproveIf, ...]:
    return tuple(
        ApproveIf(predicate, part.reason, Approval(part.timeout, part.on_timeout))
        for predicate, part in zip(_predicates(parts), parts, strict=True)
    )


def _limits(rules: doc.Rules | doc.AllTools, at: str) -> tuple[Limit, ...]:
    limits = [_limit(limit, at) for limit in rules.limits]
    if (rate := rules.rate_limit) is not None:
        limits.append(
            Limit(
                counter=RATE_LIMIT,
                name=counter_name(at, RATE_LIMIT),
                window=rate.window,
                max=rate.max,
                scope=Scope(rate.scope),
                algorithm=_algorithm("fixed", rate.window),
                on_deny=rate.on_deny,
            )
        )
    return tuple(limits)


def _limit(limit: doc.Limit, at: str) -> Limit:
    amount = next((a for a in (limit.amount, limit.increment, limit.increment_from) if a is not None), Decimal(1))
    return Limit(
        counter=limit.counter,
        # A pointer begins with a slash, so a pool can never be mistaken for one.
        name=counter_name(at, limit.counter) if limit.pool is None else f"pool:{limit.pool}",
        window=limit.window,
        max=limit.max,
        scope=Scope(limit.scope),
        amount=amount.segments if isinstance(amount, ArgsPath) else amount,
        amount_text=amount.text if isinstance(amount, ArgsPath) else str(amount),
        algorithm=_algorithm(limit.algorithm, limit.window),
        asks=limit.on_exceed == "approve",
        refund_on_error=limit.refund == "on_error",
        on_deny=limit.on_deny,
        pool=limit.pool,
    )


def _algorithm(word: str, window: int) -> Algorithm:
    return Algorithm.IN_FLIGHT if window == 0 else Algorithm(word)


def _settings(settings: doc.Settings) -> Settings:
    usual = Settings()
    approval = settings.approval
    return Settings(
        approval=Approval(
            usual.approval.timeout if approval.timeout is None else approval.timeout,
            approval.on_timeout or usual.approval.on_timeout,
        ),
        max_pending=approval.max_pending,
        confusable_names_deny=settings.confusable_names == "deny",
        server_requests_deny=settings.server_requests == "deny",
        unknown_methods_deny=settings.unknown_methods == "deny",
    )
