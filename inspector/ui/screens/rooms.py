"""The places other than Live, made when they are first wanted: the first frame does not pay for the editor."""

from __future__ import annotations

from inspector.ui.screens.place import Place


def approvals() -> Place:
    from inspector.ui.screens.approvals import ApprovalsPlace

    return ApprovalsPlace()


def limits() -> Place:
    from inspector.ui.screens.limits import LimitsPlace

    return LimitsPlace()


def policy() -> Place:
    from inspector.ui.screens.policy import PolicyPlace

    return PolicyPlace()


def sessions() -> Place:
    from inspector.ui.screens.sessions import SessionsPlace

    return SessionsPlace()
