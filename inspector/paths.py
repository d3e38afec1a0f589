"""Where the program keeps its things, and how it keeps others out of them.

Three folders: *config* (what the person writes), *state* (what we remember: token, trust, recordings) and *runtime*
(sockets and the registry of live runs). `MCP_INSPECT_HOME` puts all three under one folder.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path

from inspector.core.errors import ConfigError

HOME_VARIABLE = "MCP_INSPECT_HOME"
APP = "mcp-inspect"


def config_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """The folder of `policy.yaml` and `mcp-inspect.toml`. Not created here: the person owns it."""
    if home := environ.get(HOME_VARIABLE):
        return _below(home, "config")
    # Not at the top: the stdio front starts in a few hundredths of a second and needs none of it.
    import platformdirs

    return platformdirs.user_config_path(APP, appauthor=False)


def state_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """The folder of the token, the accepted project commands and the recordings. Not created here."""
    if home := environ.get(HOME_VARIABLE):
        return _below(home, "state")
    import platformdirs

    return platformdirs.user_state_path(APP, appauthor=False)


def runtime_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """The folder of Unix sockets and live runs; the system may empty it at logout. Not created here."""
    if home := environ.get(HOME_VARIABLE):
        return _below(home, "runtime")
    # Not from XDG_RUNTIME_DIR or TMPDIR: MCP clients give the servers that they spawn a handful of variables, and a
    # stdio front must find the app that a person started in a shell. Short, too: a socket's path has 104 bytes.
    ours = Path(f"/run/user/{os.getuid()}")
    return ours / APP if ours.is_dir() else Path(f"/tmp/{APP}-{os.getuid()}")  # noqa: S108 - private_dir guards it


def _below(home: str, kind: str) -> Path:
    return Path(home).expanduser().absolute() / kind


def private_dir(path: Path) -> Path:
    """Create `path` (and its parents) with mode 0700, or tighten it to that, and return it.

    Raises ConfigError when another user owns it or the link that leads to it, or when it is no folder: a stranger
    who made `/tmp/…` first would own every socket and token that we put there.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        _refuse_foreign(path)
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            path.chmod(0o700)
    except OSError as error:
        raise ConfigError(f"cannot use the folder {path}: {error.strerror or error}") from error
    return path


def private_file(path: Path, text: str) -> None:
    """Write `text` (UTF-8) to `path` with mode 0600, whole or not at all: a reader never sees half of it.

    The folder must exist. Raises ConfigError when another user owns the file or it cannot be written.
    """
    try:
        if path.exists() or path.is_symlink():
            _refuse_foreign(path)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # 0600 by definition
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror or error}") from error


def read_private(path: Path) -> str | None:
    """The text of a file that `private_file` wrote, None when there is none.

    Raises ConfigError when another user owns it, others can read it, or it cannot be read.
    """
    try:
        mode = _refuse_foreign(path)
        if stat.S_IMODE(mode) & 0o077:
            raise ConfigError(f"{path} can be read by other users; run: chmod 600 {path}")
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {path}: {error}") from error


def _refuse_foreign(path: Path) -> int:
    """The mode of what `path` leads to, once the link and its end are known to be ours."""
    for found in (path.lstat(), path.stat()):
        if found.st_uid != os.getuid():
            raise ConfigError(f"{path} belongs to another user (uid {found.st_uid}); remove it or set {HOME_VARIABLE}")
    return found.st_mode
