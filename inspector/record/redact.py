"""Known secret values never reach a recording.

A secret is looked for as it stands and in the forms that a tool call commonly gives it: JSON-escaped (once and twice),
URL-encoded, and inside Base64, as in `Authorization: Basic`. Every form is one branch of a single RE2 expression, so
rows without a secret cost one linear scan of all that is committed together.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from enum import Enum
from typing import Any, Final, cast
from urllib.parse import quote, quote_plus

import re2

from inspector.core.events import Event
from inspector.record.codec import Row, encode

PLACEHOLDER: Final = "•••redacted•••"
SHORTEST: Final = 6  # a shorter value would also hit innocent text
_MARK: Final = PLACEHOLDER.encode()


class Redactor:
    """Cheap where nothing matches: a few µs a commit. More secrets may become known while a run goes on."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._forms: set[bytes] = set()
        self._pattern: Any = None
        self.learn(secrets)

    def learn(self, secrets: Iterable[str]) -> None:
        """From now on hide these too. What is written already stays as it is."""
        new = {form for secret in secrets if len(secret) >= SHORTEST for form in _forms(secret)} - self._forms
        if not new:
            return
        self._forms |= new
        longest_first = sorted(self._forms, key=lambda form: (-len(form), form))
        options = re2.Options()
        options.encoding = re2.Options.Encoding.LATIN1  # bytes, whatever they are
        options.max_mem = 64 << 20
        self._pattern = re2.compile(b"|".join(_literal(form) for form in longest_first), options)

    def row(self, event: Event) -> Row:
        """The event as it may be written."""
        return encode(self.event(event))

    def event(self, event: Event) -> Event:
        """The same, as an event."""
        return cast(Event, self._clean(event)) if self.finds_in([encode(event)]) else event

    def text(self, value: str) -> str:
        """Any other text as it may be written."""
        return value if self._pattern is None else self._text(value)

    def finds_in(self, rows: Sequence[Row]) -> bool:
        """Is there a secret in any of them? Then each has to be made anew from its event, by `row`."""
        if self._pattern is None:
            return False
        # One search for all: a call of RE2 costs more than the scan of a row.
        texts = [text for row in rows for text in (row.payload, row.blob) if text]
        return bool(self._pattern.search(b"\n".join(texts)))

    def _clean(self, value: object) -> object:
        """Field by field, never on the row itself: a secret that looks like a field's name must not break it."""
        match value:
            case Enum() | bool() | float() | None:
                return value
            case str():
                return self._text(value)
            case bytes():
                return self._pattern.sub(_MARK, value)
            case int() | Decimal():
                return value
            case tuple():
                return tuple([self._clean(item) for item in value])
            case list() | dict():
                return self._json(value)
        return dataclasses.replace(
            cast(Any, value),
            **{f.name: self._clean(getattr(value, f.name)) for f in dataclasses.fields(cast(Any, value))},
        )

    def _json(self, value: object) -> object:
        """Inside arguments a number may be the secret, too."""
        match value:
            case str():
                return self._text(value)
            case dict():
                return {self._text(name): self._json(item) for name, item in value.items()}
            case list():
                return [self._json(item) for item in value]
            case bool() | None:
                return value
            case int() | Decimal():
                text = getattr(value, "text", None) or str(value)
                return PLACEHOLDER if self._pattern.search(text.encode()) else value
        return value

    def _text(self, value: str) -> str:
        raw = value.encode("utf-8", "surrogatepass")
        if not self._pattern.search(raw):
            return value
        return cast(bytes, self._pattern.sub(_MARK, raw)).decode("utf-8", "surrogatepass")


_ESCAPE = re.compile(rb"%[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}")


def _literal(form: bytes) -> bytes:
    """The form as a pattern, in which the digits of an escape may be of either case."""
    escapes = {at for found in _ESCAPE.finditer(form) for at in range(found.start(), found.end())}
    return b"".join(
        b"[%c%c]" % (byte, byte ^ 0x20) if at in escapes and form[at : at + 1] in b"ABCDEFabcdef" else b"\\x%02x" % byte
        for at, byte in enumerate(form)
    )


def _forms(secret: str) -> Iterator[bytes]:
    raw = secret.encode("utf-8", "surrogatepass")
    once = {secret, *_json_forms(secret)}
    twice = {form for text in once for form in _json_forms(text)}
    quoted = {quote(raw, safe=""), quote(raw), quote_plus(raw)}
    for text in once | twice | quoted:
        yield text.encode("utf-8", "surrogatepass")
    for padding in range(3):
        standard = _inside_base64(raw, padding)
        yield standard
        yield standard.translate(bytes.maketrans(b"+/", b"-_"))


def _json_forms(text: str) -> set[str]:
    """As a JSON string writes it: by orjson, by an ASCII-only writer, and by those that escape the slash."""
    plain = json.dumps(text, ensure_ascii=False)[1:-1]
    ascii_only = json.dumps(text)[1:-1]
    return {plain, ascii_only, plain.replace("/", "\\/"), ascii_only.replace("/", "\\/")}


def _inside_base64(raw: bytes, padding: int) -> bytes:
    """The characters that encode nothing but the secret when `padding` bytes stand before it (modulo 3)."""
    encoded = base64.b64encode(b"\0" * padding + raw)
    first = (0, 2, 3)[padding]
    return encoded[first : (padding + len(raw)) * 8 // 6]
