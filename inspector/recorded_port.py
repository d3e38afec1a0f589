"""`mcp-inspect open FILE`: a recording behind the same port that a live run has. Nothing can be changed through it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from inspector.core.call import CallId
from inspector.core.commands import CheckPolicy, Command, CommandResult, Describe, Inspect, PolicyCheck, Rejected, Text
from inspector.core.errors import ConfigError
from inspector.core.views import Port, Views
from inspector.record.reader import Recording
from inspector.store import Store


class RecordedPort(Port):
    """Its clock stands at the last event, so countdowns and rates are those of the end of the run.

    `check` answers whether a policy text would load; a screen needs it for its editor.
    """

    def __init__(self, path: Path, check: Callable[[str], PolicyCheck]) -> None:
        """Raises ConfigError for a file that is missing, no recording, damaged, or of a newer version."""
        self._check = check
        self._recording = Recording.open(path)
        self._store = Store(str(path), read_only=True, max_body_bytes=0)  # details come from the file
        try:
            self._now = self._recording.load_into(self._store)
        except BaseException:
            self._recording.close()
            raise

    def close(self) -> None:
        self._recording.close()

    async def views(self, since: int) -> Views:
        return self._store.views(since, self._now)

    async def command(self, command: Command) -> CommandResult:
        match command:
            case Inspect():
                return self._inspect(command.call_id)
            case Describe(server, tool):
                return Text(self._store.definition(server, tool))
            case CheckPolicy():
                return self._check(command.text)
        return Rejected("this is a recording")

    def _inspect(self, call_id: CallId) -> CommandResult:
        try:
            detail = self._recording.detail(call_id)
        except ConfigError as error:
            return Rejected(str(error))
        return detail or Rejected(f"the recording has no call #{call_id}")
