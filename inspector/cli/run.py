"""`mcp-inspect [flags] [-- COMMAND…]`: the app, or with `--headless` the engine alone."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from inspector import __version__, paths
from inspector.cli import COMMANDS
from inspector.cli.flags import add_run_flags
from inspector.cli.parser import Parser
from inspector.cli.targets import add_target_flags, resolved, split_command, targets
from inspector.core.upstream import UpstreamSpec
from inspector.settings import Settings, choose_policy
from inspector.token import checked_token, local_token

_ABOUT = "See, stop and shape everything an AI agent does through MCP."
_USAGE = """mcp-inspect [flags] --upstream NAME|URL…
       mcp-inspect [flags] -- COMMAND…
       mcp-inspect demo | open FILE | stdio … | policy … | tools …"""
_COMMANDS = """commands:
  demo                  the app on the embedded demo server, with scripted agents
  open FILE             look at a recording
  stdio NAME            the front that a stdio client spawns; also: stdio [flags] -- COMMAND…
  policy …              check and test policy documents
  tools [accept]        what has changed in the tools of upstreams since it was accepted

Each of them has its own --help."""


def run(arguments: list[str]) -> int:
    return start(settings_of(arguments))


def start(settings: Settings) -> int:
    """A run, with its screen or without. Returns the exit code.

    The rooms with sockets, screens and stores are only entered once the command line is known to be right.
    """
    if settings.headless:
        from inspector.wiring import run_headless

        return run_headless(settings)
    from inspector.engine_process import EngineProcess

    with EngineProcess() as process:
        from inspector.screen import show

        return show(settings, process)


def settings_of(arguments: list[str]) -> Settings:
    """The Settings of a command line. Raises UsageError, ConfigError or UpstreamError: what is wrong, and the way out.

    May ask on the terminal, about a command of the current folder's `mcp-inspect.toml`.
    """
    flags, command = split_command(arguments)
    parser = Parser("", _ABOUT, usage=_USAGE, epilog=_COMMANDS)
    parser.add_argument("--version", action="version", version=f"mcp-inspect {__version__}")
    add_target_flags(parser)
    add_run_flags(parser)
    found = parser.read(flags, COMMANDS)
    return settings_from(found, resolved(targets(found, command), trusted=found.trust_project))


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
        lazy=found.lazy,
        theme=found.theme,
        reload=found.reload,
        allow_hosts=tuple(found.allow_host),
        allow_origins=tuple(found.allow_origin),
    )
