from __future__ import annotations

from pathlib import Path

import pytest

from inspector.core.errors import ConfigError
from inspector.core.upstream import CommandSpec, UrlSpec, UrlTransport
from inspector.upstreams.config import Config, read_config


@pytest.fixture
def cwd(tmp_path: Path) -> Path:
    (tmp_path / "cwd").mkdir()
    return tmp_path / "cwd"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    (tmp_path / "config").mkdir()
    return tmp_path / "config"


def write(folder: Path, text: str) -> Path:
    path = folder / "mcp-inspect.toml"
    path.write_text(text)
    return path


def read(folder: Path, text: str) -> Config:
    write(folder, text)
    return read_config(folder, folder / "nowhere")


def test_without_files_nothing_is_defined(cwd: Path, own: Path) -> None:
    assert read_config(own, cwd).upstreams == {}


def test_commands_and_urls_are_read_whole(own: Path) -> None:
    found = read(
        own,
        """
        [upstreams.one]
        command = "uv"
        args = ["run", "server.py"]
        env = { KESTRA_TENANT_ID = "main" }
        cwd = "servers"
        [upstreams.two]
        command = ["npx", "-y", "thing"]
        [upstreams.three]
        url = "https://mcp.example.com/mcp"
        headers = { Authorization = "Bearer x" }
        [upstreams.four]
        url = "https://mcp.example.com/sse"
        headers = { X-Team = "a" }
        oauth_scope = "read write:all"
        transport = "sse"
        """,
    ).upstreams
    assert found["one"].target == CommandSpec(
        ("uv", "run", "server.py"), (("KESTRA_TENANT_ID", "main"),), str(own / "servers")
    )
    assert found["two"].target == CommandSpec(("npx", "-y", "thing"))
    assert found["three"].target == UrlSpec("https://mcp.example.com/mcp", (("Authorization", "Bearer x"),))
    assert found["four"].target == UrlSpec(
        "https://mcp.example.com/sse", (("X-Team", "a"),), "read write:all", UrlTransport.SSE
    )
    assert not found["one"].project


def test_of_two_of_one_name_the_persons_own_wins(cwd: Path, own: Path) -> None:
    write(own, '[upstreams.a]\ncommand = "mine"')
    write(cwd, '[upstreams.a]\ncommand = "theirs"\n[upstreams.b]\ncommand = "other"')
    found = read_config(own, cwd).upstreams
    assert (found["a"].target, found["a"].project) == (CommandSpec(("mine",)), False)
    assert (found["b"].target, found["b"].project) == (CommandSpec(("other",)), True)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[upstreams.a]\ncomand = 'x'", r"upstreams\.a\.comand: unknown; did you mean command"),
        ("[upstream.a]\ncommand = 'x'", r"upstream: unknown; did you mean upstreams"),
        ("[upstreams.a]", r"upstreams\.a: give either command or url"),
        ("[upstreams.a]\ncommand = 'x'\nurl = 'http://x'", r"upstreams\.a: give either command or url"),
        ("[upstreams.a]\ncommand = 'x'\nheaders = {}", r"upstreams\.a\.headers: does not go with command"),
        ("[upstreams.a]\nurl = 'http://x'\nlazy = true", r"upstreams\.a\.lazy: does not go with url"),
        ("[upstreams.a]\ncommand = 'x'\nlazy = 1", r"upstreams\.a\.lazy: true or false is wanted"),
        ("[upstreams.a]\nurl = 'http://x'\nenv = {}", r"upstreams\.a\.env: does not go with url"),
        ("[upstreams.a]\nurl = 'ftp://x'", r"upstreams\.a\.url: an http"),
        ("[upstreams.a]\ncommand = 'x'\noauth_scope = 'a'", r"upstreams\.a\.oauth_scope: does not go with command"),
        ("[upstreams.a]\nurl = 'http://x'\noauth_scope = 1", r"upstreams\.a\.oauth_scope: a string is wanted"),
        ("[upstreams.a]\nurl = 'http://x'\noauth_scope = ''", r"upstreams\.a\.oauth_scope: a scope consists of words"),
        ("[upstreams.a]\nurl = 'http://x'\noauth_scope = 'a\\\"'", r"upstreams\.a\.oauth_scope: a scope consists of"),
        (
            "[upstreams.a]\nurl = 'http://x'\noauth_scope = 'a'\nheaders = {authorization = 'b'}",
            r"upstreams\.a\.oauth_scope: it has an Authorization of its own",
        ),
        (
            "[upstreams.a]\nurl = 'http://me:pw@x'\noauth_scope = 'a'",
            r"upstreams\.a\.oauth_scope: it has an Authorization of its own",
        ),
        (
            "[upstreams.a]\nurl = 'http://x'\ntransport = 'ws'",
            r"upstreams\.a\.transport: 'ws' is none of auto, http, sse",
        ),
        ("[upstreams.a]\ncommand = 7", r"upstreams\.a\.command: a string is wanted, not 7"),
        ("[upstreams.a]\ncommand = ''", r"upstreams\.a\.command: it is empty"),
        ("[upstreams.a]\ncommand = []", r"upstreams\.a\.command: it is empty"),
        ("[upstreams.a]\ncommand = 'x'\nargs = 'y'", r"upstreams\.a\.args: a list of strings"),
        ("[upstreams.a]\ncommand = 'x'\nenv = { A = 1 }", r"upstreams\.a\.env\.A: a string is wanted, not 1"),
        ("[upstreams.a]\ncommand = 'x'\nenv = []", r"upstreams\.a\.env: a table of strings"),
        ("[upstreams.Kestra]\ncommand = 'x'", r"upstreams\.Kestra: 'Kestra' is no upstream name"),
        ("[upstreams.all]\ncommand = 'x'", r"upstreams\.all: the name 'all' is taken"),
        ("upstreams = 1", r"upstreams: a table is wanted"),
        ("[upstreams]\na = 1", r"upstreams\.a: a table is wanted"),
        ('[upstreams.a]\ncommand = "a\\u0000b"', r"upstreams\.a\.command: a NUL"),
        ("[upstreams.a\n", r"line 1"),
        ("a = 1\nb = = 2\n", r"line 2"),
    ],
)
def test_an_error_names_the_file_and_the_field(own: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says) as caught:
        read(own, text)
    assert str(own / "mcp-inspect.toml") in str(caught.value)


def test_a_file_that_is_not_utf8_is_an_error(own: Path) -> None:
    (own / "mcp-inspect.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match=r"mcp-inspect\.toml"):
        read_config(own, own / "nowhere")
