"""argparse with our manners: an error is one or two lines, exit code 2, and guesses what was meant."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import NoReturn

from inspector.core.errors import UsageError


class Parser(argparse.ArgumentParser):
    """Raises UsageError where argparse would print its usage and exit."""

    def __init__(self, command: str, description: str, *, usage: str, epilog: str = "") -> None:
        super().__init__(
            prog=f"mcp-inspect {command}".strip(),
            usage=usage,
            description=description,
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}\nSee: {self.prog} --help")

    def read(self, arguments: Sequence[str], words: Sequence[str] = ()) -> argparse.Namespace:
        """Parse all of `arguments`. `words`: commands that a stray word may have been meant for.

        Raises UsageError for anything that is left over. Prints and raises SystemExit(0) for --help and --version.
        """
        found, rest = self.parse_known_args(arguments)
        if rest:
            raise UsageError(self._stray(rest[0], words))
        return found

    def _stray(self, word: str, words: Sequence[str]) -> str:
        import difflib

        flag = word.split("=", 1)[0]
        known = [option for action in self._actions for option in action.option_strings] if flag[:1] == "-" else words
        near = difflib.get_close_matches(flag, known, 1)
        what = "unknown flag" if flag[:1] == "-" else "unexpected argument"
        hint = f"did you mean {near[0]}?" if near else f"see: {self.prog} --help"
        return f"{what} {flag!r}; {hint}"
