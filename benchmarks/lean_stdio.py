"""The same lean server over stdio: `python -m benchmarks.lean_stdio`."""

from __future__ import annotations

import sys

import orjson

from benchmarks.lean_http import answer


def serve() -> None:
    lines, out = sys.stdin.buffer, sys.stdout.buffer
    for line in lines:
        if (said := answer(orjson.loads(line))) is not None:
            out.write(said + b"\n")
            out.flush()


if __name__ == "__main__":
    serve()
