"""`docs/screens.md` shows every picture that there is, each at both sizes."""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import Final

import pytest

DOCS: Final = Path(__file__).parents[1] / "docs"
NAMED: Final = re.findall(r"!\[([^\]]+)\]\(pictures/([\w-]+)\.png\)", (DOCS / "screens.md").read_text("utf-8"))
SIZES: Final = {"120x36": (120, 36), "80x24": (80, 24)}
CELL: Final = (10, 20)  # pixels, as docs/pictures/drawing.py draws them


def test_the_pictures_that_are_named_are_those_that_there_are() -> None:
    assert sorted(name for _, name in NAMED) == sorted(path.stem for path in (DOCS / "pictures").glob("*.png"))


def test_every_place_is_shown_at_both_sizes() -> None:
    places = {name.rpartition("-")[0] for _, name in NAMED}
    assert sorted(name for _, name in NAMED) == sorted(f"{place}-{size}" for place in places for size in SIZES)


@pytest.mark.parametrize(("words", "name"), NAMED, ids=[name for _, name in NAMED])
def test_a_picture_has_the_size_that_its_name_and_its_words_say(words: str, name: str) -> None:
    columns, rows = SIZES[name.rpartition("-")[2]]
    assert f"{columns} × {rows}" in words
    header = (DOCS / "pictures" / f"{name}.png").read_bytes()[:24]
    assert struct.unpack(">II", header[16:]) == (columns * CELL[0], rows * CELL[1])
