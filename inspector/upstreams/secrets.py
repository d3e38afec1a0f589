"""Which of an upstream's values must not reach the recording."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, unquote, urlsplit

_INNOCENT = frozenset({"PWD", "OLDPWD", "SSH_AUTH_SOCK", "XAUTHORITY"})  # folders and sockets: they stand everywhere
_TELLING = re.compile(r"auth|token|secret|passw|pwd|api[-_]?key|apikey|credential|cookie|private|signature", re.I)


def secret_values(pairs: Iterable[tuple[str, str]], url: str = "") -> tuple[str, ...]:
    """The values of those headers or variables whose names tell, and the credentials inside `url`.

    An `Authorization: Bearer X` gives both the whole value and `X`: the recording may meet either.
    """
    found: dict[str, None] = {}
    parts = urlsplit(url)
    for name, value in [*pairs, *parse_qsl(parts.query)]:
        if value and name not in _INNOCENT and _TELLING.search(name):
            found[value] = None
            found[value.rpartition(" ")[2]] = None
    if parts.password:
        found[unquote(parts.password)] = None
        found[parts.password] = None
    return tuple(value for value in found if value)
