"""`mcp-inspect.toml`: upstreams by name, the person's own file first, then the current folder's.

[upstreams.kestra]                       [upstreams.remote]
command = ["uv", "run", "server.py"]     url = "https://mcp.example.com/mcp"
env = { KESTRA_TENANT_ID = "main" }      headers = { Authorization = "Bearer …" }
cwd = "/srv/kestra"                      oauth_scope = "read write"       (in place of such a header)
lazy = true                              transport = "sse"                (or "http"; found out otherwise)
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from inspector.core.errors import ConfigError, UsageError
from inspector.core.upstream import CommandSpec, Target, UrlSpec, UrlTransport
from inspector.upstreams.naming import checked_name

FILE = "mcp-inspect.toml"
_WITH_URL = {"url", "headers", "oauth_scope", "transport"}
_FIELDS = {"command", "args", "env", "cwd", "lazy"} | _WITH_URL
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*")  # RFC 6749 §3.3
_Table: TypeAlias = dict[str, object]


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

    Raises ConfigError naming the file and the field (for TOML that does not parse: the line).
    """
    project = _read(cwd / FILE, project=True)
    own = _read(config_dir / FILE, project=False)
    return Config({**project, **own})


def _read(path: Path, *, project: bool) -> dict[str, Defined]:
    try:
        document: _Table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from error
    _refuse_unknown(path, "", document, {"upstreams"})
    tables = document.get("upstreams", {})
    if not isinstance(tables, dict):
        raise ConfigError(f"{path}: upstreams: a table is wanted, as in [upstreams.NAME]")
    return {
        name: Defined(name, _target(path, name, table), path, project, _is_lazy(path, name, table))
        for name, table in tables.items()
    }


def _target(path: Path, name: str, table: object) -> Target:
    field = f"upstreams.{name}"
    try:
        checked_name(name, f"{path}: {field}")
    except UsageError as error:
        raise ConfigError(str(error)) from error
    if not isinstance(table, dict):
        raise ConfigError(f"{path}: {field}: a table is wanted, as in [{field}]")
    _refuse_unknown(path, field, table, _FIELDS)
    if ("url" in table) == ("command" in table):
        raise ConfigError(f"{path}: {field}: give either command or url")
    stray = sorted(table.keys() & (_FIELDS - _WITH_URL if "url" in table else _WITH_URL))
    if stray:
        raise ConfigError(f"{path}: {field}.{stray[0]}: does not go with {'url' if 'url' in table else 'command'}")
    if "url" in table:
        url = _text(path, f"{field}.url", table["url"])
        if not url.startswith(("http://", "https://")):
            raise ConfigError(f"{path}: {field}.url: an http:// or https:// URL is wanted")
        return _url(path, field, table, url)
    cwd = table.get("cwd")
    return CommandSpec(
        argv=_argv(path, field, table),
        env=_pairs(path, f"{field}.env", table.get("env", {})),
        # A relative folder is meant from the file's own place, wherever the program was started.
        cwd=None if cwd is None else str(path.parent / Path(_text(path, f"{field}.cwd", cwd)).expanduser()),
    )


def _url(path: Path, field: str, table: _Table, url: str) -> UrlSpec:
    spec = UrlSpec(url, _pairs(path, f"{field}.headers", table.get("headers", {})))
    if "transport" in table:
        said = _text(path, f"{field}.transport", table["transport"])
        if said not in tuple(UrlTransport):
            raise ConfigError(f"{path}: {field}.transport: {said!r} is none of {', '.join(UrlTransport)}")
        spec = replace(spec, transport=UrlTransport(said))
    if "oauth_scope" in table:
        spec = replace(spec, oauth_scope=_text(path, f"{field}.oauth_scope", table["oauth_scope"]))
        try:
            checked_scope(spec, f"{path}: {field}.oauth_scope")
        except UsageError as error:
            raise ConfigError(str(error)) from error
    return spec


def checked_scope(spec: UrlSpec, source: str) -> None:
    """Can its scope be asked for? Raises UsageError naming `source`."""
    if spec.oauth_scope is not None and not _SCOPE.fullmatch(spec.oauth_scope):
        raise UsageError(f"{source}: a scope consists of words with one space between them, without quotes")
    if spec.has_credential:
        raise UsageError(f"{source}: it has an Authorization of its own, so nobody logs in; give one of the two")


def _is_lazy(path: Path, name: str, table: object) -> bool:
    lazy = table.get("lazy", False) if isinstance(table, dict) else False
    if not isinstance(lazy, bool):
        raise ConfigError(f"{path}: upstreams.{name}.lazy: true or false is wanted")
    return lazy


def _argv(path: Path, field: str, table: _Table) -> tuple[str, ...]:
    command, args = table["command"], table.get("args", [])
    head = _texts(path, f"{field}.command", command if isinstance(command, list) else [command])
    if not head or not head[0].strip():
        raise ConfigError(f"{path}: {field}.command: it is empty")
    return head + _texts(path, f"{field}.args", args)


def _texts(path: Path, field: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ConfigError(f"{path}: {field}: a list of strings is wanted")
    return tuple(_text(path, field, item) for item in value)


def _text(path: Path, field: str, value: object) -> str:
    if not isinstance(value, str):
        raise ConfigError(f"{path}: {field}: a string is wanted, not {value!r}")
    if "\0" in value:
        raise ConfigError(f"{path}: {field}: a NUL character cannot stand here")
    return value


def _pairs(path: Path, field: str, value: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, dict):
        raise ConfigError(f"{path}: {field}: a table of strings is wanted")
    return tuple((key, _text(path, f"{field}.{key}", item)) for key, item in value.items())


def _refuse_unknown(path: Path, field: str, table: _Table, known: set[str]) -> None:
    for key in table:
        if key not in known:
            near = difflib.get_close_matches(key, known, 1)
            where = f"{field}.{key}" if field else key
            hint = f"did you mean {near[0]}?" if near else f"known here: {', '.join(sorted(known))}"
            raise ConfigError(f"{path}: {where}: unknown; {hint}")
