"""What a half-typed filter could go on with: a field's name, or a value that the field has had. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

from inspector.core.call import Outcome
from inspector.core.risk import Risk
from inspector.core.views import CallView, Views
from inspector.filters.reading import ARGUMENT, FIELDS
from inspector.ui import text
from inspector.ui.words import LOOKS

_LAST: Final = re.compile(r'(?:^|[\s(|!])([^\s()|!"]*)$')
_FIXED: Final = {
    "decision": tuple(look.label for look in LOOKS.values()),
    "outcome": ("running", *(outcome.value for outcome in Outcome)),
    "risk": tuple(risk.value for risk in Risk),
}
LOOKED_AT: Final = 200  # of the newest rows, for the names of arguments and rules


def completed(source: str, views: Views, newest: Iterable[CallView]) -> str | None:
    """The whole text with its last word completed; None when nothing known begins like it."""
    match = _LAST.search(source)
    if match is None or not (word := match[1]):
        return None
    options = _values(word, views, newest) if ":" in word else _names(word, newest)
    found = next((option for option in options if option.startswith(word) and option != word), None)
    return None if found is None else source[: match.start(1)] + found


def _names(word: str, newest: Iterable[CallView]) -> Iterable[str]:
    fields = (f"{name}:" for name in FIELDS)
    return chain(fields, _arguments(newest)) if word.startswith(ARGUMENT) else chain(fields, (ARGUMENT,))


def _arguments(newest: Iterable[CallView]) -> Iterator[str]:
    for row in newest:
        try:
            arguments = json.loads(row.arguments)
        except (ValueError, RecursionError):
            continue
        yield from (f"{ARGUMENT}{name}:" for name in arguments if _typeable(name))


def _values(word: str, views: Views, newest: Iterable[CallView]) -> Iterable[str]:
    name = word.partition(":")[0]
    seen: Iterable[str] = ()
    match name:
        case "tool":
            seen = (tool.name for tool in views.tools)
        case "server":
            seen = (upstream.name for upstream in views.upstreams)
        case "agent":
            seen = (client.name for client in views.clients)
        case "rule":
            seen = (row.rule for row in newest)
    return (f"{name}:{value}" for value in chain(_FIXED.get(name, ()), filter(_typeable, seen)))


def _typeable(value: str) -> bool:
    """It could be typed as one word, and shows in a terminal as what it is."""
    return bool(value) and text.line(value, 80) == value and not re.search(r'[\s()|"!:]', value)
