"""Tool definitions as they were first seen, remembered across runs: a later change is shown once, until it is accepted.

One file per upstream in the state folder (`tools/NAME-HASH.json`, 0600). What is remembered is bound to the command or
URL, so that another server under an old name begins anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inspector.core.errors import ConfigError
from inspector.core.events import StderrLine, ToolChange, ToolsDrifted, ToolsListed, ToolsSettled
from inspector.core.upstream import CommandSpec, Target, UpstreamSpec
from inspector.paths import private_dir, private_file, read_private
from inspector.upstreams.drift import changes

MAX_TOOLS = 5_000  # of one upstream: one that lists other names every time must not fill the disk


def identity(name: str, target: Target) -> str:
    """What a definition is remembered under: the name, and a hash of what stands behind it."""
    what = list(target.argv) if isinstance(target, CommandSpec) else [target.url]
    return f"{name}-{hashlib.sha256(json.dumps(what).encode(errors='surrogatepass')).hexdigest()[:12]}"


@dataclass(frozen=True, slots=True)
class Drift:
    """`since`: when what is known was seen or accepted (Unix seconds; 0: not noted). `news`: never said before."""

    changes: tuple[ToolChange, ...]
    since: float
    news: bool


class KnownTools:
    """The folder of them. Used from one thread."""

    def __init__(self, state_dir: Path) -> None:
        self._folder = private_dir(private_dir(state_dir) / "tools")
        self._fresh: set[str] = set()  # first seen in this run: further pages of its list are no additions

    def seen(
        self, upstream: str, definitions: Iterable[tuple[str, bytes]], *, complete: bool, now: float = 0.0
    ) -> Drift:
        """What an upstream (by its `identity`) lists now, and what of it has changed since it was accepted.

        `now`: Unix seconds. Raises ConfigError when the file cannot be read or written.
        """
        listed = dict(list(_parsed(definitions))[:MAX_TOOLS])
        file = self._read(upstream)
        if file is None or upstream in self._fresh:
            known = file["tools"] if file else {}
            news = listed if file is None else {name: tool for name, tool in listed.items() if name not in known}
            self._fresh.add(upstream)
            if file is None or (news and len(known) < MAX_TOOLS):
                file = {"tools": {**known, **news}, "pending": None, "shown": [], "since": now}
                self._write(upstream, file)
        base = {} if complete else {**file["tools"], **(file["pending"] or {})}
        listing = dict(list({**base, **listed}.items())[:MAX_TOOLS])
        found = changes(file["tools"], listing)
        shown = sorted(hashlib.sha256(repr(change).encode(errors="surrogatepass")).hexdigest() for change in found)
        if shown != file["shown"]:
            self._write(upstream, {**file, "pending": listing if found else None, "shown": shown})
        return Drift(found, file["since"], news=bool(set(shown) - set(file["shown"])))

    def pending(self) -> dict[str, tuple[ToolChange, ...]]:
        """Changes that wait to be accepted, by upstream."""
        waiting: dict[str, tuple[ToolChange, ...]] = {}
        for path in sorted(self._folder.glob("*.json")):
            file = self._read(path.stem)
            if file is not None and file["pending"] is not None:
                waiting[path.stem] = changes(file["tools"], file["pending"])
        return waiting

    def accept(self, upstream: str, now: float = 0.0) -> None:
        """From now on (Unix seconds) its latest listing is the known one."""
        file = self._read(upstream)
        if file is not None and file["pending"] is not None:
            self._write(upstream, {"tools": file["pending"], "pending": None, "shown": [], "since": now})

    def _read(self, upstream: str) -> dict[str, Any] | None:
        path = self._folder / f"{upstream}.json"
        text = read_private(path)
        if text is None:
            return None
        try:
            file = json.loads(text)
            if not (isinstance(file["tools"], dict) and isinstance(file["shown"], list)):
                raise ValueError
            since = float(file.get("since", 0.0))
            return {"tools": file["tools"], "pending": file.get("pending"), "shown": file["shown"], "since": since}
        except (ValueError, TypeError, KeyError):
            raise ConfigError(f"{path} is damaged; remove it, and the upstream's tools are learned anew") from None

    def _write(self, upstream: str, file: dict[str, Any]) -> None:
        private_file(self._folder / f"{upstream}.json", json.dumps(file, indent=1))


class DriftWatch:
    """Fed with a run's events; says which of them brought tools that are not the known ones."""

    def __init__(self, known: KnownTools) -> None:
        self._known = known
        self._identities: dict[str, str] = {}
        self._waiting: dict[str, tuple[ToolChange, ...]] = {}  # as this run said last

    def knows(self, spec: UpstreamSpec) -> None:
        self._identities[spec.name] = identity(spec.name, spec.target)

    def told(self, event: ToolsListed) -> ToolsDrifted | ToolsSettled | StderrLine | None:
        """The changes that wait to be accepted, when they are others than a moment ago, or that none does any more."""
        if event.upstream not in self._identities:
            return None
        name, at = event.upstream, event.at
        try:
            drift = self._known.seen(self._identities[name], event.definitions, complete=event.complete, now=at)
        except ConfigError as error:
            return StderrLine(at, "mcp-inspect", str(error))
        if drift.changes == self._waiting.get(name, ()):
            return None
        if not drift.changes:
            del self._waiting[name]
            return ToolsSettled(at, name, accepted=False)
        self._waiting[name] = drift.changes
        return ToolsDrifted(at, name, drift.changes, drift.since, again=not drift.news)

    def accept(self, upstream: str, seen: tuple[ToolChange, ...], now: float) -> ToolsSettled | str:
        """Take the tools as they are listed now (Unix seconds), if `seen` is what has changed; else why not."""
        known = self._identities.get(upstream)
        try:
            waits = self._known.pending().get(known, ()) if known is not None else ()
            if known is None or not waits:
                return f"no tool of {upstream} waits to be accepted"
            if waits != seen:
                return f"the tools of {upstream} have changed again: look at them once more"
            self._known.accept(known, now)
        except ConfigError as error:
            return str(error)
        self._waiting.pop(upstream, None)
        return ToolsSettled(now, upstream, accepted=True)


def _parsed(definitions: Iterable[tuple[str, bytes]]) -> Iterable[tuple[str, dict[str, Any]]]:
    for name, raw in definitions:
        try:
            definition = json.loads(raw)
        except ValueError:
            continue
        if isinstance(definition, dict):
            yield name, definition
