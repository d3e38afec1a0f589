"""Which entries apply to a call, and what its name alone decides.

Phases 1 to 6 depend on nothing but the policy, the server and the tool's name: they are worked out once and remembered.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from weakref import WeakKeyDictionary

from inspector.core.decision import StepResult, TraceStep
from inspector.core.fact import fact
from inspector.policy import messages
from inspector.policy.model import Default, Entry, Policy, Section

MAX_NAME = 256
_FORBIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})

INVALID_NAME = "(invalid name)"
HIDDEN = "(hidden)"
CONFUSABLE_NAME = "(confusable name)"
DEFAULT_DENY = "(default deny)"


MAX_KNOWN = 4096  # tools of one policy


@fact(frozen=True, slots=True)
class Denial:
    rule: str
    message: str


@fact(frozen=True, slots=True)
class Match:
    """What a policy says of a tool, before any argument is looked at."""

    entries: tuple[Entry, ...]  # all that apply, in their order
    default_approves: bool  # unlisted, and the default is approve
    denial: Denial | None  # of phases 2 to 6
    trace: tuple[TraceStep, ...]  # of phases 2 to 6


_KNOWN: WeakKeyDictionary[Policy, dict[tuple[str, str], Match]] = WeakKeyDictionary()


def match(policy: Policy, server: str, tool: str) -> Match:
    """The entries for one tool, and the denial that needs no arguments. Remembered for some thousand names."""
    known = _KNOWN.get(policy)
    if known is None:
        known = _KNOWN[policy] = {}
    found = known.get((server, tool))
    if found is None:
        found = _work_out(policy, server, tool)
        # A client must not fill our memory: not with names of a megabyte, not with a million names.
        if len(tool) <= MAX_NAME:
            if len(known) >= MAX_KNOWN:
                known.clear()
            known[server, tool] = found
    return found


def _work_out(policy: Policy, server: str, tool: str) -> Match:
    sections = _sections(policy, server)
    by_key = list(_listing(sections, tool))
    default = _default(sections)
    trace: list[TraceStep] = []
    denial = None
    for rule, why in _name_checks(policy, sections, tool):
        trace.append(TraceStep(rule, StepResult.FIRED if why else StepResult.PASS, note=why or ""))
        if why:
            denial = Denial(rule, messages.refused_name(rule, tool, why))
            return Match((), False, denial, tuple(trace))
    if default is Default.DENY:
        trace.append(TraceStep(DEFAULT_DENY, StepResult.PASS if by_key else StepResult.FIRED))
        if not by_key:
            return Match((), False, Denial(DEFAULT_DENY, messages.not_listed(tool)), tuple(trace))
    entries = _ordered(sections, tool)
    for entry in entries:
        rule = f"{entry.pointer}/action"
        fired = entry.action == "deny"
        trace.append(TraceStep(rule, StepResult.FIRED if fired else StepResult.PASS, observed=entry.action))
        if fired:
            denial = Denial(rule, entry.reason or messages.denied_by_action(tool, rule))
            break
    return Match(entries, default is Default.APPROVE and not by_key, denial, tuple(trace))


def is_hidden(policy: Policy, server: str, tool: str) -> bool:
    """Does `hide` of the server's section or of the top level name this tool?"""
    return _hidden(_sections(policy, server), tool)


def entry_digest(policy: Policy, server: str, tool: str, pointer: str) -> str | None:
    """The digest of the entry that stands at a pointer, "" for the default; None when no such entry applies."""
    found = match(policy, server, tool)
    if pointer == "":
        return "" if found.default_approves else None
    return next((entry.digest for entry in found.entries if entry.pointer == pointer), None)


def glob_matches(pattern: str, name: str) -> bool:
    """`*` is any run of characters, everything else is itself. Anchored; linear, whatever the pattern."""
    if pattern == name:
        return True
    first, *rest = pattern.split("*")
    if not rest or not name.startswith(first):
        return False
    last = rest.pop()
    at, end = len(first), len(name) - len(last)
    if at > end or not name.endswith(last):
        return False
    for part in rest:
        found = name.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


def folded(name: str) -> str:
    """What a name looks like to somebody who does not look closely."""
    return unicodedata.normalize("NFKC", name).casefold().strip()


def _sections(policy: Policy, server: str) -> tuple[Section, ...]:
    section = policy.servers.get(server)
    return (policy.top,) if section is None else (section, policy.top)


def _default(sections: Iterable[Section]) -> Default:
    return next(section.default for section in sections if section.default is not None)


def _listing(sections: Iterable[Section], tool: str) -> Iterator[Entry]:
    """The entries whose key lists the tool: the exact key, then globs. A glob's text as a name is an exact key too."""
    for section in sections:
        exact = section.exact.get(tool)
        if exact is not None:
            yield exact
        globs = [(key, entry) for key, entry in section.globs if entry is not exact and glob_matches(key, tool)]
        globs.sort(key=lambda glob: glob[0] != tool)
        for _, entry in globs:
            yield entry


def _ordered(sections: Iterable[Section], tool: str) -> tuple[Entry, ...]:
    """Per section what lists the tool, then the bare `*`; after all of them each section's `all_tools`."""
    found: list[Entry] = []
    for section in sections:
        found += _listing((section,), tool)
        if section.star is not None:
            found.append(section.star)
    found += [section.all_tools for section in sections if section.all_tools is not None]
    return tuple(found)


def _name_checks(policy: Policy, sections: tuple[Section, ...], tool: str) -> Iterator[tuple[str, str | None]]:
    """Phases 2 to 4: rule ids, and why they fired."""
    yield INVALID_NAME, invalid_name(tool)
    yield HIDDEN, "hidden by the policy" if _hidden(sections, tool) else None
    if policy.settings.confusable_names_deny:
        yield CONFUSABLE_NAME, _confusable(sections, tool)


def _hidden(sections: Iterable[Section], tool: str) -> bool:
    return any(
        tool in section.hide_exact or any(glob_matches(glob, tool) for glob in section.hide_globs)
        for section in sections
    )


def invalid_name(name: str) -> str | None:
    """Why no call may have this name; None when one may."""
    if not name:
        return "it is empty"
    if len(name) > MAX_NAME:
        return f"it has {len(name)} characters, {MAX_NAME} are allowed"
    if name != name.strip():
        return "it has white space at an edge"
    if not name.isprintable() and any(unicodedata.category(c) in _FORBIDDEN_CATEGORIES for c in name):
        return "it has a character that cannot be seen"
    return None


def _confusable(sections: Iterable[Section], name: str) -> str | None:
    looks = folded(name)
    for section in sections:
        keys = [key for key, _ in section.globs]
        if name in section.exact or name in keys or (name == "*" and section.star is not None):
            return None
    for section in sections:
        for key in (*section.hide_exact, *section.exact):
            if "*" not in key and folded(key) == looks:
                return f"it looks like {key!r}"
    return None
