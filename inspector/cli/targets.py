"""`--upstream`, and the `--name`, `--header`, `--oauth-scope` and `--env` that belong to the one before them."""

from __future__ import annotations

import argparse
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from inspector import paths
from inspector.cli.parser import Parser
from inspector.core.errors import UsageError
from inspector.core.upstream import UpstreamSpec


@dataclass(frozen=True, slots=True)
class Target:
    """One upstream as asked for: `--upstream`'s value, or a command in its place."""

    wanted: str | None = None  # None: the command
    command: tuple[str, ...] = ()
    name: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    oauth_scope: str | None = None


@dataclass(frozen=True, slots=True)
class _Word:
    flag: str
    value: str


class _InOrder(argparse.Action):
    """Keep these flags in one list, in the order they were written: their order is their meaning."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[object] | None,
        option_string: str | None = None,
    ) -> None:
        namespace.targets = [*(getattr(namespace, "targets", None) or []), _Word(self.option_strings[0], str(values))]


def add_target_flags(parser: Parser) -> None:
    group = parser.add_argument_group("upstreams")
    for flag, metavar, text in (
        ("--upstream", "NAME|URL", "a server of mcp-inspect.toml, a URL, demo or kestra; may be repeated"),
        ("--name", "NAME", "what to call the --upstream before it (or COMMAND)"),
        ("--header", '"K: V"', "sent with every request to the --upstream before it"),
        ("--oauth-scope", "S", "what to ask for when you log in at the --upstream before it (words, by spaces)"),
        ("--env", "K=V", "an environment variable of the --upstream before it (or COMMAND)"),
    ):
        group.add_argument(flag, metavar=metavar, action=_InOrder, dest=argparse.SUPPRESS, help=text)
    group.add_argument(
        "--trust-project", action="store_true", help="run commands of this folder's mcp-inspect.toml without asking"
    )


def targets(found: argparse.Namespace, command: tuple[str, ...] | None) -> tuple[Target, ...]:
    """Bind the flags to their upstreams. `command` None: there was no `--`.

    Raises UsageError when nothing is wanted, or when a flag before the first `--upstream` could mean several.
    """
    words: list[_Word] = getattr(found, "targets", None) or []
    last = () if command is None else (Target(command=command),)
    wanted = [word.value for word in words if word.flag == "--upstream"]
    if len(wanted) + len(last) == 1:
        # Only one can be meant, on whichever side of it the flag stands.
        only = last[0] if last else Target(wanted=wanted[0])
        for word in words:
            only = only if word.flag == "--upstream" else _bind(only, word)
        return (only,)
    bound: list[Target] = []
    for word in words:
        if word.flag == "--upstream":
            bound.append(Target(wanted=word.value))
        elif bound:
            bound[-1] = _bind(bound[-1], word)
        elif wanted:
            raise UsageError(f"{word.flag} {word.value}: put it after the --upstream that it belongs to")
    if not bound:
        raise UsageError(
            "which server? Give --upstream NAME|URL, or a command after --, as in: mcp-inspect -- npx -y some-server\n"
            "To look around first: mcp-inspect demo"
        )
    return (*bound, *last)


def split_command(arguments: list[str]) -> tuple[list[str], tuple[str, ...] | None]:
    """Our flags, and what stands after the first `--` (None when there is no `--`)."""
    if "--" not in arguments:
        return arguments, None
    at = arguments.index("--")
    return arguments[:at], tuple(arguments[at + 1 :])


def resolved(wanted: tuple[Target, ...], *, trusted: bool) -> tuple[UpstreamSpec, ...]:
    """What each of them is, by the config files and the built-in profiles. `trusted`: `--trust-project` was given.

    May ask on the terminal, about a command of the current folder's `mcp-inspect.toml`. Raises UsageError, ConfigError
    or UpstreamError.
    """
    # Reads files and may look for docker: not on the way of --help.
    from inspector.upstreams.config import read_config
    from inspector.upstreams.resolve import resolve, resolve_command
    from inspector.upstreams.trust import ask_on_terminal, trust_project

    cwd = Path.cwd()
    config = read_config(paths.config_dir(), cwd)
    consent = trust_project if trusted else ask_on_terminal(paths.state_dir())
    specs: list[UpstreamSpec] = []
    for target in wanted:
        if target.wanted is None:
            if target.headers:
                raise UsageError(f"--header {target.headers[0][0]}: a command takes no headers; use --env")
            if target.oauth_scope is not None:
                raise UsageError(f"--oauth-scope {target.oauth_scope}: nobody logs in at a command; use --env")
            specs.append(resolve_command(target.command, name=target.name, env=target.env))
            continue
        specs.append(
            resolve(
                target.wanted,
                name=target.name,
                headers=target.headers,
                env=target.env,
                oauth_scope=target.oauth_scope,
                config=config,
                cwd=cwd,
                environ=os.environ,
                consent=consent,
            )
        )
    twice = [name for name, count in Counter(spec.name for spec in specs).items() if count > 1]
    if twice:
        raise UsageError(f"two upstreams are called {twice[0]}; put --name OTHER after one of them")
    return tuple(specs)


def _bind(target: Target, word: _Word) -> Target:
    match word.flag:
        case "--name":
            if target.name is not None:
                raise UsageError(f"--name {word.value}: {target.wanted or 'the command'} is already {target.name}")
            return replace(target, name=word.value)
        case "--header":
            name, colon, value = word.value.partition(":")
            if not colon or not name.strip() or any(char in word.value for char in "\r\n\0"):
                raise UsageError(f'--header {word.value!r}: write it as "Name: value"')
            return replace(target, headers=(*target.headers, (name.strip(), value.strip())))
        case "--oauth-scope":
            if target.oauth_scope is not None:
                raise UsageError(f"--oauth-scope {word.value}: give all words in one, as in: --oauth-scope 'a b'")
            return replace(target, oauth_scope=word.value)
        case _:
            key, equals, value = word.value.partition("=")
            if not equals or not key or "\0" in word.value:
                raise UsageError(f"--env {word.value!r}: write it as NAME=value")
            return replace(target, env=(*target.env, (key, value)))
