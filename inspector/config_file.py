"""`mcp-inspect.toml` as a text with lines: the person's own in the config folder, and the current folder's.

Which tables there are is known here; what may stand in one, its own room says: `[upstreams]` in `upstreams/config.py`,
`[ui]` and `[keys]` in `ui/preferences.py`. Every mistake is told as `FILE:LINE: key: what is wrong`.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from inspector.core.errors import ConfigError

FILE: Final = "mcp-inspect.toml"
TABLES: Final = ("upstreams", "ui", "keys")
Table: TypeAlias = dict[str, object]


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """One file that parses. `project`: it is the current folder's, which the person may not have written."""

    path: Path
    text: str
    document: Table
    project: bool

    def table(self, name: str) -> Table:
        """A table at the top, {} when there is none. Raises ConfigError when something else has its name."""
        table = self.document.get(name, {})
        if not isinstance(table, dict):
            example = {"upstreams": "[upstreams.NAME]"}.get(name, f"[{name}]")
            raise ConfigError(self.wrong((name,), f"a table is wanted, as in {example}"))
        return table

    def wrong(self, key: tuple[str, ...], why: str) -> str:
        """`FILE:LINE: key: why` of a key that stands in the document."""
        return f"{self.path}:{self.line(key)}: {'.'.join(key)}: {why}"

    def line(self, key: tuple[str, ...]) -> int:
        """The line that a key begins at, from 1.

        tomllib tells no places. The shortest beginning of the file that parses and has the key ends with its line; a
        value of several lines begins after the beginning that parsed before it.
        """
        lines = self.text.splitlines()
        parsed = 0
        for end in range(1, len(lines) + 1):
            try:
                found: object = tomllib.loads("\n".join(lines[:end]))
            except tomllib.TOMLDecodeError:
                continue
            if _has(found, key):
                return parsed + 1
            parsed = end
        return 1

    def unknown(self, key: tuple[str, ...], known: Iterable[str]) -> str:
        """That nobody knows this key, and which one was meant."""
        return self.wrong(key, f"unknown; {did_you_mean(key[-1], known)}")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`did you mean WORD?`, or all the words that would have been right."""
    known = sorted(known)
    near = difflib.get_close_matches(word, known, 1)
    return f"did you mean {near[0]}?" if near else f"known here: {', '.join(known)}"


def read_files(config_dir: Path, cwd: Path) -> tuple[ConfigFile, ...]:
    """The current folder's file, then the person's own: what a later one says wins. A missing file is left out.

    Raises ConfigError naming the file and the line of what does not parse, or of a table that nobody knows.
    """
    places = ((cwd, True), (config_dir, False))
    found = (_read(folder / FILE, project=project) for folder, project in places)
    return tuple(file for file in found if file is not None)


def _read(path: Path, *, project: bool) -> ConfigFile | None:
    try:
        text = path.read_text(encoding="utf-8")
        file = ConfigFile(path, text, tomllib.loads(text), project)
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from error
    for name in file.document:
        if name not in TABLES:
            raise ConfigError(file.unknown((name,), TABLES))
    return file


def _has(document: object, key: tuple[str, ...]) -> bool:
    for part in key:
        if not isinstance(document, dict) or part not in document:
            return False
        document = document[part]
    return True
