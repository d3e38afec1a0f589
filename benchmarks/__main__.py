"""`python -m benchmarks NAME [ARGUMENTS]` runs `main(argv)` of benchmarks/NAME.py."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path


def main(argv: list[str]) -> int:
    names = sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))
    if not argv or argv[0] not in names:
        unknown = f"no benchmark {argv[0]!r}; " if argv else ""
        print(f"{unknown}python -m benchmarks {{{'|'.join(names)}}}", file=sys.stderr)
        return 2
    return importlib.import_module(f"benchmarks.{argv[0]}").main(argv[1:]) or 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
