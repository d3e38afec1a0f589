"""The policy in force, and what lies on disk beside it."""

from __future__ import annotations

from dataclasses import replace

from inspector.core.events import PolicyLoaded, PolicyOffered, PolicyRejected
from inspector.core.views import PolicyView


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
