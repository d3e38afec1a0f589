from __future__ import annotations

import os
from pathlib import Path

import pytest

from inspector.core.errors import ConfigError
from inspector.policy.model import Default
from inspector.settings import PROJECT_POLICIES, choose_policy


@pytest.fixture
def cwd(tmp_path: Path) -> Path:
    (tmp_path / "cwd").mkdir()
    return tmp_path / "cwd"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "config").mkdir()
    return tmp_path / "config"


def choose(
    cwd: Path, config: Path, explicit: str | None = None, default: Default | None = None, headless: bool = False
):
    path = None if explicit is None else Path(explicit)
    return choose_policy(path, default, headless=headless, cwd=cwd, config_dir=config)


@pytest.mark.parametrize("name", PROJECT_POLICIES)
def test_the_only_policy_of_the_folder_wins_over_the_persons_own(cwd: Path, config: Path, name: str) -> None:
    (cwd / name).touch()
    (config / "policy.yaml").touch()
    assert choose(cwd, config) == cwd / name


def test_two_policies_in_the_folder_are_an_error_that_names_both(cwd: Path, config: Path) -> None:
    (cwd / "mcp-inspect.policy.yaml").touch()
    (cwd / "mcp-inspect.policy.json").touch()
    with pytest.raises(ConfigError, match=r"mcp-inspect\.policy\.yaml and mcp-inspect\.policy\.json"):
        choose(cwd, config)


def test_an_explicit_policy_ends_the_search(cwd: Path, config: Path) -> None:
    (cwd / "mcp-inspect.policy.yaml").touch()
    (cwd / "mcp-inspect.policy.json").touch()
    (cwd / "mine.yaml").touch()
    assert choose(cwd, config, "mine.yaml") == cwd / "mine.yaml"
    assert choose(cwd, config, str(cwd / "mine.yaml")) == cwd / "mine.yaml"


def test_without_one_in_the_folder_the_persons_own_decides(cwd: Path, config: Path) -> None:
    (config / "policy.yaml").touch()
    assert choose(cwd, config, headless=True) == config / "policy.yaml"


def test_without_any_a_person_is_asked_or_the_default_decides(cwd: Path, config: Path) -> None:
    assert choose(cwd, config) is None
    assert choose(cwd, config, default=Default.DENY, headless=True) is None


def test_headless_without_any_refuses_to_start_and_says_what_to_do(cwd: Path, config: Path) -> None:
    with pytest.raises(ConfigError, match="--policy FILE or --default") as caught:
        choose(cwd, config, headless=True)
    assert caught.value.exit_code == 2
    assert len(str(caught.value).splitlines()) <= 2


@pytest.mark.parametrize("make", [lambda path: None, Path.mkdir, os.mkfifo], ids=["missing", "folder", "fifo"])
def test_a_policy_that_cannot_be_read_is_an_error_that_names_it(cwd: Path, config: Path, make) -> None:
    make(cwd / "p.yaml")
    with pytest.raises(ConfigError, match=r"p\.yaml"):
        choose(cwd, config, "p.yaml")


def test_a_broken_policy_is_chosen_all_the_same(cwd: Path, config: Path) -> None:
    (cwd / "mcp-inspect.policy.yaml").write_text("{{{{")
    assert choose(cwd, config) == cwd / "mcp-inspect.policy.yaml"
