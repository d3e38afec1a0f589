"""The wheel as people install it: built here, put into a fresh environment, run from there."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Mapping
from pathlib import Path

from inspector import __version__
from inspector.resources import sample_policy

ROOT = Path(__file__).parent.parent
QUIET = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}


def run(*command: str | Path, cwd: Path, env: Mapping[str, str] = QUIET) -> str:
    """Its stdout; what it said is in the message when it fails."""
    whole = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        list(map(str, command)),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=cwd,
        env={**whole, **env},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_wheel_holds_the_program_its_themes_and_its_sample_policies(tmp_path: Path) -> None:
    pip = [sys.executable, "-m", "pip"]
    run(*pip, "wheel", ROOT, "--no-deps", "--no-build-isolation", "--wheel-dir", tmp_path, cwd=tmp_path)
    (wheel,) = tmp_path.glob("mcp_inspect-*.whl")
    fresh = tmp_path / "fresh"
    venv.create(fresh, symlinks=True)
    python = fresh / "bin" / "python"
    installed = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=tmp_path).strip())
    run(*pip, "--python", python, "install", "--no-deps", "--no-index", wheel, cwd=tmp_path)
    # What the program stands on comes from this environment; the program itself must not.
    (installed / "dependencies.pth").write_text(sysconfig.get_path("purelib"))

    script = fresh / "bin" / "mcp-inspect"
    assert run(script, "--version", cwd=tmp_path) == f"mcp-inspect {__version__}\n"
    where = "import inspector; print(inspector.__file__)"
    assert Path(run(python, "-c", where, cwd=tmp_path).strip()).is_relative_to(installed)
    read = "from inspector.resources import sample_policy; print(sample_policy('kestra.yaml'), end='')"
    assert run(python, "-c", read, cwd=tmp_path) == sample_policy("kestra.yaml")
    themes = "from inspector.ui import theme; found, bad = theme.load(theme.directory()); print(len(found), bad)"
    assert run(python, "-c", themes, cwd=tmp_path).split() == [str(len(list((ROOT / "themes").glob("*.yaml")))), "[]"]
