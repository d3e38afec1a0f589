"""The credential in our URL. Made once per user and kept, so that client configurations stay valid."""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path

from inspector.core.errors import ConfigError, UsageError
from inspector.paths import private_dir, private_file, read_private

FILE = "token"
_SHAPE = re.compile(r"[A-Za-z0-9._~-]+")


def local_token(state_dir: Path) -> str:
    """The token of `state_dir/token` (0600), made at the first call.

    Raises ConfigError when the file is not private to us or holds something else.
    """
    path = private_dir(state_dir) / FILE
    if (kept := read_private(path)) is None:
        kept = _made(path)
    if not kept.strip():
        raise ConfigError(f"{path} is empty; remove it, and a new token will be made")
    return checked_token(kept.strip(), str(path))


def _made(path: Path) -> str:
    """Of two first runs at once, one makes the token and both use it: a link, unlike a rename, never replaces."""
    draft = path.with_name(f".{FILE}.{os.getpid()}")
    private_file(draft, secrets.token_urlsafe(32) + "\n")
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        pass  # the other one was first
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        draft.unlink(missing_ok=True)
    return read_private(path) or ""


def checked_token(token: str, source: str) -> str:
    """`token`, once it is known to fit into a URL's path unescaped. Raises UsageError naming `source`."""
    if not _SHAPE.fullmatch(token):
        raise UsageError(f"{source}: a token consists of letters, digits and . _ ~ - only, since it stands in the URL")
    return token
