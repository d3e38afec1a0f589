"""`docs/settings.md` says what the code says."""

from __future__ import annotations

import re

from settings_page import PAGE, page

from inspector.ui import theme

TEXT = PAGE.read_text("utf-8")


def test_the_tables_of_the_settings_page_are_those_of_the_code() -> None:
    assert "| `hold.approve` | `a,f2` | Approve |" in TEXT
    assert page(TEXT) == TEXT, "write them anew: python tests/ui/settings_page.py"


def test_the_settings_page_names_every_theme_of_ours() -> None:
    ours, _ = theme.load(theme.directory())
    assert {found.name for found in ours} <= set(re.findall(r"`([a-z-]+)`", TEXT))
