"""Where in a policy a cursor stands, in a text that need not be readable: it is being written.

Only what stands before the cursor is looked at. Lines are read by their indentation, braces and brackets as in JSON;
what is odd is skipped, never refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from inspector.policy.source import Location

_KEY = re.compile(r"""("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s"'#{}\[\],&!|>%@`-][^#{}\[\],"']*?)\s*:(?=\s|$)""")
_TOKEN = re.compile(r"""[{}\[\],]|:(?=[\s\[{"']|$)|"(?:[^"\\]|\\.)*"?|'[^']*'?|\#[^\n]*|[^\s{}\[\],:"'#]+|:""")
_BLOCK_TEXT = re.compile(r"[|>][-+0-9]*\s*(#.*)?$")


@dataclass(slots=True)
class _Frame:
    """A key or an item that is open, and what its siblings were given so far."""

    part: str | int | None  # None: an object or a list whose key or item has not begun
    indent: int
    siblings: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cursor:
    """`where`: the object or list that the cursor is in, or the field whose value it writes when `in_value`.

    `typed` is what of the word stands already, beginning at column `start` (from 0). `siblings`: scalar fields of the
    same object before the cursor. `flow`: within braces or brackets.
    """

    where: Location
    in_value: bool
    typed: str
    start: int
    siblings: dict[str, str]
    flow: bool


def cursor_at(text: str, line: int, column: int) -> Cursor:
    """`line` and `column` count from 0."""
    lines = text.split("\n")[: line + 1]
    if not lines:
        return Cursor((), False, "", 0, {}, False)
    lines[-1] = lines[-1][:column]
    return _Scanner().scan(lines)


class _Scanner:
    def __init__(self) -> None:
        self.block: list[_Frame] = []
        self.flow: list[_Frame] = []
        self.opened: list[str] = []  # the braces and brackets of `flow`
        self.base: list[str | int] = []  # the way to the outermost one
        self.last = ""
        self.last_at = 0
        self.value = False  # behind a colon
        self.text_below: int | None = None  # the indent of a key whose value is a block of text

    def scan(self, lines: list[str]) -> Cursor:
        for number, line in enumerate(lines):
            final = number == len(lines) - 1
            if self.flow:
                self._flow_line(line, 0)
            elif not self._in_text(line, final):
                cursor = self._block_line(line, final)
                if cursor is not None:
                    return cursor
        return self._flow_cursor(lines[-1])

    def _in_text(self, line: str, final: bool) -> bool:
        if self.text_below is None:
            return False
        indent = len(line) - len(line.lstrip())
        if (line.strip() or final) and indent <= self.text_below:
            self.text_below = None
        return self.text_below is not None and not final

    # Lines

    def _block_line(self, line: str, final: bool) -> Cursor | None:
        """None when the line is done with, or the cursor is within braces."""
        stripped = line.lstrip()
        at = len(line) - len(stripped)
        if not final and (not stripped or stripped.startswith("#")):
            return None
        while line[at : at + 2] in ("- ", "-"):
            self._item(at)
            at += 2
            at += len(line[at:]) - len(line[at:].lstrip())
        key = _KEY.match(line, at)
        if key is None:
            return self._rest(line, at, final, key=False)
        self._key(_bare(key[1]), at)
        at = key.end()
        at += len(line[at:]) - len(line[at:].lstrip())
        return self._rest(line, at, final, key=True)

    def _rest(self, line: str, at: int, final: bool, *, key: bool) -> Cursor | None:
        rest = line[at:]
        if rest[:1] in ("{", "["):
            self.base = [frame.part for frame in self.block if frame.part is not None]
            self._flow_line(line, at)
            return None if self.flow or not final else self._cursor(True, "", len(line))
        if final:
            if not key:
                self._pop(at)
                in_list = bool(self.block) and isinstance(self.block[-1].part, int)
                return self._cursor(in_list, rest, at)
            return self._cursor(True, rest, at)
        if key and _BLOCK_TEXT.match(rest):
            self.text_below = self.block[-1].indent
        elif key and rest and not rest.startswith("#"):
            self.block[-1].siblings[str(self.block[-1].part)] = _bare(rest.split(" #")[0].strip())
        return None

    def _item(self, at: int) -> None:
        self._pop(at, item=True)
        last = self.block[-1] if self.block else None
        if last is not None and isinstance(last.part, int) and last.indent == at:
            self.block[-1] = _Frame(last.part + 1, at)
        else:
            self.block.append(_Frame(0, at))

    def _key(self, name: str, at: int) -> None:
        siblings: dict[str, str] = {}
        while self.block and (self.block[-1].indent > at or (self.block[-1].indent == at)):
            popped = self.block.pop()
            if popped.indent == at and isinstance(popped.part, str):
                siblings = popped.siblings
        siblings.setdefault(name, "")
        self.block.append(_Frame(name, at, siblings))

    def _pop(self, at: int, *, item: bool = False) -> None:
        """Close what does not reach to this column. A list may stand as far left as its key."""
        while self.block and self.block[-1].indent >= at:
            last = self.block[-1]
            if item and last.indent == at:
                return
            if not item and last.indent == at and isinstance(last.part, str):
                self.block[-1] = _Frame(None, at, last.siblings)
                return
            self.block.pop()

    def _cursor(self, in_value: bool, typed: str, start: int) -> Cursor:
        frames = self.block
        where = tuple(frame.part for frame in frames if frame.part is not None)
        siblings = next((frame.siblings for frame in reversed(frames) if not isinstance(frame.part, int)), {})
        return Cursor(where, in_value, typed, start, siblings, False)

    # Braces and brackets

    def _flow_line(self, line: str, at: int) -> None:
        self.last, self.last_at = "", len(line)
        for match in _TOKEN.finditer(line, at):
            token = match[0]
            match token[0]:
                case "{" | "[":
                    self.opened.append(token)
                    self.flow.append(_Frame(None if token == "{" else 0, 0))
                    self.value = token == "["
                case "}" | "]":
                    if self.flow:
                        self.flow.pop()
                        self.opened.pop()
                    if not self.flow:
                        return
                case ",":
                    self._comma()
                case ":" if token == ":" and self.last:
                    self.flow[-1].part, self.value = _bare(self.last), True
                    self.flow[-1].siblings[_bare(self.last)] = ""
                case "#":
                    continue
                case _:
                    self.last, self.last_at = token, match.start()
                    self._remember(token)
                    continue
            self.last = ""
        self.last_at = self.last_at if self.last and line.endswith(self.last) else len(line)
        self.last = self.last if line.endswith(self.last) else ""

    def _comma(self) -> None:
        frame = self.flow[-1]
        if self.opened[-1] == "[":
            frame.part = frame.part + 1 if isinstance(frame.part, int) else 0
        else:
            frame.part, self.value = None, False

    def _remember(self, token: str) -> None:
        frame = self.flow[-1]
        if isinstance(frame.part, str) and self.value:
            frame.siblings[frame.part] = _bare(token)

    def _flow_cursor(self, line: str) -> Cursor:
        ways = [frame.part for frame in self.flow if frame.part is not None]
        objects = [frame for frame, mark in zip(self.flow, self.opened, strict=True) if mark == "{"]
        siblings = objects[-1].siblings if objects else {}
        in_value = self.value or (bool(self.opened) and self.opened[-1] == "[")
        if self.flow and self.flow[-1].part is None:
            in_value = False
        start = self.last_at if self.last else len(line)
        return Cursor((*self.base, *ways), in_value, self.last, start, siblings, True)


def _bare(token: str) -> str:
    return token[1:-1] if token[:1] in ("'", '"') and token[-1:] == token[:1] and len(token) > 1 else token.strip("\"'")
