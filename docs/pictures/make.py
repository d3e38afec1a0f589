"""Makes the pictures of `docs/screens.md` from the real program: `python docs/pictures/make.py [NAME …]`.

It needs tmux; and rsvg-convert (librsvg) for PNGs, which Pillow makes small: without it SVGs are left. The demo runs at
both sizes, a few keys are pressed, and what the terminal shows then is drawn. It takes about two minutes.
"""

from __future__ import annotations

import http.client
import importlib.util
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from drawing import svg  # noqa: E402
from e2e.sdk_agent import SdkAgent  # noqa: E402
from e2e.terminal import Terminal  # noqa: E402

SIZES: Final = ((120, 36), (80, 24))
FOLDER: Final = Path(tempfile.gettempdir()) / "mcp-inspect-pictures"  # stands in some of them
TOKEN: Final = "token-of-the-pictures"
SOON: Final = 60.0  # seconds: the demo's agents have told all that they have to tell
STILL: Final = 0.4  # seconds: figures are drawn four times a second
EARLY: Final = 20.0  # seconds of a minute
RESTLESS: Final = 2.5  # seconds after which what still moves is taken as it is


@dataclass
class Studio:
    """One program in a terminal, and where its pictures go."""

    terminal: Terminal
    size: tuple[int, int]
    wanted: frozenset[str]

    def keys(self, *keys: str, shows: str | re.Pattern[str] = "") -> None:
        self.terminal.send(*keys)
        if shows:
            self.terminal.wait_for(shows, SOON)

    def picture(self, name: str) -> None:
        """What the terminal shows once it stands still for a moment."""
        if self.wanted and name not in self.wanted:
            return
        self._settle()
        path = HERE / f"{name}-{self.size[0]}x{self.size[1]}.svg"
        drawn = svg(self.terminal.capture(colours=True), *self.size)
        path.write_text(drawn)
        if shutil.which("rsvg-convert"):
            png = str(path.with_suffix(".png"))
            subprocess.run(["rsvg-convert", "-o", png, str(path)], check=True)
            path.unlink()
            _fewer_colours(Path(png), drawn)
        print(path.stem)

    def _settle(self) -> None:
        ends, before = time.monotonic() + RESTLESS, ""
        while (shown := self.terminal.capture(colours=True)) != before and time.monotonic() < ends:
            before = shown
            time.sleep(STILL)


def _fewer_colours(png: Path, drawn: str) -> None:
    """A third of the size, where Pillow is installed: the colours that were drawn, and steps from each to the ground
    for the edges of letters."""
    if importlib.util.find_spec("PIL") is None:
        return
    image = importlib.import_module("PIL.Image")
    used = [tuple(bytes.fromhex(found)) for found in re.findall(r'="#([0-9a-f]{6})"', drawn)]
    exact = list(dict.fromkeys(used))[:128]
    steps = (256 - len(exact)) // len(exact)
    blends = [
        tuple(round(g + (c - g) * step / (steps + 1)) for c, g in zip(colour, used[0], strict=True))
        for colour in exact
        for step in range(1, steps + 1)
    ]
    palette = image.new("P", (1, 1))
    palette.putpalette([value for colour in exact + blends for value in colour])
    opened = image.open(png).convert("RGB")
    opened.quantize(palette=palette, dither=image.Dither.NONE).save(png, optimize=True)


def free_port() -> int:
    """The usual one, or the next that nobody has."""
    for port in range(7337, 7437):
        with socket.socket() as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tried.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise SystemExit("no port between 7337 and 7436 is free")


@contextmanager
def studio(size: tuple[int, int], wanted: frozenset[str], *arguments: str, **env: str) -> Iterator[Studio]:
    """`mcp-inspect ARGUMENTS`, in a home of its own. No path of this machine gets into a picture: Python has a link."""
    python = FOLDER / "bin" / "python"
    if not python.exists():
        python.parent.mkdir()
        python.symlink_to(Path(sys.executable).resolve())
    whole = {"MCP_INSPECT_HOME": str(FOLDER / "home"), "PYTHONPATH": os.pathsep.join(sys.path), "TZ": "UTC", **env}
    line = [str(python), "-m", "inspector", *arguments]
    with Terminal(line, columns=size[0], rows=size[1], env=whole, cwd=FOLDER) as terminal:
        yield Studio(terminal, size, wanted)


def demo(size: tuple[int, int], wanted: frozenset[str]) -> None:
    port = free_port()
    if (second := time.time() % 60) > EARLY:  # the limit that is used up then still is in all of its pictures
        time.sleep(60 - second)
    with studio(size, wanted, "demo", "--port", str(port), "--token", TOKEN) as at:
        at.terminal.wait_for(re.compile(r"⊘ limit"), SOON)
        refuse(port)
        at.terminal.wait_until(lambda screen: "held" in at.terminal.title, SOON, "a held call")
        _select(at, "limit")
        at.picture("live")
        at.keys("e", shows="Arguments")
        at.picture("edit")
        at.keys("Escape")
        at.terminal.wait_gone("wants to call")
        at.keys("r", shows="Make a rule from")
        at.keys("Down", shows=re.compile(r"What-if  .* of \d+ calls"))
        at.picture("rule")
        at.keys("Escape")
        at.terminal.wait_gone("Make a rule from")
        at.keys("x", shows="Not let through")
        at.terminal.wait_for("Host")
        at.picture("refused")
        at.keys("Escape")
        at.terminal.wait_gone("Not let through")
        at.keys("?", shows="Hold the next one")
        at.picture("help")
        at.keys("Escape")
        at.terminal.wait_gone("· keys")
        at.keys("2", shows="nswered")
        at.picture("approvals")
        at.keys("3", shows="force_run_execution")
        at.picture("limits")
        at.keys("5", shows="demo ready")
        at.picture("sessions")
        at.keys("4", shows="version:")
        at.picture("policy")
        _draft(at)
        at.picture("what-if")


def _select(at: Studio, decision: str) -> None:
    """The selection stays on its call when the filter that found it goes."""
    at.keys("/")
    at.terminal.type(f"decision:{decision}")
    at.terminal.wait_for(re.compile(rf"decision:{decision} +\d+ call"), SOON)
    at.keys("Enter")
    at.terminal.wait_gone(re.compile(rf"decision:{decision} +\d+ call"))
    at.keys("Up", shows=f"⊘ {decision.upper()}")
    at.keys("Escape", shows="✓ allow")


def _draft(at: Studio) -> None:
    """Ten a minute become three: what would that have meant?"""
    lines = (FOLDER / "home" / "state" / "demo" / "policy.yaml").read_text().splitlines()
    number = next(n for n, line in enumerate(lines, 1) if "force_run_execution_rate" in line)
    at.keys("C-g", shows=re.compile(r"(?m)^\W*line\b"))
    at.terminal.type(str(number))
    at.keys("Enter", shows=f"Ln {number}")
    at.keys("End", "Left", "BSpace", "BSpace", shows="max: }")
    at.terminal.type("3")
    at.terminal.wait_for(re.compile("changes? decision"), SOON)
    at.keys("F9", shows=re.compile(r"#\d+ +force_run_execution +✓ → ⊘"))


def refuse(port: int) -> None:
    """Two requests that are not let through: from a web page's address, and with a key twice."""
    frames = (
        (f"rebound.example:{port}", b'{"jsonrpc":"2.0","id":1,"method":"ping"}'),
        (f"127.0.0.1:{port}", b'{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call"}'),
    )
    for host, body in frames:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        headers = {"Host": host, "Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
        connection.request("POST", f"/{TOKEN}/demo/mcp", body, headers)
        connection.getresponse().read()
        connection.close()


def welcome(size: tuple[int, int], wanted: frozenset[str]) -> None:
    with studio(size, wanted, "--upstream", "demo", "--default", "approve", "--port", str(free_port())) as at:
        at.terminal.wait_for("Waiting for a client at", SOON)
        at.picture("welcome")


def server(size: tuple[int, int], wanted: frozenset[str]) -> None:
    """A server whose tools are not what they were when they were last listed."""
    command = ("--", str(FOLDER / "bin" / "python"), str(FOLDER / "issues.py"))
    shutil.copy(HERE / "changing_server.py", FOLDER / "issues.py")
    for tools in ("known", "changed"):
        port = free_port()
        flags = ("--default", "allow", "--port", str(port), "--token", TOKEN, "--env", f"TOOLS={tools}")
        with studio(size, wanted, *flags, *command) as at:
            at.terminal.wait_for("Waiting for a client", SOON)
            with SdkAgent(f"http://127.0.0.1:{port}/{TOKEN}/issues/mcp", name="claude-code") as agent:
                agent.tools()
                agent.ask("list_issues")
                at.keys("5", shows="issues ready")
                if tools == "changed":
                    at.terminal.wait_for("changed since", SOON)
                    at.terminal.wait_gone("Sessions (5) shows how", SOON)  # the notice, which stands over the keys
                    at.keys("Enter", shows="Capabilities")
                    at.picture("server")


SCENES: Final[tuple[Callable[[tuple[int, int], frozenset[str]], None], ...]] = (welcome, demo, server)


def main() -> None:
    for size in SIZES:
        for scene in SCENES:
            shutil.rmtree(FOLDER, ignore_errors=True)
            FOLDER.mkdir()
            scene(size, frozenset(sys.argv[1:]))
    shutil.rmtree(FOLDER, ignore_errors=True)


if __name__ == "__main__":
    main()
