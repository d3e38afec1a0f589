from __future__ import annotations

import stat
from pathlib import Path

import pytest

from inspector.core.errors import ConfigError, UsageError
from inspector.token import checked_token, local_token


def test_the_token_is_made_once_and_kept_to_ourselves(tmp_path: Path) -> None:
    state = tmp_path / "state"
    token = local_token(state)
    assert len(token) >= 40
    assert local_token(state) == token
    assert stat.S_IMODE((state / "token").stat().st_mode) == 0o600
    assert stat.S_IMODE(state.stat().st_mode) == 0o700


def test_two_users_get_two_tokens(tmp_path: Path) -> None:
    assert local_token(tmp_path / "one") != local_token(tmp_path / "other")


def test_an_emptied_token_file_gets_a_new_token(tmp_path: Path) -> None:
    local_token(tmp_path)
    (tmp_path / "token").write_text("\n")
    assert local_token(tmp_path)


def test_a_token_that_others_could_read_is_refused(tmp_path: Path) -> None:
    local_token(tmp_path)
    (tmp_path / "token").chmod(0o644)
    with pytest.raises(ConfigError, match="can be read by other users"):
        local_token(tmp_path)


@pytest.mark.parametrize("token", ["a/b", "", "a b", "ä", "a?b", "a\n", "a%41"])
def test_what_does_not_fit_into_a_url_is_no_token(token: str) -> None:
    with pytest.raises(UsageError, match="--token: a token consists of"):
        checked_token(token, "--token")
