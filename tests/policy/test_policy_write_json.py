from __future__ import annotations

from fuzzing import fuzz
from hypothesis import strategies as st

from inspector.core.json import Json, Number
from inspector.policy.scenario_file import parse_json
from inspector.policy.write_json import write_json

PLAIN = st.none() | st.booleans() | st.integers(-(10**17), 10**17) | st.text() | st.just(Number("1.50"))
DOCUMENTS = st.recursive(PLAIN, lambda below: st.lists(below) | st.dictionaries(st.text(), below), max_leaves=20)


@fuzz(DOCUMENTS)
def test_what_is_written_reads_back_as_the_same(document: Json) -> None:
    assert parse_json(write_json(document)) == document


def test_numbers_keep_their_text_and_lists_of_plain_values_their_line() -> None:
    document: Json = {"max": Number("1.50"), "in": ["a", 1], "none": {}, "limits": [{"a": []}]}
    assert write_json(document) == (
        '{\n  "max": 1.50,\n  "in": ["a", 1],\n  "none": {},\n  "limits": [\n    {\n      "a": []\n    }\n  ]\n}\n'
    )
