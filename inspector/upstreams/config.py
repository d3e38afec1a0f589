"""`[upstreams]` of `mcp-inspect.toml`: upstreams by name, the person's own file before the current folder's.

[upstreams.kestra]                       [upstreams.remote]
command = ["uv", "run", "server.py"]     url = "https://mcp.example.com/mcp"
env = { KESTRA_TENANT_ID = "main" }      headers = { Authorization = "Bearer …" }
cwd = "/srv/kestra"                      oauth_scope = "read write"       (in place of such a header)
lazy = true                              transport = "sse"                (or "http"; found out otherwise)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from inspector.config_file import ConfigFile, Table, read_files
from inspector.core.errors import ConfigError, UsageError
from inspector.core.upstream import CommandSpec, Target, UrlSpec, UrlTransport
from inspector.upstreams.naming import checked_name

_WITH_URL: Final = frozenset({"url", "headers", "oauth_scope", "transport"})
_FIELDS: Final = frozenset({"command", "args", "env", "cwd", "lazy"}) | _WITH_URL
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*")  # RFC 6749 §3.3


@dataclass(frozen=True, slots=True)
class Defined:
    """One `[upstreams.NAME]`. `project`: it is the current folder's, which the person may not have written."""

    name: str
    target: Target
    file: Path
    project: bool
    lazy: bool = False  # started by its first client, not with the run


@dataclass(frozen=True, slots=True)
class Config:
    """Every upstream that a file defines, by name; of two of one name the person's own file wins."""

    upstreams: Mapping[str, Defined]


def read_config(config_dir: Path, cwd: Path) -> Config:
    """Read both files; a missing one defines nothing.

    Raises ConfigError naming the file, the line and the field.
    """
    return Config({name: found for file in read_files(config_dir, cwd) for name, found in _defined(file).items()})


def _defined(file: ConfigFile) -> dict[str, Defined]:
    readers = {name: _Reader(file, name) for name in file.table("upstreams")}
    return {name: Defined(name, r.target(), file.path, file.project, r.lazy()) for name, r in readers.items()}


def scope_problem(spec: UrlSpec) -> str | None:
    """Why its scope cannot be asked for."""
    if spec.oauth_scope is not None and not _SCOPE.fullmatch(spec.oauth_scope):
        return "a scope consists of words with one space between them, without quotes"
    if spec.has_credential:
        return "it has an Authorization of its own, so nobody logs in; give one of the two"
    return None


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads one table, and tells what is wrong in it with its place."""

    file: ConfigFile
    name: str

    def target(self) -> Target:
        table = self._table()
        if "url" in table:
            url = self._text("url", table["url"])
            if not url.startswith(("http://", "https://")):
                raise self._wrong("an http:// or https:// URL is wanted", "url")
            return self._url(table, UrlSpec(url, self._pairs("headers", table.get("headers", {}))))
        cwd = table.get("cwd")
        return CommandSpec(
            argv=self._argv(table),
            env=self._pairs("env", table.get("env", {})),
            # A relative folder is meant from the file's own place, wherever the program was started.
            cwd=None if cwd is None else str(self.file.path.parent / Path(self._text("cwd", cwd)).expanduser()),
        )

    def lazy(self) -> bool:
        lazy = self._table().get("lazy", False)
        if not isinstance(lazy, bool):
            raise self._wrong("true or false is wanted", "lazy")
        return lazy

    def _url(self, table: Table, spec: UrlSpec) -> UrlSpec:
        if "transport" in table:
            said = self._text("transport", table["transport"])
            if said not in tuple(UrlTransport):
                raise self._wrong(f"{said!r} is none of {', '.join(UrlTransport)}", "transport")
            spec = replace(spec, transport=UrlTransport(said))
        if "oauth_scope" in table:
            spec = replace(spec, oauth_scope=self._text("oauth_scope", table["oauth_scope"]))
            if why := scope_problem(spec):
                raise self._wrong(why, "oauth_scope")
        return spec

    def _table(self) -> Table:
        """The table, once its fields are known to go together."""
        try:
            checked_name(self.name, f"{self.file.path}:{self.file.line(self._key())}: upstreams.{self.name}")
        except UsageError as error:
            raise ConfigError(str(error)) from error
        table = self.file.table("upstreams")[self.name]
        if not isinstance(table, dict):
            raise self._wrong(f"a table is wanted, as in [upstreams.{self.name}]")
        for field in table:
            if field not in _FIELDS:
                raise ConfigError(self.file.unknown(self._key(field), _FIELDS))
        if ("url" in table) == ("command" in table):
            raise self._wrong("give either command or url")
        stray = sorted(table.keys() & (_FIELDS - _WITH_URL if "url" in table else _WITH_URL))
        if stray:
            raise self._wrong(f"does not go with {'url' if 'url' in table else 'command'}", stray[0])
        return table

    def _argv(self, table: Table) -> tuple[str, ...]:
        command, args = table["command"], table.get("args", [])
        head = self._texts("command", command if isinstance(command, list) else [command])
        if not head or not head[0].strip():
            raise self._wrong("it is empty", "command")
        return head + self._texts("args", args)

    def _texts(self, field: str, value: object) -> tuple[str, ...]:
        if not isinstance(value, list):
            raise self._wrong("a list of strings is wanted", field)
        return tuple(self._text(field, item) for item in value)

    def _text(self, field: str, value: object, *below: str) -> str:
        if not isinstance(value, str):
            raise self._wrong(f"a string is wanted, not {value!r}", field, *below)
        if "\0" in value:
            raise self._wrong("a NUL character cannot stand here", field, *below)
        return value

    def _pairs(self, field: str, value: object) -> tuple[tuple[str, str], ...]:
        if not isinstance(value, dict):
            raise self._wrong("a table of strings is wanted", field)
        return tuple((key, self._text(field, item, key)) for key, item in value.items())

    def _key(self, *below: str) -> tuple[str, ...]:
        return ("upstreams", self.name, *below)

    def _wrong(self, why: str, *below: str) -> ConfigError:
        return ConfigError(self.file.wrong(self._key(*below), why))
