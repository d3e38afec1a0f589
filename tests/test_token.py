from __future__ import annotations

import stat
import subprocess
import sys
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


def test_first_runs_at_the_same_time_agree_on_one_token(tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from inspector.token import local_token; sys.stdin.readline()"
    code += "; print(local_token(Path(sys.argv[1])))"
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path / "state")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path.cwd(),
        )
        for _ in range(6)
    ]
    for run in runs:
        run.stdin.write("go\n")
        run.stdin.flush()
    tokens = {run.communicate(timeout=20)[0] for run in runs}
    assert tokens == {local_token(tmp_path / "state") + "\n"}
    assert [entry.name for entry in (tmp_path / "state").iterdir()] == ["token"]


def test_two_users_get_two_tokens(tmp_path: Path) -> None:
    assert local_token(tmp_path / "one") != local_token(tmp_path / "other")


def test_an_emptied_token_file_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    local_token(tmp_path)
    (tmp_path / "token").write_text("\n")
    with pytest.raises(ConfigError, match="is empty; remove it"):
        local_token(tmp_path)


def test_a_token_that_others_could_read_is_refused(tmp_path: Path) -> None:
    local_token(tmp_path)
    (tmp_path / "token").chmod(0o644)
    with pytest.raises(ConfigError, match="can be read by other users"):
        local_token(tmp_path)


@pytest.mark.parametrize("token", ["a/b", "", "a b", "ä", "a?b", "a\n", "a%41"])
def test_what_does_not_fit_into_a_url_is_no_token(token: str) -> None:
    with pytest.raises(UsageError, match="--token: a token consists of"):
        checked_token(token, "--token")
