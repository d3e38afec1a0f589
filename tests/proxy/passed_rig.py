"""The HTTP front before an HTTP server that a script answers for."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from http_rig import Rig, at, running, serving
from http_upstream import Handler, Script


@contextlib.asynccontextmanager
async def before(
    folder: Path, handle: Handler, *headers: tuple[str, str], **more: Any
) -> AsyncIterator[tuple[Rig, Script]]:
    script = Script(handle)
    async with serving(script) as url, running(folder, at(url, *headers), **more) as rig:
        yield rig, script
