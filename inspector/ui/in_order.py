"""Keys take effect in the order in which they were pressed, however fast they come.

Textual gives each key to the widget that has the focus just then. A letter is written at once; but the key of a command
(Enter, Esc, Ctrl+U, a dialog's key) goes from widget to widget up to the app, and what it sets off comes back as more
messages. In a burst (a paste without brackets, a slow line, a slow frame) the letters behind it would overtake it, and
be written where it was about to take the focus from. So here the next key waits until the last one has had its effect.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import Final

from textual import events
from textual.app import App
from textual.message_pump import MessagePump

AT_MOST: Final = 1.0  # seconds that a key waits for the one before it
ROUNDS: Final = (2, 10)  # of messages that set off others: at least, for those that a task has yet to send, and at most
LOOK_AGAIN: Final = 0.01  # seconds


class InOrderApp(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self._keys: deque[events.Key | events.Paste] = deque()
        self._settling: asyncio.Task[None] | None = None

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            self._keys.append(event)
            if self._settling is None:
                await self._take_keys()
        else:
            await super().on_event(event)

    def on_unmount(self) -> None:
        self._keys.clear()
        if self._settling is not None:
            self._settling.cancel()

    async def _take_keys(self) -> None:
        """Those that are only written go one right behind the other; any other one is waited for."""
        self._settling = None
        while self._keys and self._settling is None:
            event = self._keys.popleft()
            written = self._is_written(event)
            await super().on_event(event)
            if not written:
                self._settling = asyncio.create_task(self._settle())

    def _is_written(self, event: events.Key | events.Paste) -> bool:
        """The focused widget takes it as a part of its text, and no one else hears of it."""
        if isinstance(event, events.Paste):
            return True
        return self.focused is not None and self.focused.check_consume_key(event.key, event.character)

    async def _settle(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(AT_MOST):
                await self._quiet()
        self.call_later(self._take_keys)

    async def _quiet(self) -> None:
        """Until no message is on its way from where the keys go up to the app, and the screen has done its work."""
        least, most = ROUNDS
        for number in range(most):
            pumps = self._way_up()
            for pump in pumps:
                await _caught_up(pump)
            if number + 1 >= least and not any(pump.message_queue_size for pump in pumps):
                break
        await self.idle()

    def _way_up(self) -> list[MessagePump]:
        """A screen that has yet to be composed answers only then, and its focus is set by the app after that."""
        if self.focused is None:
            return [self.screen, self]
        return [*self.focused.ancestors_with_self]

    async def idle(self) -> None:
        """Returns once what is in front shows what the last key did."""


async def _caught_up(pump: MessagePump) -> None:
    """It has handled what it had, or is no more: a dialog may go with messages unread."""
    done = asyncio.Event()
    if not pump.call_later(done.set):
        return
    while pump.is_running and not done.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(done.wait(), LOOK_AGAIN)
