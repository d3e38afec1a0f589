"""The flags that every run has, and the values they take."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from inspector.cli.parser import Parser
from inspector.policy.model import Default
from inspector.settings import DEFAULT_HOST, DEFAULT_PORT, OutputFormat, Reload, Unattended

_Word = TypeVar("_Word", bound=StrEnum)


def add_run_flags(parser: Parser) -> None:
    """Everything but which upstreams."""
    policy = parser.add_argument_group("policy")
    policy.add_argument("--policy", metavar="FILE", type=Path, help="the policy document (YAML or JSON)")
    policy.add_argument(
        "--default",
        metavar="allow|approve|deny",
        type=_word(Default),
        help="what decides while there is no policy file; without both the app asks for everything",
    )
    policy.add_argument(
        "--reload",
        metavar="apply|confirm",
        type=_word(Reload),
        default=Reload.APPLY,
        help="an edit from outside takes effect at once, or waits for a key",
    )
    policy.add_argument(
        "--unattended",
        metavar="deny|wait",
        type=_word(Unattended),
        default=Unattended.DENY,
        help="a call that needs approval while nobody is attached: denied after 5 s, or held until its deadline",
    )
    front = parser.add_argument_group("front")
    front.add_argument("--host", default=DEFAULT_HOST, help="address to listen on (default %(default)s)")
    front.add_argument(
        "--port", metavar="PORT", type=_port, default=DEFAULT_PORT, help="default %(default)s; 0: any free one"
    )
    front.add_argument("--token", metavar="T", help="the token in our URL (default: yours, made once and kept)")
    front.add_argument(
        "--allow-host", metavar="HOST", action="append", default=[], help="a further name clients may call us by"
    )
    front.add_argument(
        "--allow-origin",
        metavar="ORIGIN",
        type=_origin,
        action="append",
        default=[],
        help="a web page's origin, as https://app.example:8443, whose scripts may call us with the token",
    )
    front.add_argument(
        "--call-timeout", metavar="S", type=_seconds, help="seconds that a forwarded call may take (default: no end)"
    )
    front.add_argument(
        "--lazy", action="store_true", help="start each command with its first client; else all of them start now"
    )
    screen = parser.add_argument_group("screen")
    add_theme_flag(screen)
    screen.add_argument("--headless", action="store_true", help="no app: one line a decision on stdout")
    screen.add_argument(
        "--format",
        metavar="text|jsonl",
        type=_word(OutputFormat),
        default=OutputFormat.TEXT,
        help="of those lines",
    )


def add_theme_flag(parser: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    parser.add_argument("--theme", metavar="NAME", default="", help="the app's colours, instead of the settings' theme")


def _word(words: type[_Word]) -> Callable[[str], _Word]:
    def read(text: str) -> _Word:
        try:
            return words(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(words)}") from None

    return read


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and int(text) <= 65535:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no port; use 0 to 65535")


def _origin(text: str) -> str:
    # Exactly what browsers send (RFC 6454 §6.2). Neither * nor null: every sandboxed frame of the web calls itself so.
    if re.fullmatch(r"[a-z][a-z0-9+.-]*://[a-z0-9._\[\]:-]+", text.lower().removesuffix("/")):
        return text
    raise argparse.ArgumentTypeError(f"{text!r} is no origin; write scheme://host or scheme://host:port")


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if math.isfinite(seconds) and seconds > 0:
        return seconds
    raise argparse.ArgumentTypeError(f"{text!r} is no time; use seconds above 0")
