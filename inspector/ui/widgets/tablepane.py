"""The frame around the table: lit while the keys go to what is in it."""

from __future__ import annotations

from textual.containers import Vertical


class TablePane(Vertical):
    """Looks as any `.pane` does. But for a rule on `:focus-within` Textual looks through all rules again for everything
    inside, the table's every colour among it: longer than to draw the frame that this is for."""

    def on_descendant_focus(self) -> None:
        self.call_after_refresh(self._light)

    def on_descendant_blur(self) -> None:
        self.call_after_refresh(self._light)

    def _light(self) -> None:
        """One frame behind: first what the key was for."""
        self.set_class(self.has_focus_within, "-lit", update=False)
        self.app.stylesheet.apply(self)
