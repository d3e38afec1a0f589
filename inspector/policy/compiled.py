"""The three things that a document states in a language of their own: argument paths, patterns, JSON Schemas."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

import jsonschema_rs
import re2

from inspector.core.json import Json, JsonObject
from inspector.policy.model import STAR, Path, Star
from inspector.policy.paths import is_larger
from inspector.policy.pattern_cost import longest_text, size_of

MAX_PATTERN: Final = 1000  # characters
MAX_CHECKED: Final = 25_000  # values of arguments that a schema is held against: a number takes a microsecond
MAX_REASON: Final = 300  # characters of why they do not conform: it may repeat all of a value
_SEGMENT = re.compile(r"(?:[^.\\]|\\.)+", re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_OPTIONS = re2.Options()
_OPTIONS.log_errors = False  # it would write over the screen
_OPTIONS.never_capture = True  # where a group matched is nobody's question, and finding out takes ten times as long


class MalformedError(ValueError):
    """The text is no path, pattern or schema; the message says why."""


def parse_path(text: str) -> Path:
    """`args.items.*.price` → its segments after `args.`; `\\.`, `\\*` and `\\\\` stand for the characters themselves.

    Raises MalformedError for anything else: bare `args`, an empty segment, another escape, a `*` inside a segment.
    """
    if not text.startswith("args."):
        raise MalformedError('a path begins with "args."')
    rest, segments, at = text[len("args.") :], list[str | Star](), 0
    while True:
        found = _SEGMENT.match(rest, at)
        if found is None:
            raise MalformedError("a backslash ends the path" if rest[at:] == "\\" else "a segment of the path is empty")
        segments.append(_segment(found[0]))
        at = found.end()
        if at == len(rest):
            return tuple(segments)
        if rest[at] != ".":
            raise MalformedError("a backslash ends the path")
        at += 1


def _segment(raw: str) -> str | Star:
    if raw == "*":
        return STAR
    for escaped in _ESCAPE.findall(raw):
        if escaped not in ".*\\":
            raise MalformedError(f"the escape \\{escaped} is unknown: only \\. \\* and \\\\ are")
    if "*" in _ESCAPE.sub("", raw):
        raise MalformedError("* stands alone in its segment; write \\* for the character")
    return _ESCAPE.sub(r"\1", raw)


@lru_cache(maxsize=2048)
def compile_pattern(pattern: str) -> Callable[[str], bool]:
    """An RE2 search: linear in the text, whatever the pattern. Raises MalformedError.

    The search raises UnicodeError for a text that is none (half a surrogate pair).
    """
    if len(pattern) > MAX_PATTERN:
        raise MalformedError(f"the pattern has {len(pattern)} characters, {MAX_PATTERN} are allowed")
    try:
        compiled = re2.compile(pattern, _OPTIONS)
    except re2.error as error:
        reason = error.args[0] if error.args else ""
        raise MalformedError(reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)) from None

    def search(text: str) -> bool:
        return compiled.search(text) is not None

    return search


def compile_schema(schema: Json) -> Callable[[JsonObject], str | None]:
    """A check of arguments against a JSON Schema 2020-12: None, or what does not conform.

    Nothing is ever fetched, and patterns run in linear time. Raises MalformedError for an invalid schema and for one
    that refers to another document.
    """
    if not isinstance(schema, (dict, bool)):
        raise MalformedError("a JSON Schema is an object, or true or false")
    for reference in _references(schema):
        if "json-schema.org/" in reference.partition("#")[0]:
            raise MalformedError(f"the reference {reference} leaves the document")
    try:
        validator = jsonschema_rs.Draft202012Validator(
            plain(schema), pattern_options=jsonschema_rs.RegexOptions(), retriever=_refuse
        )
    except (ValueError, jsonschema_rs.ReferencingError) as error:
        raise MalformedError(str(error).partition("\n")[0]) from None

    patterns = dict.fromkeys(_patterns(schema))
    longest = longest_text(*patterns) if patterns else None

    def conforms(arguments: JsonObject) -> str | None:
        if is_larger(arguments, MAX_CHECKED):
            return f"more than {MAX_CHECKED} values cannot be checked"
        if longest is not None and _text_in(arguments) > longest:
            return f"more than {longest} bytes of text cannot be checked by its patterns"
        try:
            validator.validate(plain(arguments))  # the first error alone: of a million, all would be written out
        except jsonschema_rs.ValidationError as error:
            where = ".".join(["args", *(str(part) for part in error.instance_path)])
            return f"{where}: {error.message[:MAX_REASON]}"
        return None

    return conforms


def _refuse(uri: str) -> Any:
    raise ValueError(f"{uri} is another document, and nothing is fetched")


def _references(schema: Json) -> Iterator[str]:
    match schema:
        case dict():
            for key, value in schema.items():
                if key in ("$ref", "$dynamicRef") and isinstance(value, str):
                    yield value
                elif key not in ("const", "enum", "default", "examples"):
                    yield from _references(value)
        case list():
            for value in schema:
                yield from _references(value)


def _patterns(schema: Json) -> Iterator[str]:
    """Whatever may be one."""
    match schema:
        case dict():
            for key, value in schema.items():
                if key == "pattern" and isinstance(value, str):
                    yield value
                elif key == "patternProperties" and isinstance(value, dict):
                    yield from value
                yield from _patterns(value)
        case list():
            for value in schema:
                yield from _patterns(value)


def _text_in(value: Json) -> int:
    """Bytes of all texts and names, roughly."""
    match value:
        case str():
            return size_of(value)
        case dict():
            return sum(size_of(name) + _text_in(item) for name, item in value.items())
        case list():
            return sum(map(_text_in, value))
        case _:
            return 0


def plain(value: Json) -> Any:
    """The same JSON with plain Decimals: the validator knows no subclass of Decimal. Numbers stay exact."""
    match value:
        case dict():
            return {key: plain(item) for key, item in value.items()}
        case list():
            return [plain(item) for item in value]
        case Decimal():
            return Decimal(value)
        case _:
            return value
