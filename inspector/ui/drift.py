"""What has changed in a server's tools, so that a person sees all of it: word by word, and the characters that draw
nothing or look like others by name. With a changed description a server talks to an agent behind its person's back."""

from __future__ import annotations

import difflib
import json
import re
import time
import unicodedata
from collections.abc import Iterable
from itertools import groupby
from typing import Final

from textual.content import Content

from inspector.core.events import ToolChange
from inspector.core.views import Views
from inspector.ui import figures, text

Parts = list[tuple[str, str]]
NAMED: Final = 3  # tools that a notice names
CHARACTERS: Final = 6  # new ones that are named
_KEPT: Final = 60  # characters on either side of a change, where more are the same
_WORD: Final = re.compile(r"\s+|\w+|[^\w\s]")
_INVISIBLE: Final = re.compile(f"[{text.INVISIBLE}]")
_LOUD: Final = "bold reverse $decision-error"


def news(before: Views, after: Views) -> tuple[str, ...]:
    """A sentence for each server whose tools were found changed just now."""
    if after.run.read_only:
        return ()
    known = {upstream.name: upstream.drift for upstream in before.upstreams}
    return tuple(
        f"{summary(upstream.drift)} of {upstream.name} {since(upstream.drift_since)}: {names(upstream.drift)}."
        " Sessions (5) shows how."
        for upstream in after.upstreams
        if upstream.drift_news and upstream.drift != known.get(upstream.name)
    )


def summary(changes: Iterable[ToolChange]) -> str:
    """`3 tools`: those that changed, came or went."""
    return figures.plural(len({change.tool for change in changes}), "tool")


def since(at: float) -> str:
    if not at:
        return "changed"
    day = time.localtime(at)
    return f"changed since {day.tm_year}-{day.tm_mon:02}-{day.tm_mday:02} {day.tm_hour:02}:{day.tm_min:02}"


def names(changes: Iterable[ToolChange]) -> str:
    tools = list(dict.fromkeys(change.tool for change in changes))
    more = f" and {len(tools) - NAMED} more" if len(tools) > NAMED else ""
    return ", ".join(text.line(tool, 60) for tool in tools[:NAMED]) + more


def view(changes: Iterable[ToolChange]) -> Content:
    """Tool by tool, field by field."""
    parts: Parts = []
    for tool, of_tool in groupby(changes, lambda change: change.tool):
        for number, change in enumerate(of_tool):
            if number == 0:
                parts += [(_mark(change), "bold"), (text.line(tool, 120), "bold"), ("\n", "")]
            parts += _of_field(change)
    return Content.assemble(*parts)


def _mark(change: ToolChange) -> str:
    if change.field:
        return "≠ "
    return "+ new tool " if not change.before else "− tool that is gone "


def _of_field(change: ToolChange) -> Parts:
    before, after = _plain(change.before), _plain(change.after)
    parts: Parts = [(f"  {text.line(change.field, 200)}\n", "$accent")] if change.field else []
    was, becomes = _words(before, after)
    if change.before:
        parts += [("  − ", "bold $decision-deny"), *was, ("\n", "")]
    if change.after:
        parts += [("  + ", "bold $decision-allow"), *becomes, ("\n", "")]
    if new := _new_characters(before, after):
        parts += [("  ! new characters: ", "bold $decision-error"), (new, "$decision-error"), ("\n", "")]
    return [*parts, ("\n", "")]


def _plain(value: str) -> str:
    """The string that a JSON text stands for; other values, and texts that were cut, as they are."""
    try:
        found = json.loads(value)
    except ValueError:
        return value
    return found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)


def _words(before: str, after: str) -> tuple[Parts, Parts]:
    """Both texts with what differs between them made bold and underlined."""
    old, new = _WORD.findall(before), _WORD.findall(after)
    was: Parts = []
    becomes: Parts = []
    for tag, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            same = _shortened("".join(old[a:b]), first=a == 0, last=b == len(old))
            was += _shown(same, "$quiet")
            becomes += _shown(same, "$quiet")
        else:
            was += _shown("".join(old[a:b]), "bold underline $decision-deny")
            becomes += _shown("".join(new[c:d]), "bold underline $decision-allow")
    return was, becomes


def _shortened(same: str, *, first: bool, last: bool) -> str:
    if len(same) <= 3 * _KEPT:
        return same
    return ("" if first else same[:_KEPT]) + " … " + ("" if last else same[-_KEPT:])


def _shown(untrusted: str, style: str) -> Parts:
    """Through the door; what it makes visible cannot be overlooked."""
    parts: Parts = []
    end = 0
    for found in _INVISIBLE.finditer(untrusted):
        parts += [(text.line(untrusted[end : found.start()], 8_000), style), (text.line(found[0]), _LOUD)]
        end = found.end()
    return [*parts, (text.line(untrusted[end:], 8_000), style)]


def _new_characters(before: str, after: str) -> str:
    """By name: a Cyrillic letter between Latin ones looks like nothing."""
    new = sorted({c for c in after if not c.isascii()} - set(before))
    named = (f"{text.line(c)} U+{ord(c):04X} {unicodedata.name(c, 'without a name').lower()}" for c in new[:CHARACTERS])
    return ", ".join(named) + (f" and {len(new) - CHARACTERS} more" if len(new) > CHARACTERS else "")
