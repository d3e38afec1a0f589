from __future__ import annotations

import pytest

from inspector.core.errors import UsageError
from inspector.core.upstream import NAME
from inspector.upstreams.naming import checked_name, command_name, url_name


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("npx -y @modelcontextprotocol/server-everything", "everything"),
        ("npx -y @modelcontextprotocol/server-filesystem@2026.1.1 /home/me", "filesystem"),
        ("uvx mcp-server-git --repository .", "git"),
        ("python -m mcp_server_time", "mcp_server_time"),
        ("python3.12 /srv/tools/weather.py", "weather"),
        ("/usr/local/bin/mcp-server-time --local-timezone UTC", "time"),
        ("docker run -i --rm -e KEY ghcr.io/kestra-io/mcp-server-python:latest", "python"),
        ("uv --directory /src/kestra run server.py", "kestra"),
        ("mcp", "upstream"),
        ("все", "upstream"),
    ],
)
def test_a_command_gets_a_telling_name(command: str, name: str) -> None:
    assert command_name(command.split()) == name


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://localhost:3001/mcp", "localhost-3001"),
        ("http://127.0.0.1:8080/mcp", "localhost-8080"),
        ("https://mcp.linear.app/sse", "linear"),
        ("https://Example.com", "example"),
        ("http://[::1]:9/mcp", "localhost-9"),
    ],
)
def test_a_url_gets_the_name_of_its_host(url: str, name: str) -> None:
    assert url_name(url) == name


@pytest.mark.parametrize("text", ["x" * 80, "---", "A B", "-", "mcp-", "all"])
def test_every_made_up_name_is_a_name(text: str) -> None:
    assert NAME.fullmatch(command_name([text]))
    checked_name(command_name([text]), "test")


@pytest.mark.parametrize("name", ["", "Kestra", "a b", "x" * 33, "ä", "a/b", "kestra\n"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="is no upstream name"):
        checked_name(name, "--name")


@pytest.mark.parametrize("name", ["all", "mcp"])
def test_reserved_names_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match="taken by the program"):
        checked_name(name, "--name")
