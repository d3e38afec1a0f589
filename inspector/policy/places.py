"""Where an argument points: paths of a file system, and hosts of URLs.

Both answer None for a text that means different things to different readers: such a text is a mismatch, never a "no".
"""

from __future__ import annotations

import ipaddress
import posixpath
import re
from collections.abc import Sequence

# Category Cc, and the two characters that one file system reads as a separator or a URL decoder as an escape.
_UNSAFE_IN_PATH = re.compile(r"[\x00-\x1f\x7f-\x9f\\%]")
_HTTP = re.compile(r"(?i:https?)://([^/?#]*)")
_AUTHORITY = re.compile(r"(?:\[([^\]]*)\]|([^:\[\]]*))(?::([0-9]*))?")
_HOST = re.compile(r"[a-z0-9._~!$&'()*+,;=-]+")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_DOTTED_QUAD = re.compile(r"(?:(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])(?:\.(?!$)|$)){4}")
MAX_PORT = 65535
MAX_AUTHORITY = 320  # characters: no name is longer than 255 in the DNS


def normalised(path: str) -> str | None:
    """An absolute path without `.`, `..`, empty segments or a slash at its end; `..` stays at the root.

    None when it is not absolute, or has a backslash, a `%` or a control character. Purely lexical: links are not read.
    """
    if not path.startswith("/") or _UNSAFE_IN_PATH.search(path):
        return None
    # A path with exactly two slashes at its front is a special case of POSIX, which normpath keeps.
    return posixpath.normpath("/" + path.lstrip("/"))


def is_within(path: str, bases: Sequence[str]) -> bool:
    """Is a path one of the bases, or below one? Both sides normalised."""
    return any(base in ("/", path) or path.startswith(base + "/") for base in bases)


def url_host(url: str) -> str | None:
    """The host of an http(s) URL: lower-cased, without a trailing dot, an IPv6 address in its shortest form.

    None for everything that two readers could understand differently: user info, `%` in the authority, backslashes,
    white space, anything but printable ASCII, a bad port, a number that is no plain dotted quad.
    """
    if not (url.isascii() and url.isprintable()) or " " in url or "\\" in url:
        return None
    scheme = _HTTP.match(url)
    authority = None if scheme is None or len(scheme[1]) > MAX_AUTHORITY else _AUTHORITY.fullmatch(scheme[1])
    if authority is None:
        return None
    literal, name, port = authority.groups()
    if port and int(port) > MAX_PORT:
        return None
    return _ipv6(literal) if literal is not None else _name(name)


def _ipv6(literal: str) -> str | None:
    try:
        address = ipaddress.IPv6Address(literal)
    except ValueError:
        return None
    return None if address.scope_id is not None else address.compressed


def _name(name: str) -> str | None:
    host = name.lower().removesuffix(".")
    if not _HOST.fullmatch(host) or "" in (labels := host.split(".")):
        return None
    if _NUMBER.fullmatch(labels[-1]) and not _DOTTED_QUAD.fullmatch(host):
        return None
    return host


def host_pattern(text: str) -> str:
    """A pattern (`host` or `*.host`) as `host_matches` compares it."""
    pattern = text.lower().removesuffix(".")
    return (_ipv6(pattern.strip("[]")) or pattern) if ":" in pattern else pattern


def host_matches(host: str, patterns: Sequence[str]) -> bool:
    """Is it one of the hosts, or (for `*.host`) a subdomain of one?"""
    return any(
        host.endswith(pattern[1:]) and len(host) > len(pattern) - 1 if pattern.startswith("*.") else host == pattern
        for pattern in patterns
    )
