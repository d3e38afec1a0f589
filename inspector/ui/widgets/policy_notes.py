"""What stands beside the editor: how the file and the policy in force differ, and a line for what is out of order."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from inspector.core.views import PolicyView
from inspector.ui import diff
from inspector.ui.actions import hinted
from inspector.ui.draft import Draft
from inspector.ui.hanging import Hanging


class Changes(VerticalScroll):
    """The diff that matters now: unsaved edits; else an edit that waits; else what the last load changed."""

    def __init__(self) -> None:
        super().__init__(id="changes", classes="pane", can_focus=False)
        self._shown: tuple[str, str] | None = None

    def compose(self) -> ComposeResult:
        yield Static(id="changes-text", markup=False)

    def show(self, policy: PolicyView, draft: Draft, text: str) -> None:
        title, old, new = _pair(policy, draft, text, hinted(self, "policy.take", "F5"))
        if (old, new) != self._shown:
            self._shown = (old, new)
            shown = self.query_one("#changes-text", Static)
            shown.set_class(old != new, "-diff")
            rests = _resting(policy, hinted(self, "policy.save", "Ctrl+S"))
            shown.update(Hanging(diff.view(old, new)) if old != new else rests)
        self.border_title = Content(f"{title} · {diff.size(old, new)}" if old != new else title)


def _pair(policy: PolicyView, draft: Draft, text: str, take: str) -> tuple[str, str, str]:
    if not draft.is_clean(text):
        return "Your changes", draft.base, text
    if policy.disk_text is not None:
        title = f"Waits for {take}" if policy.offered else "On disk, not in force"
        return title, policy.text, policy.disk_text
    if policy.previous_text:
        by = "from outside" if policy.origin == "outside" else "saved here"
        return f"v{policy.version} {by}", policy.previous_text, policy.text
    return "Changes", policy.text, policy.text


def _resting(policy: PolicyView, save: str) -> Content:
    if policy.version == 0:
        return Content.assemble(("No policy is in force: every call is denied until this text loads.", "$quiet"))
    key = (save, "bold $primary")
    if not policy.path:
        file = (" writes it as mcp-inspect.policy.yaml", "$quiet")
        return Content.assemble(("This policy has no file yet.\n\n", "$quiet"), key, file)
    return Content.assemble(
        (f"v{policy.version}", "bold"),
        (" is in force, and the file says the same.\n\nType to change it: ", "$quiet"),
        key,
        (" puts it in force with the next call.\nEdits made elsewhere show here.", "$quiet"),
    )


class PolicyBanner(Widget):
    """One line, only when something is out of order."""

    def __init__(self) -> None:
        super().__init__(id="policy-banner")
        self._words: tuple[str, str] | None = None

    def show(self, policy: PolicyView) -> None:
        words = banner_words(policy, hinted(self, "policy.save", "Ctrl+S"), hinted(self, "policy.take", "F5"))
        if words != self._words:
            self._words = words
            self.set_class(words is not None, "-open")
            self.refresh()

    def render(self) -> Content:
        mark, words = self._words or ("", "")
        return Content.assemble((f"{mark} ", "bold"), words)


def banner_words(policy: PolicyView, save: str = "Ctrl+S", take: str = "F5") -> tuple[str, str] | None:
    kept = f"v{policy.version} stays in force"
    if policy.version == 0:
        return "✗", f"No policy is in force: every call is denied. Repair it, then {save}."
    if policy.offered:
        return "◐", f"The file was edited outside. {take} puts it in force; until then {kept}."
    if policy.deleted:
        return "◐", f"The file is gone; {kept}. {save} writes it again."
    if policy.disk_text is not None:
        return "✗", f"The file does not load; {kept}."
    if not policy.path:
        return "◐", f"There is no policy file: this is the default. {save} saves it as one."
    return None
