"""The two lines at the top of every place: how the run goes, and where one is."""

from __future__ import annotations

from pathlib import PurePath
from typing import Final

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from inspector.core.events import UpstreamState
from inspector.core.problems import Severity
from inspector.core.views import PolicyView, Views
from inspector.ui import figures, logins, text
from inspector.ui.actions import hinted
from inspector.ui.board import NOTHING

Parts = list[tuple[str, str]]
PLACES: Final = ("live", "approvals", "limits", "policy", "sessions")
LABELS: Final = {p: p.capitalize() for p in PLACES}


class StatusLine(Widget):
    """Name, state, endpoint, traffic, people, policy. What does not fit is left out whole, least telling first."""

    def __init__(self) -> None:
        super().__init__(id="status")
        self._views = NOTHING
        self._trouble = ""
        self._held_live = 0
        self._shown: object = None
        self._counted: object = None

    def show(self, views: Views, trouble: str, held_live: int = 0) -> None:
        """`trouble`: why the engine does not answer, or "". `held_live`: calls that wait in the run behind a
        recording."""
        servers = [(upstream.name, upstream.state) for upstream in views.upstreams]  # their times are others each time
        facts = (views.run.dropped, _attached(views), servers, views.policy)
        state = (*facts, len(views.holds), trouble, held_live)
        self._views, self._trouble, self._held_live = views, trouble, held_live
        if state != self._shown:
            self._shown = state
            self.refresh()

    def count(self) -> None:
        """Show the figures of the traffic as they stand."""
        counted = _rate(self._views), self._p95()
        if counted != self._counted:
            self._counted = counted
            self.refresh()

    def render(self) -> Content:
        width = self.size.width
        groups = self._narrow() if self.screen.has_class("-narrow") else self._wide()
        separator = ("  ", "") if self.screen.has_class("-narrow") else (" │ ", "$border-blurred")
        while True:
            parts = [part for index, (_, group) in enumerate(groups) for part in ([separator] if index else []) + group]
            content = Content.assemble(*parts)
            if content.cell_length <= width or len(groups) == 1:
                return content
            groups.remove(min(groups, key=lambda g: g[0]))

    def _wide(self) -> list[tuple[int, Parts]]:
        """Groups with their weight; the lightest goes first when the line is too short."""
        run = self._views.run
        name = [("mcp-inspect ", "bold $primary"), *self._state()]
        endpoint = run.recording if run.read_only else _endpoint(run.endpoint)
        groups: list[tuple[int, Parts]] = [
            (9, name),
            (1, [(text.line(endpoint, 60), "$quiet")]),
            (4, [(str(_rate(self._views)), "bold"), (" calls/s", "$quiet"), *self._p95()]),
            (2, self._people()),
            (8, policy_parts(self._views.policy)),
        ]
        groups[1:1] = self._logins()
        if self._views.run.dropped:
            groups.insert(3, (7, [(f"! {self._views.run.dropped} dropped", "$decision-error")]))
        return groups

    def _narrow(self) -> list[tuple[int, Parts]]:
        held = len(self._views.holds)
        policy = self._views.policy
        groups: list[tuple[int, Parts]] = [
            (9, self._state()),
            (4, [(f"{_rate(self._views)}/s", "bold")]),
            (3, self._p95(lead="")),
            (2, self._people(servers=False)),
            (8, [("policy ", "$quiet"), (f"v{policy.version} ", ""), policy_mark(policy)]),
        ]
        groups += self._logins()
        if held:
            groups.append((7, [(f"◐ {held} held", "bold $decision-hold")]))
        return groups

    def _state(self) -> Parts:
        if self._trouble:
            return [("! NO ANSWER", "bold $decision-error")]
        if self._views.run.read_only:
            waits = f"  ◐ {self._held_live} held live" if self._held_live else ""
            return [("◌ RECORDING", "bold $primary"), (waits, "bold $decision-hold")]
        return [("◉ LIVE", "bold $decision-allow")]

    def _logins(self) -> list[tuple[int, Parts]]:
        names = [text.line(name, 32) for name in logins.waiting(self._views)]
        return [(8, [("◐ log in: ", "bold $decision-hold"), (", ".join(names), "bold")])] if names else []

    def _p95(self, lead: str = "  ") -> Parts:
        p95 = self._views.run.p95_ms
        return [(f"{lead}p95 ", "$quiet"), ("·" if p95 is None else f"{figures.milliseconds(p95)} ms", "bold")]

    def _people(self, servers: bool = True) -> Parts:
        agents = _attached(self._views)
        parts: Parts = [(f"{agents}", "bold"), (" agent" if agents == 1 else " agents", "$quiet")]
        if servers:
            upstreams = self._views.upstreams
            ready = sum(u.state is UpstreamState.READY for u in upstreams)
            failed = any(u.state in (UpstreamState.FAILED, UpstreamState.EXITED) for u in upstreams)
            count = f"{ready}/{len(upstreams)}" if failed else f"{len(upstreams)}"
            parts.append((f" {count}", "bold $decision-error" if failed else "bold"))
            parts.append((" server" if len(upstreams) == 1 else " servers", "$quiet"))
        return parts


def policy_parts(policy: PolicyView) -> Parts:
    if policy.version == 0:
        return [("no policy ", "bold"), policy_mark(policy)]
    name = text.line(PurePath(policy.path).name, 40) if policy.path else "no policy file"
    return [(f"{name} ", ""), (f"v{policy.version} ", "$quiet"), policy_mark(policy)]


def policy_mark(policy: PolicyView) -> tuple[str, str]:
    """✓ in force as it lies on disk; ✗ what lies there does not load; ◐ it waits for a key."""
    if policy.offered or policy.deleted:
        return "◐", "bold $decision-hold"
    if policy.version == 0 or (policy.disk_text is not None and _errors(policy)):
        return "✗", "bold $decision-deny"
    return "✓", "$decision-allow"


def _errors(policy: PolicyView) -> bool:
    return any(p.severity is Severity.ERROR for p in policy.problems)


def _attached(views: Views) -> int:
    return sum(not client.gone for client in views.clients)


def _rate(views: Views) -> int:
    return views.run.per_second[-1] if views.run.per_second else 0


def _endpoint(endpoint: str) -> str:
    return endpoint.removeprefix("http://") + "/" + text.MASK if endpoint else ""


class PlacesBar(Widget):
    """`1 Live  2 Approvals 2 …` and the filter in force. A click goes there."""

    class Chosen(Message):
        def __init__(self, place: str) -> None:
            super().__init__()
            self.place = place

    class FilterWanted(Message):
        """A click on the filter's words."""

    def __init__(self, place: str) -> None:
        super().__init__(id="places")
        self._place = place
        self._held = 0
        self._filter = ""

    def show(self, held: int, filter_text: str = "") -> None:
        if (held, filter_text) != (self._held, self._filter):
            self._held, self._filter = held, filter_text
            self.refresh()

    def render(self) -> Content:
        parts: Parts = []
        for place in PLACES:
            on = place == self._place
            parts.append((f" {self._key(place)} ", "bold $primary" if on else "$quiet"))
            parts.append((LABELS[place], "bold underline" if on else ""))
            parts.append((self._badge(place), "bold $decision-hold"))
            parts.append((" " * self._gap, ""))
        content = Content.assemble(*parts)
        room = self.size.width - content.cell_length - 14
        if self._place == "live" and room >= 4:
            shown = (
                (text.fit(self._filter, min(room, len(self._filter))), "")
                if self._filter
                else ("none", "italic $quiet")
            )
            key = (f"{hinted(self, 'live.filter', '/')} ", "bold $primary")
            content = Content.assemble(content, ("    filter ", "$quiet"), key, shown)
        return content

    def _key(self, place: str) -> str:
        return hinted(self, f"place.{place}", str(PLACES.index(place) + 1))

    @property
    def _gap(self) -> int:
        return 1 if self.screen.has_class("-narrow") else 2

    def _badge(self, place: str) -> str:
        return f" {self._held}" if place == "approvals" and self._held else ""

    def on_click(self, event: events.Click) -> None:
        x = 0
        for place in PLACES:
            end = x + len(self._key(place)) + 2 + len(LABELS[place]) + len(self._badge(place)) + self._gap
            if x <= event.x < end:
                self.post_message(self.Chosen(place))
                return
            x = end
        if self._place == "live":
            self.post_message(self.FilterWanted())
