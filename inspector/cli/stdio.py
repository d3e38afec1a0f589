"""`mcp-inspect stdio …`: the front that a client spawns. Everything it does is the shim's; nothing heavy on the way."""

from __future__ import annotations


def run(arguments: list[str]) -> int:
    from inspector.proxy.shim import run_shim

    return run_shim(arguments, _run_here)


def _run_here(name: str, command: list[str], policy: str | None, grant: str | None) -> int:
    """The whole engine, which only a process without a running inspector has to load.

    Without a command `name` means what `--upstream NAME` would mean here. Raises InspectError when that is nothing.
    """
    import os
    from pathlib import Path

    from inspector import paths
    from inspector.upstreams.config import read_config
    from inspector.upstreams.resolve import resolve, resolve_command
    from inspector.upstreams.trust import ask_on_terminal
    from inspector.wiring import run_standalone

    if command:
        spec = resolve_command(command, name=name)
    else:
        cwd = Path.cwd()
        config, consent = read_config(paths.config_dir(), cwd), ask_on_terminal(paths.state_dir())
        spec = resolve(name, config=config, cwd=cwd, environ=os.environ, consent=consent)
    return run_standalone(spec, policy, grant)
