"""What holds an editor is made when it is first wanted: the first frame does not wait for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspector.core.views import HoldView

if TYPE_CHECKING:
    from inspector.ui.screens.edit import EditDialog
    from inspector.ui.screens.policy import PolicyPlace


def policy() -> PolicyPlace:
    from inspector.ui.screens.policy import PolicyPlace

    return PolicyPlace()


def edit_dialog(held: HoldView) -> EditDialog:
    from inspector.ui.screens.edit import EditDialog

    return EditDialog(held)
