"""Fixtures of the screen's tests."""

from __future__ import annotations

import pytest
from textual.widgets import Input
from ui_bench import Bench

Input.cursor_blink = False  # type: ignore[assignment]  # a snapshot must not depend on the moment


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def bench() -> Bench:
    return Bench()
