"""Servers that wait until a person has logged in. No Textual here."""

from __future__ import annotations

from inspector.core.events import UpstreamState
from inspector.core.views import Views


def waiting(views: Views) -> dict[str, str]:
    """By name, the address to open; nothing in a recording, where it is over."""
    if views.run.read_only:
        return {}
    return {u.name: u.detail for u in views.upstreams if u.state is UpstreamState.LOGIN}


def news(before: Views, now: Views) -> list[str]:
    """What to tell the person of those that have come to wait."""
    known = waiting(before)
    return [
        f"{name} wants you to log in, in your browser:\n{where}"
        for name, where in waiting(now).items()
        if known.get(name) != where
    ]
