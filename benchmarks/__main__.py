"""`python -m benchmarks NAME …`: runs `main(argv)` of `benchmarks/NAME.py`, which returns the exit code."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path


def names() -> list[str]:
    """The modules here that have a `main(argv)`."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    return [f.stem for f in files if not f.stem.startswith("_") and "\ndef main(argv" in f.read_text()]


def main() -> int:
    if len(sys.argv) < 2 or sys.argv[1] not in names():
        print(f"usage: python -m benchmarks {{{','.join(names())}}} …", file=sys.stderr)
        return 2
    code: int = importlib.import_module(f"benchmarks.{sys.argv[1]}").main(sys.argv[2:])
    return code


sys.exit(main())
