from __future__ import annotations

from pathlib import Path

import pytest

from inspector.core.errors import UpstreamError, UsageError
from inspector.core.upstream import CommandSpec, UpstreamSpec, UrlSpec, UrlTransport
from inspector.own_module import own_module
from inspector.upstreams.config import Config, Defined
from inspector.upstreams.resolve import resolve, resolve_command

CWD = Path("/srv/project")
FILE = CWD / "mcp-inspect.toml"


def defined(name: str, target: CommandSpec | UrlSpec, *, project: bool = False) -> Config:
    return Config({name: Defined(name, target, FILE, project)})


def asked(wanted: str, config: Config | None = None, environ: dict[str, str] | None = None, **more) -> UpstreamSpec:
    return resolve(wanted, config=config or Config({}), cwd=CWD, environ=environ or {}, **more)


def test_a_url_is_itself() -> None:
    assert asked("http://localhost:3001/mcp").target == UrlSpec("http://localhost:3001/mcp")


def test_a_url_takes_headers_and_no_variables() -> None:
    spec = asked("https://x.example/mcp", headers=(("Authorization", "Bearer abc"),), name="x")
    assert spec.name == "x"
    assert spec.target == UrlSpec("https://x.example/mcp", (("Authorization", "Bearer abc"),))
    assert set(spec.secrets) == {"Bearer abc", "abc"}
    with pytest.raises(UsageError, match=r"--env A: .* has no environment; use --header"):
        asked("https://x.example/mcp", env=(("A", "b"),))


def test_a_scope_is_for_urls_that_have_no_credential_yet() -> None:
    assert asked("https://x.example/mcp", oauth_scope="a b").target == UrlSpec("https://x.example/mcp", (), "a b")
    config = defined("far", UrlSpec("https://x.example", (("X", "1"),), "old", UrlTransport.SSE))
    assert asked("far", config, oauth_scope="new").target == UrlSpec(
        "https://x.example", (("X", "1"),), "new", UrlTransport.SSE
    )
    assert asked("far", config).target == config.upstreams["far"].target
    for headers in ((("authorization", "Bearer x"),), ()):
        url = "https://x.example/mcp" if headers else "https://me:pw@x.example/mcp"
        with pytest.raises(UsageError, match=r"--oauth-scope a: it has an Authorization of its own"):
            asked(url, headers=headers, oauth_scope="a")
    with pytest.raises(UsageError, match=r"--oauth-scope a  b: a scope consists of words"):
        asked("https://x.example/mcp", oauth_scope="a  b")
    with pytest.raises(UsageError, match=r"--oauth-scope a: kestra is a command"):
        asked("kestra", defined("kestra", CommandSpec(("run-it",))), oauth_scope="a")


def test_credentials_inside_a_url_are_secrets() -> None:
    spec = asked("https://me:p%40ss@x.example/mcp?api_key=k1&page=2")
    assert set(spec.secrets) == {"p@ss", "p%40ss", "k1"}
    assert "secrets" not in repr(spec)


def test_a_url_without_a_host_is_refused() -> None:
    with pytest.raises(UsageError, match="no host"):
        asked("http:///mcp")


def test_a_definition_is_found_and_added_to() -> None:
    config = defined("kestra", CommandSpec(("run-it",), (("A", "1"), ("B", "2"))))
    spec = asked("kestra", config, env=(("B", "3"), ("API_TOKEN", "t")))
    assert spec.target == CommandSpec(("run-it",), (("A", "1"), ("B", "3"), ("API_TOKEN", "t")))
    assert spec.origin == str(FILE)
    assert spec.secrets == ("t",)
    with pytest.raises(UsageError, match="--header X: kestra is a command"):
        asked("kestra", config, headers=(("X", "y"),))


def test_a_header_on_the_command_line_replaces_the_files_whatever_its_case() -> None:
    config = defined("far", UrlSpec("https://x.example", (("authorization", "old"), ("X-Team", "a"))))
    spec = asked("far", config, headers=(("Authorization", "new"),))
    assert spec.target == UrlSpec("https://x.example", (("X-Team", "a"), ("Authorization", "new")))


def test_a_definition_wins_over_a_profile_of_its_name() -> None:
    assert asked("demo", defined("demo", CommandSpec(("mine",)))).target == CommandSpec(("mine",))


def test_a_projects_command_needs_consent_and_runs_in_the_project() -> None:
    config = defined("tools", CommandSpec(("./serve.sh",)), project=True)
    with pytest.raises(UsageError, match=r"wants to run: \./serve\.sh"):
        asked("tools", config)
    seen = []
    spec = asked("tools", config, consent=lambda command, file: seen.append((command, file)))
    assert seen == [(CommandSpec(("./serve.sh",)), FILE)]
    assert spec.target == CommandSpec(("./serve.sh",), (), str(CWD))


def test_a_projects_url_and_ones_own_command_need_no_consent() -> None:
    far, near = UrlSpec("https://x.example"), CommandSpec(("x",))
    assert asked("far", defined("far", far, project=True)).target == far
    assert asked("near", defined("near", near)).target == near


def test_the_demo_is_this_python() -> None:
    assert asked("demo").target == CommandSpec(own_module("inspector.demo"))


def test_an_unknown_name_lists_what_would_work_nearest_first() -> None:
    config = defined("kestrel", CommandSpec(("x",)))
    with pytest.raises(UsageError, match=r"'kestrell'.*: kestrel, kestra, demo, or a URL") as caught:
        asked("kestrell", config)
    assert caught.value.exit_code == 2


def test_names_are_checked() -> None:
    with pytest.raises(UsageError, match="--name Big"):
        asked("demo", name="Big")
    with pytest.raises(UsageError, match="taken by the program"):
        asked("demo", name="all")


def test_a_command_is_itself() -> None:
    spec = resolve_command(["uvx", "mcp-server-time"], env=(("TZ_SECRET", "s"),))
    assert spec == UpstreamSpec("time", CommandSpec(("uvx", "mcp-server-time"), (("TZ_SECRET", "s"),)), secrets=("s",))


@pytest.mark.parametrize("argv", [[], [""], ["  "]])
def test_a_missing_command_is_an_error(argv: list[str]) -> None:
    with pytest.raises(UsageError, match="after -- is missing"):
        resolve_command(argv)


@pytest.fixture
def binaries(tmp_path: Path):
    """Puts programs that answer with an exit code on a PATH of their own."""
    folder = tmp_path / "bin"
    folder.mkdir()

    def add(name: str, code: int = 0) -> dict[str, str]:
        (folder / name).write_text(f"#!/bin/sh\nexit {code}\n")
        (folder / name).chmod(0o755)
        return {"PATH": str(folder)}

    add("nothing")
    return add


def test_kestra_of_a_checkout_runs_through_uv(tmp_path: Path, binaries) -> None:
    (tmp_path / "kestra" / "src").mkdir(parents=True)
    (tmp_path / "kestra" / "src" / "server.py").touch()
    environ = {**binaries("uv"), "KESTRA_MCP_DIR": str(tmp_path / "kestra"), "KESTRA_PASSWORD": "pw"}
    spec = asked("kestra", environ=environ)
    assert spec.target == CommandSpec(("uv", "--directory", str(tmp_path / "kestra" / "src"), "run", "server.py"))
    assert spec.secrets == ("pw",)


def test_kestra_of_docker_hands_its_variables_through_by_name(binaries) -> None:
    environ = {**binaries("docker"), "KESTRA_API_TOKEN": "t0ken"}
    spec = asked("kestra", environ=environ, env=(("KESTRA_BASE_URL", "http://host:8080/api/v1"),))
    argv = spec.target.argv
    assert argv[:4] == ("docker", "run", "-i", "--rm")
    assert {"--env=KESTRA_API_TOKEN", "--env=KESTRA_BASE_URL"} <= set(argv)
    assert argv[-1] == "ghcr.io/kestra-io/mcp-server-python:latest"
    assert not any("t0ken" in word for word in argv)
    assert spec.target.env == (("KESTRA_BASE_URL", "http://host:8080/api/v1"),)
    assert spec.secrets == ("t0ken",)


@pytest.mark.parametrize(
    ("environ", "docker", "says"),
    [
        ({}, None, "KESTRA_MCP_DIR is not set, and docker is not on PATH"),
        ({}, 1, "KESTRA_MCP_DIR is not set, and docker's daemon does not answer"),
        ({"KESTRA_MCP_DIR": "/nowhere"}, None, r"holds no src/server\.py \(/nowhere\), and docker is not on PATH"),
    ],
)
def test_kestra_with_neither_is_one_error_that_names_both_ways_and_the_demo(binaries, environ, docker, says) -> None:
    path = binaries("docker", docker) if docker is not None else binaries("other")
    with pytest.raises(UpstreamError, match=says) as caught:
        asked("kestra", environ={**environ, **path})
    text = str(caught.value)
    assert "KESTRA_MCP_DIR" in text and "docker" in text and "--upstream demo" in text
    assert len(text.splitlines()) == 2
    assert caught.value.exit_code == 2


def test_a_checkout_without_uv_says_so(tmp_path: Path, binaries) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "server.py").touch()
    with pytest.raises(UpstreamError, match="uv is not on PATH"):
        asked("kestra", environ={**binaries("other"), "KESTRA_MCP_DIR": str(tmp_path)})
