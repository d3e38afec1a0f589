"""Least privilege: what the calls that ran would have needed of a policy, written into its text.

`default` becomes deny; every tool that ran gets an entry, in it the values and ranges of its arguments and a limit of
twice the observed peak. What a rule says already is not said again, and tools that nobody called stay as they are.
"""

from __future__ import annotations

import posixpath
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from inspector.core.errors import PolicyError
from inspector.core.json import Json, JsonObject, Number
from inspector.core.past import PastCall
from inspector.policy.edit import argument_path, entry_location, is_json
from inspector.policy.ledger import window_start
from inspector.policy.load import load_text
from inspector.policy.model import Default, Entry, Policy
from inspector.policy.places import normalised, url_host
from inspector.policy.splice import Splice
from inspector.policy.values import equal

MINUTE: Final = 60
ENOUGH: Final = 3  # calls of a tool, before its arguments say anything
MOST_VALUES: Final = 6  # that are still a choice, not free text
LONGEST: Final = 60  # characters of such a value
NICE: Final = (2, 4, 6, 10, 20, 30, 40, 60, 80, 100, 120, 200, 300, 400, 600, 800, 1000)


def learn(text: str, calls: Iterable[PastCall], *, path: str = "") -> str:
    """The narrowed text; the same one when nothing was learnt. `path` is the file's name.

    Raises:
        PolicyError: the text does not load, is in Intercept's dialect, or cannot be edited safely.
    """
    policy = load_text(text, path=path)
    if policy.intercept is not None:
        raise PolicyError("this is an Intercept policy: make it a native one first (mcp-inspect policy convert)")
    used: defaultdict[tuple[str, str], list[PastCall]] = defaultdict(list)
    for past in calls:
        if past.forwarded and past.leg == 1 and "*" not in past.call.tool:
            used[past.call.server, past.call.tool].append(past)
    if not used:
        return text
    splice = Splice(text, as_json=is_json(text, path))
    if policy.top.default is not Default.DENY:
        splice.assign(("default",), Default.DENY.value)
    _narrow(splice, policy, used)
    learnt = splice.text()
    load_text(learnt, path=path)
    return learnt


def _narrow(splice: Splice, policy: Policy, used: dict[tuple[str, str], list[PastCall]]) -> None:
    new: dict[str, Json] = {}
    for (server, tool), calls in sorted(used.items()):
        where, entry = entry_location(policy, server, tool)
        if entry is None and tool in new:
            continue  # two servers have a tool of this name: what one of them taught must do
        constraints = list(_constraints(calls, _told(entry)))
        limits: list[Json] = [] if entry is not None and entry.limits else [_limit(calls)]
        if entry is None:
            new[tool] = {**({"require": constraints} if constraints else {}), "limits": limits}
            continue
        missing: dict[str, Json] = {}
        if constraints and entry.require:
            splice.extend((*where, "require"), constraints)
        elif constraints:
            missing["require"] = constraints
        if limits:
            missing["limits"] = limits
        if missing:
            splice.merge(where, missing)
    if new:
        splice.merge(("tools",), new)


def _told(entry: Entry | None) -> set[str]:
    """Arguments that its rules look at already."""
    predicates = () if entry is None else (*entry.require, *entry.deny_if)
    return {condition.path_text for predicate in predicates for condition in predicate.conditions}


def _limit(calls: Sequence[PastCall]) -> JsonObject:
    """Twice the most calls that one grant made within a minute of the clock, rounded up."""
    windows = Counter((past.call.caller.grant, window_start(past.call.at, MINUTE)) for past in calls)
    peak = 2 * max(windows.values())
    return {"counter": "calls_per_minute", "window": "minute", "max": next((n for n in NICE if n >= peak), peak)}


def _constraints(calls: Sequence[PastCall], told: set[str]) -> Iterator[Json]:
    """What every call said, and what of it can be told from these calls."""
    if len(calls) < ENOUGH:
        return
    sent = [past.hold.arguments if past.hold and past.hold.arguments else past.call.arguments for past in calls]
    for name in sent[0]:
        if not name or not all(name in arguments for arguments in sent):
            continue
        path = argument_path(name)
        if path not in told and not any(known.startswith(f"{path}.") for known in told):
            yield from _of_values(path, [arguments[name] for arguments in sent])


def _of_values(path: str, values: list[Json]) -> Iterator[JsonObject]:
    distinct: list[Json] = []
    for value in values:
        if not any(equal(value, known) for known in distinct):
            distinct.append(value)
    texts = [value for value in distinct if isinstance(value, str)]
    if len(texts) == len(distinct):
        yield from _of_texts(path, texts, len(values))
    elif all(isinstance(value, bool) for value in distinct):
        if len(distinct) == 1:
            yield {"path": path, "op": "in", "value": distinct}
    else:
        yield from _of_numbers(path, distinct)


def _of_numbers(path: str, values: list[Json]) -> Iterator[JsonObject]:
    numbers = [value for value in values if isinstance(value, int | Number) and not isinstance(value, bool)]
    if len(numbers) == len(values):
        conditions: list[Json] = [
            {"path": path, "op": "gte", "value": min(numbers)},
            {"path": path, "op": "lte", "value": max(numbers)},
        ]
        yield {"conditions": conditions}


def _of_texts(path: str, texts: list[str], seen: int) -> Iterator[JsonObject]:
    places = [normalised(text) for text in texts]
    hosts = [url_host(text) for text in texts]
    if None not in places:
        folder = posixpath.commonpath([posixpath.dirname(place) for place in places if place is not None])
        if folder != "/":
            yield {"path": path, "op": "path_within", "value": [folder]}
    elif None not in hosts:
        yield {"path": path, "op": "host_in", "value": [*sorted({host for host in hosts if host is not None})]}
    elif len(texts) <= MOST_VALUES and seen >= 2 * len(texts) and all(len(text) <= LONGEST for text in texts):
        yield {"path": path, "op": "in", "value": [*sorted(texts)]}
