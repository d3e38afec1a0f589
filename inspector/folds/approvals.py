"""What people answered, and which of their answers still answer for them."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import replace
from typing import Final

from inspector.core.call import CallId
from inspector.core.decision import Decision, Verdict
from inspector.core.events import ApprovalEnded, ApprovalRemembered, HoldEnded
from inspector.core.json import to_text
from inspector.core.views import AnsweredView, ApprovalView
from inspector.folds.row import Row

KEPT: Final = 200  # answers, and as many remembered approvals
ARGUMENTS_SHOWN: Final = 400  # characters


class Answers:
    def __init__(self) -> None:
        self._answered: deque[AnsweredView] = deque(maxlen=KEPT)
        self._remembered: OrderedDict[int, ApprovalView] = OrderedDict()

    def hold_ended(self, event: HoldEnded, row: Row | None) -> None:
        if row is not None:
            edited = event.arguments is not None
            self._answered.appendleft(
                AnsweredView(
                    event.call_id, event.at, event.end, event.by, event.reason, edited,
                    row.client, row.server, row.tool, row.arguments,
                )
            )  # fmt: skip

    def remembered(self, event: ApprovalRemembered, client: str) -> None:
        """The same yes a second time changes nothing of the first."""
        if event.approval in self._remembered:
            return
        arguments = "" if event.arguments is None else to_text(event.arguments)
        if len(arguments) > ARGUMENTS_SHOWN:
            arguments = f"{arguments[: ARGUMENTS_SHOWN - 1]}…"
        self._remembered[event.approval] = ApprovalView(
            event.approval, event.at, event.by, event.remember, event.rule, event.grant, event.server, event.tool,
            event.call_id, client, event.session, arguments,
        )  # fmt: skip
        if len(self._remembered) > KEPT:
            ended = next((view.id for view in self._remembered.values() if view.ended_at is not None), None)
            del self._remembered[next(iter(self._remembered)) if ended is None else ended]

    def ended(self, event: ApprovalEnded) -> CallId | None:
        """The call that it was given for; None when it is not known."""
        view = self._remembered.get(event.approval)
        if view is None:
            return None
        self._remembered[view.id] = replace(view, ended_at=event.at, ended_by=event.by)
        return view.call_id

    def decided(self, decision: Decision) -> None:
        """A call that goes because of remembered approvals has used them."""
        if decision.verdict is not Verdict.ALLOW:
            return
        for number in decision.approvals:
            if view := self._remembered.get(number):
                self._remembered[number] = replace(view, uses=view.uses + 1, used_at=decision.at)

    def answered(self) -> tuple[AnsweredView, ...]:
        """The latest first."""
        return tuple(self._answered)

    def approvals(self) -> tuple[ApprovalView, ...]:
        """Those in force first; among them, and among those that have ended, the latest first."""
        newest_first = reversed(self._remembered.values())
        return tuple(sorted(newest_first, key=lambda view: view.ended_at is not None))
