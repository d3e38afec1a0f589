"""Arguments that a person edits before approving: is the text still a JSON object, and where not? Pure."""

from __future__ import annotations

import json
from typing import Final, NoReturn

from inspector.core.problems import Problem

EDITABLE_AT_MOST: Final = 64_000  # characters: a larger text would make the editor, and with it the proxy, wait


_PLAIN: Final = {
    "Expecting property name enclosed in double quotes": "expected a name in double quotes",
    "Expecting ',' delimiter": "expected a comma",
    "Expecting ':' delimiter": "expected a colon",
    "Expecting value": "expected a value",
    "Extra data": "something stands after the end",
    "Illegal trailing comma before end of object": "a comma too many",
    "Illegal trailing comma before end of array": "a comma too many",
}


def check(text: str) -> Problem | None:
    """The first thing wrong with the text, None when it is a JSON object."""
    try:
        value = json.loads(text, parse_constant=_refuse, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        return Problem("", error.lineno, error.colno, _PLAIN.get(error.msg, error.msg[:1].lower() + error.msg[1:]))
    except RecursionError:
        return Problem("", 1, 1, "nested too deeply")
    except ValueError as error:
        return Problem("", 1, 1, str(error))
    return None if isinstance(value, dict) else Problem("", 1, 1, "arguments must be a JSON object")


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    result: dict[str, object] = {}
    for key, value in pairs:
        if key in result:
            raise ValueError(f"the key {key!r} stands twice")
        result[key] = value
    return result
