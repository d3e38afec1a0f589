"""A server in words: its state, what it is, what it offers and what is used of it, and how its calls fare. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from rich.cells import cell_len
from textual.content import Content

from inspector.core.events import UpstreamState
from inspector.core.views import ToolView, UpstreamView
from inspector.ui import drift, figures, text

Parts = list[tuple[str, str]]
STATES: Final = {
    UpstreamState.READY: ("●", "$decision-allow"),
    UpstreamState.STARTING: ("◌", "$decision-allow"),
    UpstreamState.LOGIN: ("◐", "$decision-hold"),
    UpstreamState.IDLE: ("○", "$quiet"),
    UpstreamState.STOPPED: ("■", "$decision-hold"),
    UpstreamState.EXITED: ("✗", "$decision-deny"),
    UpstreamState.FAILED: ("✗", "$decision-deny"),
}
LAST_WORDS: Final = 2  # lines of stderr in a list


def block(upstream: UpstreamView, tools: Iterable[ToolView], now: float, width: int) -> Content:
    """For a list `width` cells wide: four lines at most, and its last words. Facts without room are left out whole."""
    parts = [*state(upstream), *_counts(upstream, tools, width)]
    where = text.line(upstream.detail, 300) or "starts with its first client"
    parts += [("\n  ", ""), (text.fit(where, width - 2).rstrip(), "")]
    if upstream.era is not None:
        told = text.as_many_as_fit((*_about(upstream), *_share(upstream), *times(upstream)[1:]), width - 2)
        parts += [("\n  ", ""), (told, "$quiet")]
    if why := trouble(upstream, now):
        parts += [("\n  ", ""), (why, "$decision-deny")]
    if upstream.drift:
        changed = f"{drift.summary(upstream.drift)} {drift.since(upstream.drift_since)}"
        parts += [("\n  ≠ ", "bold $decision-hold"), (changed, "$decision-hold"), (" · ⏎ shows how", "$quiet")]
    last = upstream.stderr[-LAST_WORDS:]
    parts += [(f"\n  │ {text.fit(text.line(said, 300), width - 4).rstrip()}", "$quiet") for said in last]
    return Content.assemble(*parts)


def state(upstream: UpstreamView) -> Parts:
    mark, style = STATES[upstream.state]
    # A process that nobody has asked anything yet has said nothing either: it runs, and may run like that for hours.
    word = "started" if upstream.state is UpstreamState.STARTING else upstream.state.value
    parts = [(f"{mark} ", style), (text.line(upstream.name, 40), "bold"), (f" {word}", style)]
    if upstream.processes > 1:
        parts.append((f" · {upstream.processes} processes", "$quiet"))
    elif upstream.pid is not None:
        parts.append((f" · pid {upstream.pid}", "$quiet"))
    return parts


def trouble(upstream: UpstreamView, now: float) -> str:
    """How it ended, and when it may be started again; "" when all is well."""
    if not upstream.ended:
        return ""
    wait = upstream.retry_at - now if upstream.retry_at is not None else 0.0
    pause = f" · not started again before {figures.countdown(wait)}" if wait > 0 else ""
    return text.line(upstream.ended, 400) + pause


def about(upstream: UpstreamView) -> Parts:
    """The era, the version and the name that it goes by."""
    return [(" · ".join(_about(upstream)), "$quiet")]


def _about(upstream: UpstreamView) -> list[str]:
    era = upstream.era.value if upstream.era is not None else "not met yet"
    level = f"log level {text.line(upstream.log_level, 12)}" if upstream.log_level else ""
    return [era, *(text.line(part, 60) for part in (upstream.protocol, upstream.about) if part), *filter(None, [level])]


def times(upstream: UpstreamView) -> list[str]:
    """How long its last calls took: the half, most and nearly all of them at most. Nothing while there was none."""
    shares = (("p50", upstream.p50_ms), ("p95", upstream.p95_ms), ("p99", upstream.p99_ms))
    return [f"{name} {figures.duration(ms)}" for name, ms in shares if ms is not None]


def capabilities(offered: tuple[str, ...], used: tuple[str, ...], width: int | None = None) -> Parts:
    """Each with ✓ when it was used; what was used without being offered comes last. Where `width` may not do for all:
    first what was used, and how many more there are."""
    if not offered and not used:
        return [("none", "$quiet")]
    parts: Parts = []
    if width is not None:
        offered = tuple(sorted(offered, key=lambda name: name not in used))
    for name in (*offered, *(name for name in used if name not in offered)):
        mark, style = ("✓ ", "bold") if name in used else ("· ", "$quiet")
        wrong = " (not offered)" if name not in offered else ""
        parts += [(f"{mark}{text.line(name, 64)}", style), (wrong, "$decision-error"), ("   ", "")]
    return parts if width is None else _within(parts, width)


def _within(parts: Parts, width: int) -> Parts:
    """Of groups of three as many as there is room for, and how many more there are."""
    kept: Parts = []
    for at in range(0, len(parts), 3):
        ahead = cell_len("".join(part for part, _ in (*kept, *parts[at : at + 3])).rstrip())
        last = at + 3 >= len(parts)
        if ahead > width - (0 if last else 5):
            return [*kept, (f"+{(len(parts) - at) // 3}", "$quiet")]
        kept += parts[at : at + 3]
    return kept


def share(offered: tuple[str, ...], used: tuple[str, ...]) -> str:
    """`2 of 5 used`, of those that stand for themselves: a flag such as `tools.listChanged` is none."""
    whole = [name for name in offered if "." not in name]
    count = sum(name in used or any(other.startswith(f"{name}.") for other in used) for name in whole)
    return f"{count} of {len(whole)} used" if whole else ""


def _share(upstream: UpstreamView) -> list[str]:
    told = share(upstream.capabilities, upstream.used)
    return [f"capabilities: {told}"] if told else []


def _tools(upstream: UpstreamView) -> str:
    tools = "tools not listed yet" if upstream.tools is None else figures.plural(upstream.tools, "tool")
    return tools + (f", {upstream.hidden} hidden" if upstream.hidden else "")


def _counts(upstream: UpstreamView, tools: Iterable[ToolView], width: int) -> Parts:
    """How many tools, calls and errors, behind the state. What went wrong is said in any case."""
    mine = [tool for tool in tools if tool.server == upstream.name]
    calls, errors = sum(tool.calls for tool in mine), sum(tool.errors for tool in mine)
    wrong = f" · {figures.plural(errors, 'error')}" if errors else ""
    facts = [_tools(upstream), *([figures.plural(calls, "call")] if calls else [])]
    room = width - cell_len("".join(part for part, _ in state(upstream)) + wrong) - 3
    return [(f" · {text.as_many_as_fit(facts, max(8, room)).rstrip()}", "$quiet"), (wrong, "$decision-error")]
