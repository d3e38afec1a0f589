"""How much each tool may do, as far as a run knows: by its name, and by its definition once it was listed."""

from __future__ import annotations

import json
from collections import OrderedDict
from typing import Final

from inspector.core.events import ToolsListed
from inspector.core.json import JsonObject
from inspector.core.risk import Risk, risk_of

MAX_TOOLS: Final = 1_000  # a client may make names up


class Risks:
    """By server and name. The listed ones stay; of those that were only called, the latest."""

    def __init__(self) -> None:
        self._listed: dict[tuple[str, str], Risk] = {}
        self._guessed: OrderedDict[tuple[str, str], Risk] = OrderedDict()

    def listed(self, event: ToolsListed) -> None:
        for name, definition in event.definitions:
            self._listed[event.upstream, name] = risk_of(name, _parsed(definition))
        for tool in list(self._listed)[: max(0, len(self._listed) - MAX_TOOLS)]:
            del self._listed[tool]

    def of(self, server: str, name: str) -> Risk:
        key = server, name
        risk = self._listed.get(key) or self._guessed.get(key)
        if risk is None:
            risk = self._guessed[key] = risk_of(name)
            if len(self._guessed) > MAX_TOOLS:
                self._guessed.popitem(last=False)
        return risk


def _parsed(definition: bytes) -> JsonObject | None:
    """Only to guess the risk: numbers need not keep their text."""
    try:
        value = json.loads(definition)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
