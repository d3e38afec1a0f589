"""The sentences that an agent or a person reads: which rule it was, and what can be done now.

What a policy's author wrote (`on_deny`, `reason`) goes before every sentence from here.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from inspector.core.decision import Algorithm, CounterKey, Reading
from inspector.policy.approvals import Ask

NO_POLICY = (
    "No valid policy has been loaded, so every call is denied. Ask the person who runs the inspector to load one."
)
HELD_BY_YOU = "You asked to see the next call of this tool."
UNATTENDED = (
    "This call needs a person's approval, and no person is attached. Ask them to open the inspector, then call again."
)
SERVER_STOPPED = (
    "The person who runs the inspector has stopped this server. Ask them to start it again, then repeat the call."
)
WITHDRAWN = "The client withdrew the call before it was forwarded."
_WINDOWS = {1: "second", 60: "minute", 3600: "hour", 86400: "day"}


def refused_name(rule: str, tool: str, why: str) -> str:
    return f"The tool name {shown(tool)} is refused {rule}: {why}. Call a tool that is listed."


def not_listed(tool: str) -> str:
    return f"The policy denies tools that it does not list, such as {shown(tool)} (default deny). Use another tool."


def duplicate_tool(tool: str) -> str:
    return f"The server lists two tools named {shown(tool)}, so neither can be called (duplicate tool)."


def denied_by_action(tool: str, rule: str) -> str:
    return f"The policy denies the tool {shown(tool)} (rule {rule}). Use another tool."


def changed_definition(rule: str, listed: bool) -> str:
    what = (
        "The tool's definition is not the one that was pinned" if listed else "The tool was never listed by its server"
    )
    return f"{what} (rule {rule}). A person has to review it."


def misfit(rule: str, what: str) -> str:
    return f"The arguments were not accepted (rule {rule}): {what}. Correct them, then call again."


def predicate(rule: str, what: str) -> str:
    return f"The arguments break the rule {rule}{f' ({what})' if what else ''}. Change them, then call again."


def unusable_amount(rule: str, path: str) -> str:
    return f"The limit {rule} needs an amount of 0 or more at {path}. Give one as a number, then call again."


def exceeded(reading: Reading, now: float) -> str:
    """How far it is used, and when there is room again; or that there never is."""
    key, at_one_time = reading.key, reading.key.algorithm is Algorithm.IN_FLIGHT
    most = f"{plain(reading.max)} {'at one time' if at_one_time else f'per {window(key)}'}"
    this = "" if reading.amount == 1 else f", and this call needs {plain(reading.amount)}"
    if reading.amount > reading.max:
        way_out = "Do without it." if reading.amount <= 1 else "Ask for less."
        return f"The limit {reading.rule} allows {most}{this}. {way_out}"
    if at_one_time:
        return (
            f"{plain(reading.before)} of {plain(reading.max)} calls at one time are running (limit {reading.rule}). "
            "Wait until one of them has ended, then call again."
        )
    used = f"{plain(reading.before)} of {most} are used"
    return f"{used}{this} (limit {reading.rule}). It resets {resets(reading.resets_at, now)}; call again then."


def lost_race(rule: str) -> str:
    return f"Other calls keep using up the limit {rule}. Wait a little, then call again."


def state_error(why: str) -> str:
    return f"The policy's counters cannot be used (state error): {why}. Calls that have limits are denied until then."


def too_many_pending(most: int) -> str:
    return f"{most} calls are waiting for a person already (too many pending). Call again when some were answered."


def asks_because(rule: str) -> str:
    """Read by the person who is asked."""
    return f"The rule {rule} asks for approval."


def denied_by_person(ask: Ask, reason: str) -> str:
    said = f": {reason}" if reason else ""
    return _with(ask, f"A person denied this call{said} (rule {ask.rule}). Do not repeat it unchanged.")


def closed(ask: Ask, reason: str) -> str:
    return _with(ask, f"Nobody decided on this call: {reason} (rule {ask.rule}). Ask the person before you call again.")


def not_in_time(ask: Ask) -> str:
    return _with(ask, f"A person did not answer in time; ask them, then call again (rule {ask.rule}).")


def _with(ask: Ask, sentence: str) -> str:
    return f"{ask.on_deny} {sentence}" if ask.on_deny else sentence


def shown(name: str) -> str:
    """A name in quotes, safe to be read: short, and without anything invisible."""
    return repr(name if len(name) <= 80 else f"{name[:80]}…")


def window(key: CounterKey) -> str:
    return _WINDOWS.get(key.window, f"{key.window} seconds")


def resets(at: float | None, now: float) -> str:
    if at is None:
        return "later"
    wait = f"in {max(1, round(at - now))} s"
    try:
        moment, today = datetime.fromtimestamp(at, UTC), datetime.fromtimestamp(now, UTC)
    except (ValueError, OverflowError, OSError):  # a clock beyond the calendar
        return wait
    day = "" if moment.date() == today.date() else f"{moment:%Y-%m-%d} "
    return f"at {day}{moment:%H:%M:%S} UTC ({wait})"


def plain(number: Decimal) -> str:
    """Without an exponent where that is readable, and without trailing zeros."""
    text = f"{number:f}" if abs(number.adjusted()) < 30 else str(number)
    return text.rstrip("0").rstrip(".") if "." in text else text
