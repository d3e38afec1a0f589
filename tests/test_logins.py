"""What is kept of logins, from run to run."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from inspector.core.errors import ConfigError
from inspector.logins import KeptLogin, Logins

URL = "https://mcp.example.com/mcp"
LOGIN = KeptLogin(URL, {"access_token": "a", "refresh_token": "r"}, 12.5, {"client_id": "c", "client_secret": "s"})


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    logins = Logins(tmp_path)
    assert logins.read(URL) is None
    logins.write(LOGIN)
    assert logins.read(URL) == LOGIN
    assert (LOGIN.token, LOGIN.refresh_token, LOGIN.secrets) == ("a", "r", ("a", "r", "s"))


def test_secrets_are_in_no_repr() -> None:
    assert not {"'a'", "'r'", "'s'"} & set(repr(LOGIN).replace(",", " ").replace("}", " ").split())


def test_each_url_has_a_file_of_its_own_that_names_the_host(tmp_path: Path) -> None:
    logins = Logins(tmp_path)
    logins.write(LOGIN)
    assert logins.read(URL + "/") is None
    assert logins.read(URL.replace("https", "http")) is None
    assert logins.path(URL).name.startswith("mcp.example.com-")
    assert logins.path("http://[::1]:80/../../x").parent == logins.path(URL).parent


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"url": 1}', '{"url": "https://other.example/mcp"}', json.dumps({"url": URL, "tokens": "a"}),
     json.dumps({"url": URL, "expires_at": "soon"}), json.dumps({"url": URL, "more": 1})],
)  # fmt: skip
def test_a_damaged_file_says_so(tmp_path: Path, text: str) -> None:
    logins = Logins(tmp_path)
    logins.write(LOGIN)
    logins.path(URL).write_text(text)
    with pytest.raises(ConfigError, match=r"damaged; remove it, and log in again"):
        logins.read(URL)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_refused(tmp_path: Path) -> None:
    logins = Logins(tmp_path)
    logins.write(LOGIN)
    os.chown(logins.path(URL), 12345, 12345)
    with pytest.raises(ConfigError, match="belongs to another user"):
        logins.read(URL)
    with pytest.raises(ConfigError, match="belongs to another user"):
        logins.write(LOGIN)


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    logins = Logins(tmp_path)
    logins.write(LOGIN)
    logins.path(URL).chmod(0o640)
    with pytest.raises(ConfigError, match="chmod 600"):
        logins.read(URL)
