"""Tool definitions as they were first seen, remembered across runs: a later change is shown once, until it is accepted.

One file per upstream in the state folder (`tools/NAME-HASH.json`, 0600). What is remembered is bound to the command or
URL, so that another server under an old name begins anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from inspector.core.errors import ConfigError
from inspector.core.events import Event, StderrLine, ToolChange, ToolsDrifted, ToolsListed
from inspector.core.upstream import CommandSpec, Target, UpstreamSpec
from inspector.paths import private_dir, private_file, read_private
from inspector.upstreams.drift import changes

MAX_TOOLS = 5_000  # of one upstream: one that lists other names every time must not fill the disk


def identity(name: str, target: Target) -> str:
    """What a definition is remembered under: the name, and a hash of what stands behind it."""
    what = list(target.argv) if isinstance(target, CommandSpec) else [target.url]
    return f"{name}-{hashlib.sha256(json.dumps(what).encode(errors='surrogatepass')).hexdigest()[:12]}"


class KnownTools:
    """The folder of them. Used from one thread."""

    def __init__(self, state_dir: Path) -> None:
        self._folder = private_dir(private_dir(state_dir) / "tools")
        self._fresh: set[str] = set()  # first seen in this run: further pages of its list are no additions

    def seen(
        self, upstream: str, definitions: Iterable[tuple[str, bytes]], *, complete: bool
    ) -> tuple[ToolChange, ...]:
        """What an upstream (by its `identity`) lists now. Returns what has changed since it was accepted, once.

        Raises ConfigError when the file cannot be read or written.
        """
        listed = dict(list(_parsed(definitions))[:MAX_TOOLS])
        file = self._read(upstream)
        if file is None or upstream in self._fresh:
            known = file["tools"] if file else {}
            news = listed if file is None else {name: tool for name, tool in listed.items() if name not in known}
            self._fresh.add(upstream)
            if file is None or (news and len(known) < MAX_TOOLS):
                file = {"tools": {**known, **news}, "pending": None, "shown": []}
                self._write(upstream, file)
        base = {} if complete else {**file["tools"], **(file["pending"] or {})}
        now = dict(list({**base, **listed}.items())[:MAX_TOOLS])
        found = changes(file["tools"], now)
        shown = sorted(hashlib.sha256(repr(change).encode(errors="surrogatepass")).hexdigest() for change in found)
        if shown == file["shown"]:
            return ()
        self._write(upstream, {**file, "pending": now if found else None, "shown": shown})
        return found if set(shown) - set(file["shown"]) else ()

    def pending(self) -> dict[str, tuple[ToolChange, ...]]:
        """Changes that wait to be accepted, by upstream."""
        waiting: dict[str, tuple[ToolChange, ...]] = {}
        for path in sorted(self._folder.glob("*.json")):
            file = self._read(path.stem)
            if file is not None and file["pending"] is not None:
                waiting[path.stem] = changes(file["tools"], file["pending"])
        return waiting

    def accept(self, upstream: str) -> None:
        """From now on its latest listing is the known one."""
        file = self._read(upstream)
        if file is not None and file["pending"] is not None:
            self._write(upstream, {"tools": file["pending"], "pending": None, "shown": []})

    def _read(self, upstream: str) -> dict[str, Any] | None:
        path = self._folder / f"{upstream}.json"
        text = read_private(path)
        if text is None:
            return None
        try:
            file = json.loads(text)
            if not (isinstance(file["tools"], dict) and isinstance(file["shown"], list)):
                raise ValueError
            return {"tools": file["tools"], "pending": file.get("pending"), "shown": file["shown"]}
        except (ValueError, TypeError, KeyError):
            raise ConfigError(f"{path} is damaged; remove it, and the upstream's tools are learned anew") from None

    def _write(self, upstream: str, file: dict[str, Any]) -> None:
        private_file(self._folder / f"{upstream}.json", json.dumps(file, indent=1))


class DriftWatch:
    """Fed with a run's events; says which of them brought tools that are not the known ones."""

    def __init__(self, known: KnownTools) -> None:
        self._known = known
        self._identities: dict[str, str] = {}

    def knows(self, spec: UpstreamSpec) -> None:
        self._identities[spec.name] = identity(spec.name, spec.target)

    def told(self, event: Event) -> ToolsDrifted | StderrLine | None:
        if not isinstance(event, ToolsListed) or event.upstream not in self._identities:
            return None
        try:
            found = self._known.seen(self._identities[event.upstream], event.definitions, complete=event.complete)
        except ConfigError as error:
            return StderrLine(event.at, "mcp-inspect", str(error))
        return ToolsDrifted(event.at, event.upstream, found) if found else None


def _parsed(definitions: Iterable[tuple[str, bytes]]) -> Iterable[tuple[str, dict[str, Any]]]:
    for name, raw in definitions:
        try:
            definition = json.loads(raw)
        except ValueError:
            continue
        if isinstance(definition, dict):
            yield name, definition
