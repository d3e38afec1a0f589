"""`mcp-inspect open FILE`: a recording in the app, read-only."""

from __future__ import annotations

from pathlib import Path

from inspector.cli.flags import add_theme_flag
from inspector.cli.parser import Parser
from inspector.core.errors import ConfigError


def run(arguments: list[str]) -> int:
    about = "Look at a recording in the app; nothing is changed."
    parser = Parser("open", about, usage="mcp-inspect open FILE [--theme NAME]")
    parser.add_argument("file", metavar="FILE", type=Path, help="a recording (.sqlite), as every run writes one")
    add_theme_flag(parser)
    found = parser.read(arguments)
    path: Path = found.file
    try:
        if path.exists() and not path.is_file():
            raise ConfigError(f"{path} is no regular file; give the recording itself")
        with path.open("rb"):
            pass
    except OSError as error:
        raise ConfigError(f"cannot open {path}: {error.strerror or error}") from error
    from inspector.screen import show_recording

    return show_recording(path, found.theme)
