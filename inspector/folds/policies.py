"""The policy in force, and what lies on disk beside it."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import Final

from inspector.core.commands import PolicyVersion
from inspector.core.events import PolicyLoaded, PolicyOffered, PolicyRejected
from inspector.core.views import PolicyView

MAX_VERSIONS: Final = 200  # kept with their texts


class Versions:
    """Every policy that was in force, the newest ones of very many."""

    def __init__(self) -> None:
        self._versions: deque[PolicyVersion] = deque(maxlen=MAX_VERSIONS)

    def loaded(self, event: PolicyLoaded) -> None:
        self._versions.append(PolicyVersion(event.version, event.at, event.origin, event.hash, event.text))

    def all(self) -> tuple[PolicyVersion, ...]:
        """The oldest first."""
        return tuple(self._versions)


def loaded(view: PolicyView, event: PolicyLoaded) -> PolicyView:
    """Whatever was rejected or offered before is settled by it."""
    return PolicyView(
        path=event.path,
        version=event.version,
        hash=event.hash,
        text=event.text,
        problems=event.warnings,
        origin=event.origin,
        previous_text=view.text,
    )


def rejected(view: PolicyView, event: PolicyRejected) -> PolicyView:
    return replace(
        view,
        path=view.path or event.path,
        disk_text=event.text,
        problems=event.problems,
        offered=False,
        deleted=False,
    )


def offered(view: PolicyView, event: PolicyOffered) -> PolicyView:
    if event.text is None:
        return replace(view, disk_text=None, offered=False, deleted=True)
    return replace(view, disk_text=event.text, problems=(), offered=True, deleted=False)
