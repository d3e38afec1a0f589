"""`mcp-inspect demo`: the app on the embedded demo server, with scripted agents."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from inspector import paths
from inspector.cli.flags import add_run_flags
from inspector.cli.parser import Parser
from inspector.cli.run import settings_from, start
from inspector.core.errors import UsageError
from inspector.resources import sample_policy
from inspector.settings import Settings

_ABOUT = """The app on an embedded sample server, with scripted agents that make interesting traffic.
The policy is your own copy of a sample one: edit it, save it, and watch the next calls.
To use the server without the agents: mcp-inspect --upstream demo"""
_SAMPLE = "kestra.yaml"


def run(arguments: list[str]) -> int:
    return start(settings_of(arguments))


def settings_of(arguments: list[str]) -> Settings:
    """The Settings of `demo`'s command line. Raises UsageError or ConfigError.

    Without `--policy` or `--default` the policy is `demo/policy.yaml` in the state folder, copied there the first time.
    """
    parser = Parser("demo", _ABOUT, usage="mcp-inspect demo [flags]")
    add_run_flags(parser)
    if "--" in arguments:
        raise UsageError("demo brings its own server; leave out -- COMMAND, or leave out demo")
    found = parser.read(arguments)
    if found.policy is None and found.default is None:
        found.policy = writable_policy(paths.state_dir())
    from inspector.upstreams.config import Config
    from inspector.upstreams.resolve import resolve

    spec = resolve("demo", config=Config({}), cwd=Path.cwd(), environ={})
    return replace(settings_from(found, (spec,)), demo=True)


def writable_policy(state_dir: Path) -> Path:
    """The person's own copy of the sample policy, made when it is not there: never the installed one."""
    path = paths.private_dir(paths.private_dir(state_dir) / "demo") / "policy.yaml"
    if not path.exists():
        paths.private_file(path, sample_policy(_SAMPLE))
    return path
