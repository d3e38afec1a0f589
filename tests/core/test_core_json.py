from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.core.json import Json, Number, parse_int, to_text

texts = ["1.00", "-0", "1e400", "12345678901234567890"]
values: st.SearchStrategy[Json] = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(10**17), 10**17),
        st.sampled_from(texts).map(Number),
        st.text(st.characters()),
    ),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(st.characters()), inner)),
)


@given(values)
def test_a_value_comes_back_from_its_text(value: Json) -> None:
    text = to_text(value)
    assert json.loads(text.encode(), parse_int=parse_int, parse_float=Number) == value


@pytest.mark.parametrize(
    "text", ['{"a":1.00,"é":[-0,1e400,null,true]}', '{"a":[],"b":{},"c":"\\n\\u0000"}', "12345678901234567890"]
)
def test_compact_json_is_reproduced_character_by_character(text: str) -> None:
    assert to_text(json.loads(text, parse_int=parse_int, parse_float=Number)) == text


def test_a_lone_surrogate_stays_escaped_and_the_rest_readable() -> None:
    assert to_text({"a": "\ud800", "é": "é"}) == '{"a":"\\ud800","é":"é"}'
