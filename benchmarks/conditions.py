"""The dearest argument for each operator: 4 MiB of JSON that is hardest to judge. None may take 50 ms.

    python -m benchmarks conditions [--rounds 5] [--bytes 4194304] [--only OPERATOR,…]

Every shape comes in a client's frame, is parsed as such, then judged by the CPU's clock: the best of some rounds, since
other programs share the caches. `edited` is `exists` for edited arguments, and `loaded` the first time after a policy
was read, the best of some readings. Exits with 1 when a worst case is over its floor.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from functools import cache, partial
from itertools import product
from random import Random

from inspector.core.call import Call, Caller, CallId
from inspector.core.decision import Scope
from inspector.core.json import Json, JsonObject, Number
from inspector.policy.assemble import condition
from inspector.policy.compiled import compile_schema, parse_path
from inspector.policy.conditions import judge_condition
from inspector.policy.definitions import misfit
from inspector.policy.fields import ArgsPath
from inspector.policy.limits import amount_of
from inspector.policy.model import Condition, Limit, Operator
from inspector.policy.text_search import TextSearch, frame_of, search_of
from inspector.wire.jsonrpc import Frame, parse_client
from inspector.wire.mcp import ToolCall, tool_call

FLOOR_MS = 50.0
CALLER = Caller("local", "local/agent", "agent")
BIG = 1 << 18  # elements of a list in a policy of one MiB

ELEMENTS: dict[str, str] = {
    "empty lists": "[]",
    "empty objects": "{}",
    "a list in a list": "[[]]",
    "three lists deep": "[[[]]]",
    "nulls in lists": "[null]",
    "lists 20 deep": "[" * 20 + "]" * 20,
    "lists of five objects, three deep": "[" + ",".join(['{"":{"":{"":0}}}'] * 5) + "]",
    "lists of 2,000 objects": "[" + ",".join(['{"a":1}'] * 2000) + "]",
    "lists 59 deep": "[" * 59 + "]" * 59,
    "an object in an object": '{"":{}}',
    "three objects deep": '{"":{"":{"":0}}}',
    "objects 20 deep": '{"":' * 20 + "0" + "}" * 20,
    "long keys": '{"' + "k" * 30 + '":[[]]}',
    "very long keys": '{"' + "k" * 1000 + '":[[]]}',
    "escaped keys": r'{"\u006e\u0000":[[]]}',
    "spaced": '{ "m" :\n\t[ [ ] ] }',
    "texts full of brackets": '"' + r"[{\"n\":" * 1000 + '"',
    "ones": "1",
    "zeros with a sign": "-0",
    "tiny numbers": "1e-999999999",
    "long numbers": "0." + "1" * 62,
    "words": '"a"',
    "scalars and a list": "1," * 200 + "[]",
    "holders and others": "1,[[]]",
    "uneven": "[1,[1,[1,[1,[1]]]]]",
    "named": '{"n":1}',
    "named null": '{"n":null}',
    "single zeros": "[0]",
    "true in lists": "[true]",
    "paths": '"/a/../b"',
    "urls": '"http://a.b"',
}
ELEMENTS_AT_A_BOUND: dict[str, tuple[str, int]] = {  # one more, and a condition would not look at them
    "50,000 tiny numbers": ("1e-999999999", 50_000),
    "50,000 long numbers": ("0." + "1" * 62, 50_000),
    "24,990 long numbers": ("0." + "1" * 62, 24_990),
    "12,490 objects": ('{"":1e308}', 12_490),
    "50,000 large numbers": ("1e308", 50_000),
    "50,000 texts": ('"' + "a" * 80 + '"', 50_000),
    "25,000 arrays of one": ("[true]", 25_000),
    "5 arrays of 9,999": (f"[{','.join(['true'] * 9_999)}]", 5),
    "2 arrays of 24,999 decimals": (f"[{','.join(['0.25'] * 24_999)}]", 2),
    "10,000 numbers far apart": ("1e308,1e-999", 5_000),
    "10,000 texts": ('"' + "ab" * 200 + '"', 10_000),
    "10,000 paths": ('"/' + "a/../" * 80 + '"', 10_000),
    "10,000 urls": ('"http://' + "a." * 200 + '"', 10_000),
    "43,400 letters": ('"' + "aab" * 144 + '"', 100),
}
WHOLE: dict[str, tuple[str, str]] = {  # how a text begins, and what fills it
    "a text": ("", "a"),
    "a text of pairs": ("", "ab"),
    "umlauts": ("", "ä"),
    "escapes": ("", r"\n"),
    "a path that climbs": ("/", "../"),
    "a path that descends": ("/", "a/"),
    "a path of slashes": ("/", "/"),
    "a url of dots": ("http://", "a."),
    "a url of query": ("http://a/?", "a"),
    "a url of digits": ("http://a:", "0"),
}
STARS = (1, 3, 60)
TAILS = ("", *(".*" * stars + end for stars in STARS for end in ("", ".n")))
COUNTS = (".*.26", ".*.40", ".*.100", ".*.800", ".*.5000", ".*.10" * 4, ".*.100" * 8, ".*.0" * 9, ".*" + ".10" * 50)
LONG = ".*" + f".{'n' * 99}" * 40  # names too long to be searched for
WALKS = (*TAILS, *COUNTS, LONG, ".*.*", ".*.*.n", ".*.0.*", ".*.12", ".*.n.*.n", ".*" + ".*.n" * 20)  # for `exists`
ROWS = ("a" * 999 + "b", "ab" * 499 + "aa", "[a-z]{999}5")  # patterns that texts here match but for their end
DEPTHS = (0, 1, 2, 15, 39, 57)  # of what stands beside the way
ENVELOPE = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":{"x":%s}}}'


def listed(element: str, size: int) -> str:
    """A JSON array of so many equal elements that it fills `size` bytes."""
    return f"[{','.join([element] * ((size - 10) // (len(element) + 1)))}]"


def repeated(element: str, count: int) -> str:
    return f"[{','.join([element] * count)}]"


def filled(start: str, unit: str, size: int) -> str:
    return f'"{start}{unit * ((size - 20) // len(unit.encode()))}"'


def beside(tail: str, depth: int, size: int) -> str:
    """A list that a path leads through in vain, with brackets of some depth in front of each of its steps."""
    depth = min(depth, 60 - tail.count("."))
    near = r'["\n",{"\n":' * (depth // 2) + (r'["\n"]' if depth % 2 else r'"\n"') + r'},"\n"]' * (depth // 2)
    element = "null"
    for segment in reversed(tail.split(".")[2:]):
        before = [near] * (int(segment) if segment.isdecimal() else 1)
        within = ",".join([*before, element, near])
        element = f'{{"":{near},"{segment}":{element}}}' if segment.isalpha() else f"[{within}]"
    return listed(element, size)


def made(text: str, op: Operator, value: Json) -> Condition:
    """As a policy has it."""
    path = ArgsPath(text, parse_path(text))
    one = condition(path, op, value)
    if (search := search_of(path.segments)) is not None and op is Operator.EXISTS:
        search.prepare()
    return one


@cache
def conditions(op: Operator) -> tuple[Condition, ...]:
    """What is asked of every shape: over one to sixty stars, with a name or an index behind them."""
    values: dict[Operator, list[Json]] = {
        Operator.EQ: [0, "a", [0], [[]], {"n": 1}, [0] * BIG],
        Operator.IN: [[0, "a"], [[0], [1], [True], {"n": 2}]],
        Operator.LT: [0],
        Operator.REGEX: ["(a+)+$", "(x+x+)+y", "(a|b)*a(a|b){10}c", "a.{20}c", "a.{900}c", *ROWS],
        Operator.CONTAINS: [True, 0, 1, Number("0.5"), [[]], "b" * 1000, "a" * 1000 + "b", [1, [1]]],
        Operator.EXISTS: [True],
        Operator.PATH_WITHIN: [["/srv", "/a"]],
        Operator.HOST_IN: [["a", "*.b"]],
    }
    found: list[Condition] = []
    for value in values.get(op, []):
        found += [made(f"args.x{tail}", op, value) for tail in (WALKS if op is Operator.EXISTS else TAILS)]
    return tuple(found)


def judges(arguments: JsonObject, raw: bytes) -> dict[str, list[tuple[str, Callable[[], object]]]]:
    """By operator: what to measure, with its name."""
    call = Call(CallId(1), 0.0, CALLER, "s", "t", arguments)
    found: dict[str, list[tuple[str, Callable[[], object]]]] = {}
    for op in Operator:
        for one in conditions(op):
            for every in (True, False) if op is not Operator.EXISTS else (True,):
                label = f"{one.path_text[:24]} {str(one.value)[:20]} {'every' if every else 'any'}"
                judge = partial(judge_condition, one, arguments, every=every, frame=raw)
                found.setdefault(op, []).append((label, judge))
    for tail in (".*", ".*.n", ".*.*", ".*.*.*"):
        limit = Limit("c", "c", 60, Decimal(1), Scope.GRANT, parse_path(f"args.x{tail}"))
        found.setdefault("amount", []).append((tail, lambda o=limit: amount_of(o, call)))  # type: ignore[misc]
    for name, schema in SCHEMAS.items():
        found.setdefault("schema", []).append((name, lambda s=schema: misfit(s, arguments)))  # type: ignore[misc]
    return found


SCHEMAS = {
    **{row[-5:]: compile_schema({"properties": {"x": {"pattern": row}}}) for row in ROWS},
    "anything": compile_schema({"type": "object"}),
    "numbers": compile_schema({"properties": {"x": {"items": {"type": "number"}}}}),
    "unique": compile_schema({"properties": {"x": {"uniqueItems": True}}}),
    "pattern": compile_schema({"properties": {"x": {"pattern": "(a|aa)+$"}}}),
    "counted": compile_schema({"properties": {"x": {"pattern": "a.{20}c"}}}),
}


def best_ms(work: Callable[[], object], rounds: int, known: float) -> float:
    """CPU time in milliseconds, the best of some rounds. What is quicker than the worst known is not measured again."""
    best = float("inf")
    for _ in range(rounds):
        start = time.process_time()
        work()
        best = min(best, (time.process_time() - start) * 1000)
        if best <= known:
            break
    return best


def called(text: str) -> tuple[JsonObject, bytes]:
    """The arguments of a client's call with this value in them, and its frame."""
    frame = parse_client((ENVELOPE % text).encode())
    assert isinstance(frame, Frame), frame.reason
    call = tool_call(frame)
    assert isinstance(call, ToolCall)
    return call.arguments, frame.raw


def edited(arguments: JsonObject, asked: Iterable[Condition]) -> Iterator[tuple[str, Callable[[], object]]]:
    """With the text that is written of an edit when it comes in."""
    raw = frame_of(arguments)
    for one in asked:
        yield one.path_text[:24], partial(judge_condition, one, arguments, every=False, frame=raw)


def first_ms(tail: str, arguments: JsonObject, raw: bytes, rounds: int) -> float:
    """The first time after a policy was read: the best of some."""
    best = float("inf")
    path = parse_path(f"args.x{tail}")
    for _ in range(rounds):
        search = TextSearch(path)
        search.prepare()
        one = Condition(path, tail, Operator.EXISTS, True, in_frame=search.finds)
        best = min(best, best_ms(partial(judge_condition, one, arguments, every=False, frame=raw), 1, 0.0))
    return best


class Worst:
    """The dearest of each line."""

    def __init__(self, only: str, rounds: int) -> None:
        self._only = set(only.split(",")) if only else None
        self._rounds = rounds
        self.found: dict[str, tuple[float, str]] = {}

    def wants(self, *lines: str) -> bool:
        return self._only is None or not self._only.isdisjoint(lines)

    def put(self, line: str, taken: float, what: str) -> None:
        self.found[line] = max(self.found.get(line, (0.0, "")), (taken, what))

    def measure(self, line: str, what: str, work: Callable[[], object]) -> None:
        if self.wants(line):
            self.put(line, best_ms(work, self._rounds, self.found.get(line, (0.0, ""))[0]), what)

    def table(self) -> Iterator[str]:
        for line, (taken, what) in self.found.items():
            yield f"{'pass' if taken < FLOOR_MS else 'FAIL'}  {line:12} {taken:6.1f} ms, floor {FLOOR_MS:.0f}  {what}"


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks conditions")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--bytes", type=int, default=1 << 22)
    parser.add_argument("--only", default="")
    asked = parser.parse_args(argv)
    worst, size = Worst(asked.only, asked.rounds), asked.bytes - len(ENVELOPE)
    shapes = {
        **{name: listed(text, size) for name, text in ELEMENTS.items()},
        **{name: repeated(text, count * size // (1 << 22)) for name, (text, count) in ELEMENTS_AT_A_BOUND.items()},
        **{name: filled(*text, size) for name, text in WHOLE.items()},
        "letters that RE2 cannot remember": filled("", "".join(Random(1).choices("ab", k=100_000)), size),
        "as many of them as may be searched": filled("", "".join(Random(2).choices("ab", k=43_400)), 43_600),
    }
    for shape, text in shapes.items():
        arguments, raw = called(text)
        for line, all_of_it in judges(arguments, raw).items():
            for label, work in all_of_it if worst.wants(line) else []:
                worst.measure(line, f"{shape}: {label}", work)
        for label, work in edited(arguments, conditions(Operator.EXISTS)) if worst.wants("edited") else []:
            worst.measure("edited", f"{shape}: {label}", work)
    for tail, depth in product(
        (".*.n", ".*" * 60, *COUNTS), DEPTHS if worst.wants("exists", "edited", "loaded") else ()
    ):
        shape = f"{tail[:24]} with brackets {depth} deep beside it"
        arguments, raw = called(beside(tail, depth, size))
        one = made(f"args.x{tail}", Operator.EXISTS, True)
        worst.measure("exists", shape, partial(judge_condition, one, arguments, every=False, frame=raw))
        for _, work in edited(arguments, [one]):
            worst.measure("edited", shape, work)
        if worst.wants("loaded"):
            worst.put("loaded", first_ms(tail, arguments, raw, min(3, asked.rounds)), shape)
    print("\n".join(worst.table()))
    return int(any(taken >= FLOOR_MS for taken, _ in worst.found.values()))
