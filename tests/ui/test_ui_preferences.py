"""`[ui]` and `[keys]`: what may be said, and what is said of mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest

from inspector.config_file import read_files
from inspector.core.errors import ConfigError
from inspector.ui.keymap import problems
from inspector.ui.preferences import SETTINGS, Preferences, read

THEMES = {"inspect-dark", "inspect-light", "mine"}


def preferences(folder: Path, own: str = "", project: str = "") -> Preferences:
    for name, text in (("own", own), ("project", project)):
        (folder / name).mkdir(exist_ok=True)
        (folder / name / "mcp-inspect.toml").write_text(text)
    return read(read_files(folder / "own", folder / "project"), lambda: THEMES, problems)


def test_nothing_said_is_the_usual(tmp_path: Path) -> None:
    assert preferences(tmp_path) == Preferences()


def test_everything_can_be_said(tmp_path: Path) -> None:
    found = preferences(
        tmp_path,
        """
        [ui]
        theme = "mine"
        bell = false
        notify = false
        title = false
        mouse = false
        follow = false
        columns = ["tool", "decision"]
        [keys]
        live.pause = "p, f7"
        "app.help" = "?"
        """,
    )
    assert found == Preferences(
        "mine", False, False, False, False, False, ("tool", "decision"), {"live.pause": "p,f7", "app.help": "?"}
    )


def test_the_settings_page_knows_every_setting() -> None:
    assert {one.name for one in SETTINGS} == set(Preferences.__slots__) - {"keys"}


def test_the_persons_own_file_wins_setting_by_setting(tmp_path: Path) -> None:
    found = preferences(
        tmp_path,
        own='[ui]\nbell = true\n[keys]\nlive.zoom = "Z"',
        project='[ui]\nbell = false\ntheme = "mine"\n[keys]\nlive.zoom = "f7"\nlive.pause = "p"',
    )
    assert (found.bell, found.theme) == (True, "mine")
    assert found.keys == {"live.zoom": "Z", "live.pause": "p"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[ui]\nthem = "mine"', ":2: ui.them: unknown; did you mean theme?"),
        ('[ui]\ntheme = "inspect-drak"', ":2: ui.theme: 'inspect-drak' is no theme; did you mean inspect-dark?"),
        ("[ui]\ntheme = 3", ":2: ui.theme: a theme's name, or auto is wanted, not 3"),
        ('[ui]\n\nbell = "yes"', ":3: ui.bell: true or false is wanted, not 'yes'"),
        ("[ui]\ncolumns = []", ":2: ui.columns: a list of columns is wanted, not []"),
        ("[ui]\ncolumns = true", ":2: ui.columns: a list of columns is wanted, not true"),
        ('[ui]\ncolumns = ["tool", "tme"]', ":2: ui.columns: 'tme' is no column; did you mean time?"),
        ('[ui]\ncolumns = ["tool", "tool"]', ":2: ui.columns: 'tool' stands there twice"),
        ('[ui]\ncolumns = ["time"]', ":2: ui.columns: the tool cannot be left out"),
        ("[keys]\nlive.zoom = 7", ':2: keys.live.zoom: keys are wanted, as in "a,f2", not 7'),
        ('[keys]\nlive.zom = "x"', ":2: keys.live.zom: no such action; did you mean live.zoom?"),
        ('[keys]\nlive.zoom = "spacee"', ":2: keys.live.zoom: 'spacee' is no key; did you mean space?"),
        ('[keys]\nlive.zoom = ""', ":2: keys.live.zoom: '' is no key; give at least one"),
        ('[keys]\nlive.zoom = "d"', ":2: keys.live.zoom: d is also hold.deny (Deny) in Live"),
    ],
)
def test_a_mistake_names_file_line_key_and_what_was_expected(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        preferences(tmp_path, own=text)
    assert f"{tmp_path}/own/mcp-inspect.toml{says}" in str(caught.value)


def test_every_mistake_is_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        preferences(tmp_path, own='[keys]\nlive.zom = "x"\n[ui]\nbel = true\nbell = 1')
    assert [line.split(":")[1] for line in str(caught.value).splitlines()] == ["2", "4", "5"]


def test_a_projects_file_cannot_swap_the_keys_of_yes_and_no(tmp_path: Path) -> None:
    swapped = '[keys]\nhold.approve = "d"\nhold.deny = "a"'
    assert preferences(tmp_path, own=swapped).keys == {"hold.approve": "d", "hold.deny": "a"}
    with pytest.raises(ConfigError, match="cannot change the keys of an answer"):
        preferences(tmp_path, own="", project=swapped)
