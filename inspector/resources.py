"""Files that travel with the package: in a wheel inside it, in a checkout at the top of the repository."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from inspector.core.errors import ConfigError


def sample_policies() -> Traversable:
    """The folder of sample policies. Raises ConfigError when the installation lacks it."""
    packaged = files("inspector") / "_sample_policies"
    if packaged.is_dir():
        return packaged
    checkout = Path(__file__).resolve().parent.parent / "sample_policies"
    if checkout.is_dir():
        return checkout
    raise ConfigError("the sample policies are missing; the installation is incomplete, install it again")


def sample_policy(name: str) -> str:
    """The text of one sample policy, `name` with its suffix. Raises ConfigError when there is none of that name."""
    file = sample_policies() / name
    if not file.is_file():
        raise ConfigError(f"there is no sample policy {name}; the installation is incomplete, install it again")
    return file.read_text(encoding="utf-8")
