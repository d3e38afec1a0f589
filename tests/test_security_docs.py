"""docs/security.md names a test beside each duty: each of them is there."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parent
TEXT = (TESTS.parent / "docs" / "security.md").read_text()
NAMED = re.compile(r"`((?:[\w/]+\.py)|…)(?:::(\w+?)(…)?)?`")


def test_every_test_that_the_security_model_names_is_there() -> None:
    missing, file, count = [], "", 0
    for path, name, cut in NAMED.findall(TEXT):
        file = file if path == "…" else path
        found = TESTS / file
        end = "" if cut else "\\("
        there = found.is_file() and (not name or re.search(f"def {name}{end}", found.read_text()))
        count += 1
        if not there:
            missing.append(f"{file}::{name}")
    assert missing == []
    assert count > 60
