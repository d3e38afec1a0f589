"""What the command line asked for, settled and checked: the one value that wiring builds a run from."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from inspector.core.errors import ConfigError
from inspector.core.upstream import UpstreamSpec
from inspector.policy.model import Default

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 7337
PROJECT_POLICIES = ("mcp-inspect.policy.yaml", "mcp-inspect.policy.yml", "mcp-inspect.policy.json")
USER_POLICY = "policy.yaml"


class OutputFormat(StrEnum):
    """How `--headless` prints a decision."""

    TEXT = "text"
    JSONL = "jsonl"


class Unattended(StrEnum):
    """What becomes of a call that needs approval while nobody is attached."""

    DENY = "deny"  # after 5 s
    WAIT = "wait"  # until its deadline


class Reload(StrEnum):
    """What an edit of the policy from outside does."""

    APPLY = "apply"  # in force at once, shown with its diff
    CONFIRM = "confirm"  # waits for a person's key


@dataclass(frozen=True, slots=True)
class Settings:
    """One run. `policy` None and `default` None: ask a person for everything (never so when headless)."""

    upstreams: tuple[UpstreamSpec, ...]
    token: str = field(repr=False)
    policy: Path | None = None
    default: Default | None = None
    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT  # 0: any free one
    headless: bool = False
    output: OutputFormat = OutputFormat.TEXT
    call_timeout: float | None = None  # seconds a forwarded call may take; None: as long as the client waits
    unattended: Unattended = Unattended.DENY
    reload: Reload = Reload.APPLY
    allow_hosts: tuple[str, ...] = ()  # further names that a client may call us by
    allow_origins: tuple[str, ...] = ()  # web origins that may call us
    demo: bool = False  # with the scripted agent
    lazy: bool = False  # start each upstream with its first client
    theme: str = ""  # of the app; "": what the settings' files say


def choose_policy(
    explicit: Path | None, default: Default | None, *, headless: bool, cwd: Path, config_dir: Path
) -> Path | None:
    """The policy file of this run: `explicit`, else the only one in `cwd`, else the person's own.

    None means that there is none: `default` decides, or, in the app, a person is asked about every call.
    Raises ConfigError when the file cannot be read, when `cwd` holds two, and, headless, when nothing would decide.
    """
    if explicit is not None:
        return _readable(explicit if explicit.is_absolute() else cwd / explicit)
    found = [path for name in PROJECT_POLICIES if (path := cwd / name).exists()]
    if len(found) > 1:
        names = " and ".join(path.name for path in found)
        raise ConfigError(f"{cwd} holds {names}: only one may stand there.\nRemove one, or choose with --policy FILE.")
    if found:
        return _readable(found[0])
    if (own := config_dir / USER_POLICY).exists():
        return _readable(own)
    if headless and default is None:
        raise ConfigError(
            "--headless needs a policy: there is no person to ask and no policy file was found.\n"
            f"Give --policy FILE or --default allow|approve|deny, or put one at {cwd / PROJECT_POLICIES[0]} or {own}."
        )
    return None


def _readable(path: Path) -> Path:
    """Opening it is the only honest question; a FIFO would block us, so what it is comes first."""
    try:
        if path.exists() and not path.is_file():
            raise ConfigError(f"the policy {path} is no regular file; choose another with --policy FILE")
        with path.open("rb"):
            return path
    except OSError as error:
        raise ConfigError(
            f"cannot read the policy {path}: {error.strerror or error}; choose another with --policy FILE"
        ) from error
