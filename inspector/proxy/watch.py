"""The policy's file: read at start, watched, written by the editor. One text is in force; the disk may differ.

Own writes are told from outside edits by their content's hash, never by time. The folder is watched, so that editors
which write a new file and rename it over the old one are seen.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import anyio
from anyio import to_thread
from watchfiles import awatch

from inspector.core.commands import Conflict, Done, Rejected
from inspector.core.errors import PolicyError
from inspector.core.events import Event, PolicyOffered, PolicyRejected
from inspector.core.problems import Problem
from inspector.policy.load import check_text, read_file
from inspector.policy.model import Policy

DEBOUNCE_MS = 100


def content_hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class PolicyFile:
    """`in_force` puts a policy into the gate; `emit` tells log and screen.

    `path` None: there is no file yet, and `text` (a policy made of --default) is in force until one is saved.
    """

    def __init__(
        self,
        path: Path | None,
        *,
        save_as: Path,
        in_force: Callable[[Policy, str], None],
        emit: Callable[[Event], None],
        clock: Callable[[], float],
        confirm: bool = False,
    ) -> None:
        self.path = path
        self._save_as = save_as
        self._put_in_force = in_force
        self._emit = emit
        self._clock = clock
        self._confirm = confirm
        self._in_force = ""  # hash of the text in force
        self._disk = ""  # hash of the text last seen on disk
        self._offered: bytes | None = None
        self._appeared = anyio.Event()
        self._turn = anyio.Lock()  # first come, first served

    def start(self, text: str = "") -> tuple[Problem, ...]:
        """Load the file, or `text` when there is none. Returns the problems of what does not load: then nothing is in
        force.

        Raises:
            PolicyError: the file cannot be read.
        """
        if self.path is None:
            return self._begin(text.encode(), ())
        return self._begin(*read_file(self.path))

    def _begin(self, content: bytes, warnings: tuple[Problem, ...]) -> tuple[Problem, ...]:
        return self._take(content, check_text(content, path=self._name, warnings=warnings), "start")

    async def save(self, text: str, base_hash: str, *, overwrite: bool) -> Done | Conflict | Rejected:
        """The editor's save: written atomically, then in force. What does not load is kept on disk, marked, and the
        last good policy stays. Saves, and what is seen of the disk, follow one another as they came."""
        async with self._turn:
            return await self._saved(text, base_hash, overwrite=overwrite)

    async def _saved(self, text: str, base_hash: str, *, overwrite: bool) -> Done | Conflict | Rejected:
        path = self.path or self._save_as
        try:
            if path.exists() and not overwrite:
                current = read_file(path)[0].decode(errors="replace")
                if current != text and content_hash(current.encode()) != base_hash:
                    return Conflict(current, content_hash(current.encode()))
            write_atomically(path, text)
        except (OSError, PolicyError) as error:
            return Rejected(f"cannot write {path}: {error}")
        if self.path is None:
            self.path = path
            self._appeared.set()
        problems = await self._load(text.encode(), (), "editor")
        if problems:
            return Rejected(f"saved, but not in force: {_count(problems)}; the last good policy still decides")
        return Done(f"saved {path.name}; in force")

    async def take_offered(self) -> Done | Rejected:
        """A person accepts the outside edit that `--reload confirm` holds back."""
        async with self._turn:
            if self._offered is None:
                return Rejected("no edit is waiting")
            problems = await self._load(self._offered, (), "outside")
        return Rejected(f"it does not load: {_count(problems)}") if problems else Done("in force")

    async def watch(self) -> None:
        """Follow the file. Ends by cancellation."""
        if self.path is None:
            await self._appeared.wait()
        path = self.path or self._save_as
        async with anyio.create_task_group() as tasks:
            stop = anyio.Event()
            tasks.start_soon(_set_at_the_end, stop)
            await self._follow(path, stop)

    async def _follow(self, path: Path, stop: anyio.Event) -> None:
        watching = awatch(
            path.parent, recursive=False, debounce=DEBOUNCE_MS, step=20, force_polling=False, stop_event=stop
        )
        async for changes in watching:
            if any(Path(changed).name == path.name for _, changed in changes):
                async with self._turn:
                    await self._changed(path)

    async def _changed(self, path: Path) -> None:
        now = self._clock()
        if not path.exists():  # noqa: ASYNC240 - one call, and a read of at most 1 MiB
            self._disk = ""
            self._emit(PolicyOffered(now, str(path), None))
            return
        try:
            content, warnings = read_file(path)
        except PolicyError as error:
            self._emit(PolicyRejected(now, str(path), "", (Problem("", 1, 1, str(error)),)))
            return
        seen, self._disk = self._disk, content_hash(content)
        if self._disk == seen:
            return
        if self._confirm and self._disk != self._in_force:
            self._offered = content
            self._emit(PolicyOffered(now, str(path), content.decode(errors="replace")))
            return
        await self._load(content, warnings, "outside")

    async def _load(self, content: bytes, warnings: tuple[Problem, ...], origin: str) -> tuple[Problem, ...]:
        """Parsed in a thread: a policy of a megabyte takes a second, and calls go on meanwhile. Only inside a turn."""
        name = self._name
        read = await to_thread.run_sync(lambda: check_text(content, path=name, warnings=warnings))
        return self._take(content, read, origin)

    def _take(
        self, content: bytes, read: tuple[Policy | None, tuple[Problem, ...]], origin: str
    ) -> tuple[Problem, ...]:
        self._disk = content_hash(content)
        self._offered = None
        policy, problems = read
        if policy is None:
            self._emit(PolicyRejected(self._clock(), self._name, content.decode(errors="replace"), problems))
            return problems
        self._in_force = self._disk
        self._put_in_force(policy, origin)
        return ()

    @property
    def _name(self) -> str:
        return str(self.path) if self.path else ""


async def _set_at_the_end(stop: anyio.Event) -> None:
    """The watcher waits in a thread, which no cancellation reaches: without being told it looks up every 5 s only."""
    try:
        await anyio.sleep_forever()
    finally:
        stop.set()


def _count(problems: tuple[Problem, ...]) -> str:
    return "1 problem" if len(problems) == 1 else f"{len(problems)} problems"


def write_atomically(path: Path, text: str) -> None:
    """A new file beside it, then renamed over it, with the old one's mode. Raises OSError."""
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o600
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(mode)
        Path(temporary).replace(path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise
