"""The tools that a policy is compared with or begun from: a file with them, or an upstream that is asked."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from inspector import paths
from inspector.cli.parser import Parser
from inspector.cli.targets import add_target_flags, resolved, targets
from inspector.core.errors import ConfigError, UsageError
from inspector.core.json import JsonObject
from inspector.logins import Logins


@dataclass(frozen=True, slots=True)
class Listing:
    """What a server lists. `server`: its name, "" when that is not known."""

    tools: list[JsonObject]
    server: str


def add_listing_flags(parser: Parser) -> None:
    parser.add_argument("--tools", metavar="FILE.json", help="the result of tools/list, saved: in place of a server")
    add_target_flags(parser)


def listing_of(found: argparse.Namespace, command: tuple[str, ...] | None, server: str = "") -> Listing | None:
    """The listing that the flags ask for; None when they ask for none. Starts or reaches an upstream, and lets it go.

    Raises UsageError for more than one source, ConfigError for a bad file, UpstreamError for a server that does not
    answer.
    """
    asked = command is not None or bool(getattr(found, "targets", None))
    if found.tools is not None and asked:
        raise UsageError("--tools and an upstream: one list of tools is enough")
    if found.tools is not None:
        return Listing(read_tools(Path(found.tools)), server)
    if not asked:
        return None
    specs = resolved(targets(found, command), trusted=found.trust_project)
    if len(specs) > 1:
        raise UsageError(f"{specs[0].name} and {specs[1].name}: one upstream is compared at a time")
    # Loads the SDK's client, which is no small thing.
    from inspector.upstreams.survey import listed_tools

    return Listing(listed_tools(specs[0], logins=Logins(paths.state_dir())), server or specs[0].name)


def read_tools(path: Path) -> list[JsonObject]:
    """The tool definitions of a file: a list, an object with `tools`, or a whole `tools/list` answer.

    Raises ConfigError.
    """
    from inspector.policy.regular_file import read_text
    from inspector.policy.scenario_file import MAX_BYTES, parse_json

    text = read_text(path, MAX_BYTES, "the tool list")
    try:
        value = parse_json(text)
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise ConfigError(f"the tool list {path} is not JSON: {error}") from None
    for key in ("result", "tools"):
        value = value[key] if isinstance(value, dict) and key in value else value
    if not isinstance(value, list):
        raise ConfigError(f"{path} holds no tool list: expected a list of tools, or an object with tools")
    return [tool for tool in value if isinstance(tool, dict) and isinstance(tool.get("name"), str)]
