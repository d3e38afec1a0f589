"""A rule made of a call: the policy's text with the fewest changes after which that call meets what was asked for.

What stands in the way is judged by the engine itself, one decision after the other: the call is judged, the rule that
answered is widened or taken away, and so on until the answer is the one that was wanted. Only the tool's own entry is
touched; what also holds for other tools is left to a person.
"""

from __future__ import annotations

from inspector.core.call import Call
from inspector.core.commands import RuleKind, RuleWish
from inspector.core.decision import Decision, Verdict
from inspector.core.errors import PolicyError
from inspector.core.json import Json, JsonObject
from inspector.policy.approvals import DEFAULT_APPROVE, Remembered
from inspector.policy.definitions import Definitions
from inspector.policy.engine import Circumstances, decide
from inspector.policy.ledger_memory import MemoryLedger
from inspector.policy.load import load_text
from inspector.policy.match import CONFUSABLE_NAME, DEFAULT_DENY, HIDDEN
from inspector.policy.model import Entry, Policy
from inspector.policy.read_json import read_json
from inspector.policy.source import Location
from inspector.policy.splice import Splice
from inspector.policy.values import equal

MAX_OBSTACLES = 40
_LISTS = ("require", "deny_if", "approve_if")
_ADDS = {("require", "in"), ("deny_if", "not_in"), ("approve_if", "not_in")}
_DROPS = {("require", "not_in"), ("deny_if", "in"), ("approve_if", "in")}


def add_rule(text: str, call: Call, wish: RuleWish, *, path: str = "", listed: Definitions | None = None) -> str:
    """The text of a policy that decides `call` as wished; the same text when it does so already.

    `path` is the file's name, `listed` what the call's server listed. LIMIT and PIN leave it to the other rules whether
    a person is asked.

    Raises:
        PolicyError: the text does not load, or what stands in the way is not this tool's own.
    """
    editor = _Editor(text, call, path, listed)
    if wish.kind is RuleKind.DENY:
        editor.act("deny")
    else:
        editor.clear_the_way(asking_too=wish.kind is RuleKind.ALLOW)
    match wish.kind:
        case RuleKind.ASK:
            editor.act("approve")
        case RuleKind.LIMIT:
            editor.limit(wish.max, wish.window)
        case RuleKind.PIN:
            editor.pin()
    editor.check(wish.kind)
    return editor.text


def entry_location(policy: Policy, server: str, tool: str) -> tuple[Location, Entry | None]:
    """Where a tool's own entry stands or would stand (in its server's section if it has one there), and the entry."""
    section = policy.servers.get(server)
    if section is not None and tool in section.exact:
        return ("servers", server, "tools", tool), section.exact[tool]
    return ("tools", tool), policy.top.exact.get(tool)


def is_json(text: str, path: str) -> bool:
    if path.lower().endswith(".json"):
        return True
    return text.lstrip("\ufeff \t\r\n")[:1] == "{" and read_json(text.removeprefix("\ufeff")).root is not None


def argument_path(name: str) -> str:
    """`args.` and the name, escaped. Raises PolicyError for the empty name, which no path leads to."""
    if not name:
        raise PolicyError("an argument without a name cannot be named in a rule")
    return "args." + name.replace("\\", "\\\\").replace(".", "\\.").replace("*", "\\*")


class _Editor:
    """The text on its way. Each step begins from a text that loads."""

    def __init__(self, text: str, call: Call, path: str, listed: Definitions | None) -> None:
        self.text, self._call, self._path = text, call, path
        self._about = Circumstances() if listed is None else Circumstances(listed=listed)
        self._policy = self._load()
        if self._policy.intercept is not None:
            raise PolicyError("this is an Intercept policy: make it a native one first (mcp-inspect policy convert)")
        if "*" in call.tool:
            raise PolicyError("a key with * in it is a glob, so this tool cannot have rules of its own")
        self._json = is_json(text, path)

    # What is asked for

    def act(self, action: str) -> None:
        splice = self._splice()
        where, entry = self._own()
        if entry is None or entry.action != action:
            splice.assign((*where, "action"), action)
            self._take(splice)

    def limit(self, maximum: int, window: str) -> None:
        splice = self._splice()
        own, entry = self._own()
        where = (*own, "limits")
        counter = f"calls_per_{window}"
        known = [limit.counter for limit in entry.limits] if entry is not None else []
        if counter not in known:
            splice.extend(where, [{"counter": counter, "window": window, "max": maximum}])
        elif entry is not None and entry.limits[known.index(counter)].max != maximum:
            splice.assign((*where, known.index(counter), "max"), maximum)
        self._take(splice)

    def pin(self) -> None:
        if not self._call.arguments:
            raise PolicyError("this call has no arguments to pin")
        splice = self._splice()
        where = (*self._own()[0], "require")
        known = self._accepted()
        new: list[Json] = []
        for name, value in self._call.arguments.items():
            path = argument_path(name)
            if path not in known:
                new.append({"path": path, "op": "in", "value": [value]})
            elif not any(equal(value, one) for one in known[path][1]):
                splice.extend((*where, known[path][0], "value"), [value])
        if new:
            splice.extend(where, new)
        self._take(splice)

    def _accepted(self) -> dict[str, tuple[int, list[Json]]]:
        """By argument path the place in `require` of a plain list of accepted values, and the list."""
        _, entry = self._own()
        found: dict[str, tuple[int, list[Json]]] = {}
        for index, predicate in enumerate(entry.require if entry is not None else ()):
            condition = predicate.conditions[0] if predicate.bare else None
            if condition is not None and condition.op == "in" and isinstance(condition.value, list):
                found.setdefault(condition.path_text, (index, condition.value))
        return found

    # What stands in the way

    def clear_the_way(self, *, asking_too: bool) -> None:
        """Until nothing denies the call; nor asks about it, with `asking_too`."""
        before = ""
        for _ in range(MAX_OBSTACLES):
            decision = self._decide()
            if decision.verdict is Verdict.ALLOW or (decision.verdict is Verdict.PENDING and not asking_too):
                return
            self._remove(decision.rule, again=decision.rule == before)
            before = decision.rule
        raise PolicyError("too many rules stand in the way of this call: change them by hand")

    def _remove(self, rule: str, again: bool) -> None:
        call, splice = self._call, self._splice()
        if rule in (DEFAULT_DENY, DEFAULT_APPROVE, CONFUSABLE_NAME):
            splice.merge(self._own()[0][:-1], {call.tool: {}})
        elif rule == HIDDEN:
            self._unhide(splice)
        else:
            self._loosen(splice, rule, again)
        self._take(splice)

    def _unhide(self, splice: Splice) -> None:
        sections: list[Location] = [("servers", self._call.server, "hide"), ("hide",)]
        for where in sections:
            index = splice.index(where, self._call.tool)
            if index is not None:
                splice.remove((*where, index))
                return
        raise PolicyError(f"{self._call.tool} is hidden by a glob that may hide others as well: change hide by hand")

    def _loosen(self, splice: Splice, rule: str, again: bool) -> None:
        where, entry = self._own()
        if entry is None or not rule.startswith(f"{entry.pointer}/"):
            raise PolicyError(f"{rule} stands in the way, and it may hold for other tools as well: change it by hand")
        part, _, name = rule[len(entry.pointer) + 1 :].partition("/")
        if part == "action":
            splice.assign((*where, "action"), "allow")
        elif part in _LISTS:
            self._widen(splice, (*where, part), entry, name, again)
        else:
            raise PolicyError(f"{rule} stands in the way of this call: change it by hand")

    def _widen(self, splice: Splice, where: Location, entry: Entry, name: str, again: bool) -> None:
        """Let this call's value through where the predicate is a list of values; else take the predicate away."""
        part = str(where[-1])
        predicates = [t.predicate for t in entry.approve_if] if part == "approve_if" else getattr(entry, part)
        index = next(i for i, predicate in enumerate(predicates) if predicate.name == name)
        predicate = predicates[index]
        condition = predicate.conditions[0] if predicate.bare else None
        value = None if condition is None else _observed(self._call.arguments, condition.path)
        listed = condition.value if condition is not None and isinstance(condition.value, list) else []
        if again or condition is None or value is None:
            splice.remove((*where, index))
        elif (part, condition.op) in _ADDS:
            splice.extend((*where, index, "value"), [value])
        elif (part, condition.op) in _DROPS and len(listed) > 1:
            splice.remove((*where, index, "value", next(i for i, one in enumerate(listed) if equal(one, value))))
        else:
            splice.remove((*where, index))

    # Judging

    def check(self, kind: RuleKind) -> None:
        """Is the call decided as asked? Raises PolicyError."""
        decision = self._decide()
        wanted = {RuleKind.DENY: (Verdict.DENY,), RuleKind.ASK: (Verdict.PENDING,), RuleKind.ALLOW: (Verdict.ALLOW,)}
        if decision.verdict not in wanted.get(kind, (Verdict.ALLOW, Verdict.PENDING)):
            raise PolicyError(f"{decision.rule} would still answer this call: change it by hand")

    def _decide(self) -> Decision:
        call = self._call
        return decide(call, self._policy, MemoryLedger(), Remembered(), call.at, circumstances=self._about)

    def _own(self) -> tuple[Location, Entry | None]:
        return entry_location(self._policy, self._call.server, self._call.tool)

    def _splice(self) -> Splice:
        return Splice(self.text, as_json=self._json)

    def _take(self, splice: Splice) -> None:
        self.text = splice.text()
        self._policy = self._load()

    def _load(self) -> Policy:
        return load_text(self.text, path=self._path)


def _observed(arguments: JsonObject, path: tuple[object, ...]) -> Json:
    """The one value that a plain path leads to; None where there is none, or several."""
    value: Json = arguments
    for part in path:
        if not isinstance(value, dict) or not isinstance(part, str):
            return None
        value = value.get(part)
    return value
