"""What an upstream listed of its tools: what `pin` and `validate` compare with."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from inspector.core.json import JsonObject
from inspector.policy.canonical import canonical
from inspector.policy.compiled import MalformedError, compile_schema
from inspector.policy.values import equal

MAX_DEFINITIONS = 10_000  # of one upstream: one that lists other names every time must not fill our memory
SCHEMA_UNKNOWN = "its input schema is not known"


@dataclass(slots=True)
class _Listed:
    """One definition; what is derived from it is worked out when a rule first asks."""

    definition: JsonObject
    pin: str | None = None
    conforms: Callable[[JsonObject], str | None] | None = None


@dataclass(slots=True, eq=False)
class Definitions:
    """Of one upstream, by tool name."""

    duplicated: frozenset[str] = frozenset()
    _listed: dict[str, _Listed] = field(default_factory=dict)

    def learn(self, definitions: Mapping[str, JsonObject], duplicated: frozenset[str]) -> None:
        """Take over what was listed now; a tool that was not named keeps its definition."""
        self.duplicated = (self.duplicated - definitions.keys()) | duplicated
        for name, definition in definitions.items():
            known = self._listed.get(name)
            if known is None or not equal(known.definition, definition):
                self._listed[name] = _Listed(definition)
        for name in list(self._listed)[: max(0, len(self._listed) - MAX_DEFINITIONS)]:
            del self._listed[name]

    def pin_of(self, tool: str) -> str | None:
        """SHA-256 (hex) of the canonical definition without its `_meta`; None when it was never listed."""
        listed = self._listed.get(tool)
        if listed is None:
            return None
        if listed.pin is None:
            listed.pin = definition_pin(listed.definition)
        return listed.pin

    def misfit(self, tool: str, arguments: JsonObject) -> str | None:
        """What does not conform to the listed `inputSchema`; None when all does. An unknown schema is a misfit."""
        listed = self._listed.get(tool)
        if listed is None or "inputSchema" not in listed.definition:
            return SCHEMA_UNKNOWN
        if listed.conforms is None:
            try:
                listed.conforms = compile_schema(listed.definition["inputSchema"])
            except MalformedError as error:
                reason = f"its input schema cannot be used: {error}"
                listed.conforms = lambda _: reason
        return misfit(listed.conforms, arguments)


NOTHING_LISTED = Definitions()


def definition_pin(definition: JsonObject) -> str:
    """SHA-256 (hex) of a definition's canonical JSON without `_meta`; "" for one that has no canonical form."""
    bare = {key: value for key, value in definition.items() if key != "_meta"}
    try:
        return hashlib.sha256(canonical(bare)).hexdigest()
    except ValueError:
        return ""


def misfit(conforms: Callable[[JsonObject], str | None], arguments: JsonObject) -> str | None:
    """What does not conform; a check that fails is no pass."""
    try:
        return conforms(arguments)
    except (ValueError, RecursionError) as error:  # a text it cannot take, or nesting deeper than it goes
        return f"the check failed: {error}"
