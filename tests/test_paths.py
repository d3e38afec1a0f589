from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from inspector import paths
from inspector.core.errors import ConfigError

as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_one_variable_moves_all_three_folders(tmp_path: Path) -> None:
    environ = {paths.HOME_VARIABLE: str(tmp_path)}
    assert paths.config_dir(environ) == tmp_path / "config"
    assert paths.state_dir(environ) == tmp_path / "state"
    assert paths.runtime_dir(environ) == tmp_path / "runtime"


def test_without_it_each_folder_is_the_platforms_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(paths.HOME_VARIABLE, raising=False)
    found = [paths.config_dir(), paths.state_dir(), paths.runtime_dir()]
    assert all("mcp-inspect" in str(path) for path in found)
    assert len(bytes(found[2] / "0123456789abcdef.sock")) < 104


def test_the_runtime_folder_is_found_without_the_variables_of_a_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/somewhere/else")
    monkeypatch.setenv("TMPDIR", "/somewhere/else")
    monkeypatch.delenv(paths.HOME_VARIABLE, raising=False)
    in_a_shell = paths.runtime_dir()
    assert paths.runtime_dir({"PATH": "/usr/bin"}) == in_a_shell
    assert not str(in_a_shell).startswith("/somewhere")


def test_a_private_folder_is_made_with_its_parents_and_closed_to_others(tmp_path: Path) -> None:
    path = paths.private_dir(tmp_path / "a" / "b")
    assert path.is_dir()
    assert mode(path) == 0o700


def test_a_folder_that_was_open_is_closed(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    assert mode(paths.private_dir(tmp_path)) == 0o700


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    with pytest.raises(ConfigError, match=r"cannot use the folder .*/a: "):
        paths.private_dir(tmp_path / "a")


@as_root
def test_a_folder_of_another_user_is_refused(tmp_path: Path) -> None:
    os.chown(tmp_path, 12345, 12345)
    with pytest.raises(ConfigError, match="belongs to another user"):
        paths.private_dir(tmp_path)


@as_root
def test_a_link_that_another_user_made_is_refused_whatever_it_leads_to(tmp_path: Path) -> None:
    link = tmp_path / "link"
    (tmp_path / "mine").mkdir(mode=0o700)
    link.symlink_to(tmp_path / "mine")
    os.lchown(link, 12345, 12345)
    with pytest.raises(ConfigError, match="belongs to another user"):
        paths.private_dir(link)


def test_a_private_file_is_replaced_whole_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "file"
    paths.private_file(path, "one")
    before = path.stat().st_ino
    paths.private_file(path, "zwei – ☃")
    assert path.read_text(encoding="utf-8") == "zwei – ☃"
    assert path.stat().st_ino != before
    assert mode(path) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_a_file_that_cannot_be_written_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot write .*/missing/file"):
        paths.private_file(tmp_path / "missing" / "file", "text")


@as_root
def test_a_file_of_another_user_is_neither_read_nor_replaced(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("theirs")
    path.chmod(0o600)
    os.chown(path, 12345, 12345)
    with pytest.raises(ConfigError, match="belongs to another user"):
        paths.private_file(path, "ours")
    with pytest.raises(ConfigError, match="belongs to another user"):
        paths.read_private(path)
    assert path.read_text() == "theirs"


def test_a_file_that_others_can_read_is_not_taken_for_private(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("secret")
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        paths.read_private(path)


def test_a_file_that_is_not_there_reads_as_nothing(tmp_path: Path) -> None:
    assert paths.read_private(tmp_path / "file") is None
