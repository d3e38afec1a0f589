"""Themes are files: good ones load, bad ones are reported."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest
from textual.color import Color
from textual.theme import Theme
from ui_bench import Bench, shown, until

from inspector.ui import theme

OURS, BAD = theme.load(theme.directory())


def contrast(a: str, b: str) -> float:
    """WCAG's ratio of two colours."""

    def light(colour: str) -> float:
        parts = [c / 255 for c in Color.parse(colour).rgb]
        r, g, b = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    high, low = sorted((light(a), light(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_our_themes_load() -> None:
    assert BAD == []
    assert {"inspect-dark", "inspect-light", "inspect-contrast", "inspect-colourblind"} <= {t.name for t in OURS}


@pytest.mark.parametrize("found", [t for t in OURS if not t.ansi], ids=lambda t: t.name)
def test_every_word_can_be_read_on_its_ground(found: Theme) -> None:
    needed = 7.0 if "contrast" in found.name else 4.5
    assert found.surface
    for name in ("decision-allow", "decision-deny", "decision-hold", "decision-limit", "decision-error", "quiet"):
        assert contrast(found.variables[name], found.surface) >= needed, name


def test_in_the_colour_blind_theme_the_words_differ_in_lightness_or_hue_that_stays() -> None:
    found = next(t for t in OURS if t.name == "inspect-colourblind")
    words = {found.variables[f"decision-{name}"] for name in ("allow", "deny", "hold", "limit")}
    assert len(words) == 4
    for a, b in combinations(words, 2):
        one, other = Color.parse(a).rgb, Color.parse(b).rgb
        # Red and green are one for most colour-blind people: blue or brightness must tell the words apart.
        assert abs(one[2] - other[2]) > 40 or contrast(a, b) > 1.3, (a, b)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("- a list", "holds no mapping"),
        ("name: x", "needs a primary colour"),
        ("name: X Y\nprimary: red", "needs a name"),
        ("name: x\nprimary: notacolour", "is no colour"),
        ("name: x\nprimary: red\nfont: big", "unknown key 'font'"),
        ("name: [", "is no YAML"),
        ("name: x\nprimary: red\nvariables: 3", "variables must be a mapping"),
        ("name: x\nprimary: red\nvariables: {'a b': red}", "variables.a b: a name has a-z, 0-9 and -"),
        ("name: x\nprimry: red", "unknown key 'primry'; did you mean primary?"),
        ("name: x\nprimary: red\ndark: 7", "dark must be true or false"),
        ("name: x\nprimary: red\n\tsurface: red", "is no YAML: line 3"),
    ],
)
def test_a_bad_theme_is_reported_and_left_out(tmp_path: Path, content: str, why: str) -> None:
    (tmp_path / "bad.yaml").write_text(content)
    (tmp_path / "good.yaml").write_text("name: good\nprimary: '#112233'\n")
    good, bad = theme.load(tmp_path)
    assert [t.name for t in good] == ["good"]
    assert len(bad) == 1
    assert why in bad[0].why


@pytest.mark.anyio
async def test_an_unknown_theme_is_said_and_the_default_is_used(bench: Bench) -> None:
    async with bench.app(theme="nowhere").run_test(size=(120, 36), notifications=True) as pilot:
        await until(pilot, lambda: "Theme nowhere" in shown(pilot))
        assert pilot.app.theme == "inspect-dark"
