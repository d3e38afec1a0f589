"""Policy tests as they are written: JSON Lines or a YAML list → cases. Numbers are read exactly."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from inspector.core.errors import ConfigError
from inspector.core.json import Json, JsonObject, Number, parse_int
from inspector.policy.read_yaml import read_yaml

MAX_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Case:
    """One scenario. `place` says where it stands, `base` is the folder that a policy's path is relative to."""

    id: str
    group: str
    note: str
    place: str
    base: Path
    fields: JsonObject
    steps: tuple[JsonObject, ...]


def read_cases(path: Path) -> list[Case]:
    """All cases of a file. Raises ConfigError, naming the line that is no case."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ConfigError(f"{path}: larger than 64 MiB. Split it.")
        text = path.read_text("utf-8")
    except (OSError, UnicodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    lines = path.suffix == ".jsonl" or (path.suffix not in (".yaml", ".yml") and text.lstrip().startswith("{"))
    return _json_cases(text, path) if lines else _yaml_cases(text, path)


def parse_json(text: str) -> Json:
    """JSON with exact numbers. Raises ValueError."""
    value: Json = json.loads(text, parse_int=parse_int, parse_float=Number, parse_constant=_refuse)
    return value


def _refuse(word: str) -> Json:
    raise ValueError(f"{word} is no number of JSON")


def _json_cases(text: str, path: Path) -> list[Case]:
    cases = []
    # Not splitlines(): it would also break at U+2028, which may stand inside a JSON string.
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        place = f"{path}:{number}"
        try:
            value = parse_json(line)
        except (ValueError, ArithmeticError, RecursionError) as error:
            raise ConfigError(f"{place}: not JSON: {error}") from error
        cases.append(_case(value, place, path.parent))
    return cases


def _yaml_cases(text: str, path: Path) -> list[Case]:
    source = read_yaml(text)
    if source.problems or source.root is None:
        first = source.problems[0] if source.problems else "it is empty"
        raise ConfigError(f"{path}:{first}")
    root = source.root.value
    if not isinstance(root, list):
        raise ConfigError(f"{path}: a YAML file of policy tests is a list of cases")
    return [_case(value, f"{path}, case {number}", path.parent) for number, value in enumerate(root, 1)]


def _case(value: Json, place: str, base: Path) -> Case:
    if not isinstance(value, dict):
        raise ConfigError(f"{place}: a case is an object")
    steps = value.get("steps", [])
    if not isinstance(steps, list):
        raise ConfigError(f"{place}: steps is a list")
    objects = tuple(step for step in steps if isinstance(step, dict))
    if len(objects) != len(steps):
        raise ConfigError(f"{place}: every step is an object")
    labels = (str(value.get("id", place)), str(value.get("group", "")), str(value.get("note", "")))
    return Case(*labels, place, base, value, objects)
