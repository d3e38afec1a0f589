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
from watchfiles import awatch

from inspector.core.commands import Conflict, Done, PolicyCheck, Rejected
from inspector.core.errors import ConfigError, PolicyError
from inspector.core.events import Event, PolicyOffered, PolicyRejected
from inspector.core.problems import Problem, Severity
from inspector.policy.load import load_file, load_text
from inspector.policy.model import Policy

DEBOUNCE_MS = 100


def text_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


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
        self._hash = ""  # of the text in force
        self._disk = ""  # of the text last seen on disk
        self._offered: str | None = None
        self._appeared = anyio.Event()

    def start(self, text: str | None = None) -> tuple[Problem, ...]:
        """Load what there is. Returns the problems of a file that does not load: nothing is in force then.

        Raises:
            ConfigError: the file cannot be read.
        """
        if self.path is None:
            self._load(text or "", "start")
            return ()
        content = self._read(self.path)
        return self._load(content, "start")

    def check(self, text: str) -> PolicyCheck:
        """Would this load?"""
        try:
            policy = load_text(text, path=self._name)
        except PolicyError as error:
            return PolicyCheck(error.problems, loads=False)
        return PolicyCheck(policy.warnings, loads=True)

    def save(self, text: str, base_hash: str, *, overwrite: bool) -> Done | Conflict | Rejected:
        """The editor's save: written atomically, then in force. What does not load is kept on disk, marked, and the
        last good policy stays."""
        path = self.path or self._save_as
        try:
            current = self._read(path) if path.exists() else ""
            if not overwrite and (path.exists() and text_hash(current) != base_hash and current != text):
                return Conflict(current, text_hash(current))
            write_atomically(path, text)
        except (OSError, ConfigError) as error:
            return Rejected(f"cannot write {path}: {error}")
        if self.path is None:
            self.path = path
            self._appeared.set()
        problems = self._load(text, "editor")
        if problems:
            return Rejected(f"saved, but not in force: {len(problems)} problem(s); the last good policy still decides")
        return Done(f"saved {path.name}; in force")

    def take_offered(self) -> Done | Rejected:
        """A person accepts the outside edit that `--reload confirm` holds back."""
        if self._offered is None:
            return Rejected("no edit is waiting")
        text, self._offered = self._offered, None
        return Rejected("it does not load") if self._load(text, "outside") else Done("in force")

    async def watch(self) -> None:
        """Follow the file. Ends by cancellation."""
        if self.path is None:
            await self._appeared.wait()
        assert self.path is not None
        folder, name = self.path.parent, self.path.name
        async for changes in awatch(folder, recursive=False, debounce=DEBOUNCE_MS, step=20, force_polling=False):
            if any(Path(changed).name == name for _, changed in changes):
                self._changed(self.path)

    def _changed(self, path: Path) -> None:
        if not path.exists():
            self._disk = ""
            self._emit(PolicyOffered(self._clock(), str(path), None))
            return
        try:
            text = self._read(path)
        except ConfigError as error:
            problem = Problem("", 1, 1, str(error), Severity.ERROR)
            self._emit(PolicyRejected(self._clock(), str(path), "", (problem,)))
            return
        seen, self._disk = self._disk, text_hash(text)
        if self._disk == seen:
            return
        if self._confirm and self._disk != self._hash:
            self._offered = text
            self._emit(PolicyOffered(self._clock(), str(path), text))
            return
        self._load(text, "outside")

    def _load(self, text: str, origin: str) -> tuple[Problem, ...]:
        self._disk = text_hash(text)
        try:
            policy = load_text(text, path=self._name)
        except PolicyError as error:
            self._emit(PolicyRejected(self._clock(), self._name, text, error.problems))
            return error.problems
        self._hash, self._offered = self._disk, None
        self._put_in_force(policy, origin)
        return ()

    def _read(self, path: Path) -> str:
        """Raises ConfigError for what is no readable UTF-8 file of at most 1 MiB."""
        return read_policy_text(path)

    @property
    def _name(self) -> str:
        return str(self.path) if self.path else ""


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
