"""JSON text → positioned tree. YAML readers trip over parts of JSON (keys over 1024 characters, `\\ud83d\\ude00`), so
JSON has its own small reader; numbers keep their text."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from decimal import InvalidOperation
from enum import Enum, auto

from inspector.core.json import Json, Number, parse_int
from inspector.policy.source import Mark, Source, TreeBuilder, UnreadableError

_TOKEN = re.compile(
    r"""[ \t\n\r]*(?:
      (?P<text>"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")
    | (?P<number>-?(?:0|[1-9][0-9]*)(?P<fraction>(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)(?![0-9A-Za-z.+-]))
    | (?P<word>true|false|null)(?![0-9A-Za-z_])
    | (?P<infinite>-?(?:NaN|Infinity))(?![0-9A-Za-z_])
    | (?P<mark>[{}\[\]:,])
    )""",
    re.VERBOSE,
)
_SPACE = re.compile(r"[ \t\n\r]*")
_WORDS: dict[str, Json] = {"true": True, "false": False, "null": None}


class _Next(Enum):
    VALUE = auto()
    VALUE_OR_END = auto()  # after `[`
    KEY = auto()
    KEY_OR_END = auto()  # after `{`
    COLON = auto()
    COMMA_OR_END = auto()


_WANTED = {
    _Next.VALUE: "a value",
    _Next.VALUE_OR_END: "a value or `]`",
    _Next.KEY: 'a key in "double quotes" (JSON has no trailing comma)',
    _Next.KEY_OR_END: 'a key in "double quotes" or `}`',
    _Next.COLON: "`:`",
    _Next.COMMA_OR_END: "`,` or the end of what is open",
}


def read_json(text: str) -> Source:
    """Read one JSON document. Never raises: what is wrong is in the result's problems."""
    reader = _Reader(text)
    try:
        reader.run()
    except UnreadableError:
        return Source(None, tuple(reader.build.problems))
    return Source(reader.build.root, tuple(reader.build.problems))


# By what no token begins with, or what has to go on otherwise.
_HINTS = {
    '"': ' (a text ends on its own line; within it \\ is written \\\\, and " is written \\")',
    "'": " (texts are in double quotes)",
    "//": " (JSON has no comments)",
    "#": " (JSON has no comments)",
    "0": " (a number has no 0 in front)",
}


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.build = TreeBuilder()
        self.ends: list[str] = []  # the closing bracket of everything that is open
        self.next = _Next.VALUE
        self._line_starts = [0, *(m.end() for m in re.finditer(r"\r\n|\n|\r", text))]

    def run(self) -> None:
        for token in self._tokens():
            match token.lastgroup:
                case "mark":
                    self._punctuation(token)
                case "text" if self.next in (_Next.KEY, _Next.KEY_OR_END):
                    self.build.key(json.loads(token["text"]), self._mark(token, "text"))
                    self.next = _Next.COLON
                case "text":
                    self._scalar(json.loads(token["text"]), token, "text")
                case "word":
                    self._scalar(_WORDS[token["word"]], token, "word")
                case "infinite":
                    self.build.refuse(self._mark(token, "infinite"), f"{token['infinite']} is no finite number")
                    self._scalar(None, token, "infinite")
                case _:
                    self._scalar(self._number(token), token, "number")

    def _tokens(self) -> Iterator[re.Match[str]]:
        at, end = 0, len(self.text)
        while True:
            at = _SPACE.match(self.text, at).end()  # type: ignore[union-attr]  # matches the empty text too
            if at == end and self._done():
                return
            token = _TOKEN.match(self.text, at)
            if token is None or self._done():
                raise self._unexpected(at)
            at = token.end()
            yield token

    def _done(self) -> bool:
        return self.build.root is not None and not self.ends

    def _punctuation(self, token: re.Match[str]) -> None:
        sign = token["mark"]
        values = (_Next.VALUE, _Next.VALUE_OR_END)
        if sign == "{" and self.next in values:
            self._open({}, "}", _Next.KEY_OR_END, token)
        elif sign == "[" and self.next in values:
            self._open([], "]", _Next.VALUE_OR_END, token)
        elif sign == ":" and self.next is _Next.COLON:
            self.next = _Next.VALUE
        elif sign == "," and self.next is _Next.COMMA_OR_END:
            self.next = _Next.KEY if self.ends[-1] == "}" else _Next.VALUE
        elif self.ends and sign == self.ends[-1] and self._may_end():
            self.ends.pop()
            self.build.close()
            self.next = _Next.COMMA_OR_END
        else:
            raise self._unexpected(token.start("mark"))

    def _may_end(self) -> bool:
        return self.next in (_Next.COMMA_OR_END, _Next.KEY_OR_END, _Next.VALUE_OR_END)

    def _open(self, value: dict[str, Json] | list[Json], end: str, then: _Next, token: re.Match[str]) -> None:
        self.build.open(value, self._mark(token, "mark"))
        self.ends.append(end)
        self.next = then

    def _scalar(self, value: Json, token: re.Match[str], group: str) -> None:
        if self.next not in (_Next.VALUE, _Next.VALUE_OR_END):
            raise self._unexpected(token.start(group))
        self.build.scalar(value, self._mark(token, group))
        self.next = _Next.COMMA_OR_END

    def _number(self, token: re.Match[str]) -> Json:
        text = token["number"]
        if not token["fraction"]:
            return parse_int(text)
        try:
            return Number(text)
        except InvalidOperation:
            self.build.refuse(self._mark(token, "number"), "the number is out of range")
            return None

    def _unexpected(self, at: int) -> UnreadableError:
        found = "the end of the text" if at >= len(self.text) else f"`{self.text[at : at + 12].splitlines()[0]}`"
        wanted = "the end of the document" if self._done() else _WANTED[self.next]
        hints = _HINTS.items() if _TOKEN.match(self.text, at) is None else ()
        hint = next((hint for start, hint in hints if self.text.startswith(start, at)), "")
        return self.build.stop(self._at(at), f"not JSON: expected {wanted}, found {found}{hint}")

    def _at(self, offset: int, end: int | None = None) -> Mark:
        line = bisect_right(self._line_starts, offset)
        start = self._line_starts[line - 1]
        return Mark(line, offset - start + 1, None if end is None else end - start + 1)

    def _mark(self, token: re.Match[str], group: str) -> Mark:
        return self._at(token.start(group), token.end(group))
