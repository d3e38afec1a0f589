"""What the parts of the Policy place have in common: the editor, and the text that it began with."""

from __future__ import annotations

from inspector.core.views import PolicyView
from inspector.ui.draft import Draft, language_of
from inspector.ui.screens.place import Place
from inspector.ui.widgets.editor import CodeEditor


class DraftingPlace(Place):
    """A place with one `CodeEditor` over a `Draft`."""

    def __init__(self) -> None:
        super().__init__()
        self.draft = Draft("", "")

    @property
    def editor(self) -> CodeEditor:
        return self.query_one(CodeEditor)

    def adopt(self, policy: PolicyView) -> None:
        """Show the engine's text and begin again from it."""
        self.draft = Draft.of(policy)
        self.editor.set_content(self.draft.base, language_of(policy.path, self.draft.base))
