"""`mcp-inspect policy check|explain|schema|convert|init`: everything about a policy but its tests.

Each `run_…` takes the arguments after its word and returns the exit code: 0 done, 1 `check` found something, 2 one of
its files cannot be read. What else a person must change first is raised as InspectError (2).
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

from inspector.cli.listing import Listing, add_listing_flags, listing_of
from inspector.cli.parser import Parser
from inspector.cli.targets import split_command
from inspector.core.errors import ConfigError, PolicyError, UsageError
from inspector.core.printable import printable

if TYPE_CHECKING:
    from inspector.core.call import Call
    from inspector.core.decision import Decision, TraceStep
    from inspector.core.json import Json, JsonObject
    from inspector.core.problems import Problem
    from inspector.policy.model import Policy

CHECK = (
    "mcp-inspect policy check FILE... [--hosted] [--upstream NAME|URL | --tools FILE.json] [--server NAME] "
    "[--format text|json]"
)
EXPLAIN = (
    "mcp-inspect policy explain FILE --tool NAME [--server NAME] [--args JSON] [--at TIME] "
    "[--upstream NAME|URL | --tools FILE.json] [--format text|json]"
)
SCHEMA = "mcp-inspect policy schema [-o FILE] [--format json|text]"
CONVERT = "mcp-inspect policy convert FILE [-o FILE] [--format text|json]"
INIT = (
    "mcp-inspect policy init [--upstream NAME|URL | --tools FILE.json] [-o FILE] [--format text|json] [-- COMMAND...]"
)


def run_check(argv: list[str]) -> int:
    """Print every problem of every file, and advice on those that load. 1: something found; 2: a file is not there."""
    from inspector.core.problems import Problem

    parser = Parser("policy check", "Find what is wrong with a policy, and what does less than it seems.", usage=CHECK)
    parser.add_argument("files", nargs="+", metavar="FILE", help="policies: YAML or JSON")
    parser.add_argument("--hosted", action="store_true", help="also list what PolicyLayer's gateway does not know")
    parser.add_argument("--server", default="", metavar="NAME", help="the upstream that lists the tools of --tools")
    _add_format(parser)
    add_listing_flags(parser)
    flags, command = split_command(argv)
    options = parser.read(flags)
    listing = listing_of(options, command, options.server)
    found, unread = dict[str, tuple[Problem, ...]](), False
    for name in options.files:
        try:
            found[name] = _findings(Path(name), listing, hosted=options.hosted)
        except ConfigError as error:
            found[name], unread = (Problem("", 1, 1, str(error)),), True
    _write(_checked_json(found) if options.format == "json" else _checked_text(found))
    return 2 if unread else 1 if any(found.values()) else 0


def run_explain(argv: list[str]) -> int:
    """Print what would happen to one call on fresh counters, and every step on the way."""
    from inspector.core.call import Call, Caller, CallId
    from inspector.policy.load import load_file
    from inspector.policy.match import DEFAULT_DENY
    from inspector.policy.suggest import nearest

    parser = Parser("policy explain", "Show how one call would be decided, step by step.", usage=EXPLAIN)
    parser.add_argument("file", metavar="FILE", help="a policy: YAML or JSON")
    parser.add_argument("--tool", required=True, metavar="NAME", help="the tool that is called")
    parser.add_argument("--server", default="", metavar="NAME", help="the upstream, for `servers` sections")
    parser.add_argument("--args", default="{}", metavar="JSON", help="the arguments of the call (default: none)")
    parser.add_argument("--at", metavar="TIME", help="Unix seconds, or 2026-01-31T12:00:00Z (default: now)")
    _add_format(parser)
    add_listing_flags(parser)
    flags, command = split_command(argv)
    options = parser.read(flags)
    arguments, now = _arguments(options.args), _time(options.at)
    policy = load_file(options.file)
    listing = listing_of(options, command, options.server)
    server = listing.server if listing else options.server
    call = Call(CallId(1), now, Caller("explain", "explain", "explain"), server, options.tool, arguments)
    decision = _decide(call, policy, listing)
    if options.format == "json":
        _write(_decision_json(decision))
        return 0
    _write(_decision_text(decision))
    if decision.rule == DEFAULT_DENY and (near := nearest(options.tool, policy.top.exact)):
        _write(f"  The policy lists {printable(near)}: did you mean that?\n")
    if listing is None and decision.rule.endswith(("/validate", "/pin")):
        _write("  That rule compares with what the server lists: add --upstream NAME or --tools FILE.json.\n")
    return 0


def run_schema(argv: list[str]) -> int:
    """Print the JSON Schema of a policy document."""
    import json

    from inspector.policy.schema import policy_schema
    from inspector.policy.write_yaml import write_yaml

    parser = Parser("policy schema", "Print the JSON Schema of a policy, for editors.", usage=SCHEMA)
    _add_output(parser)
    _add_format(parser, "json", text="the schema as YAML")
    options = parser.read(argv)
    schema = policy_schema()
    _save(json.dumps(schema, indent=2) + "\n" if options.format == "json" else write_yaml(schema), options.output)
    return 0


def run_convert(argv: list[str]) -> int:
    """Write an Intercept policy as a native one; as JSON any policy."""
    from inspector.policy.comments import with_comments
    from inspector.policy.convert import convert
    from inspector.policy.load import load_file, raw_document
    from inspector.policy.write_json import write_json
    from inspector.policy.write_yaml import write_yaml

    parser = Parser(
        "policy convert",
        "Write an Intercept policy as a native one with the same outcomes; or a native one as JSON.",
        usage=CONVERT,
    )
    parser.add_argument("file", metavar="FILE", help="Intercept's YAML; with --format json any policy")
    _add_output(parser)
    _add_format(parser, text="YAML, with the comments; json is for PolicyLayer's gateway, which reads no YAML")
    options = parser.read(argv)
    policy = load_file(options.file)
    if options.format == "json":
        document = convert(policy).document if policy.intercept is not None else raw_document(policy)
        _save(write_json(document), options.output)
        return 0
    found = convert(policy)
    _save(with_comments(write_yaml(found.document), policy.text, found.moved), options.output)
    return 0


def run_init(argv: list[str]) -> int:
    """Write a commented start policy, with a rule for every listed tool if there is a list."""
    from inspector.policy.load import load_text, raw_document
    from inspector.policy.starter import start_policy
    from inspector.policy.write_json import write_json

    parser = Parser("policy init", "Write a first policy.", usage=INIT)
    _add_output(parser)
    _add_format(parser, text="YAML, with comments; json has none")
    add_listing_flags(parser)
    flags, command = split_command(argv)
    options = parser.read(flags)
    if options.output and Path(options.output).exists():
        raise ConfigError(_TAKEN.format(options.output))  # before a server is started for nothing
    listing = listing_of(options, command)
    text = start_policy(listing.tools if listing else ())
    _save(write_json(raw_document(load_text(text))) if options.format == "json" else text, options.output)
    return 0


COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "check": run_check,
    "explain": run_explain,
    "schema": run_schema,
    "convert": run_convert,
    "init": run_init,
}
_TAKEN = "{} is there already; remove it first, or choose another name"
USAGES = (CHECK, EXPLAIN, SCHEMA, CONVERT, INIT)


def _findings(path: Path, listing: Listing | None, *, hosted: bool) -> tuple[Problem, ...]:
    """Raises PolicyError for a file that cannot be read."""
    from inspector.policy.hosted import not_hosted
    from inspector.policy.lint import lint
    from inspector.policy.lint_tools import lint_tools
    from inspector.policy.load import load_file

    try:
        policy = load_file(path)
    except PolicyError as error:
        if not error.problems:
            raise
        return error.problems
    found = {*policy.warnings, *lint(policy)}
    if listing is not None:
        found.update(lint_tools(policy, listing.tools, listing.server))
    if hosted:
        found.update(not_hosted(policy))
    return tuple(sorted(found, key=lambda p: (p.line, p.column, p.pointer, p.message)))


def _checked_text(found: dict[str, tuple[Problem, ...]]) -> str:
    lines = [f"{name}:{problem}" for name, problems in found.items() for problem in problems]
    lines += [f"{name}: nothing found" for name, problems in found.items() if not problems]
    return "".join(f"{printable(line)}\n" for line in lines)


def _checked_json(found: dict[str, tuple[Problem, ...]]) -> str:
    from inspector.core.json import to_text

    problems: list[Json] = [
        {
            "file": name,
            "line": problem.line,
            "column": problem.column,
            "pointer": problem.pointer,
            "severity": str(problem.severity),
            "message": problem.message,
        }
        for name, problems in found.items()
        for problem in problems
    ]
    return to_text({"problems": problems}) + "\n"


def _decide(call: Call, policy: Policy, listing: Listing | None) -> Decision:
    from inspector.policy.approvals import Remembered
    from inspector.policy.definitions import Definitions
    from inspector.policy.engine import Circumstances, decide
    from inspector.policy.ledger_memory import MemoryLedger

    tools, listed = listing.tools if listing else [], Definitions()
    times = Counter(str(tool["name"]) for tool in tools)
    listed.learn({str(tool["name"]): tool for tool in tools}, frozenset(name for name in times if times[name] > 1))
    return decide(call, policy, MemoryLedger(), Remembered(), call.at, circumstances=Circumstances(listed=listed))


def _arguments(text: str) -> JsonObject:
    from inspector.policy.scenario_file import parse_json

    try:
        value = parse_json(text)
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise UsageError(f"--args is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise UsageError('--args is to be a JSON object, such as \'{"path": "/srv"}\'')
    return value


def _time(text: str | None) -> float:
    from datetime import UTC, datetime

    if text is None:
        return time.time()
    try:
        with suppress(ValueError):
            seconds = float(text)
            if isfinite(seconds):
                return seconds
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise UsageError(f"--at {text!r} is no time: give Unix seconds or 2026-01-31T12:00:00Z") from None


def _decision_text(decision: Decision) -> str:
    rule = f" by {decision.rule}" if decision.rule else ""
    lines = [f"{decision.verdict.value}{rule}"]
    lines += [f"  {decision.message}"] * bool(decision.message)
    lines += [_step(step) for step in decision.trace]
    lines += [f"  would use {charge.amount} of {charge.max}: {charge.rule}" for charge in decision.charges]
    return "".join(f"{printable(line)}\n" for line in lines)


def _step(step: TraceStep) -> str:
    from inspector.core.decision import StepResult
    from inspector.core.json import to_text

    seen = f"{step.path} {step.op} {to_text(step.expected)}, saw {to_text(step.observed)}" if step.op else ""
    mark = "·" if step.result is StepResult.PASS else "→"
    return f"  {mark} {step.rule} {' '.join(part for part in (seen, step.note) if part)}".rstrip()


def _decision_json(decision: Decision) -> str:
    from inspector.core.json import to_text

    trace: list[Json] = [
        {
            "rule": step.rule,
            "result": step.result.value,
            "path": step.path,
            "op": step.op,
            "expected": step.expected,
            "observed": step.observed,
            "note": step.note,
        }
        for step in decision.trace
    ]
    found: JsonObject = {"outcome": decision.verdict.value, "rule": decision.rule, "message": decision.message}
    return to_text({**found, "triggers": list(decision.triggers), "trace": trace}) + "\n"


def _add_format(parser: Parser, default: str = "text", *, text: str = "") -> None:
    about = f"{text} (default: {default})" if text else f"of what is printed (default: {default})"
    parser.add_argument("--format", choices=("text", "json"), default=default, help=about)


def _add_output(parser: Parser) -> None:
    parser.add_argument("-o", "--output", metavar="FILE", help="a new file; printed when left out")


def _save(text: str, output: str | None) -> None:
    """Print, or write a file that is not there yet."""
    if output is None:
        _write(text)
        return
    if not output:
        raise UsageError("-o names no file")
    try:
        with Path(output).open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise ConfigError(_TAKEN.format(output)) from None
    except OSError as error:
        raise ConfigError(f"{output} cannot be written: {error.strerror or error}") from None


def _write(text: str) -> None:
    sys.stdout.write(text)
