"""How much a tool can do: a guess from its name, its annotations and the values that its arguments take.

Servers are not obliged to annotate (Kestra's does not), and annotations are the server's own word. So the name is read
first, an annotation may only raise the guess, and a tool whose power sits in an argument is judged by its worst value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum

from inspector.core.json import Json, JsonObject
from inspector.core.pointer import referred


class Risk(StrEnum):
    READ = "read"
    OTHER = "other"
    WRITE = "write"
    EXECUTE = "execute"
    FINANCIAL = "financial"
    DESTRUCTIVE = "destructive"


_ORDER = list(Risk)  # from harmless to worst


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_WORDS: dict[Risk, frozenset[str]] = {
    Risk.DESTRUCTIVE: _words(
        "clear delete destroy drop erase purge remove reset revoke rm truncate uninstall unlink wipe"
    ),
    Risk.FINANCIAL: _words("charge invoice pay payment payout purchase refund transfer"),
    Risk.EXECUTE: _words(
        "backfill deploy eval exec execute invoke kill launch pause replay restart resume run spawn start stop "
        "taskrun trigger"
    ),
    Risk.WRITE: _words(
        "add append assign change commit create disable edit enable insert invite move patch post publish put rename "
        "save send set toggle update upload upsert write"
    ),
    Risk.READ: _words(
        "count describe diff download echo fetch find follow get info inspect list log logs lookup query read search "
        "show status tail tree view"
    ),
}
_MOST = 20  # references of one argument
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")


def risk_of(name: str, definition: JsonObject | None = None) -> Risk:
    """The worst that a tool is likely to do. `definition` is what the server lists of it."""
    found = [_of_words(name), *(risk for _, _, risk in powers(definition))]
    annotations = definition.get("annotations") if definition is not None else None
    if isinstance(annotations, dict) and annotations.get("readOnlyHint") is not True:
        found.append(Risk.DESTRUCTIVE if annotations.get("destructiveHint") is True else Risk.OTHER)
    return max(found, key=_ORDER.index)


def powers(definition: JsonObject | None) -> Iterator[tuple[str, str, Risk]]:
    """The arguments that choose what a tool does: argument, value, and what that value does."""
    schema = definition.get("inputSchema") if definition is not None else None
    properties = schema.get("properties") if isinstance(schema, dict) else None
    for argument, field in properties.items() if isinstance(properties, dict) else ():
        if argument.lower() not in ("action", "command", "method", "mode", "op", "operation", "verb"):
            continue
        for value in dict.fromkeys(_options(field, schema, set())):
            yield argument, value, _of_words(value)


def _options(field: Json, schema: Json, seen: set[str]) -> Iterator[str]:
    """The words that a field may hold: its own, those of its branches, and those that a local reference names.

    `seen`: references that were followed. A schema may refer to itself, and a hostile one does so a thousand times.
    """
    if not isinstance(field, dict):
        return
    words = [field.get("const"), *_list(field.get("enum"))]
    yield from (word for word in words if isinstance(word, str))
    for branch in (*_list(field.get("anyOf")), *_list(field.get("oneOf"))):
        yield from _options(branch, schema, seen)
    reference = field.get("$ref")
    if isinstance(reference, str) and reference.startswith("#/") and not (reference in seen or len(seen) == _MOST):
        seen.add(reference)
        yield from _options(referred(reference, schema), schema, seen)


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _of_words(name: str) -> Risk:
    """By the worst word; but a name that begins by reading (`get_run_logs`) only reads, unless it also destroys."""
    words = [word.lower() for word in _WORD.findall(name)]
    if words and words[0] in _WORDS[Risk.READ] and not _WORDS[Risk.DESTRUCTIVE].intersection(words):
        return Risk.READ
    found = [risk for risk, known in _WORDS.items() if known.intersection(words)]
    return max(found, key=_ORDER.index, default=Risk.OTHER)
