"""Which upstream a --name, --header, --oauth-scope or --env belongs to."""

from __future__ import annotations

import pytest

from inspector.cli.parser import Parser
from inspector.cli.run import split_command
from inspector.cli.targets import Target, add_target_flags, targets
from inspector.core.errors import UsageError


def bound(line: str) -> tuple[Target, ...]:
    flags, command = split_command(line.replace("~", "\0").split())
    parser = Parser("", "", usage="")
    add_target_flags(parser)
    return targets(parser.read([flag.replace("\0", " ") for flag in flags]), command)


def test_flags_belong_to_the_upstream_before_them() -> None:
    assert bound("--upstream a --name x --env K=V --upstream http://h/ --header A:~b --header C:d") == (
        Target("a", name="x", env=(("K", "V"),)),
        Target("http://h/", headers=(("A", "b"), ("C", "d"))),
    )


def test_a_scope_belongs_to_the_upstream_before_it() -> None:
    assert bound("--upstream a --upstream http://h/ --oauth-scope read~write") == (
        Target("a"),
        Target("http://h/", oauth_scope="read write"),
    )


def test_with_one_upstream_they_may_stand_on_either_side() -> None:
    assert bound("--name x --upstream a") == bound("--upstream a --name x") == (Target("a", name="x"),)


def test_they_belong_to_the_command_when_there_is_only_that() -> None:
    assert bound("--name x --env K=V -- run it --name y") == (
        Target(command=("run", "it", "--name", "y"), name="x", env=(("K", "V"),)),
    )


def test_a_command_may_stand_beside_upstreams() -> None:
    assert bound("--upstream a --name x -- run") == (Target("a", name="x"), Target(command=("run",)))


@pytest.mark.parametrize("line", ["--name x --upstream a --upstream b", "--env K=V --upstream a -- run"])
def test_before_the_first_of_several_they_are_errors(line: str) -> None:
    with pytest.raises(UsageError, match="put it after the --upstream"):
        bound(line)


@pytest.mark.parametrize("line", ["", "--name x"])
def test_with_nothing_to_inspect_the_way_in_is_shown(line: str) -> None:
    with pytest.raises(UsageError, match="which server") as caught:
        bound(line)
    assert "mcp-inspect demo" in str(caught.value)


def test_only_the_first_dashes_are_ours() -> None:
    assert bound("-- run -- it") == (Target(command=("run", "--", "it")),)
    assert bound("--") == (Target(command=()),)


def test_values_may_hold_the_separator() -> None:
    assert bound("--upstream a --env K=a=b --header Url:http://x:1/")[0] == Target(
        "a", env=(("K", "a=b"),), headers=(("Url", "http://x:1/"),)
    )


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("--upstream a --header nocolon", 'write it as "Name: value"'),
        ("--upstream a --header :x", 'write it as "Name: value"'),
        ("--upstream a --oauth-scope x --oauth-scope y", "give all words in one"),
        ("--upstream a --env NOEQUALS", "write it as NAME=value"),
        ("--upstream a --env =x", "write it as NAME=value"),
        ("--upstream a --name x --name y", "a is already x"),
        ("--upstream", "--upstream: expected one argument"),
    ],
)
def test_what_is_written_wrongly_is_said(line: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        bound(line)


def test_a_header_cannot_smuggle_a_line() -> None:
    parser = Parser("", "", usage="")
    add_target_flags(parser)
    with pytest.raises(UsageError, match="Name: value"):
        targets(parser.read(["--upstream", "a", "--header", "A: b\r\nHost: evil"]), None)
