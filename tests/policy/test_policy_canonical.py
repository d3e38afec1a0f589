from __future__ import annotations

import json

import pytest

from inspector.core.json import Json, Number
from inspector.policy.canonical import canonical


@pytest.mark.parametrize(
    ("number", "text"),
    [
        # RFC 8785, appendix B
        ("0", "0"), ("-0.0", "0"), ("5e-324", "5e-324"), ("-5e-324", "-5e-324"),
        ("1.7976931348623157e308", "1.7976931348623157e+308"), ("9007199254740992", "9007199254740992"),
        ("295147905179352830000", "295147905179352830000"), ("1e21", "1e+21"), ("1e20", "100000000000000000000"),
        ("9.999999999999997e22", "9.999999999999997e+22"), ("1e23", "1e+23"),
        ("999999999999999700000", "999999999999999700000"),
        ("0.000001", "0.000001"), ("0.0000001", "1e-7"), ("333333333.3333332", "333333333.3333332"),
        ("333333333.33333325", "333333333.33333325"), ("1.50", "1.5"), ("-12.000", "-12"),
        ("1424953923781206.2", "1424953923781206.2"),
        ("9007199254740993", "9007199254740992"),
    ],
)  # fmt: skip
def test_numbers_are_written_as_ecmascript_writes_them(number: str, text: str) -> None:
    assert canonical(Number(number)) == text.encode()


def test_the_example_of_the_rfc() -> None:
    document: Json = json.loads(
        '{"numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],'
        '"string": "\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/", "literals": [null, true, false]}',
        parse_float=Number,
    )
    assert canonical(document).decode() == (
        '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )


def test_keys_are_sorted_by_utf16_units() -> None:
    keys = ["€", "\r", "\ufb33", "1", "😀", "\x80", "ö"]
    assert list(json.loads(canonical(dict.fromkeys(keys, 1)))) == ["\r", "1", "\x80", "ö", "€", "😀", "\ufb33"]


@pytest.mark.parametrize("value", ["\ud800", Number("1e999"), {"\udfff": 1}, 10**400])
def test_what_has_no_canonical_form_is_refused(value: Json) -> None:
    with pytest.raises(ValueError, match=r"."):
        canonical(value)
