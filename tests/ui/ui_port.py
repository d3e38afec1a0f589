"""A port made of data: views that a test (or the preview) writes, and plain answers to every command."""

# ruff: noqa: E501 -- tables of sample data read better in one line

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal

from ui_policies import broken_problems, complete_sample
from ui_sample import KINDS, LIMITS, NOW, RECORDINGS, TOKEN, sample_views

from inspector.core.call import CallId, Outcome
from inspector.core.commands import (
    AcceptTools,
    Approve,
    CallDetail,
    CheckArguments,
    CheckPolicy,
    ClientConfig,
    Command,
    CommandResult,
    Complete,
    Conflict,
    ControlServer,
    Deny,
    Done,
    Extend,
    Flip,
    FrameLine,
    HoldNext,
    Inspect,
    Learn,
    ListRecordings,
    MakeRule,
    PolicyCheck,
    PolicyHistory,
    PolicyVersion,
    PolicyVersions,
    RaiseLimit,
    Recordings,
    Rejected,
    ResetCounter,
    RevokeApproval,
    RuleKind,
    RuleWish,
    SavePolicy,
    ServerAction,
    Shutdown,
    TakeOffered,
    Text,
    WhatIf,
    WhatIfResult,
)
from inspector.core.decision import Decision, Reading, StepResult, TraceStep, Verdict
from inspector.core.events import UpstreamState
from inspector.core.holds import HoldEnd
from inspector.core.problems import Severity
from inspector.core.views import (
    AnsweredView,
    CallView,
    LimitView,
    PolicyView,
    Raised,
    Reset,
    Views,
    Word,
)


@dataclass
class DataPort:
    """Serves `now_views`; carries commands out on that data and remembers them in `sent`."""

    now_views: Views = field(default_factory=sample_views)
    sent: list[Command] = field(default_factory=list)
    details: dict[CallId, CallDetail] = field(default_factory=dict)
    rejects: str = ""
    disk: tuple[str, str] | None = None  # text and hash of the file, when it is not what is in force
    nonconforming: str = ""  # what a schema says of any arguments
    answered: set[CallId] = field(default_factory=set)
    versions: tuple[PolicyVersion, ...] = ()
    recordings: Recordings = RECORDINGS

    def __post_init__(self) -> None:
        self.rows = {row.id: row for row in self.now_views.calls}
        self._revs = {row.id: self.now_views.version for row in self.now_views.calls}
        self._hashes = itertools.count(100)

    async def views(self, since: int) -> Views:
        if since == self.now_views.version:
            return replace(self.now_views, calls=())
        changed = tuple(row for row in self.rows.values() if self._revs[row.id] > since)
        return replace(self.now_views, calls=changed)

    def push(self, rows: Iterable[CallView] = (), **changes: object) -> None:
        """A newer version: these rows, and any other part of the views."""
        version = self.now_views.version + 1
        for row in rows:
            self.rows[row.id] = row
            self._revs[row.id] = version
        self.now_views = replace(self.now_views, version=version, **changes)  # type: ignore[arg-type]

    async def command(self, command: Command) -> CommandResult:
        self.sent.append(command)
        if self.rejects and not isinstance(command, Inspect):
            return Rejected(self.rejects)
        match command:
            case Approve() | Deny():
                return self._answer(command)
            case Extend(call_id, seconds):
                return self._extend(call_id, seconds)
            case Inspect(call_id):
                return self.details.get(call_id) or self._detail(call_id)
            case HoldNext():
                return Done("the next call of it waits for you")
            case RevokeApproval(number):
                return self._revoke(number)
            case ResetCounter() | RaiseLimit():
                return self._change_limit(command)
            case CheckArguments():
                return Text(self.nonconforming)
            case CheckPolicy(text):
                problems = broken_problems(text)
                return PolicyCheck(problems, not any(p.severity is Severity.ERROR for p in problems))
            case SavePolicy():
                return self._save(command)
            case TakeOffered():
                self._load(self.now_views.policy.disk_text or "", "outside")
                return Done("taken")
            case WhatIf(text):
                return self._what_if(text)
            case MakeRule(text, call_id, wish):
                return self._make_rule(text, call_id, wish)
            case Complete(text, line, column):
                return complete_sample(text, line, column)
            case Learn(text):
                return Text(text.replace("max: 60}", "max: 20}"))
            case PolicyHistory():
                return PolicyVersions(self.versions)
            case ClientConfig(client, upstream):
                return Text(client_config(client, upstream or "fs"))
            case ControlServer(upstream, action):
                return self._control(upstream, action)
            case AcceptTools(upstream):
                found = self.now_views.upstreams
                self.push(upstreams=tuple(replace(u, drift=()) if u.name == upstream else u for u in found))
                return Done(f"the tools of {upstream} are accepted as they are now")
            case ListRecordings():
                return self.recordings
            case Shutdown():
                return Done()

    def _control(self, name: str, action: ServerAction) -> CommandResult:
        state = UpstreamState.STOPPED if action is ServerAction.STOP else UpstreamState.READY
        found = self.now_views.upstreams
        self.push(upstreams=tuple(replace(u, state=state, ended="") if u.name == name else u for u in found))
        return Done(f"{name}: {action}")

    def _what_if(self, text: str) -> CommandResult:
        """Every limit that was lowered flips the calls beyond it; `action: allow` frees the held ones."""
        rows = sorted(self.rows.values(), key=lambda row: -row.id)
        flips = []
        if "max: 60}" not in text:
            fetched = [row for row in rows if row.tool == "fetch" and row.word is Word.ALLOW][:9]
            flips += [
                Flip(r.id, r.server, r.tool, Word.ALLOW, Word.LIMIT, "/tools/fetch/limits/pages") for r in fetched
            ]
        if "action: approve" not in text:
            held = [row for row in rows if row.tool == "create_issue"][:2]
            flips += [Flip(r.id, r.server, r.tool, Word.HOLD, Word.ALLOW, "") for r in held]
        if "postgres" in text:
            asked = [row for row in rows if row.tool == "query" and row.word is Word.ALLOW][:1]
            flips += [Flip(r.id, r.server, r.tool, Word.ALLOW, Word.DENY, "/tools/query/deny_if/ddl") for r in asked]
        flips.sort(key=lambda flip: -flip.call_id)
        counted = Counter((flip.before, flip.after) for flip in flips)
        totals = tuple((before, after, count) for (before, after), count in counted.most_common())
        return WhatIfResult(len(rows), len(flips), totals, tuple(flips))

    def _make_rule(self, text: str, call_id: CallId, wish: RuleWish) -> CommandResult:
        row = self.rows[call_id]
        if wish.kind is RuleKind.PIN:
            return Rejected(f"/tools/{row.tool}/limits/pages stands in the way of this call: change it by hand")
        rule = {
            RuleKind.ALLOW: "{}",
            RuleKind.DENY: "{action: deny}",
            RuleKind.ASK: "{action: approve}",
            RuleKind.LIMIT: f"{{limits: [{{counter: calls, window: {wish.window}, max: {wish.max}}}]}}",
        }[wish.kind]
        return Text(f"{text}  {row.tool}: {rule}\n")

    def _answer(self, command: Approve | Deny) -> CommandResult:
        views, call_id = self.now_views, command.call_id
        if call_id not in {h.hold.call_id for h in views.holds}:
            return Rejected(f"#{call_id} no longer waits")
        row, approved = self.rows[call_id], isinstance(command, Approve)
        word, outcome = (Word.ALLOW, Outcome.OK) if approved else (Word.DENY, None)
        ended = replace(row, rev=row.rev + 1, word=word, outcome=outcome, ms=31.0 if approved else None)
        end, reason = (HoldEnd.DENIED, command.reason) if isinstance(command, Deny) else (HoldEnd.APPROVED, "")
        answer = AnsweredView(call_id, NOW, end, "you", reason, False, row.client, row.server, row.tool, row.arguments)
        holds = tuple(h for h in views.holds if h.hold.call_id != call_id)
        self.push([ended], holds=holds, answered=(answer, *views.answered))
        return Done()

    def _revoke(self, number: int) -> CommandResult:
        approvals = [
            replace(a, ended_at=NOW, ended_by="you") if a.id == number else a for a in self.now_views.approvals
        ]
        self.push(approvals=tuple(sorted(approvals, key=lambda a: a.ended_at is not None)))
        return Done()

    def _change_limit(self, command: ResetCounter | RaiseLimit) -> CommandResult:
        def changed(limit: LimitView) -> LimitView:
            if limit.key != command.key:
                return limit
            if isinstance(command, ResetCounter):
                return replace(limit, used=0, reset=Reset(NOW, "you", limit.used))
            own = limit.max if limit.raised is None else limit.raised.policy_max
            return replace(limit, max=float(command.max), raised=Raised(own, NOW, "you"))

        self.push(limits=tuple(map(changed, self.now_views.limits)))
        return Done()

    def _extend(self, call_id: CallId, seconds: float) -> CommandResult:
        holds = tuple(
            replace(h, hold=replace(h.hold, deadline=h.hold.deadline + seconds)) if h.hold.call_id == call_id else h
            for h in self.now_views.holds
        )
        self.push(holds=holds)
        return Done()

    def _save(self, wish: SavePolicy) -> CommandResult:
        text, known = self.disk or (self.now_views.policy.text, self.now_views.policy.hash)
        if wish.base_hash != known and not wish.overwrite:
            return Conflict(text, known)
        if any(p.severity is Severity.ERROR for p in broken_problems(wish.text)):
            return Rejected("the text does not load")
        self.disk = None
        self._load(wish.text, "editor")
        return Done("saved")

    def _load(self, text: str, origin: str) -> None:
        old = self.now_views.policy
        path = old.path or "/srv/app/mcp-inspect.policy.yaml"
        digest = f"h{next(self._hashes)}"
        self.push(policy=PolicyView(path, old.version + 1, digest, text, origin=origin, previous_text=old.text))

    def edit_outside(self, text: str) -> None:
        """Somebody saves the file with another editor, and it loads."""
        self._load(text, "outside")

    def _detail(self, call_id: CallId) -> CallDetail:
        row = self.rows[call_id]
        kind = next((k for k in KINDS if (k.server, k.tool, k.word) == (row.server, row.tool, row.word)), KINDS[0])
        arguments = json.dumps(kind.arguments, separators=(",", ":"))
        response, by_us = answer_to(row)
        request = f'{{"jsonrpc":"2.0","id":{call_id},"method":"tools/call","params":{{"name":"{row.tool}","arguments":{arguments}}}}}'
        frames = (
            FrameLine(row.at, "c→", request.encode("utf-8", "replace")),
            FrameLine(row.at + 0.02, "→c" if by_us else "u→", response.encode("utf-8", "replace")),
        )
        return CallDetail(
            call_id, arguments, None, (decision(row),), response, by_us, (), frames if response else frames[:1]
        )


def answer_to(row: CallView) -> tuple[str, bool]:
    match row.word:
        case Word.HOLD | Word.PENDING:
            return "", False
        case Word.DENY | Word.LIMIT:
            said = (
                "DDL is not allowed" if row.word is Word.DENY else "60 of 60 pages a minute are used; try again in 18 s"
            )
            return json.dumps({"isError": True, "content": [{"type": "text", "text": f"[POLICY DENIED] {said}"}]}), True
        case Word.ERROR:
            return json.dumps({"error": {"code": -32603, "message": "upstream timed out after 30 s"}}), False
    return json.dumps(
        {"content": [{"type": "text", "text": "import asyncio\n\nasync def main() -> None:\n    ..."}]}
    ), False


def decision(row: CallView) -> Decision:
    tool = f"/tools/{row.tool}"
    steps = [
        TraceStep("(hidden)", StepResult.PASS, note="no pattern"),
        TraceStep("(default deny)", StepResult.PASS, note="listed"),
    ]
    readings: tuple[Reading, ...] = ()
    message, verdict = "", Verdict.ALLOW
    match row.word:
        case Word.DENY:
            message, verdict = "DDL is not allowed", Verdict.DENY
            steps.append(
                TraceStep(
                    row.rule, StepResult.FIRED, "args.sql", "regex", "(?i)^(drop|alter|truncate)", "DROP TABLE sessions"
                )
            )
        case Word.LIMIT:
            message, verdict = "60 of 60 pages a minute are used; try again in 18 s", Verdict.DENY
            readings = (Reading(LIMITS[0].key, row.rule, Decimal(60), Decimal(1), Decimal(60), NOW + 18),)
            steps.append(TraceStep(row.rule, StepResult.FIRED, note="60 of 60 used"))
        case Word.HOLD:
            message, verdict = "new issues are read by customers", Verdict.PENDING
            steps.append(TraceStep(row.rule, StepResult.FIRED, note="asks a person"))
        case _:
            steps.append(
                TraceStep(
                    f"{tool}/require/args.path-path_within",
                    StepResult.PASS,
                    "args.path",
                    "path_within",
                    ["/srv/app"],
                    "/srv/app/src",
                )
            )
    return Decision(
        row.id,
        row.at,
        row.server,
        row.tool,
        verdict,
        row.rule,
        message,
        tuple(steps),
        (),
        readings,
        (),
        "9f2c41d07be8aa10",
    )


def client_config(client: str, upstream: str) -> str:
    url = f"http://127.0.0.1:7337/{TOKEN}/{upstream}/mcp"
    match client:
        case "claude-code":
            return f"claude mcp add --transport http {upstream} {url}\n"
        case "codex":
            return f'[mcp_servers.{upstream}]\nurl = "{url}"\n'
        case "stdio":
            return json.dumps(
                {"mcpServers": {upstream: {"command": "mcp-inspect", "args": ["shim", upstream]}}}, indent=2
            )
        case "url":
            return url
    return json.dumps({"mcpServers": {upstream: {"type": "http", "url": url}}}, indent=2)
