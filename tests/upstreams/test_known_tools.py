from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from inspector.core.errors import ConfigError
from inspector.core.events import StderrLine, ToolsDrifted, ToolsListed, ToolsSettled
from inspector.core.upstream import CommandSpec, UpstreamSpec, UrlSpec
from inspector.upstreams.known_tools import DriftWatch, KnownTools, identity


def listing(**descriptions: str) -> list[tuple[str, bytes]]:
    return [(name, json.dumps({"name": name, "description": text}).encode()) for name, text in descriptions.items()]


def seen(known: KnownTools, *, complete: bool = True, **descriptions: str) -> list[tuple[str, str]]:
    """What is said for the first time."""
    found = known.seen("up-1", listing(**descriptions), complete=complete)
    return [(change.tool, change.field) for change in found.changes] if found.news else []


def test_the_first_listing_is_trusted_and_a_later_change_is_said_once_across_runs(tmp_path: Path) -> None:
    assert seen(KnownTools(tmp_path), a="A", b="B") == []
    assert seen(KnownTools(tmp_path), a="A", b="B") == []
    assert seen(KnownTools(tmp_path), a="other", c="C") == [("a", "description"), ("b", ""), ("c", "")]
    assert seen(KnownTools(tmp_path), a="other", c="C") == []
    assert seen(KnownTools(tmp_path), a="third", c="C") == [("a", "description"), ("b", ""), ("c", "")]


def test_what_goes_back_to_what_was_known_waits_no_longer(tmp_path: Path) -> None:
    known = KnownTools(tmp_path)
    seen(known, a="A")
    seen(known, a="other")
    assert list(known.pending()) == ["up-1"]
    assert seen(known, a="A") == []
    assert known.pending() == {}
    assert seen(known, a="other") == [("a", "description")]


def test_accepted_changes_are_the_known_ones(tmp_path: Path) -> None:
    known = KnownTools(tmp_path)
    seen(known, a="A")
    seen(KnownTools(tmp_path), a="other", b="B")
    known.accept("up-1")
    assert known.pending() == {}
    assert seen(KnownTools(tmp_path), a="other", b="B") == []
    assert seen(KnownTools(tmp_path), a="A", b="B") == [("a", "description")]


def test_the_pages_of_a_first_listing_are_learned_together_and_a_later_page_removes_nothing(tmp_path: Path) -> None:
    known = KnownTools(tmp_path)
    assert seen(known, complete=False, a="A") == []
    assert seen(known, complete=False, b="B") == []
    again = KnownTools(tmp_path)
    assert seen(again, complete=False, b="B") == []
    assert seen(again, complete=False, c="C") == [("c", "")]
    for page in ({"a": "A"}, {"b": "B"}, {"c": "C"}):
        assert seen(again, complete=False, **page) == []
    assert list(again.pending()) == ["up-1"]


def test_a_change_within_the_first_run_is_a_change(tmp_path: Path) -> None:
    known = KnownTools(tmp_path)
    seen(known, a="A")
    assert seen(known, a="other") == [("a", "description")]


def test_the_file_is_ours_alone_and_a_damaged_one_says_what_to_do(tmp_path: Path) -> None:
    seen(KnownTools(tmp_path), a="A")
    (file,) = (tmp_path / "tools").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.write_text('{"tools": []}')
    with pytest.raises(ConfigError, match=r"damaged; remove it"):
        seen(KnownTools(tmp_path), a="A")


def test_another_server_under_an_old_name_begins_anew() -> None:
    command, url = CommandSpec(("a", "b"), (("TOKEN", "x"),)), UrlSpec("http://127.0.0.1/mcp")
    assert identity("up", command) == identity("up", CommandSpec(("a", "b")))
    assert len({identity("up", command), identity("up", url), identity("up", CommandSpec(("a", "c")))}) == 3


def test_the_watch_answers_a_listing_of_a_server_that_it_knows(tmp_path: Path) -> None:
    watch = DriftWatch(KnownTools(tmp_path))
    first, second = (ToolsListed(1.0, "up", tuple(listing(a=text)), (), True) for text in ("A", "other"))
    assert watch.told(first) is None
    watch.knows(UpstreamSpec("up", CommandSpec(("x",))))
    assert watch.told(first) is None
    drifted = watch.told(second)
    assert isinstance(drifted, ToolsDrifted)
    assert [change.field for change in drifted.changes] == ["description"]
    (file,) = (tmp_path / "tools").iterdir()
    file.write_text("{")
    assert isinstance(watch.told(second), StderrLine)


def test_what_an_earlier_run_said_and_nobody_accepted_is_told_as_old_news(tmp_path: Path) -> None:
    def run(text: str, at: float) -> object:
        watch = DriftWatch(KnownTools(tmp_path))
        watch.knows(UpstreamSpec("up", CommandSpec(("x",))))
        return watch.told(ToolsListed(at, "up", tuple(listing(a=text)), (), True))

    assert run("A", 10.0) is None
    first, again = run("other", 20.0), run("other", 30.0)
    assert isinstance(first, ToolsDrifted) and isinstance(again, ToolsDrifted)
    assert (first.since, first.again, again.since, again.again) == (10.0, False, 10.0, True)


def test_a_person_accepts_exactly_what_was_seen(tmp_path: Path) -> None:
    watch = DriftWatch(KnownTools(tmp_path))
    watch.knows(UpstreamSpec("up", CommandSpec(("x",))))
    first, second, third = (ToolsListed(at, "up", tuple(listing(a=text)), (), True) for at, text in enumerate("ABC"))
    watch.told(first)
    seen, later = watch.told(second), watch.told(third)
    assert isinstance(seen, ToolsDrifted) and isinstance(later, ToolsDrifted)
    assert watch.accept("up", seen.changes, 9.0) == "the tools of up have changed again: look at them once more"
    assert watch.accept("up", later.changes, 9.0) == ToolsSettled(9.0, "up", accepted=True)
    assert watch.told(third) is None
    assert watch.accept("up", later.changes, 9.0) == "no tool of up waits to be accepted"
    assert watch.accept("who", later.changes, 9.0) == "no tool of who waits to be accepted"
    drifted = watch.told(first)
    assert isinstance(drifted, ToolsDrifted)
    assert drifted.since == 9.0


def test_tools_that_are_again_what_was_known_settle_the_matter(tmp_path: Path) -> None:
    watch = DriftWatch(KnownTools(tmp_path))
    watch.knows(UpstreamSpec("up", CommandSpec(("x",))))
    told = [watch.told(ToolsListed(1.0, "up", tuple(listing(a=text)), (), True)) for text in "ABBA"]
    assert [type(event).__name__ for event in told] == ["NoneType", "ToolsDrifted", "NoneType", "ToolsSettled"]
