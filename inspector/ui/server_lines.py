"""A server in words: its state, what it is, what it offers and what is used of it, and how its calls fare. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

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


def block(upstream: UpstreamView, tools: Iterable[ToolView], now: float) -> Content:
    """For a list: four lines at most, and its last words."""
    parts = [*state(upstream), (f" · {_tools(upstream)}", "$quiet"), *_calls(upstream, tools)]
    parts += [("\n  ", ""), (text.line(upstream.detail, 300) or "starts with its first client", "")]
    if upstream.era is not None:
        parts += [("\n  ", ""), *about(upstream), *_share(upstream)]
    if why := trouble(upstream, now):
        parts += [("\n  ", ""), (why, "$decision-deny")]
    if upstream.drift:
        changed = f"{drift.summary(upstream.drift)} {drift.since(upstream.drift_since)}"
        parts += [("\n  ≠ ", "bold $decision-hold"), (changed, "$decision-hold"), (" · ⏎ shows how", "$quiet")]
    parts += [(f"\n  │ {text.line(said, 300)}", "$quiet") for said in upstream.stderr[-LAST_WORDS:]]
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
    era = upstream.era.value if upstream.era is not None else "not met yet"
    told = [text.line(part, 60) for part in (upstream.protocol, upstream.about) if part]
    return [(" · ".join([era, *told]), "$quiet")]


def capabilities(offered: tuple[str, ...], used: tuple[str, ...]) -> Parts:
    """Each with ✓ when it was used; what was used without being offered comes last."""
    if not offered and not used:
        return [("none", "$quiet")]
    parts: Parts = []
    for name in (*offered, *(name for name in used if name not in offered)):
        mark, style = ("✓ ", "bold") if name in used else ("· ", "$quiet")
        wrong = " (not offered)" if name not in offered else ""
        parts += [(f"{mark}{text.line(name, 64)}", style), (wrong, "$decision-error"), ("   ", "")]
    return parts


def share(offered: tuple[str, ...], used: tuple[str, ...]) -> str:
    """`2 of 5 used`, of those that stand for themselves: a flag such as `tools.listChanged` is none."""
    whole = [name for name in offered if "." not in name]
    count = sum(name in used or any(other.startswith(f"{name}.") for other in used) for name in whole)
    return f"{count} of {len(whole)} used" if whole else ""


def _share(upstream: UpstreamView) -> Parts:
    told = share(upstream.capabilities, upstream.used)
    return [(f" · capabilities: {told}", "$quiet")] if told else []


def _tools(upstream: UpstreamView) -> str:
    tools = "tools not listed yet" if upstream.tools is None else figures.plural(upstream.tools, "tool")
    return tools + (f", {upstream.hidden} hidden" if upstream.hidden else "")


def _calls(upstream: UpstreamView, tools: Iterable[ToolView]) -> Parts:
    mine = [tool for tool in tools if tool.server == upstream.name]
    calls, errors = sum(tool.calls for tool in mine), sum(tool.errors for tool in mine)
    parts: Parts = [(f" · {figures.plural(calls, 'call')}", "$quiet")] if calls else []
    return [*parts, (f" · {figures.plural(errors, 'error')}", "$decision-error")] if errors else parts
