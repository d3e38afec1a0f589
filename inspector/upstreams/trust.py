"""A command from a project's file runs only after the person has accepted its exact text once.

A hostile checkout must not run a program because somebody typed `--upstream kestra` inside it. What is accepted is the
command, its environment and the folder it was found in; any change asks again. (What a script that it names *does*
is not covered: the same text may start other code tomorrow.)
"""

from __future__ import annotations

import hashlib
import json
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from inspector.core.errors import ConfigError, UsageError
from inspector.core.printable import printable
from inspector.core.upstream import CommandSpec
from inspector.paths import private_dir, private_file, read_private

FILE = "trusted-commands.json"

Consent: TypeAlias = Callable[[CommandSpec, Path], None]
"""Asked before a project's command is used, with the file that defines it; returns, or raises UsageError."""


def refuse(command: CommandSpec, file: Path) -> None:
    """The consent of nobody."""
    raise UsageError(
        f"{file} wants to run: {shown(command)}\n"
        "A project's command needs your yes first: start the app on a terminal, or give --trust-project."
    )


def trust_project(_command: CommandSpec, _file: Path) -> None:
    """The consent of `--trust-project`: for this run, remembered by nobody."""


def ask_on_terminal(state_dir: Path) -> Consent:
    """Consent that remembers: an accepted text passes, another one is put to the person, or refused without a tty.

    To be used before the app owns the terminal.
    """

    def consent(command: CommandSpec, file: Path) -> None:
        digest = _digest(command, file)
        accepted = _accepted(state_dir)
        if digest in accepted:
            return
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            refuse(command, file)
        print(f"{printable(str(file))} wants to run this command:\n\n    {shown(command)}\n", file=sys.stderr)
        print("Run it, now and whenever it is unchanged? [y/N] ", end="", file=sys.stderr, flush=True)
        if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
            raise UsageError(f"the command of {file} was not accepted; nothing was started")
        private_file(private_dir(state_dir) / FILE, json.dumps(sorted({*accepted, digest}), indent=1))

    return consent


def shown(command: CommandSpec) -> str:
    """The command as a person reads it, on one line, its folder and variables included."""
    env = [f"{key}={shlex.quote(value)}" for key, value in command.env]
    line = " ".join([*env, shlex.join(command.argv)])
    return printable(line + (f"   (in {command.cwd})" if command.cwd else ""))


def _digest(command: CommandSpec, file: Path) -> str:
    # The folder belongs to it: `./serve.sh` is another program in another checkout.
    text = json.dumps([str(file.parent.resolve()), command.argv, command.env, command.cwd])
    return hashlib.sha256(text.encode()).hexdigest()


def _accepted(state_dir: Path) -> frozenset[str]:
    path = state_dir / FILE
    try:
        found = json.loads(read_private(path) or "[]")
    except ValueError as error:
        raise ConfigError(f"{path} is damaged; remove it, and accepted commands will be asked for again") from error
    return frozenset(item for item in found if isinstance(item, str))
