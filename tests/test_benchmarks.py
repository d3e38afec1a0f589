from __future__ import annotations

import pytest

from benchmarks.__main__ import main


@pytest.mark.parametrize("argv", [[], ["nothing"], ["../store"]])
def test_an_unknown_benchmark_lists_those_that_exist(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(argv) == 2
    assert "python -m benchmarks {record|" in capsys.readouterr().err


@pytest.mark.parametrize(("name", "says"), [("store", "µs/event"), ("record", "µs/call in all")])
def test_a_benchmark_runs_small(name: str, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "50"]) == 0
    assert says in capsys.readouterr().out
