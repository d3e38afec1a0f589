"""The native policy document as models: what may stand where. `docs/policy.md` explains the fields, and the JSON
Schema for editors (`mcp-inspect policy schema`) is generated from here.

A field that the hosted gateway does not know carries `OURS`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    GetJsonSchemaHandler,
    Tag,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import CoreSchema, InitErrorDetails

from inspector.core.json import Json
from inspector.policy import fields, schema_rules
from inspector.policy.fields import ArgsPath, ArgumentsSchema, fault
from inspector.policy.model import Operator
from inspector.policy.part import Part, detail, leaf
from inspector.policy.source import Blame

OURS: dict[str, Any] = {"x-hosted": False}
TAGS = frozenset({"<condition>", "<predicate>"})  # in a location, after the index of a predicate; no part of a pointer


Text: TypeAlias = Annotated[str, *leaf(fields.text, type="string")]
Note: TypeAlias = Annotated[str | None, *leaf(fields.text, type="string")]
Name: TypeAlias = Annotated[str | None, *leaf(fields.filled, type="string", minLength=1)]
Blankless: TypeAlias = Annotated[str, *leaf(fields.tool_name, type="string", pattern=r"\S")]
Quantity: TypeAlias = Annotated[Decimal, *leaf(fields.quantity, **schema_rules.QUANTITY)]
Window: TypeAlias = Annotated[
    int,
    *leaf(
        fields.window,
        anyOf=[
            {"enum": [*fields.WINDOWS, fields.IN_FLIGHT]},
            {"type": "integer", "minimum": 1, "maximum": fields.MAX_WINDOW},
        ],
    ),
]
Seconds: TypeAlias = Annotated[int | None, *leaf(fields.whole(1, 3600), type="integer", minimum=1, maximum=3600)]
OnTimeout: TypeAlias = Annotated[
    Literal["deny", "allow"] | None, *leaf(fields.word("deny", "allow"), enum=["deny", "allow"])
]
ArgumentPath: TypeAlias = Annotated[ArgsPath, *leaf(fields.args_path, **schema_rules.PATH)]


def _known(*words: str) -> BeforeValidator:
    return BeforeValidator(fields.word(*words))


Action: TypeAlias = Annotated[
    Literal["allow", "deny", "approve", "ask", "require_approval"],
    _known("allow", "deny", "approve", "ask", "require_approval"),
]
DefaultWord: TypeAlias = Annotated[Literal["allow", "deny", "approve"], _known("allow", "deny", "approve")]
OperatorWord: TypeAlias = Annotated[Operator, _known(*Operator)]
ScopeWord: TypeAlias = Annotated[
    Literal["grant", "session", "client", "server", "global"],
    _known("grant", "session", "client", "server", "global"),
]
ForwardOrDeny: TypeAlias = Annotated[Literal["forward", "deny"], _known("forward", "deny")]


class _Tested(Part):
    """What a condition consists of."""

    model_config = ConfigDict(json_schema_extra=schema_rules.CONDITION)

    path: ArgumentPath = Field(description="Which argument is looked at: `args.` and the way down.")
    op: OperatorWord = Field(description="How it is compared.")
    value: Annotated[Any, WithJsonSchema({})] = Field(description="What it is compared with; see the operators.")
    missing: Annotated[bool, *leaf(fields.missing, enum=[False, "false", "deny"])] = Field(
        default=False,
        description="What an argument that is not there (or null) counts as: `false`, or `deny` for a mismatch.",
        json_schema_extra=OURS,
    )

    @field_validator("value", mode="plain")
    @classmethod
    def _operand(cls, value: Json, info: ValidationInfo) -> Json:
        op = info.data.get("op")
        return value if op is None else fields.operand(op, value)


class Condition(_Tested):
    """One test of one argument."""


class Predicate(Part):
    """Conditions that must all hold."""

    written_as: ClassVar[str] = "an object with conditions, or {path, op, value}"
    excluded: ClassVar[Mapping[str, str]] = dict.fromkeys(("path", "op", "value", "missing"), "conditions")

    conditions: list[Condition] = Field(description="All of them must hold; an empty list always holds.")
    on_deny: Note = Field(default=None, description="What the agent is told when this denies.")
    name: Name = Field(
        default=None, description="Its name in rule ids; else made from paths and operators.", json_schema_extra=OURS
    )


class BareCondition(_Tested):
    """A predicate of one condition, written without the list."""

    on_deny: Note = Field(default=None, description="What the agent is told when this denies.")
    name: Name = Field(default=None, description="Its name in rule ids; else `path-op`.", json_schema_extra=OURS)


class _Asking(Part):
    reason: Note = Field(default=None, description="Shown to the person who is asked.")
    timeout: Seconds = Field(default=None, description="Seconds until `on_timeout` decides, 1–3600.")
    on_timeout: OnTimeout = Field(default=None, description="What happens when nobody answers.")


class AskingPredicate(_Asking, Predicate):
    """A predicate of `approve_if`."""


class AskingCondition(_Asking, BareCondition):
    """A predicate of `approve_if`, written without the list."""


def _shape(data: Any) -> str:
    bare = isinstance(data, dict) and "conditions" not in data and bool(Predicate.excluded.keys() & data.keys())
    return "<condition>" if bare else "<predicate>"


AnyPredicate: TypeAlias = Annotated[
    Annotated[BareCondition, Tag("<condition>")] | Annotated[Predicate, Tag("<predicate>")], Discriminator(_shape)
]
AnyAsking: TypeAlias = Annotated[
    Annotated[AskingCondition, Tag("<condition>")] | Annotated[AskingPredicate, Tag("<predicate>")],
    Discriminator(_shape),
]


class Limit(Part):
    """At most `max` per window, counted by `scope`."""

    model_config = ConfigDict(json_schema_extra=schema_rules.LIMIT)

    counter: Annotated[str, *leaf(fields.filled, type="string", minLength=1)] = Field(
        description="Its name, unique within its list."
    )
    window: Window = Field(description="`second`, `minute`, `hour`, `day`, seconds, or `in_flight`.")
    max: Quantity = Field(description="The most that may be used within one window.")
    scope: ScopeWord = Field(default="grant", description="Who shares the counter.")
    amount: Annotated[
        Decimal | ArgsPath | None, *leaf(fields.amount, anyOf=[schema_rules.QUANTITY, schema_rules.PATH])
    ] = Field(default=None, description="What one call uses: a number (1) or an argument.", json_schema_extra=OURS)
    increment: Annotated[Decimal | None, *leaf(fields.quantity, **schema_rules.QUANTITY)] = Field(
        default=None, description="`amount` as a number.", json_schema_extra=OURS
    )
    increment_from: Annotated[ArgsPath | None, *leaf(fields.args_path, **schema_rules.PATH)] = Field(
        default=None, description="`amount` as a path.", json_schema_extra=OURS
    )
    algorithm: Annotated[Literal["fixed", "sliding"], _known("fixed", "sliding")] = Field(
        default="fixed", description="Calendar windows in UTC, or a window that slides.", json_schema_extra=OURS
    )
    on_exceed: Annotated[Literal["deny", "approve"], _known("deny", "approve")] = Field(
        default="deny", description="What a call above the limit meets.", json_schema_extra=OURS
    )
    refund: Annotated[Literal["on_error", "never"], _known("on_error", "never")] = Field(
        default="on_error", description="Whether a call that was answered by an error counts.", json_schema_extra=OURS
    )
    pool: Name = Field(default=None, description="Limits of one pool share their counter.", json_schema_extra=OURS)
    on_deny: Note = Field(default=None, description="What the agent is told when this denies.")

    @classmethod
    def conflicts(cls, data: dict[str, Any]) -> Iterator[InitErrorDetails]:
        given: list[str] = [key for key in ("amount", "increment", "increment_from") if key in data]
        for key in given[1:]:
            yield detail((key,), fault(f'"{key}" and "{given[0]}" say the same: keep one', Blame.KEY))
        if data.get("window") == fields.IN_FLIGHT:
            for key in (k for k in (*given, "algorithm") if k in data):
                yield detail((key,), fault(f'"{key}" has no meaning with window: in_flight', Blame.KEY))


class RateLimit(Part):
    """The short form of one limit."""

    written_as: ClassVar[str] = '"10/minute", or an object with max and window'
    summary: ClassVar[str] = 'rate_limit is "10/minute", or {max, window} with optional scope and on_deny'

    max: Quantity = Field(description="The most that may be used within one window.")
    window: Window = Field(description="As in a limit.")
    scope: ScopeWord = Field(default="session", description="Who shares the counter.")
    on_deny: Note = Field(default=None, description="What the agent is told when this denies.")

    @classmethod
    def expand(cls, data: Any) -> Any:
        return fields.rate(data) if isinstance(data, str) else data

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        text = {"type": "string", "pattern": "^0*[1-9][0-9]*/(second|minute|hour|day)$"}
        return {"anyOf": [text, handler.resolve_ref_schema(handler(core_schema))]}


class Approval(Part):
    """How long a person may take, and what happens then."""

    timeout: Seconds = Field(default=None, description="Seconds until `on_timeout` decides, 1–3600.")
    on_timeout: OnTimeout = Field(default=None, description="What happens when nobody answers.")


class _Checked(Part):
    """The rules that one tool and all tools have in common."""

    require: list[AnyPredicate] = Field(default=[], description="Every one must hold.")
    deny_if: list[AnyPredicate] = Field(default=[], description="None may hold.")
    approve_if: list[AnyAsking] = Field(default=[], description="Any that holds asks a person.", json_schema_extra=OURS)
    limits: list[Limit] = Field(default=[], description="How much may be used per window.")
    rate_limit: RateLimit | SkipJsonSchema[None] = Field(default=None, description="One limit in short form.")
    validate_: Annotated[Literal["none", "input_schema"], _known("none", "input_schema")] = Field(
        default="none",
        alias="validate",
        description="Check the arguments against the tool's own listed `inputSchema`.",
        json_schema_extra=OURS,
    )

    @field_validator("rate_limit", mode="before")
    @classmethod
    def _no_null(cls, value: Any) -> Any:
        return RateLimit.model_validate(value)

    @classmethod
    def conflicts(cls, data: dict[str, Any]) -> Iterator[InitErrorDetails]:
        limits, seen = data.get("limits"), set[str]()
        for index, limit in enumerate(limits if isinstance(limits, list) else ()):
            counter = limit.get("counter") if isinstance(limit, dict) else None
            if isinstance(counter, str) and counter in seen:
                problem = fault(f'the counter "{counter}" is in this list already: give it another name')
                yield detail(("limits", index, "counter"), problem)
            elif isinstance(counter, str):
                seen.add(counter)
        if "rate_limit" in data and "rate_limit" in seen:
            problem = fault('limits has a counter "rate_limit" already, which is what this one is called', Blame.KEY)
            yield detail(("rate_limit",), problem)


class AllTools(_Checked):
    """Rules for every call."""

    ours_here: ClassVar[frozenset[str]] = frozenset({"require", "deny_if", "rate_limit"})  # hosted knows limits only


class Rules(_Checked):
    """The rules of one tool, or of the tools that a glob matches."""

    action: Action = Field(
        default="allow", description="`allow`, `deny`, or `approve` (also `ask`, `require_approval`)."
    )
    reason: Note = Field(default=None, description="Told to the agent on a denial and to the person on an approval.")
    approval: Approval = Field(
        default=Approval(), description="Deadline of this entry's approvals.", json_schema_extra=OURS
    )
    schema_: Annotated[ArgumentsSchema | None, *leaf(fields.arguments_schema, type=["object", "boolean"])] = Field(
        default=None,
        alias="schema",
        description="A JSON Schema 2020-12 that the arguments must conform to.",
        json_schema_extra=OURS,
    )
    pin: Annotated[str | None, *leaf(fields.pin, type="string", pattern="^sha256:[0-9a-fA-F]{64}$")] = Field(
        default=None, description="The digest of the tool's listed definition.", json_schema_extra=OURS
    )


class Server(Part):
    """What holds for the tools of one upstream."""

    default: Annotated[Literal["allow", "deny", "approve"] | None, _known("allow", "deny", "approve")] = Field(
        default=None, description="Overrides the top level's default."
    )
    hide: list[Blankless] = Field(default=[], description="Hidden here, besides those of the top level.")
    all_tools: AllTools = Field(default=AllTools(), description="Rules for every call to this upstream.")
    tools: dict[Blankless, Rules | None] = Field(default={}, description="Rules by tool name or glob.")


class SettingsApproval(Approval):
    """Fallbacks of every approval."""

    max_pending: Annotated[int, *leaf(fields.whole(0), type="integer", minimum=0)] = Field(
        default=100, description="How many calls may wait at once."
    )


class Settings(Part):
    """How the inspector behaves around the rules."""

    approval: SettingsApproval = Field(default=SettingsApproval(), description="Deadlines and how many may wait.")
    confusable_names: Annotated[Literal["warn", "deny"], _known("warn", "deny")] = Field(
        default="warn", description="Names that look like a listed or hidden one."
    )
    server_requests: ForwardOrDeny = Field(default="forward", description="Requests from server to client.")
    unknown_methods: ForwardOrDeny = Field(default="forward", description="Methods that MCP does not define.")


class Document(Part):
    """A whole policy."""

    version: Annotated[Literal["1"], *leaf(fields.version, const="1")] = Field(description='Always `"1"`.')
    default: DefaultWord = Field(description="What happens to a tool that no key lists.")
    description: Note = Field(default=None, description="For the reader.")
    hide: list[Blankless] = Field(default=[], description="Not listed, and denied when called.")
    all_tools: AllTools = Field(default=AllTools(), description="Rules for every call.")
    tools: dict[Blankless, Rules | None] = Field(default={}, description="Rules by tool name or glob.")
    servers: dict[Blankless, Server] = Field(
        default={}, description="Sections for one upstream.", json_schema_extra=OURS
    )
    settings: Settings = Field(default=Settings(), description="Deadlines and the like.", json_schema_extra=OURS)
    schema_: Note = Field(
        default=None,
        alias="$schema",
        description="Where an editor finds the JSON Schema of this document; the program does not look.",
        json_schema_extra=OURS,
    )


def is_ours(part: type[Part], key: str) -> bool:
    """Does the hosted gateway not know this field of that part?"""
    info = next(info for name, info in part.model_fields.items() if key == (info.alias or name))
    return key in part.ours_here or info.json_schema_extra == OURS
