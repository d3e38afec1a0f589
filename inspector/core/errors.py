"""Errors that a person sees.

    InspectError                  what to say, exit code 2 unless told otherwise
    ├── UsageError                the command line: a missing command, an unknown upstream, a flag in the wrong place
    ├── ConfigError               a file or an environment: mcp-inspect.toml, an unreadable policy, a used port
    │   └── PolicyError           a policy that does not load; carries every problem with its line and column
    ├── StoreError                the ledger or the recording cannot be read or written
    │   └── StoreBusyError        another process holds it just now
    └── UpstreamError             the server behind us cannot be started or reached

Every message is one or two lines: what is wrong (naming the file, line or field) and the way out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inspector.core.problems import Problem


class InspectError(Exception):
    """The root: its text is fit to be shown to a person as it is."""

    exit_code = 2


class UsageError(InspectError):
    """The command line asks for something that cannot be."""


class ConfigError(InspectError):
    """A file, a port or an environment variable stands in the way."""


class PolicyError(ConfigError):
    """A policy document that does not load."""

    def __init__(self, message: str, problems: tuple[Problem, ...] = ()) -> None:
        super().__init__(message)
        self.problems = problems


class StoreError(InspectError):
    """The ledger or the recording cannot be read or written."""


class StoreBusyError(StoreError):
    """Another process holds the store: the same may succeed in a moment."""


class UpstreamError(InspectError):
    """The server behind us cannot be started or reached."""
