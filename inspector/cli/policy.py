"""`mcp-inspect policy …`: which word, and `policy test`, which says which expectation a policy does not meet."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from inspector.cli.parser import Parser
from inspector.core.errors import InspectError, UsageError

if TYPE_CHECKING:
    from inspector.policy.scenarios import CaseReport

USAGE = "mcp-inspect policy test FILE... [--format text|junit|json]"
_WORDS = """
check     what is wrong with a policy, and what does less than it seems; with a server's tools: what it misses
test      run cases against a policy: 0 when every expectation holds, 1 when one does not
explain   how one call would be decided, step by step
init      a first policy, with a rule for every tool that a server lists
convert   an Intercept policy as a native one with the same outcomes
schema    the JSON Schema of a policy, for editors

Exit codes: 0 done; 1 check found something, or a test fails; 2 a file, a flag or a server has to be changed first.
Each of them has its own --help.
"""


def run(argv: list[str]) -> int:
    """`argv` after `policy`. 0: every expectation holds; 1: some do not. Raises InspectError (2) for the rest."""
    match argv:
        case ["test", *rest]:
            return _test(rest)
        case [] | ["-h"] | ["--help"]:
            from inspector.cli.policy_check import USAGES

            print("usage: " + "\n       ".join((USAGE, *USAGES)) + "\n" + _WORDS, end="")
            return 0
        case [word, *rest]:
            import difflib

            from inspector.cli.policy_check import COMMANDS

            if word in COMMANDS:
                return COMMANDS[word](rest)
            near = difflib.get_close_matches(word, ["test", *COMMANDS], 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise UsageError(f"there is no command policy {word!r}{hint}\nSee: mcp-inspect policy --help")
    return 2


def _test(argv: list[str]) -> int:
    from pathlib import Path

    from inspector.cli import policy_reports as reports
    from inspector.policy.scenario_file import read_cases
    from inspector.policy.scenarios import run_cases

    parser = Parser(
        "policy test", "Run cases against a policy, and say which expectation it does not meet.", usage=USAGE
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="JSON Lines, one case a line; or a YAML list of them")
    parser.add_argument("--format", choices=("text", "junit", "json"), default="text", help="default: text")
    options = parser.read(argv)
    results: list[CaseReport] = []
    for name in options.files:
        cases = read_cases(Path(name))
        if not cases:
            raise UsageError(f"no case in {name}: a file that tests nothing proves nothing")
        results += run_cases(cases)
    write = {"text": reports.as_text, "junit": reports.as_junit, "json": reports.as_json}[options.format]
    sys.stdout.write(write(results))
    return 0 if all(result.passed for result in results) else 1


if __name__ == "__main__":
    try:
        sys.exit(run(sys.argv[1:]))
    except InspectError as problem:
        print(f"mcp-inspect: {problem}", file=sys.stderr)
        sys.exit(problem.exit_code)
