"""From a command line to Settings, and the errors on the way."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from types import ModuleType

import pytest

from inspector.cli import main
from inspector.cli.demo import settings_of as demo_settings_of
from inspector.cli.run import settings_of
from inspector.core.errors import ConfigError, InspectError, UsageError
from inspector.core.upstream import CommandSpec, UrlSpec
from inspector.policy.model import Default
from inspector.resources import sample_policies
from inspector.settings import OutputFormat, Reload, Settings, Unattended

pytestmark = pytest.mark.usefixtures("home")


def has_samples() -> bool:
    try:
        return (sample_policies() / "kestra.yaml").is_file()
    except ConfigError:
        return False


needs_samples = pytest.mark.skipif(not has_samples(), reason="this tree has no sample_policies/kestra.yaml")


def test_a_bare_upstream_gets_every_default(home: Path) -> None:
    settings = settings_of(["--upstream", "demo"])
    assert settings == Settings(upstreams=settings.upstreams, token=(home / "state" / "token").read_text().strip())
    assert [spec.name for spec in settings.upstreams] == ["demo"]
    assert (settings.host, settings.port, settings.reload, settings.unattended) == (
        "127.0.0.1",
        7337,
        Reload.APPLY,
        Unattended.DENY,
    )
    assert not settings.demo


def test_every_flag_arrives() -> None:
    Path("p.yaml").touch()
    line = (
        "--upstream https://x.example/mcp --name far --policy p.yaml --host 0.0.0.0 --port 0 --token abc "
        "--call-timeout 2.5 --unattended wait --headless --format jsonl --reload confirm "
        "--allow-host a --allow-host b --allow-origin https://o --lazy --theme x --upstream demo"
    )
    settings = settings_of(line.split())
    assert settings == Settings(
        upstreams=settings.upstreams,
        token="abc",
        policy=Path.cwd() / "p.yaml",
        host="0.0.0.0",
        port=0,
        headless=True,
        output=OutputFormat.JSONL,
        call_timeout=2.5,
        unattended=Unattended.WAIT,
        reload=Reload.CONFIRM,
        allow_hosts=("a", "b"),
        allow_origins=("https://o",),
        theme="x",
        lazy=True,
    )
    assert settings.upstreams[0].target == UrlSpec("https://x.example/mcp")
    assert [spec.name for spec in settings.upstreams] == ["far", "demo"]


def test_a_command_is_taken_whole() -> None:
    (spec,) = settings_of(
        ["--default", "deny", "--env", "A=1", "--", "uvx", "mcp-server-time", "--port", "9"]
    ).upstreams
    assert spec.name == "time"
    assert spec.target == CommandSpec(("uvx", "mcp-server-time", "--port", "9"), (("A", "1"),))


def test_the_default_stands_only_where_no_policy_does(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert settings_of(["--upstream", "demo", "--default", "allow"]).default is Default.ALLOW
    assert capsys.readouterr().err == ""
    (home / "config" / "policy.yaml").touch()
    settings = settings_of(["--upstream", "demo", "--default", "allow"])
    assert (settings.policy, settings.default) == (home / "config" / "policy.yaml", None)
    assert "--default allow is not used" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("--upstream demo --prot 1", "unknown flag '--prot'; did you mean --port?"),
        ("--upstream demo --pol=x", "unknown flag '--pol'; "),
        ("dmeo", "unexpected argument 'dmeo'; did you mean demo?"),
        ("--upstream demo extra", "unexpected argument 'extra'"),
        ("--upstream demo --port 65536", "'65536' is no port"),
        ("--upstream demo --port -1", "--port"),
        ("--upstream demo --call-timeout 0", "'0' is no time"),
        ("--upstream demo --call-timeout nan", "'nan' is no time"),
        ("--upstream demo --default maybe", "'maybe' is none of allow, deny, approve"),
        ("--upstream demo --reload later", "'later' is none of apply, confirm"),
        ("--upstream demo --token a/b", "--token: a token consists of"),
        ("--upstream demo --upstream demo", "two upstreams are called demo; put --name OTHER"),
        ("--upstream demo --policy missing.yaml", r"cannot read the policy .*missing\.yaml"),
        ("--upstream demo --headless", "--headless needs a policy"),
        ("--upstream nope", "there is no upstream called 'nope'"),
        ("--header A:b -- run", "--header A: a command takes no headers"),
        ("--", "the command after -- is missing"),
    ],
)
def test_errors_say_what_is_wrong_in_two_lines_and_end_with_two(
    line: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(InspectError, match=says) as caught:
        settings_of(line.split())
    assert len(str(caught.value).splitlines()) <= 2
    assert main(line.split()) == 2
    assert capsys.readouterr().err.startswith("mcp-inspect: ")


def test_two_policies_in_the_folder_stop_the_start() -> None:
    Path("mcp-inspect.policy.yaml").touch()
    Path("mcp-inspect.policy.json").touch()
    with pytest.raises(ConfigError, match="only one may stand there"):
        settings_of(["--upstream", "demo"])


def test_a_projects_command_waits_for_consent_or_the_flag() -> None:
    Path("mcp-inspect.toml").write_text('[upstreams.tools]\ncommand = ["sh", "serve.sh"]\n')
    with pytest.raises(UsageError, match=r"wants to run: sh serve\.sh"):
        settings_of(["--upstream", "tools"])
    (spec,) = settings_of(["--upstream", "tools", "--trust-project"]).upstreams
    assert spec.target == CommandSpec(("sh", "serve.sh"), (), str(Path.cwd()))
    with pytest.raises(UsageError, match="wants to run"):  # the flag is for one run
        settings_of(["--upstream", "tools"])


@needs_samples
def test_the_demo_works_on_a_copy_of_the_sample_that_is_made_once(home: Path) -> None:
    settings = demo_settings_of([])
    assert settings.demo
    assert settings.policy == home / "state" / "demo" / "policy.yaml"
    assert settings.policy.read_text() == (sample_policies() / "kestra.yaml").read_text()
    assert [spec.name for spec in settings.upstreams] == ["demo"]
    settings.policy.write_text("# mine\n")
    assert demo_settings_of(["--port", "0"]).policy == settings.policy
    assert settings.policy.read_text() == "# mine\n"


def test_the_demo_takes_another_policy_and_no_upstream() -> None:
    Path("p.yaml").touch()
    assert demo_settings_of(["--policy", "p.yaml"]).policy == Path.cwd() / "p.yaml"
    with pytest.raises(UsageError, match="unknown flag '--upstream'"):
        demo_settings_of(["--upstream", "kestra"])
    with pytest.raises(UsageError, match="brings its own server"):
        demo_settings_of(["--", "run"])


@pytest.mark.parametrize("make", [None, Path.mkdir], ids=["missing", "folder"])
def test_open_refuses_what_is_no_recording_file(make, capsys: pytest.CaptureFixture[str]) -> None:
    if make is not None:
        make(Path("run.db"))
    assert main(["open", "run.db"]) == 2
    assert "run.db" in capsys.readouterr().err
    assert main(["open"]) == 2
    assert main(["open", "run.db", "more"]) == 2


@pytest.fixture
def wiring(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, object]]:
    """Where a checked command line goes; it answers with exit codes of its own."""
    seen: list[tuple[str, object]] = []
    module = ModuleType("stand-in")

    def entry(name: str, code: int, argument: object, *more: object) -> int:
        seen.append((name, argument))
        return code

    for name, code in (("run_headless", 3), ("show", 4), ("show_recording", 5)):
        setattr(module, name, partial(entry, name, code))
    for room in ("inspector.wiring", "inspector.screen"):
        monkeypatch.setitem(sys.modules, room, module)
    return seen


def test_a_checked_command_line_is_handed_on_and_its_exit_code_comes_back(wiring: list[tuple[str, object]]) -> None:
    Path("run.db").touch()
    Path("p.yaml").touch()
    assert main(["--upstream", "demo", "--headless", "--policy", "p.yaml"]) == 3
    assert main(["demo", "--policy", "p.yaml"]) == 4
    assert main(["open", "run.db"]) == 5
    assert [name for name, _ in wiring] == ["run_headless", "show", "show_recording"]
    assert wiring[2][1] == Path("run.db")


def test_an_interrupt_ends_with_130(wiring: list[tuple[str, object]], monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_settings: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(sys.modules["inspector.wiring"], "run_headless", interrupted)
    assert main(["--upstream", "demo", "--headless", "--default", "deny"]) == 130


@pytest.mark.parametrize("origin", ["*", "null", "app.example", "https://app.example/page", "https://a b", ""])
def test_an_origin_that_no_browser_sends_is_refused(origin: str) -> None:
    with pytest.raises(UsageError, match="is no origin; write scheme://host"):
        settings_of(["--upstream", "demo", "--allow-origin", origin])
