"""What an editor of YAML and JSON knows of lines: comments, and where the next line begins. Pure."""

from __future__ import annotations

MARK = "# "


def toggled(lines: list[str]) -> list[str]:
    """All of them commented out at their common indent; or, when all are comments already, all of them without the
    mark. Empty lines stay."""
    written = [line for line in lines if line.strip()]
    if written and all(line.lstrip().startswith("#") for line in written):
        return [_uncommented(line) for line in lines]
    indent = min((len(line) - len(line.lstrip()) for line in written), default=0)
    return [line if not line.strip() else f"{line[:indent]}{MARK}{line[indent:]}" for line in lines]


def _uncommented(line: str) -> str:
    before, mark, after = line.partition("#")
    return before + after.removeprefix(" ") if mark else line


def next_indent(before: str, step: int = 2) -> str:
    """The white space that a new line begins with, after a line that reads `before` up to the cursor: deeper behind
    what opens something, and under the first key of a list's item."""
    written = before.lstrip()
    indent = len(before) - len(written)
    while written.startswith("- "):
        rest = written[2:].lstrip()
        if not rest or rest[0] in "{[\"'" or ": " not in f"{rest} ":
            break
        indent += len(written) - len(rest)
        written = rest
    code = written.split(" #")[0].rstrip()
    if code.endswith((":", "{", "[")) and not written.startswith("#"):
        indent += step
    return " " * indent
