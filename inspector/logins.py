"""Logins at upstreams, kept from run to run: one file for each URL in the state folder (`logins/HOST-HASH.json`, 0600).

A login is bound to the URL that it was made for, not to the name that somebody gave to it: another server under an old
name never sees its token.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from inspector.core.errors import ConfigError
from inspector.core.json import JsonObject
from inspector.paths import private_dir, private_file, read_private

FOLDER = "logins"


@dataclass(frozen=True, slots=True)
class KeptLogin:
    """What is known of one server behind `url`: JSON objects as OAuth defines them, None when there is none.

    Without `server` and `resource`, after a restart, a refresh token would be sent to a guessed address.
    """

    url: str
    tokens: JsonObject | None = field(default=None, repr=False)  # RFC 6749 §5.1
    expires_at: float | None = None  # Unix seconds; None: nobody knows
    client: JsonObject | None = field(default=None, repr=False)  # our registration, RFC 7591 §3.2.1
    server: JsonObject | None = None  # the authorization server's metadata, RFC 8414
    resource: JsonObject | None = None  # the MCP server's own, RFC 9728

    @property
    def token(self) -> str | None:
        """What goes into `Authorization: Bearer …`."""
        return self._text("access_token")

    @property
    def refresh_token(self) -> str | None:
        return self._text("refresh_token")

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not reach the recording."""
        secret = (self.client or {}).get("client_secret")
        found = (self.token, self.refresh_token, secret if isinstance(secret, str) else None)
        return tuple(value for value in found if value)

    def _text(self, name: str) -> str | None:
        value = (self.tokens or {}).get(name)
        return value if isinstance(value, str) and value else None


class Logins:
    """The folder of them; other runs of the same user read and write it too."""

    def __init__(self, state_dir: Path) -> None:
        self._state_dir = state_dir

    def path(self, url: str) -> Path:
        host = re.sub(r"[^a-z0-9.-]+", "-", (urlsplit(url).hostname or "").lower())[:60]
        return self._state_dir / FOLDER / f"{host}-{hashlib.sha256(url.encode()).hexdigest()[:16]}.json"

    def read(self, url: str) -> KeptLogin | None:
        """
        Raises:
            ConfigError: another user owns the file or may read it, or it is damaged.
        """
        path = self.path(url)
        text = read_private(path)
        if text is None:
            return None
        try:
            found = KeptLogin(**json.loads(text))
        except (ValueError, TypeError):
            raise _damaged(path) from None
        objects = (found.tokens, found.client, found.server, found.resource)
        if found.url != url or not all(value is None or isinstance(value, dict) for value in objects):
            raise _damaged(path)
        if not isinstance(found.expires_at, int | float | None):
            raise _damaged(path)
        return found

    def write(self, login: KeptLogin) -> None:
        """
        Raises:
            ConfigError: another user owns the file, or it cannot be written.
        """
        private_dir(private_dir(self._state_dir) / FOLDER)
        private_file(self.path(login.url), json.dumps(asdict(login), indent=1))


def _damaged(path: Path) -> ConfigError:
    return ConfigError(f"{path} is damaged; remove it, and log in again")
