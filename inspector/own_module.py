"""A module of ours in a process of its own."""

from __future__ import annotations

import sys
from typing import Final

_CODE: Final = "import runpy, sys; sys.path[:] = {path!r}; runpy.run_module({module!r}, {{}}, '__main__', True)"


def own_module(module: str) -> tuple[str, ...]:
    """How to start it: with this Python and what it has found. `-m` would look into the current folder first, where
    somebody else's `inspector` may lie."""
    return sys.executable, "-P", "-c", _CODE.format(path=sys.path, module=module)
