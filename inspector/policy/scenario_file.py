"""Policy tests as they are written: JSON Lines or a YAML list → cases. Numbers are read exactly."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from inspector.core.errors import ConfigError
from inspector.core.json import Json, JsonObject, Number, parse_int
from inspector.policy.read_yaml import read_yaml
from inspector.policy.regular_file import read_text

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
    text = read_text(path, MAX_BYTES, "the file of policy tests")
    lines = path.suffix == ".jsonl" or (path.suffix not in (".yaml", ".yml") and text.lstrip().startswith("{"))
    return _json_cases(text, path) if lines else _yaml_cases(text, path)


def parse_json(text: str) -> Json:
    """JSON with exact numbers, and no key twice. Raises ValueError."""
    value: Json = json.loads(
        text, parse_int=parse_int, parse_float=Number, parse_constant=_refuse, object_pairs_hook=_unique
    )
    return value


def _unique(pairs: list[tuple[str, Json]]) -> JsonObject:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f'the key "{next(key for key in keys if keys.count(key) > 1)}" stands twice')
    return found


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
    if source.problems:
        raise ConfigError(f"{path}:{source.problems[0]}")
    if source.root is None:
        raise ConfigError(f"{path}: it holds no case")
    root = source.root
    if not isinstance(root.value, list):
        raise ConfigError(f"{path}:{root.mark.line}: a YAML file of policy tests is a list of cases")
    return [
        _case(value, f"{path}:{root.children[index].mark.line}", path.parent) for index, value in enumerate(root.value)
    ]


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
