"""Environments for programs that stand on another SDK than ours: each made once, and kept beside the tests."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys

import pytest
from e2e.npm import TESTS

KEPT = TESTS / "clients" / ".venv"


def environment(name: str, *requirements: str) -> str:
    """The Python of the environment `name` with `requirements`, made anew when they changed.

    What cannot be installed skips the test on a person's machine and fails it in CI.
    """
    KEPT.mkdir(exist_ok=True)
    folder, wanted = KEPT / name, "\n".join(requirements)
    python, done = folder / "bin" / "python", folder / "installed"
    with (KEPT / f"{name}.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not done.exists() or done.read_text() != wanted:
            subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True, timeout=120)
            pip = [str(python), "-m", "pip", "install", "-q", *requirements]
            made = subprocess.run(pip, capture_output=True, text=True, timeout=300, check=False)
            if made.returncode != 0:
                why = f"{name} cannot be installed here: {made.stderr[-300:]}"
                pytest.fail(why) if os.environ.get("CI") == "true" else pytest.skip(why)
            done.write_text(wanted)
    return str(python)
