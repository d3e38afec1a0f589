"""Agents for tests: each is a process of its own, a real loop around a scripted model."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from e2e.agents.model import ScriptedModel, Turn

HERE = Path(__file__).parent
OPENAI_AGENTS = (sys.executable, str(HERE / "openai_loop.py"))


@dataclass(frozen=True, slots=True)
class AgentRun:
    """An agent under way: `model` grows as it works."""

    model: ScriptedModel
    process: subprocess.Popen[str]

    def last_word(self, timeout: float = 60) -> str:
        """What the agent said when it was done; fails with its stderr when it broke."""
        out, err = self.process.communicate(timeout=timeout)
        assert self.process.returncode == 0, err
        return out.splitlines()[-1]


@contextlib.contextmanager
def agent(
    mcp: str | Sequence[str], script: Sequence[Turn], *, loop: Sequence[str] = OPENAI_AGENTS, prompt: str = "begin"
) -> Iterator[AgentRun]:
    """Starts an agent's loop against a URL, or a command that it spawns; ended on the way out if it did not end by
    itself."""
    target = [mcp] if isinstance(mcp, str) else mcp
    with ScriptedModel(script) as model:
        process = subprocess.Popen(
            [*loop, model.url, prompt, *target],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            yield AgentRun(model, process)
        finally:
            if process.poll() is None:
                process.kill()
            process.communicate()
