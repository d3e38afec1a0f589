"""What is printed when the screen itself fails. Textual's own report shows the variables of every frame: arguments of
calls, tokens, whatever was at hand, in a text that people paste into bug reports."""

from __future__ import annotations

import traceback
from typing import Final

from rich.segment import Segments
from rich.text import Text
from textual.app import App
from textual.worker import WorkerFailed

from inspector.ui import text

FRAMES: Final = 12  # the innermost
WORDS: Final = 300  # characters of the error's own


class DiscreetApp(App[None]):
    """Ends with exit code 1 and `last_words` on stderr when one of its own callbacks fails."""

    def last_words(self, error: BaseException) -> str:
        """What is printed once the terminal is as it was before."""
        return type(error).__name__

    def _fatal_error(self) -> None:
        """In place of Textual's. Of several errors the first is told: the others follow from it."""
        if self._exception is not None and not self._exit_renderables:
            told = Text(self.last_words(self._exception))
            self._exit_renderables.append(Segments(self.console.render(told)))
        self._close_messages_no_wait()


def report(error: BaseException, *, recording: str, token: str) -> str:
    """Which error, where in the code, and where the run is kept: no values but those in the error's own words."""
    error = error.error if isinstance(error, WorkerFailed) else error
    # TracebackException: the source lines of the frames, never their variables.
    found = traceback.TracebackException.from_exception(error, limit=-FRAMES, capture_locals=False)
    words = text.line(text.masked(str(error), token), WORDS)
    said = f"{type(error).__name__}: {words}" if words else type(error).__name__
    frames = "".join(found.stack.format()).rstrip()
    kept = f"Every decision of this run is in {text.line(recording, 400)}" if recording else "This run is not recorded."
    return "\n".join(
        [
            f"mcp-inspect: the screen has failed, and the run has ended with it: {said}",
            text.block(frames, 20_000, 4 * FRAMES),
            "Held calls were denied, and the servers were ended.",
            kept,
        ]
    )
