"""`mcp-inspect [flags] [-- COMMAND…]`: the app, or with `--headless` the engine alone."""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from pathlib import Path

from inspector import __version__, paths
from inspector.cli import COMMANDS
from inspector.cli.flags import add_run_flags
from inspector.cli.parser import Parser
from inspector.cli.targets import Target, add_target_flags, targets
from inspector.core.errors import UsageError
from inspector.core.upstream import UpstreamSpec
from inspector.settings import Settings, choose_policy
from inspector.token import checked_token, local_token

_ABOUT = "See, stop and shape everything an AI agent does through MCP."
_USAGE = """mcp-inspect [flags] --upstream NAME|URL…
       mcp-inspect [flags] -- COMMAND…
       mcp-inspect demo | open FILE | stdio … | policy … | tools …"""
_COMMANDS = """commands:
  demo                  the app on the embedded demo server, with a scripted agent
  open FILE             look at a recording
  stdio NAME            the front that a stdio client spawns; also: stdio [flags] -- COMMAND…
  policy …              check and test policy documents
  tools [accept]        what has changed in the tools of upstreams since it was accepted

Each of them has its own --help."""


def run(arguments: list[str]) -> int:
    settings = settings_of(arguments)
    # The room with sockets, screens and stores is only entered once the command line is known to be right.
    from inspector.wiring import run as start

    return start(settings)


def settings_of(arguments: list[str]) -> Settings:
    """The Settings of a command line. Raises UsageError, ConfigError or UpstreamError: what is wrong, and the way out.

    May ask on the terminal, about a command of the current folder's `mcp-inspect.toml`.
    """
    flags, command = split_command(arguments)
    parser = Parser("", _ABOUT, usage=_USAGE, epilog=_COMMANDS)
    parser.add_argument("--version", action="version", version=f"mcp-inspect {__version__}")
    add_target_flags(parser)
    parser.add_argument(
        "--trust-project", action="store_true", help="run commands of this folder's mcp-inspect.toml without asking"
    )
    add_run_flags(parser)
    found = parser.read(flags, COMMANDS)
    return settings_from(found, _upstreams(targets(found, command), trusted=found.trust_project))


def settings_from(found: argparse.Namespace, upstreams: tuple[UpstreamSpec, ...]) -> Settings:
    """The flags of `add_run_flags`, with what the folders say where a flag is missing."""
    policy = choose_policy(
        found.policy, found.default, headless=found.headless, cwd=Path.cwd(), config_dir=paths.config_dir()
    )
    if policy is not None and found.default is not None:
        print(f"mcp-inspect: --default {found.default} is not used: {policy} decides", file=sys.stderr)
    token = checked_token(found.token, "--token") if found.token is not None else local_token(paths.state_dir())
    return Settings(
        upstreams=upstreams,
        token=token,
        policy=policy,
        default=found.default if policy is None else None,
        host=found.host,
        port=found.port,
        headless=found.headless,
        output=found.format,
        call_timeout=found.call_timeout,
        unattended=found.unattended,
        reload=found.reload,
        allow_hosts=tuple(found.allow_host),
        allow_origins=tuple(found.allow_origin),
    )


def split_command(arguments: list[str]) -> tuple[list[str], tuple[str, ...] | None]:
    """Our flags, and what stands after the first `--` (None when there is no `--`)."""
    if "--" not in arguments:
        return arguments, None
    at = arguments.index("--")
    return arguments[:at], tuple(arguments[at + 1 :])


def _upstreams(wanted: tuple[Target, ...], *, trusted: bool) -> tuple[UpstreamSpec, ...]:
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
            specs.append(resolve_command(target.command, name=target.name, env=target.env))
            continue
        specs.append(
            resolve(
                target.wanted,
                name=target.name,
                headers=target.headers,
                env=target.env,
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
