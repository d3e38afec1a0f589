"""A policy as the engine reads it: immutable, compiled, one snapshot per decision.

`load.py` makes it from a document, `engine.py` judges by it. `docs/policy.md` tells what the fields mean.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Literal, TypeAlias

from inspector.core.decision import Algorithm, Scope
from inspector.core.json import Json, JsonObject
from inspector.core.problems import Problem


class Default(StrEnum):
    ALLOW = "allow"
    DENY = "deny"
    APPROVE = "approve"


class Operator(StrEnum):
    EQ = "eq"
    NEQ = "neq"
    IN = "in"
    NOT_IN = "not_in"
    LT = "lt"
    LTE = "lte"
    GT = "gt"
    GTE = "gte"
    REGEX = "regex"
    CONTAINS = "contains"
    EXISTS = "exists"
    PATH_WITHIN = "path_within"
    HOST_IN = "host_in"


class Star:
    """The path segment `*`: every element of an array, every value of an object."""


STAR = Star()
Path: TypeAlias = tuple[str | Star, ...]  # the segments after `args.`, unescaped


def is_index(segment: str) -> bool:
    """Decimal digits without a leading zero, and few enough to be the index of anything."""
    return (
        len(segment) <= 18
        and segment.isascii()
        and segment.isdecimal()
        and (segment == "0" or not segment.startswith("0"))
    )


@dataclass(frozen=True, slots=True, eq=False)  # by identity, as below: its prepared test is remembered by it
class Condition:
    path: Path
    path_text: str  # as written, `args.…`
    op: Operator
    value: Json
    missing_denies: bool = False
    search: Callable[[str], bool] | None = None  # the compiled pattern of `regex`
    longest: int | None = None  # bytes of text that it may search; None for any number
    in_frame: Callable[[bytes], bool | None] | None = None  # what a frame says of `exists`; None: cannot tell


@dataclass(frozen=True, slots=True)
class Predicate:
    name: str  # unique within its list
    conditions: tuple[Condition, ...]
    on_deny: str | None = None
    bare: bool = False  # written as one condition without the list


@dataclass(frozen=True, slots=True)
class Approval:
    """Each part falls back on its own: trigger, then entry, then settings."""

    timeout: int | None = None
    on_timeout: Literal["deny", "allow"] | None = None


@dataclass(frozen=True, slots=True)
class ApproveIf:
    predicate: Predicate
    reason: str | None = None
    approval: Approval = field(default_factory=Approval)


@dataclass(frozen=True, slots=True)
class Limit:
    counter: str
    name: str  # CounterKey.name: pointer of the `limits` list + counter, or the pool's name
    window: int  # seconds; 0 for in_flight
    max: Decimal
    scope: Scope = Scope.GRANT
    amount: Decimal | Path = Decimal(1)
    amount_text: str = "1"
    algorithm: Algorithm = Algorithm.FIXED
    asks: bool = False  # on_exceed: approve
    refund_on_error: bool = True
    on_deny: str | None = None
    pool: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One tool's rules, or `all_tools`."""

    pointer: str  # RFC 6901, of the entry in the document
    action: Literal["allow", "deny", "approve"] = "allow"
    reason: str | None = None
    require: tuple[Predicate, ...] = ()
    deny_if: tuple[Predicate, ...] = ()
    approve_if: tuple[ApproveIf, ...] = ()
    limits: tuple[Limit, ...] = ()
    approval: Approval = field(default_factory=Approval)
    validate_input: bool = False  # validate: input_schema
    conforms: Callable[[JsonObject], str | None] | None = None  # compiled `schema`: None, or what does not conform
    pin: str | None = None  # 64 hex digits
    digest: str = ""  # of the entry's own text: a remembered approval ends when it changes


@dataclass(frozen=True, slots=True)
class Section:
    """The top level, or one server's part."""

    exact: Mapping[str, Entry]
    globs: tuple[tuple[str, Entry], ...]  # document order, without the bare "*"
    star: Entry | None
    all_tools: Entry | None
    hide_exact: frozenset[str]
    hide_globs: tuple[str, ...]  # "*" included
    default: Default | None  # never None at the top level


@dataclass(frozen=True, slots=True)
class Settings:
    approval: Approval = field(default_factory=lambda: Approval(50, "deny"))
    max_pending: int = 100
    confusable_names_deny: bool = False
    server_requests_deny: bool = False
    unknown_methods_deny: bool = False


@dataclass(frozen=True, slots=True)
class InterceptRule:
    """One rule of Intercept's dialect (`docs/policy.md`), in its place: Intercept walks its rules one by one."""

    name: str
    deny: bool
    conditions: tuple[Condition, ...]
    limit: Limit | None
    on_deny: str | None = None


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)  # by identity: what is worked out hangs on it
class Policy:
    text: str
    hash: str  # SHA-256 of the text, hex
    path: str  # "" when it is no file
    top: Section
    servers: Mapping[str, Section]
    settings: Settings
    warnings: tuple[Problem, ...] = ()
    intercept: Mapping[str, tuple[InterceptRule, ...]] | None = None  # tool (or "*") → its rules
    uses_arguments_schema: bool = False  # some entry has validate or pin: the upstream's tools must be listed first
