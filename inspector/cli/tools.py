"""`mcp-inspect tools [accept]`: tool definitions that have changed since they were first seen."""

from __future__ import annotations

import time

from inspector import paths
from inspector.cli.parser import Parser
from inspector.core.errors import UsageError
from inspector.core.events import ToolChange

_ABOUT = """What upstreams list of their tools is remembered when it is first seen. A later change is shown once in the
app, and stays listed here until it is accepted."""


def run(arguments: list[str]) -> int:
    """Exit code 0; 1 from the listing while something waits."""
    usage = "mcp-inspect tools [accept [--upstream NAME]]"
    parser = Parser("tools", _ABOUT, usage=usage)
    parser.add_argument("action", nargs="?", choices=["accept"], help="take the tools as they are listed now")
    parser.add_argument("--upstream", metavar="NAME", help="of this one only")
    found = parser.read(arguments)
    from inspector.upstreams.known_tools import KnownTools

    known = KnownTools(paths.state_dir())
    waiting = known.pending()
    if found.upstream is not None:
        waiting = {key: changed for key, changed in waiting.items() if key.rpartition("-")[0] == found.upstream}
        if not waiting:
            raise UsageError(f"--upstream {found.upstream}: none of its tools has changed")
    for key, changed in waiting.items():
        print(f"{key.rpartition('-')[0]}:")
        for change in changed:
            print(f"  {_line(change)}")
        if found.action == "accept":
            known.accept(key, time.time())
    if found.action == "accept":
        print(f"accepted: {len(waiting)}")
        return 0
    if not waiting:
        print("no tool has changed since it was accepted")
    return 1 if waiting else 0


def _line(change: ToolChange) -> str:
    """Untrusted text on a terminal: JSON's own escapes, ASCII only."""
    tool = ascii(change.tool)[1:-1]
    if not change.field:
        return f"+ {tool}" if change.after else f"- {tool}"
    return f"~ {tool} {ascii(change.field)[1:-1]}: {change.before or '(nothing)'} -> {change.after or '(nothing)'}"
