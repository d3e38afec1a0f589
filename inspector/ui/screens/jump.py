"""From a rule's name to its line in the editor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspector.ui.pointers import line_of

if TYPE_CHECKING:
    from inspector.ui.app import InspectApp


async def to_rule(app: InspectApp, rule: str) -> None:
    """Show the policy with the cursor on the rule. A rule of the engine itself, `(hidden)`, stands in no file."""
    from inspector.ui.widgets.editor import CodeEditor

    if not rule.startswith("/"):
        app.say("No rule of the policy decided this." if not rule else f"{rule} is built in: no line of the policy.")
        return
    await app.switch_mode("policy")
    editor = app.screen.query_one(CodeEditor)
    editor.focus()
    app.call_after_refresh(lambda: editor.go_to(line_of(editor.text, rule)))
