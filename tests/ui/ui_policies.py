"""The policy of the sample run, as it is and broken, and what is said of it."""

from __future__ import annotations

from inspector.core.commands import (
    Completion,
    Completions,
)
from inspector.core.problems import Problem, Severity

POLICY = """\
# What the agents may do here
version: "1"
default: deny
hide: ["delete_*"]

settings:
  approval: {timeout: 60, on_timeout: deny}

tools:
  "list_*": {}
  read_file:
    require:
      - {path: args.path, op: path_within, value: [/srv/app]}
  fetch:
    limits: [{counter: pages, window: minute, max: 60}]
  query:
    deny_if:
      - path: args.sql
        op: regex
        value: "(?i)^(drop|alter|truncate)"
        name: ddl
        on_deny: DDL is not allowed
  create_issue:
    action: approve
    reason: new issues are read by customers
  force_run_execution:
    limits:
      - counter: force_run_execution_rate
        window: minute
        max: 10
        scope: grant
"""


BROKEN_POLICY = POLICY.replace("action: approve", "action: aprove").replace("op: regex", "op: regexp")


def broken_problems(text: str = BROKEN_POLICY) -> tuple[Problem, ...]:
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        if "aprove" in line:
            column = line.index("aprove") + 1
            found.append(
                Problem(
                    "/tools/create_issue/action",
                    number,
                    column,
                    "expected allow, deny or approve",
                    end_column=column + 6,
                )
            )
        if "regexp" in line:
            column = line.index("regexp") + 1
            message = "unknown operator 'regexp'; did you mean regex?"
            found.append(Problem("/tools/query/deny_if/0/op", number, column, message, end_column=column + 6))
        if "x-warn" in line:
            found.append(Problem("/x-warn", number, 1, "nothing reads this", Severity.WARNING, 7))
    return tuple(found)


_KEYS = (
    Completion("action: ", "action", "", "`allow`, `deny`, or `approve`."),
    Completion("approve_if: ", "approve_if", "†", "Any that holds asks a person."),
    Completion("approval: ", "approval", "†", "Deadline of this entry's approvals."),
)


def complete_sample(text: str, line: int, column: int) -> Completions:
    """A few keys that begin with what is typed."""
    before = text.split("\n")[line][:column]
    word = before.split(" ")[-1]
    items = tuple(one for one in _KEYS if word and one.label.startswith(word) and one.label != word)
    help_ = next((f"{one.label}: {one.help}" for one in _KEYS if one.label in before), "")
    return Completions(column - len(word), items, help_)
