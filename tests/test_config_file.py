"""`mcp-inspect.toml`: where a key stands, and what is said of a wrong one."""

from __future__ import annotations

from pathlib import Path

import pytest

from inspector.config_file import ConfigFile, read_files
from inspector.core.errors import ConfigError

TEXT = """\
# what I like
[ui]
theme = "inspect-light"

columns = [
  "time",
  "tool",
]
[keys]
hold.approve = "y"
"hold.deny" = "x"

[upstreams.a]
env = { A = "1" }
command = "x"
"""


def one(folder: Path, text: str) -> ConfigFile:
    (folder / "mcp-inspect.toml").write_text(text)
    (found,) = read_files(folder, folder / "nowhere")
    return found


@pytest.mark.parametrize(
    ("key", "line"),
    [
        (("ui",), 2),
        (("ui", "theme"), 3),
        (("ui", "columns"), 5),  # where it begins: the value has four lines
        (("keys", "hold", "approve"), 10),
        (("keys", "hold.deny"), 11),
        (("upstreams", "a"), 13),
        (("upstreams", "a", "env", "A"), 14),
        (("nowhere",), 1),
    ],
)
def test_a_key_is_found_at_its_line(tmp_path: Path, key: tuple[str, ...], line: int) -> None:
    assert one(tmp_path, TEXT).line(key) == line


def test_the_persons_own_file_comes_last_and_only_the_other_is_a_projects(tmp_path: Path) -> None:
    own, project = tmp_path / "own", tmp_path / "project"
    for folder in (own, project):
        folder.mkdir()
        (folder / "mcp-inspect.toml").write_text("[ui]\n")
    assert [(file.path.parent, file.project) for file in read_files(own, project)] == [(project, True), (own, False)]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("\n[uii]\n", r"mcp-inspect\.toml:2: uii: unknown; did you mean ui\?"),
        ("[zzz]\n", r"mcp-inspect\.toml:1: zzz: unknown; known here: keys, ui, upstreams"),
        ("a = = 1\n", r"mcp-inspect\.toml: .*line 1"),
    ],
)
def test_a_table_that_nobody_knows_and_a_text_that_does_not_parse_are_errors(
    tmp_path: Path, text: str, says: str
) -> None:
    with pytest.raises(ConfigError, match=says):
        one(tmp_path, text)


def test_something_else_under_a_tables_name_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r":1: keys: a table is wanted, as in \[keys\]"):
        one(tmp_path, "keys = 1").table("keys")
