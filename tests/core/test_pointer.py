"""JSON Pointers, and the local references of a schema."""

from __future__ import annotations

import pytest

from inspector.core.json import Json
from inspector.core.pointer import referred, segments

ROOT: Json = {"a/b": {"~": {"": 1}}, "list": [1]}


@pytest.mark.parametrize(("pointer", "names"), [("", ()), ("/", ("",)), ("/a~1b/~0/01", ("a/b", "~", "01"))])
def test_a_pointer_is_taken_apart_and_its_escapes_are_undone(pointer: str, names: tuple[str, ...]) -> None:
    assert segments(pointer) == names


@pytest.mark.parametrize(
    ("reference", "named"),
    [
        ("#", ROOT),
        ("#/a~1b/~0", {"": 1}),
        ("#/a~1b/~0/", 1),
        ("#/nothing", None),
        ("#/list/0", None),
        ("other.json#/list", None),
    ],
)
def test_a_reference_names_what_lies_in_the_same_document(reference: str, named: Json) -> None:
    assert referred(reference, ROOT) == named
