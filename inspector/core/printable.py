"""Text from elsewhere on its way to standard output or error, where no screen stands between it and the terminal."""

from __future__ import annotations


def printable(text: str) -> str:
    """What is no printable character, as `\\uXXXX`: a terminal would obey it, or show another text than there is.

    So are the ends of lines: give it a line at a time.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)
