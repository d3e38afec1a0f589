"""What tests run on Node: installed from a lock file beside it, once."""

from __future__ import annotations

import fcntl
import subprocess
from pathlib import Path

TESTS = Path(__file__).parents[1]


def installed(folder: Path, npm: str) -> Path:
    """The node_modules of a folder with a lock file, made if they are not there or older than it."""
    lock, done = folder / "package-lock.json", folder / "node_modules" / ".package-lock.json"
    # npm empties node_modules first: two runs must not do that to each other.
    with (folder / ".npm-ci.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not done.exists() or done.stat().st_mtime < lock.stat().st_mtime:
            command = [npm, "ci", "--prefix", str(folder), "--no-audit", "--no-fund"]
            made = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
            assert made.returncode == 0, made.stderr
    return folder / "node_modules"
