from __future__ import annotations

from pathlib import Path

import pytest

from inspector import resources
from inspector.core.errors import ConfigError

SOURCE = Path(resources.__file__).parent.parent / "sample_policies"


def test_a_sample_policy_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(ConfigError, match="installation is incomplete"):
        resources.sample_policy("no-such.yaml")


@pytest.mark.skipif(not SOURCE.is_dir(), reason="this tree has no sample_policies/")
def test_a_checkout_finds_its_samples_at_the_top() -> None:
    assert "version" in resources.sample_policy("kestra.yaml")
