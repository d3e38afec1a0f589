from __future__ import annotations

import os
from pathlib import Path

import pytest

from inspector.core.errors import ConfigError
from inspector.policy.regular_file import read_regular, read_text


def test_no_more_than_asked_for_is_read(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"12345")
    assert read_regular(path, 3, "the file")[0] == b"1234"
    with pytest.raises(ConfigError, match=r"the file .*/f is larger than 0 MiB"):
        read_text(path, 3, "the file")


def test_a_byte_order_mark_is_no_part_of_a_text(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"\xef\xbb\xbfa")
    assert read_text(tmp_path / "f", 10, "the file") == "a"


@pytest.mark.parametrize("name", ["absent", "folder", "fifo", "nu\0l"])
def test_what_is_no_regular_file_is_named_and_never_waited_for(name: str, tmp_path: Path) -> None:
    if name == "folder":
        (tmp_path / name).mkdir()
    if name == "fifo":
        os.mkfifo(tmp_path / name)
    with pytest.raises(ConfigError, match=name):
        read_text(tmp_path / name, 10, "the file")
