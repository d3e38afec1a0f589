"""The command line: which command, which exit code.

Only what Python has loaded already at the top: `--help` and the stdio front start at once, so each command imports what
it needs when it is chosen.
"""

from __future__ import annotations

import errno
import sys

COMMANDS = ("demo", "open", "policy", "stdio", "tools")

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code: 0 done, 1 we failed, 2 a person must change something, 130 stopped."""
    arguments = sys.argv[1:] if argv is None else argv
    if arguments[:1] == ["stdio"]:
        # A client spawns this one for every session, and it reports for itself.
        from inspector.cli.stdio import run as run_stdio

        return run_stdio(arguments[1:])
    from inspector.core.errors import InspectError

    try:
        try:
            code = _dispatch(arguments)
        except SystemExit as done:  # argparse's way to end after --help and --version
            code = done.code if isinstance(done.code, int) else int(done.code is not None)
        sys.stdout.flush()
        return code
    except InspectError as error:
        print(f"mcp-inspect: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return _reader_gone()
    except OSError as error:
        if error.filename is not None or error.errno not in _FULL:
            raise
        print(f"mcp-inspect: what this prints cannot be written: {error.strerror}", file=sys.stderr)
        _reader_gone()
        return 1


def _dispatch(arguments: list[str]) -> int:
    """One file per command; what is no command is flags for a run."""
    match arguments:
        case ["demo", *rest]:
            from inspector.cli.demo import run as run_demo

            return run_demo(rest)
        case ["open", *rest]:
            from inspector.cli.open import run as run_open

            return run_open(rest)
        case ["tools", *rest]:
            from inspector.cli.tools import run as run_tools

            return run_tools(rest)
        case ["policy", *rest]:
            from inspector.cli.policy import run as run_policy

            return run_policy(rest)
        case _:
            from inspector.cli.run import run as run_app

            return run_app(arguments)


def _reader_gone() -> int:
    """`mcp-inspect … | head`: what we still hold must not be flushed into the closed pipe when Python ends."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 141  # as a shell reports a program that SIGPIPE ended
