"""Upstreams that need no definition: the embedded demo server, and Kestra's own MCP server."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from inspector.core.errors import UpstreamError
from inspector.core.upstream import CommandSpec
from inspector.own_module import own_module

PROFILES = ("demo", "kestra")
KESTRA_IMAGE = "ghcr.io/kestra-io/mcp-server-python:latest"
# Handed through to a container, which does not inherit our environment as a child process does.
KESTRA_VARIABLES = (
    "KESTRA_BASE_URL",
    "KESTRA_TENANT_ID",
    "KESTRA_USERNAME",
    "KESTRA_PASSWORD",
    "KESTRA_API_TOKEN",
    "KESTRA_MCP_DISABLED_TOOLS",
    "KESTRA_MCP_LOG_LEVEL",
)
_DOCKER_ANSWERS_WITHIN = 3.0  # seconds; a stopped daemon refuses at once, a hung one never would


@dataclass(frozen=True, slots=True)
class Profile:
    """A built-in definition, and which variables of ours the server will see and must be kept out of recordings."""

    command: CommandSpec
    origin: str
    reads: tuple[str, ...] = ()


def profile(name: str, environ: Mapping[str, str]) -> Profile | None:
    """The built-in upstream of that name, None when there is none.

    Raises UpstreamError when it exists and cannot be started here.
    """
    match name:
        case "demo":
            return Profile(CommandSpec(own_module("inspector.demo")), "built-in demo")
        case "kestra":
            return _kestra(environ)
        case _:
            return None


def _kestra(environ: Mapping[str, str]) -> Profile:
    checkout = environ.get("KESTRA_MCP_DIR", "")
    if checkout:
        source = Path(checkout).expanduser().absolute() / "src"
        why = _no_checkout(source, environ)
        if why is None:
            command = CommandSpec(("uv", "--directory", str(source), "run", "server.py"))
            return Profile(command, f"built-in kestra ({source})", KESTRA_VARIABLES)
    else:
        why = "KESTRA_MCP_DIR is not set"
    docker = shutil.which("docker", path=environ.get("PATH"))
    if docker is None:
        no_docker = "docker is not on PATH"
    elif not _daemon_answers(docker, environ):
        no_docker = "docker's daemon does not answer"
    else:
        handed = [f"--env={name}" for name in KESTRA_VARIABLES if name in environ]
        command = CommandSpec(("docker", "run", "-i", "--rm", *handed, KESTRA_IMAGE))
        return Profile(command, f"built-in kestra ({KESTRA_IMAGE})", KESTRA_VARIABLES)
    raise UpstreamError(
        f"cannot start kestra: {why}, and {no_docker}.\n"
        "Set KESTRA_MCP_DIR to a checkout of kestra-io/mcp-server-python, or start docker, or try --upstream demo."
    )


def _no_checkout(source: Path, environ: Mapping[str, str]) -> str | None:
    """Why `source` cannot be run, None when it can."""
    if not (source / "server.py").is_file():
        return f"KESTRA_MCP_DIR holds no src/server.py ({source.parent})"
    if shutil.which("uv", path=environ.get("PATH")) is None:
        return "KESTRA_MCP_DIR is set but uv is not on PATH"
    return None


def _daemon_answers(docker: str, environ: Mapping[str, str]) -> bool:
    try:
        asked = subprocess.run(
            (docker, "version", "--format", "{{.Server.Version}}"),
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_DOCKER_ANSWERS_WITHIN,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return asked.returncode == 0
