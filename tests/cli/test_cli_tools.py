from __future__ import annotations

import json
from pathlib import Path

import pytest

from inspector.cli import main
from inspector.upstreams.known_tools import KnownTools


def seen(home: Path, upstream: str, text: str) -> None:
    definition = json.dumps({"name": "pay", "description": text}).encode()
    KnownTools(home / "state").seen(upstream, [("pay", definition)], complete=True)


def test_what_has_changed_is_listed_until_it_is_accepted(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for upstream in ("bank-000000000000", "shop-000000000000"):
        seen(home, upstream, "Pays.")
        seen(home, upstream, "Pays\u202e \x1b[2J.")
    assert main(["tools"]) == 1
    said = capsys.readouterr().out
    assert '~ pay description: "Pays." -> "Pays\\u202e \\u001b[2J."' in said
    assert main(["tools", "accept", "--upstream", "bank"]) == 0
    assert "accepted: 1" in capsys.readouterr().out
    assert main(["tools"]) == 1
    assert "bank" not in capsys.readouterr().out
    assert main(["tools", "accept"]) == 0
    assert main(["tools"]) == 0
    assert "no tool has changed" in capsys.readouterr().out


def test_accepting_what_has_not_changed_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tools", "accept", "--upstream", "bank"]) == 2
    assert "none of its tools has changed" in capsys.readouterr().err
