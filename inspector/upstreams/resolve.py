"""`--upstream NAME|URL` and `-- COMMAND…`: which server is meant."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

from inspector.core.errors import UsageError
from inspector.core.upstream import CommandSpec, Target, UpstreamSpec, UrlSpec
from inspector.upstreams.config import Config, scope_problem
from inspector.upstreams.naming import checked_name, command_name, url_name
from inspector.upstreams.profiles import PROFILES, profile
from inspector.upstreams.secrets import secret_values
from inspector.upstreams.trust import Consent, refuse

Pairs: TypeAlias = tuple[tuple[str, str], ...]


def resolve(
    name_or_url: str,
    *,
    name: str | None = None,
    headers: Pairs = (),
    env: Pairs = (),
    oauth_scope: str | None = None,
    config: Config,
    cwd: Path,
    environ: Mapping[str, str],
    consent: Consent = refuse,
) -> UpstreamSpec:
    """The upstream that `--upstream` names: a URL, a definition in `mcp-inspect.toml`, or a built-in profile.

    `name` renames it, `headers` and `env` are added to what the definition says, `oauth_scope` replaces what it says.
    `consent` is asked before a command of the current folder's file is used. Raises UsageError for a name that means
    nothing, for a header or a scope on a command or a variable on a URL, for a scope beside an Authorization header,
    and for a command without consent; UpstreamError for a profile that cannot start here.
    """
    if name_or_url.startswith(("http://", "https://")):
        if not urlsplit(name_or_url).hostname:
            raise UsageError(f"--upstream {name_or_url}: the URL has no host")
        target: Target = UrlSpec(name_or_url, oauth_scope=oauth_scope)
        return _spec(name or url_name(name_or_url), target, headers, env)
    if defined := config.upstreams.get(name_or_url):
        if defined.project and isinstance(defined.target, CommandSpec):
            consent(defined.target, defined.file)
        target = _in_folder(defined.target, cwd) if defined.project else defined.target
        target = _with_scope(target, oauth_scope, defined.name)
        spec = _spec(name or defined.name, target, headers, env, origin=str(defined.file))
        return replace(spec, lazy=defined.lazy)
    if built_in := profile(name_or_url, {**environ, **dict(env)}):
        inherited = tuple((key, environ[key]) for key in built_in.reads if key in environ)
        command = _with_scope(built_in.command, oauth_scope, name_or_url)
        return _spec(name or name_or_url, command, headers, env, origin=built_in.origin, inherited=inherited)
    raise UsageError(_unknown(name_or_url, config))


def resolve_command(argv: Sequence[str], *, name: str | None = None, env: Pairs = ()) -> UpstreamSpec:
    """The upstream that stands after `--`. Raises UsageError when there is none, or `name` is not fit to be one."""
    if not argv or not argv[0].strip():
        raise UsageError("the command after -- is missing; give one, as in: mcp-inspect -- npx -y some-server")
    return _spec(name or command_name(argv), CommandSpec(tuple(argv)), (), env)


def _spec(
    name: str, target: Target, headers: Pairs, env: Pairs, *, origin: str = "command line", inherited: Pairs = ()
) -> UpstreamSpec:
    """`target` with what the command line adds. `inherited`: variables it will see without our adding them."""
    checked_name(name, f"--name {name}")
    match target:
        case UrlSpec(url, own, scope):
            if env:
                raise UsageError(f"--env {env[0][0]}: {name} is a URL and has no environment; use --header")
            merged = _merge(own, headers, fold_case=True)
            full = replace(target, headers=merged)
            if scope is not None and (why := scope_problem(full)):
                raise UsageError(f"--oauth-scope {scope}: {why}")
            return UpstreamSpec(name, full, origin, secret_values(merged, url))
        case CommandSpec(argv, own, cwd):
            if headers:
                raise UsageError(f"--header {headers[0][0]}: {name} is a command and takes no headers; use --env")
            merged = _merge(own, env, fold_case=False)
            return UpstreamSpec(name, CommandSpec(argv, merged, cwd), origin, secret_values((*merged, *inherited)))


def _with_scope(target: Target, scope: str | None, name: str) -> Target:
    match target:
        case _ if scope is None:
            return target
        case UrlSpec():
            return replace(target, oauth_scope=scope)
        case _:
            raise UsageError(f"--oauth-scope {scope}: {name} is a command, nobody logs in there; use --env")


def _merge(own: Pairs, given: Pairs, *, fold_case: bool) -> Pairs:
    """The command line wins over the file; header names are equal without regard to case."""
    taken = {key.lower() if fold_case else key for key, _ in given}
    return (*(pair for pair in own if (pair[0].lower() if fold_case else pair[0]) not in taken), *given)


def _in_folder(target: Target, cwd: Path) -> Target:
    """A project's command runs in the project, wherever the client that wants it was started."""
    match target:
        case CommandSpec(argv, env, None):
            return CommandSpec(argv, env, str(cwd))
        case _:
            return target


def _unknown(name: str, config: Config) -> str:
    known = sorted({*config.upstreams, *PROFILES})
    near = difflib.get_close_matches(name, known, len(known), cutoff=0.5)
    listed = ", ".join([*near, *(other for other in known if other not in near)])
    return f"there is no upstream called {name!r}; these would work: {listed}, or a URL, or: -- COMMAND…"
