"""Where a cursor stands, in texts that are being written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.policy.cursor import Cursor, cursor_at


def at(text: str) -> Cursor:
    """The cursor stands at the `¦`."""
    before = text.partition("¦")[0]
    return cursor_at(text.replace("¦", ""), before.count("\n"), len(before) - before.rfind("\n") - 1)


BLOCK = "version: '1'\ntools:\n  a:\n    require:\n      - path: args.x\n        op: eq\n"


@pytest.mark.parametrize(
    ("text", "where", "in_value", "typed"),
    [
        ("¦", (), False, ""),
        ("ver¦", (), False, "ver"),
        ("default: de¦", ("default",), True, "de"),
        ("default: ¦\nhide: []", ("default",), True, ""),
        ("tools:\n  ¦", ("tools",), False, ""),
        ("tools:\n  li¦", ("tools",), False, "li"),
        ("tools:\n  a:\n    ¦", ("tools", "a"), False, ""),
        ("tools:\n  a:\n    action: deny\n    re¦", ("tools", "a"), False, "re"),
        ("tools:\n  a:\n    action: deny\n  b¦", ("tools",), False, "b"),
        ('tools:\n  "a b":\n    act¦', ("tools", "a b"), False, "act"),
        (BLOCK + "        val¦", ("tools", "a", "require", 0), False, "val"),
        (BLOCK + "        value: 1\n      - pa¦", ("tools", "a", "require", 1), True, "pa"),
        (BLOCK + "    lim¦", ("tools", "a"), False, "lim"),
        ("tools:\n  a:\n    limits:\n    - wind¦", ("tools", "a", "limits", 0), True, "wind"),
        ("tools:\n  a: {act¦", ("tools", "a"), False, "act"),
        ("tools:\n  a: {action: d¦", ("tools", "a", "action"), True, "d"),
        ("tools:\n  a: {action: deny, ¦", ("tools", "a"), False, ""),
        ("tools:\n  a:\n    require: [{path: args.x, op: ¦}]", ("tools", "a", "require", 0, "op"), True, ""),
        ("tools:\n  a:\n    require:\n      - {path: args.¦", ("tools", "a", "require", 0, "path"), True, "args."),
        ("tools:\n  a:\n    require: [{path: x}, {o¦", ("tools", "a", "require", 1), False, "o"),
        ("hide: [a, b¦", ("hide", 1), True, "b"),
        ("hide:\n  - a\n  - ¦", ("hide", 1), True, ""),
        ("description: |\n  tools:\n    x\ntools:\n  y¦", ("tools",), False, "y"),
        ("tools: {}  # {\nset¦", (), False, "set"),
        ('{"tools": {"a": {"action": "de¦', ("tools", "a", "action"), True, '"de'),
        ('{\n  "tools": {\n    "a": {},\n    "b¦', ("tools",), False, '"b'),
        ('{\n  "version": "1",\n  ¦\n}', (), False, ""),
        ("tools:\r\n  a:\r\n    ac¦", ("tools", "a"), False, "ac"),
    ],
)
def test_the_way_to_the_cursor(text: str, where: tuple[object, ...], in_value: bool, typed: str) -> None:
    found = at(text)
    assert (found.where, found.in_value, found.typed) == (where, in_value, typed)


def test_siblings_before_the_cursor_are_known() -> None:
    assert at(BLOCK + "        value: ¦").siblings == {"path": "args.x", "op": "eq", "value": ""}
    assert at("tools:\n  a:\n    require: [{path: args.x, op: in, value: [¦").where[-2:] == ("value", 0)
    assert at("tools: {a: {require: [{path: args.x, op: in, ¦").siblings == {"path": "args.x", "op": "in"}


@given(st.text(alphabet="ab:{}[],-#\"'| \n", max_size=60), st.integers(0, 8), st.integers(0, 20))
def test_any_text_has_a_cursor(text: str, line: int, column: int) -> None:
    found = cursor_at(text, line, column)
    assert found.start >= 0
