"""Files that a person names: regular ones of bounded size, and an error that says what is in the way."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from inspector.core.errors import ConfigError


def read_regular(path: Path, most: int, what: str) -> tuple[bytes, os.stat_result]:
    """The first `most` + 1 bytes of a file and its status. `what`: "the policy", for messages.

    Raises ConfigError when it cannot be read, and for a folder, a FIFO or a device.
    """
    try:
        # Non-blocking, so that a FIFO is refused instead of waited for.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise ConfigError(f"{path} is no regular file: {what} is to be one")
            with os.fdopen(descriptor, "rb", closefd=False) as file:
                return file.read(most + 1), status
        finally:
            os.close(descriptor)
    except (OSError, ValueError) as error:  # ValueError: a name with a null character in it
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ConfigError(f"{what} {path} cannot be read: {reason}") from None


def read_text(path: Path, most: int, what: str) -> str:
    """The text of a UTF-8 file of at most `most` bytes. Raises ConfigError."""
    content, _ = read_regular(path, most, what)
    if len(content) > most:
        raise ConfigError(f"{what} {path} is larger than {most // (1024 * 1024)} MiB: split it")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}:{line}: not UTF-8: byte 0x{content[error.start]:02x}") from None
