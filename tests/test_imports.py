"""What a start loads: each way in takes only what it needs."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROBE = """
import sys
{code}
print(*sorted(name for name in {heavy!r} if name in sys.modules))
"""


def loaded(code: str, *heavy: str) -> set[str]:
    """Which of `heavy` stand in `sys.modules` of a fresh interpreter after `code`."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE.format(code=code, heavy=heavy)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split())


def test_the_probe_sees_what_is_loaded() -> None:
    assert loaded("import json.decoder", "json", "textual") == {"json"}


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["demo", "--help"], ["stdio", "--help"]])
def test_help_loads_neither_the_protocol_nor_the_screen(arguments: list[str]) -> None:
    code = f"""
from inspector.cli import main
try:
    main({arguments!r})
except SystemExit:
    pass
"""
    assert loaded(code, "mcp", "textual", "pydantic", "aiohttp", "uvicorn", "ruamel.yaml") == set()


def test_the_headless_engine_loads_no_screen() -> None:
    modules = ("wiring", "proxy.driver", "policy.load", "policy.gate", "record.recorder", "store")
    code = "\n".join(f"import inspector.{module}" for module in modules)
    assert loaded(code, "textual", "rich", "inspector.ui") == set()


def test_the_screen_of_a_run_loads_no_engine() -> None:
    code = "import inspector.engine_process, inspector.screen"
    engine = ("inspector.wiring", "inspector.proxy", "inspector.record", "inspector.policy.load")
    assert loaded(code, *engine, "mcp", "uvicorn", "aiohttp", "sqlite3") == set()


def test_the_pure_rooms_load_no_network() -> None:
    code = "import inspector.wire.mcp, inspector.wire.framing, inspector.policy.gate, inspector.store"
    assert loaded(code, "asyncio", "aiohttp", "uvicorn", "mcp", "sqlite3") == set()
