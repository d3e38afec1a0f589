"""What is written reads back as the same."""

from __future__ import annotations

from typing import Any

import pytest
from fuzzing import fuzz
from hypothesis import strategies as st

from inspector.core.json import Number
from inspector.policy.read_yaml import read_yaml
from inspector.policy.write_yaml import scalar, write_yaml

TEXTS = st.text(max_size=8) | st.sampled_from(
    ["no", "null", "~", "1", "0x1", "a: b", "- a", "#", "*", "&a", "x\ny", ".inf"]
)
LEAVES = st.none() | st.booleans() | st.integers(-(10**17), 10**17) | TEXTS
LEAVES |= st.sampled_from([Number("1.50"), Number("1e3"), Number("12345678901234567890"), Number("-0")])
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4), max_leaves=15
)


@fuzz(VALUES)
def test_a_document_reads_back_as_it_was(value: Any) -> None:
    source = read_yaml(write_yaml(value))
    assert source.problems == ()
    assert source.root is not None
    assert source.root.value == value


@pytest.mark.parametrize(
    ("value", "text"),
    [("deny", "deny"), ("args.a", "args.a"), ("1", '"1"'), ("true", '"true"'), ("a b", '"a b"'), ("*", '"*"')],
)
def test_only_what_needs_quotes_gets_them(value: str, text: str) -> None:
    assert scalar(value) == text


def test_short_objects_stand_on_one_line() -> None:
    rules = {"t": {"require": [{"path": "args.a", "op": "in", "value": ["x", "y"]}], "rate_limit": {"max": 1}}}
    assert write_yaml(rules) == (
        "t:\n  require:\n    - {path: args.a, op: in, value: [x, y]}\n  rate_limit: {max: 1}\n"
    )
