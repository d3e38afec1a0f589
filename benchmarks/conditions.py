"""The dearest argument for each operator: 4 MiB of JSON that is hardest to judge. None may take 50 ms.

    python -m benchmarks conditions [--rounds 5] [--bytes 4194304] [--only OPERATOR,…]

Every shape is parsed as a client's frame is, then judged by the CPU's clock: the best of some rounds, since other
programs share the caches. Exits with 1 when an operator's worst case is over its floor.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from decimal import Decimal

from inspector.core.call import Call, Caller, CallId
from inspector.core.decision import Scope
from inspector.core.json import Json, JsonObject
from inspector.policy.compiled import compile_pattern, compile_schema, parse_path
from inspector.policy.conditions import judge_condition
from inspector.policy.definitions import misfit
from inspector.policy.limits import amount_of
from inspector.policy.model import Condition, Limit, Operator
from inspector.wire.jsonrpc import parse_json

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
    "lists 59 deep": "[" * 59 + "]" * 59,
    "an object in an object": '{"":{}}',
    "three objects deep": '{"":{"":{"":0}}}',
    "objects 20 deep": '{"":' * 20 + "0" + "}" * 20,
    "long keys": '{"' + "k" * 30 + '":[[]]}',
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
WHOLE: dict[str, tuple[str, str]] = {  # how a text begins, and what fills it
    "a text": ("", "a"),
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


def listed(element: str, size: int) -> str:
    """A JSON array of so many equal elements that it fills `size` bytes."""
    return f"[{','.join([element] * ((size - 10) // (len(element) + 1)))}]"


def filled(start: str, unit: str, size: int) -> str:
    return f'"{start}{unit * ((size - 20) // len(unit.encode()))}"'


def conditions(op: Operator) -> Iterator[Condition]:
    """What is asked of every shape: over one to sixty stars, with a name or an index behind them."""
    values: dict[Operator, list[Json]] = {
        Operator.EQ: [0, "a", [0], [[]], {"n": 1}, [0] * BIG],
        Operator.IN: [[0, "a"], [[0], [1], [True], {"n": 2}]],
        Operator.LT: [0],
        Operator.REGEX: ["(a+)+$", "(x+x+)+y"],
        Operator.CONTAINS: [True, 0, [[]], "b" * 1000, "a" * 1000 + "b", [1, [1]]],
        Operator.EXISTS: [True, False],
        Operator.PATH_WITHIN: [["/srv", "/a"]],
        Operator.HOST_IN: [["a", "*.b"]],
    }
    for value in values.get(op, []):
        search = compile_pattern(value) if op is Operator.REGEX and isinstance(value, str) else None
        for tail in ("", *(".*" * stars + end for stars in STARS for end in ("", ".n"))):
            path = f"args.x{tail}"
            yield Condition(parse_path(path), path, op, value, search=search)


def judges(arguments: JsonObject) -> dict[str, list[tuple[str, Callable[[], object]]]]:
    """By operator: what to measure, with its name."""
    call = Call(CallId(1), 0.0, CALLER, "s", "t", arguments)
    found: dict[str, list[tuple[str, Callable[[], object]]]] = {}
    for op in Operator:
        for one in conditions(op):
            for every in (True, False):
                label = f"{one.path_text[:24]} {str(one.value)[:20]} {'every' if every else 'any'}"
                found.setdefault(op, []).append((label, lambda o=one, e=every: judge_condition(o, arguments, every=e)))  # type: ignore[misc]
    for tail in (".*", ".*.n", ".*.*", ".*.*.*"):
        limit = Limit("c", "c", 60, Decimal(1), Scope.GRANT, parse_path(f"args.x{tail}"))
        found.setdefault("amount", []).append((tail, lambda o=limit: amount_of(o, call)))  # type: ignore[misc]
    for name, schema in SCHEMAS.items():
        found.setdefault("schema", []).append((name, lambda s=schema: misfit(s, arguments)))  # type: ignore[misc]
    return found


SCHEMAS = {
    "anything": compile_schema({"type": "object"}),
    "numbers": compile_schema({"properties": {"x": {"items": {"type": "number"}}}}),
    "unique": compile_schema({"properties": {"x": {"uniqueItems": True}}}),
    "pattern": compile_schema({"properties": {"x": {"pattern": "(a|aa)+$"}}}),
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


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks conditions")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--bytes", type=int, default=1 << 22)
    parser.add_argument("--only", default="")
    asked = parser.parse_args(argv)
    worst: dict[str, tuple[float, str]] = {}
    shapes = {
        **{name: listed(text, asked.bytes) for name, text in ELEMENTS.items()},
        **{name: filled(*text, asked.bytes) for name, text in WHOLE.items()},
    }
    for shape, text in shapes.items():
        arguments = parse_json(f'{{"x":{text}}}'.encode())
        assert isinstance(arguments, dict)
        for op, all_of_it in judges(arguments).items():
            for label, work in all_of_it if not asked.only or op in asked.only.split(",") else []:
                known = worst.get(op, (0.0, ""))
                worst[op] = max(known, (best_ms(work, asked.rounds, known[0]), f"{shape}: {label}"))
    for op, (taken, what) in worst.items():
        print(f"{'pass' if taken < FLOOR_MS else 'FAIL'}  {op:12} {taken:6.1f} ms, floor {FLOOR_MS:.0f}  {what}")
    return int(any(taken >= FLOOR_MS for taken, _ in worst.values()))
