"""The app's colours: what suits a terminal, and themes whose files change while the app runs."""

from __future__ import annotations

import asyncio
from pathlib import Path

import anyio
import pytest
from textual.filter import Monochrome, NoColor
from ui_bench import Bench, shown, until

from inspector.core.errors import ConfigError
from inspector.ui import theme
from inspector.ui.preferences import Preferences
from inspector.ui.terminal import refuse_poor_terminal
from inspector.ui.themed import changed_themes, names, suitable

pytestmark = pytest.mark.anyio
MINE = "name: mine\nprimary: '#112233'\nsurface: '#000000'\nvariables: {quiet: '#888888'}\n"


@pytest.mark.parametrize(
    ("colours", "environ", "name"),
    [
        ("truecolor", {}, "inspect-dark"),
        ("256", {}, "inspect-dark"),
        (None, {}, "inspect-dark"),
        ("truecolor", {"COLORFGBG": "0;15"}, "inspect-light"),
        ("truecolor", {"COLORFGBG": "15;default;0"}, "inspect-dark"),
        ("standard", {}, "inspect-ansi"),
        ("standard", {"COLORFGBG": "0;7"}, "inspect-ansi-light"),
    ],
)
def test_the_theme_suits_the_terminal(colours: str | None, environ: dict[str, str], name: str) -> None:
    assert suitable(colours, environ) == name


@pytest.mark.parametrize("name", ["inspect-ansi", "inspect-ansi-light"])
async def test_a_theme_of_sixteen_colours_asks_for_no_other(bench: Bench, name: str) -> None:
    async with bench.app(theme=name).run_test(size=(120, 36)) as pilot:
        for place in ("2", "3", "5", "4"):
            await pilot.press(place)
            styles = [s.style for strip in pilot.app.screen._compositor.render_strips() for s in strip if s.style]
            colours = {c for style in styles for c in (style.color, style.bgcolor) if c is not None}
            assert [c.name for c in colours if c.triplet is not None and c.number is None] == []


@pytest.mark.parametrize(("name", "kind"), [("inspect-dark", Monochrome), ("inspect-ansi", NoColor)])
def test_without_colours_a_terminals_own_are_left_out_and_others_become_greys(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, name: str, kind: type
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    filters = bench.app(theme=name).get_line_filters()
    assert [type(one) for one in filters if isinstance(one, (Monochrome, NoColor))] == [kind]


def themed(bench: Bench, folder: Path):
    return bench.app(preferences=Preferences(theme="mine"), theme_folders=(theme.directory(), folder))


async def test_the_persons_theme_is_worn_and_changes_with_its_file(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(MINE)
    async with themed(bench, tmp_path).run_test(size=(120, 36)) as pilot:
        assert pilot.app.theme_variables["primary"] == "#112233"
        path.write_text(MINE.replace("#112233", "#445566"))
        pilot.app.theme_changed(path)  # type: ignore[attr-defined]
        await until(pilot, lambda: pilot.app.theme_variables["primary"] == "#445566")
        assert pilot.app.screen.query_one("#calls-pane").styles.border_title_color is not None


async def test_a_broken_theme_is_named_with_its_field_and_the_last_good_one_stays(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(MINE)
    async with themed(bench, tmp_path).run_test(size=(120, 36)) as pilot:
        path.write_text(MINE.replace("'#112233'", "blurple"))
        pilot.app.theme_changed(path)  # type: ignore[attr-defined]
        await until(pilot, lambda: "Theme mine.yaml: primary: 'blurple' is no colour. The last good" in shown(pilot))
        assert pilot.app.theme_variables["primary"] == "#112233"


def test_a_theme_of_the_same_name_takes_the_place_of_ours(tmp_path: Path) -> None:
    (tmp_path / "dark.yaml").write_text(MINE.replace("mine", "inspect-dark"))
    good, _ = theme.load(theme.directory(), tmp_path)
    assert [found.primary for found in good if found.name == "inspect-dark"][-1] == "#112233"


def test_a_broken_file_can_be_chosen_by_its_name_so_that_the_screen_says_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("name: mine\n")
    assert {"mine", "inspect-dark", "nord"} <= names([theme.directory(), tmp_path])


@pytest.mark.parametrize("made_later", [False, True], ids=["a folder", "a folder that comes later"])
async def test_every_theme_file_that_is_written_is_told(tmp_path: Path, made_later: bool) -> None:
    folder = tmp_path / "themes"
    if not made_later:
        folder.mkdir()
    stop = anyio.Event()
    changed = changed_themes([folder], stop)

    async def write() -> None:
        """Again and again: nobody says when the watch stands."""
        for number in range(1, 500):
            folder.mkdir(exist_ok=True)
            (folder / "note.txt").write_text(str(number))
            (folder / "mine.yaml").write_text(f"{MINE}# {number}\n")
            await asyncio.sleep(0.02)

    writing = asyncio.ensure_future(write())
    try:
        assert await asyncio.wait_for(anext(changed), 20) == (folder / "mine.yaml").resolve()
    finally:
        writing.cancel()
        stop.set()
        await changed.aclose()


async def test_watching_ends_as_soon_as_it_is_told_to(tmp_path: Path) -> None:
    stop = anyio.Event()
    changed = changed_themes([tmp_path], stop)
    waiting = asyncio.ensure_future(anext(changed, None))
    await anyio.sleep(0)  # it has begun
    stop.set()
    assert await asyncio.wait_for(waiting, 20) is None


async def test_where_there_is_nothing_to_watch_nothing_is_watched(tmp_path: Path) -> None:
    assert [path async for path in changed_themes([tmp_path / "no" / "where"], anyio.Event())] == []


def test_a_terminal_that_cannot_show_the_app_is_told_of_headless() -> None:
    with pytest.raises(ConfigError, match=r"TERM=dumb\) cannot show the app.\nUse --headless"):
        refuse_poor_terminal({"TERM": "dumb"})
