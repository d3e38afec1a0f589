"""Whatever the text, loading ends in a policy or in problems with a place, never in another exception."""

from __future__ import annotations

from typing import Any

from fuzzing import fuzz
from hypothesis import example
from hypothesis import strategies as st

from inspector.core.errors import PolicyError
from inspector.policy.load import check_text, load_object

PIECES = st.sampled_from(
    [
        *[
            'version: "1"\n',
            "default: deny\n",
            "tools:\n",
            "  t:\n",
            "    deny_if:\n",
            "      - ",
            "{",
            "}",
            "[",
            "]",
            ",",
        ],
        *[": ", '"', "'", "&a ", "*a ", "!!str ", "<<: ", "| \n", ">- \n", "\t", "\n", "  ", "# c", "---\n", "...\n"],
        *["%YAML 1.1\n", "%TAG ! x\n", "? ", "- ", '"\\U00110000"', '"\\xZZ"', '"\\ud800"', "1e9999999999999999999999"],
        *[
            ".inf",
            "0x",
            "0o8",
            "null",
            "~",
            "limits",
            "path: args.a",
            "op: regex",
            'value: "("',
            "rate_limit: 1/minute",
        ],
        *[
            "\x85",
            "\u2028",
            "\r",
            "\0",
            "\ufeff",
            "@",
            "`",
            "%",
            "!<",
            "=",
            "!e!x",
            "\U0001f600",
            "rules: []",
            '"version"',
        ],
    ]
)
TEXTS = st.lists(PIECES | st.text(max_size=3), max_size=25).map("".join)

KEYS = st.sampled_from(
    [
        *[
            "version",
            "default",
            "hide",
            "tools",
            "servers",
            "settings",
            "all_tools",
            "require",
            "deny_if",
            "approve_if",
        ],
        *["limits", "rate_limit", "conditions", "path", "op", "value", "missing", "counter", "window", "max", "amount"],
        *["increment", "schema", "pin", "approval", "timeout", "rules", "name", "state", "x-a", "t", "*", ""],
    ]
)
LEAVES = st.sampled_from(
    [
        *[
            None,
            True,
            0,
            1,
            -1,
            60,
            "1",
            "deny",
            "allow",
            "args.a",
            "args.*",
            "eq",
            "in",
            "regex",
            "host_in",
            "(",
            "minute",
        ],
        *["in_flight", "1/minute", "state.t.c", "", " "],
    ]
) | st.text(max_size=4)
DOCUMENTS: st.SearchStrategy[Any] = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=30,
)


@fuzz(text=TEXTS, file_format=st.sampled_from(["auto", "json", "yaml"]))
def test_any_text_gives_a_policy_or_problems_with_a_place(text: str, file_format: Any) -> None:
    policy, problems = check_text(text, file_format=file_format)
    assert (policy is None) == bool(problems)
    assert all(problem.line >= 1 and problem.column >= 1 and problem.message for problem in problems)


@fuzz(content=st.binary(max_size=80))
def test_any_bytes_give_a_policy_or_problems(content: bytes) -> None:
    policy, problems = check_text(content)
    assert (policy is None) == bool(problems)


@fuzz(document=DOCUMENTS, dialect=st.sampled_from(["auto", "native", "intercept"]))
def test_any_document_loads_or_is_refused(document: Any, dialect: Any) -> None:
    try:
        assert load_object({"version": "1", "default": "deny", "tools": document}, dialect=dialect).hash
    except PolicyError as error:
        assert error.problems


@fuzz(document=DOCUMENTS)
@example(document={"t": {"x-a": "\U00010000"}})
def test_json_means_the_same_to_both_readers(document: Any) -> None:
    try:
        as_json = load_object({"version": "1", "default": "deny", "tools": document})
    except PolicyError:
        return
    as_yaml, _ = check_text(as_json.text, file_format="yaml")
    assert as_yaml is not None
    assert set(as_yaml.top.exact) == set(as_json.top.exact)
