from __future__ import annotations

import gc
import weakref

import pytest
from gatework import policy

from inspector.core.json import Json
from inspector.policy.definitions import MAX_DEFINITIONS, Definitions
from inspector.policy.match import _KNOWN, MAX_KNOWN, entry_digest, folded, is_hidden, match


def test_a_tool_whose_name_is_a_glob_s_text_gets_that_entry_first_and_once() -> None:
    in_force = policy({"a*": {}, "list_*": {}, "l*": {}})
    assert [entry.pointer for entry in match(in_force, "s", "list_*").entries] == ["/tools/list_*", "/tools/l*"]
    in_force = policy({"l*": {}, "list_*": {}})
    assert [entry.pointer for entry in match(in_force, "s", "list_*").entries] == ["/tools/list_*", "/tools/l*"]
    assert [entry.pointer for entry in match(in_force, "s", "list_a").entries] == ["/tools/l*", "/tools/list_*"]


def test_the_trace_of_a_name_says_how_far_it_came() -> None:
    found = match(policy(hide=["t"]), "s", "t")
    assert found.denial is not None
    assert [(step.rule, step.result.value) for step in found.trace] == [
        ("(invalid name)", "pass"),
        ("(hidden)", "fired"),
    ]


def test_a_denial_by_name_tells_why_and_what_to_do() -> None:
    denied = match(policy(settings={"confusable_names": "deny"}, tools={"get": {}}), "s", "GET").denial
    assert denied is not None
    assert "looks like 'get'" in denied.message
    invisible = match(policy(), "s", "a\u200b").denial
    assert invisible is not None
    assert "\u200b" not in invisible.message


@pytest.mark.parametrize(
    ("name", "looks"), [("ＧＥＴ", "get"), ("straße", "strasse"), ("\u00a0x", "x"), ("ﬁle", "file")]
)
def test_what_a_name_looks_like(name: str, looks: str) -> None:
    assert folded(name) == looks


def test_hiding_looks_at_both_sections() -> None:
    servers: Json = {"fs": {"hide": ["rm*"]}}
    in_force = policy(hide=["eval"], servers=servers)
    assert [is_hidden(in_force, "fs", name) for name in ("eval", "rm", "rmdir", "ls")] == [True, True, True, False]
    assert [is_hidden(in_force, "db", name) for name in ("eval", "rm")] == [True, False]


def test_the_digest_of_an_entry_is_found_by_its_pointer() -> None:
    in_force = policy({"t": {}}, default="approve")
    assert entry_digest(in_force, "s", "t", "/tools/t") == match(in_force, "s", "t").entries[0].digest
    assert entry_digest(in_force, "s", "t", "/tools/u") is None
    assert entry_digest(in_force, "s", "t", "") is None, "a listed tool is not asked about by default"
    assert entry_digest(in_force, "s", "u", "") == ""


def test_what_is_remembered_of_names_is_bounded_and_ends_with_its_policy() -> None:
    in_force = policy({"*": {}}, default="allow")
    for number in range(MAX_KNOWN + 10):
        match(in_force, "s", f"tool{number}")
    match(in_force, "s", "x" * 257)
    known = _KNOWN[in_force]
    assert len(known) <= MAX_KNOWN
    assert all(len(tool) <= 256 for _, tool in known)
    reference = weakref.ref(in_force)
    del in_force, known
    gc.collect()
    assert reference() is None


def test_an_upstream_that_lists_other_tools_every_time_does_not_fill_the_memory() -> None:
    known = Definitions()
    for page in range(3):
        known.learn({f"{page}-{n}": {"name": "x"} for n in range(MAX_DEFINITIONS // 2)}, frozenset())
    assert known.pin_of("0-0") is None
    assert known.pin_of("2-0") is not None
