"""The credential in our URL. Made once per user and kept, so that client configurations stay valid."""

from __future__ import annotations

import re
import secrets
from pathlib import Path

from inspector.core.errors import UsageError
from inspector.paths import private_dir, private_file, read_private

FILE = "token"
_SHAPE = re.compile(r"[A-Za-z0-9._~-]+")


def local_token(state_dir: Path) -> str:
    """The token of `state_dir/token` (0600), made at the first call.

    Raises ConfigError when the file is not private to us or holds something else.
    """
    path = private_dir(state_dir) / FILE
    kept = read_private(path)
    if kept is not None and kept.strip():
        return checked_token(kept.strip(), str(path))
    private_file(path, secrets.token_urlsafe(32) + "\n")
    # Two first runs may race: what lies there now is what both of them use.
    return (read_private(path) or "").strip()


def checked_token(token: str, source: str) -> str:
    """`token`, once it is known to fit into a URL's path unescaped. Raises UsageError naming `source`."""
    if not _SHAPE.fullmatch(token):
        raise UsageError(f"{source}: a token consists of letters, digits and . _ ~ - only, since it stands in the URL")
    return token
