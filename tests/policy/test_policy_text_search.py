"""`exists` over megabytes: what is read off a frame is what a plain walk finds, however its client wrote it."""

from __future__ import annotations

import json
from dataclasses import replace
from random import Random

import pytest
from effort import calls_of
from fuzzing import fuzz
from gatework import World, call, decided, policy
from hypothesis import assume
from hypothesis import strategies as st

from inspector.core.call import Outcome
from inspector.core.decision import Verdict
from inspector.core.holds import Resolution
from inspector.core.json import Json, JsonObject, Number
from inspector.policy import text_search
from inspector.policy.conditions import judge_condition
from inspector.policy.load import MAX_PREPARED
from inspector.policy.model import STAR, Condition, Operator, Path, Star, is_index
from inspector.policy.operators import Result
from inspector.policy.paths import MAX_WALKED, MAX_WALKED_AFTER, resolve
from inspector.policy.text_search import TextSearch, frame_of, search_of
from inspector.wire.jsonrpc import MAX_DEPTH, Frame, dump, parse_client, parse_json


def walked(path: Path, value: Json) -> bool:
    """Whether something that is not null lies at a path: the rule as docs/policy.md says it, and nothing clever."""
    if not path:
        return value is not None
    segment, rest = path[0], path[1:]
    if isinstance(segment, Star):
        items = value if isinstance(value, list) else value.values() if isinstance(value, dict) else ()
        return any(walked(rest, item) for item in items)
    if isinstance(value, dict):
        return segment in value and walked(rest, value[segment])
    return (
        isinstance(value, list)
        and segment.isdecimal()
        and segment in map(str, range(len(value)))
        and walked(rest, value[int(segment)])
    )


SHORT = dict(zip('"\\/\b\f\n\r\t', '"\\/bfnrt', strict=True))


class Writer:
    """Writes JSON as no library would: white space, escapes and the order of members as chance wants."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._escapes = self._random.choice((0, 0.1, 0.5, 1))
        self._spaces = self._random.choice(("", " ", "\n  ", "\t", " \t\r\n"))

    def frame(self, arguments: Json) -> bytes:
        decoy: JsonObject = {"arguments": {"x": [[1]], "y": {"0": 1}}, "params": {"arguments": {"": 1}}}
        params: JsonObject = {"name": "arguments", "arguments": arguments, "_meta": decoy}
        body: JsonObject = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
        return (self._space() + self.text(body) + self._space()).encode()

    def text(self, value: Json) -> str:
        match value:
            case dict():
                members = list(value.items())
                self._random.shuffle(members)
                return self._between(
                    "{", [f"{self.string(k)}{self._space()}:{self._space()}{self.text(v)}" for k, v in members], "}"
                )
            case list():
                return self._between("[", [self.text(item) for item in value], "]")
            case str():
                return self.string(value)
            case Number():
                return value.text
            case _:
                return json.dumps(value)

    def string(self, text: str) -> str:
        return f'"{"".join(map(self._character, text))}"'

    def _between(self, start: str, items: list[str], end: str) -> str:
        inside = ",".join(f"{self._space()}{item}{self._space()}" for item in items)
        return f"{start}{inside or self._space()}{end}"

    def _space(self) -> str:
        return self._spaces * self._random.randrange(2)

    def _character(self, character: str) -> str:
        if self._random.random() >= self._escapes and character >= " " and character not in '"\\':
            return character
        if character in SHORT and self._random.random() < 0.5:
            return f"\\{SHORT[character]}"
        digits = character.encode("utf-16-be").hex()
        either = "".join(self._random.choice((digit, digit.upper())) for digit in digits)
        return "".join(f"\\u{either[at : at + 4]}" for at in range(0, len(either), 4))


INDEXES = ["0", "1", "12", "01"]
NAMES = [
    "x",
    "y",
    "",
    'q"',
    "b\\",
    "b\\n",
    "b\n",
    "a/b",
    "\x00\x1f",
    "[",
    "{}",
    "x:",
    ",y",
    "null",
    "\\u0078",
    "é",
    "ÿ",
    "Ω",
    "😀",
]
odd_names = st.one_of(st.sampled_from(INDEXES + NAMES), st.text(alphabet=st.characters(codec="utf-8"), max_size=3))
numbers = st.one_of(st.integers(-(10**18) + 1, 10**18 - 1), st.sampled_from([Number("-0"), Number("9" * 30)]))
bracketed = st.sampled_from(
    ["]", '"', '\\"', "\\", "{,}", "null", '{"x":1}', '","x":[1', '"x":', "[[[[", ":", "\\u0078"]
)
odd_values = st.recursive(
    st.one_of(st.none(), st.none(), st.booleans(), numbers, odd_names, bracketed),
    lambda children: st.one_of(
        st.lists(children, max_size=3),
        st.lists(children, min_size=13, max_size=14),
        st.dictionaries(odd_names, children, max_size=3),
    ),
    max_leaves=25,
)
odd_arguments = st.dictionaries(odd_names, odd_values, max_size=4)
seeds = st.integers(0, 1 << 32)


@st.composite
def paths_in(draw: st.DrawFn, value: Json) -> Path:
    """Mostly one that leads somewhere, here and there by a star or a name that is not there."""
    path: list[str | Star] = []
    for _ in range(draw(st.integers(1, 6))):
        ways = dict(value) if isinstance(value, dict) else dict(enumerate(value)) if isinstance(value, list) else {}
        name, value = draw(st.sampled_from(list(ways.items()))) if ways else (draw(odd_names), None)
        path.append(draw(st.sampled_from([str(name), str(name), STAR, "x"])))
    return tuple(path)


both = odd_arguments.flatmap(lambda args: st.tuples(st.just(args), paths_in(args)))


def is_in_frame(path: Path, frame: bytes) -> bool | None:
    search = search_of(path)
    assert search is not None
    return search.finds(frame)


def exists(path: Path, *, wanted: bool = True) -> Condition:
    """As a policy's own."""
    search = search_of(path)
    in_frame = None if search is None else search.finds
    return Condition(path, "args.…", Operator.EXISTS, wanted, in_frame=in_frame)


@fuzz(both, seeds)
def test_a_frame_says_of_a_path_what_a_walk_finds(case: tuple[JsonObject, Path], style: int) -> None:
    args, path = case
    assume(STAR in path)
    raw = Writer(style).frame(args)
    read = parse_client(raw)
    assert isinstance(read, Frame)
    assert read.params["arguments"] == args
    assert is_in_frame(path, raw) is walked(path, args)
    assert is_in_frame(path, frame_of(args)) is walked(path, args)


def nesting(value: Json) -> int:
    items = value if isinstance(value, list) else value.values() if isinstance(value, dict) else ()
    return 1 + max(map(nesting, items), default=0) if isinstance(value, list | dict) else 0


def doubtful(path: Path, value: Json, most: int, deepest: int) -> bool:
    """Does the path lead through a list that cannot be counted: the bound as docs/policy.md says it."""
    if not path or not isinstance(value, list | dict):
        return False
    segment, rest = path[0], path[1:]
    if isinstance(segment, Star):
        items = value if isinstance(value, list) else value.values()
        return any(doubtful(rest, item, most, deepest) for item in items)
    if isinstance(value, dict):
        return segment in value and doubtful(rest, value[segment], most, deepest)
    if not is_index(segment):
        return False
    index = int(segment)
    before = value[: min(index, most)]
    if any(nesting(item) > deepest for item in before) or (index > most and len(value) > most):
        return True
    return index < len(value) and doubtful(rest, value[index], most, deepest)


def found_by_counting(path: Path, value: Json, most: int, deepest: int) -> bool:
    """Does it lead to a value through lists that can be counted alone?"""
    if not path or not isinstance(value, list | dict):
        return not path and value is not None
    segment, rest = path[0], path[1:]
    if isinstance(segment, Star):
        items = value if isinstance(value, list) else value.values()
        return any(found_by_counting(rest, item, most, deepest) for item in items)
    if isinstance(value, dict):
        return segment in value and found_by_counting(rest, value[segment], most, deepest)
    if not is_index(segment) or not int(segment) < len(value) or int(segment) > most:
        return False
    before = value[: int(segment)]
    return all(nesting(item) <= deepest for item in before) and found_by_counting(
        rest, value[int(segment)], most, deepest
    )


@fuzz(both, seeds, st.sampled_from([1, 3, 12, 30, 60]))
def test_what_cannot_be_counted_is_said_to_be_unknown(case: tuple[JsonObject, Path], style: int, cells: int) -> None:
    args, path = case
    assume(STAR in path)
    indexes = [int(segment) for segment in path if isinstance(segment, str) and is_index(segment)]
    most = max(1, cells // max(1, len(indexes)))
    counted = sum(min(index, most) for index in indexes)
    deepest = max(0, cells // max(1, counted) - 1)
    found, unknown = found_by_counting(path, args, most, deepest), doubtful(path, args, most, deepest)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_search, "MAX_CELLS", cells)
        said = TextSearch(path).finds(Writer(style).frame(args))
    assert said is (True if found else None if unknown else False)
    assert walked(path, args) is found or unknown


@fuzz(both, st.booleans())
def test_exists_is_what_a_plain_walk_finds(case: tuple[JsonObject, Path], wanted: bool) -> None:
    args, path = case
    one = exists(path, wanted=wanted)
    expected = Result.TRUE if walked(path, args) is wanted else Result.FALSE
    assert judge_condition(one, args, every=False).result is expected
    assert any(value is not None for value in resolve(path, args)) is walked(path, args)


def framed(args: JsonObject) -> bytes:
    return dump({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "t", "arguments": args}})


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ('{"x": [{"n": 1}]}', True),
        ('{"x": [{"n": null}, {"m": 1}]}', False),
        (r'{"\u0078":[{"\u006E":1}]}', True),
        (r'{"x":[{"\\u006e":1}]}', False),
        (r'{"x":[{"n\u0000":1}]}', False),
        ('{"x":\t\r\n [ {\n"a" : "}]" ,\n"n"\n:\n"" } ] }', True),
        ('{"x":[{"a":"n"},"n"]}', False),
        (r'{"x":[{"a":"\",\"n\":1"}]}', False),
        ('{"x":[[{"n":1}]]}', False),
        ('{"x":{"n":{"n":0},"m":1}}', True),
        ('{"y":[{"n":1}],"x":[{}]}', False),
        ("null", False),
    ],
)
def test_names_are_read_however_they_are_written(written: str, found: bool) -> None:
    raw = f'{{"method":"tools/call","params":{{"arguments":{written}}},"id":1,"jsonrpc":"2.0"}}'.encode()
    assert isinstance(parse_client(raw), Frame)
    assert is_in_frame(("x", STAR, "n"), raw) is found


@pytest.mark.parametrize(
    "name", ["b\\n", "b\n", 'q"', "q", "a/b", "\\", "\\\\", "\\u0071", "é", "Ã©", "😀", "12", "012", ""]
)
def test_a_name_is_not_taken_for_another(name: str) -> None:
    others = {
        "b\\n",
        "b\n",
        'q"',
        "q",
        "Q",
        "a/b",
        "a\\/b",
        "\\",
        "\\\\",
        "\\u0071",
        "é",
        "Ã©",
        "😀",
        "12",
        "012",
        "",
    } - {name}
    for seed in range(20):
        writer = Writer(seed)
        assert is_in_frame(("x", STAR, name), writer.frame({"x": [dict.fromkeys(others, 1)]})) is False
        assert is_in_frame(("x", STAR, name), writer.frame({"x": [dict.fromkeys({*others, name}, 1)]})) is True


LEVELS = MAX_DEPTH - 3  # of lists, in the arguments of a frame that is as deep as it may be


def nested(levels: int, inmost: str = "") -> bytes:
    lists = "[" * levels + inmost + "]" * levels
    return f'{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"arguments":{{"x":{lists}}}}}}}'.encode()


@pytest.mark.parametrize("levels", [1, 2, 30, LEVELS - 1, LEVELS])
def test_a_frame_is_read_down_to_its_last_level(levels: int) -> None:
    path = ("x", *(STAR,) * levels)
    assert isinstance(parse_client(nested(levels)), Frame)
    assert is_in_frame(path, nested(levels, "0")) is True
    assert is_in_frame(path, nested(levels)) is False
    assert is_in_frame(path, nested(levels, "null")) is False
    assert is_in_frame((*path, STAR), nested(levels, "0")) is False


@pytest.mark.parametrize(
    "written",
    [
        '{"0":1}',
        '{"1":1,"0":1}',
        '{"1":[{"0":9}],"0":1}',
        r'{"\u0031":1,"\u0030":1}',
        r'{"\u0030\u0030":1,"x\"\u0030":1,"0":1}',
        '{"01":1,"":1,"10":1,"0" :1}',
    ],
)
@pytest.mark.parametrize("name", ["0", "1", "10"])
def test_an_index_is_a_name_in_an_object(written: str, name: str) -> None:
    raw = f'{{"params":{{"arguments":{{"x":[{written}]}}}}}}'.encode()
    value = parse_json(written.encode())
    assert isinstance(value, dict)
    assert is_in_frame(("x", STAR, name), raw) is (name in value)


@pytest.mark.parametrize("index", [1, 25])
def test_indexes_up_to_25_are_counted_however_deep_what_stands_before_them(index: int) -> None:
    path: Path = ("x", STAR, str(index))
    deep = nested_list(LEVELS - 2)
    for last in (0, None):
        args: JsonObject = {"x": [[], [deep] * index, [*[deep] * index, last]]}
        assert isinstance(parse_client(framed(args)), Frame)
        assert is_in_frame(path, framed(args)) is (last is not None)


def nested_list(levels: int) -> Json:
    value: Json = 0
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(("last", "found"), [(0, True), (None, False)])
def test_eight_indexes_of_a_hundred_are_counted_over_flat_elements(last: Json, found: bool) -> None:
    value = last
    for _ in range(8):
        value = [[1, {}, [*[{"a": 1, "b": "]"}] * 50, *[[1, 2]] * 50, value]]]
    assert is_in_frame(("x", *(STAR, STAR, "100") * 8), framed({"x": value})) is found


@pytest.mark.parametrize(("path", "certain"), [
    (("x", STAR, "n"), True),
    (("x", STAR, "25"), True),
    (("x", *(STAR, "0") * 20), True),
    (("x", STAR, "100"), False),
    (("x", STAR, "5000"), False),
    (("x", STAR, *("n" * 100,) * 40), False),
])  # fmt: skip
def test_a_search_knows_whether_it_can_always_tell(path: Path, certain: bool) -> None:
    search = search_of(path)
    assert search is not None
    assert search.is_certain is certain


@pytest.mark.parametrize("segments", [65, 100_000])
def test_a_path_that_is_deeper_than_any_frame_leads_nowhere(segments: int) -> None:
    path: Path = (STAR,) * segments
    search = search_of(path)
    assert search is not None
    assert search.is_certain
    assert search.finds(nested(LEVELS, "0")) is False


def test_a_path_without_a_star_needs_no_search() -> None:
    assert search_of(("x", "0", "n")) is None


def test_one_search_is_kept_for_as_long_as_somebody_has_it() -> None:
    first = search_of(("x", STAR, "kept"))
    assert first is not None
    assert search_of(("x", STAR, "kept")) is first


def test_what_a_frame_cannot_tell_is_walked_while_it_is_little() -> None:
    assert is_in_frame(("x", STAR, "n"), nested(LEVELS + 3)) is None
    long_names: Path = ("x", STAR, *("n" * 100,) * 40)
    assert is_in_frame(long_names, nested(2)) is None
    many: list[Json] = [[]] * (MAX_WALKED_AFTER - 10)
    for index in (0, 1, 5000):
        args: JsonObject = {"x": [*many, [[0]] * index + [1]]}
        for tail, result in ((str(index), Result.TRUE), (str(index + 1), Result.FALSE)):
            one = exists(("x", STAR, tail))
            assert judge_condition(one, args, every=False, frame=framed(args)).result is result
    assert judge_condition(exists(long_names), {"x": many}, every=False).result is Result.FALSE


def test_beyond_that_it_is_a_mismatch_with_and_without_a_frame() -> None:
    many: list[Json] = [[]] * MAX_WALKED_AFTER
    wide: JsonObject = {"x": [*many, [0] * 5000]}
    deep: JsonObject = {"x": [*many, [nested_list(50)]]}
    for args, index in ((wide, "5000"), (deep, "100")):
        for frame in (b"", framed(args)):
            for wanted in (True, False):
                found = judge_condition(exists(("x", STAR, index), wanted=wanted), args, every=False, frame=frame)
                assert found.result is Result.MISMATCH
                assert found.note == "mismatch: more than 20000 values on the way"


def test_what_is_found_in_front_of_a_doubt_or_behind_it_is_true() -> None:
    many: list[Json] = [[]] * MAX_WALKED_AFTER
    doubt: Json = [nested_list(50)]
    hit: Json = [0] * 101
    for items in ([hit, doubt], [doubt, hit]):
        args: JsonObject = {"x": [*many, *items]}
        assert judge_condition(exists(("x", STAR, "100")), args, every=False).result is Result.TRUE


def test_an_automaton_without_memory_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_search._OPTIONS, "max_mem", 1 << 20)
    assert TextSearch(("x", *(STAR,) * 40)).finds(nested(40, "0")) is None


@fuzz(odd_arguments)
def test_a_text_that_is_written_to_be_searched_says_where_values_are(args: JsonObject) -> None:
    said = json.loads(frame_of(args))["params"]["arguments"]
    assert shape(said) == shape(args)


def shape(value: Json) -> object:
    match value:
        case dict():
            return {name: shape(item) for name, item in value.items()}
        case list():
            return [shape(item) for item in value]
        case _:
            return value is None


def test_half_a_surrogate_pair_can_be_searched_too() -> None:
    args: JsonObject = {"x": ["\ud800", {"\ud800": Number("1.0")}]}
    assert is_in_frame(("x", STAR, STAR), frame_of(args)) is True
    assert is_in_frame(("x", STAR, "n"), frame_of(args)) is False


MANY = 120_000
ADVERSE: dict[str, str] = {
    "empty lists": "[]",
    "empty objects": "{}",
    "lists in lists": "[[]]",
    "nulls": "[null]",
    "lists 20 deep": "[" * 20 + "]" * 20,
    "lists 59 deep": "[" * 59 + "]" * 59,
    "deep objects": '{"":' * 40 + "{}" + "}" * 40,
    "five objects, three deep": "[" + ",".join(['{"":{"":{"":0}}}'] * 5) + "]",
    "holders and others": "1,[[]]",
    "scalars": "1",
    "long keys": '{"' + "k" * 40 + '":[[]]}',
    "escaped keys": r'{"\u006d":[[]]}',
    "uneven": "[1,[1,[1,[1,[]]]]]",
}


@pytest.mark.parametrize("shape", ADVERSE)
@pytest.mark.parametrize("tail", [(STAR,) * 2, (STAR,) * 3, (STAR,) * 50, (STAR, STAR, "n"), (STAR, "0") * 9])
def test_exists_looks_at_few_values_one_by_one(shape: str, tail: Path) -> None:
    element = ADVERSE[shape]
    lists = f"[{','.join([element] * (MANY // (element.count('[') + element.count('{') + 1)))}]"
    raw = f'{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"arguments":{{"x":{lists}}}}}}}'.encode()
    args: JsonObject = {"x": parse_json(lists.encode())}
    there = walked(("x", *tail), args)
    for wanted in (True, False):
        one = exists(("x", *tail), wanted=wanted)
        expected = Result.TRUE if there is wanted else Result.FALSE
        assert judge_condition(one, args, every=False, frame=raw).result is expected
        assert calls_of(lambda: judge_condition(one, args, every=False, frame=raw)) < 9 * MAX_WALKED  # noqa: B023


def test_without_indexes_exists_is_never_a_mismatch_however_much_lies_on_the_way() -> None:
    one = exists(("x", STAR, STAR))
    for last, result in (({}, Result.FALSE), ({"k": 0}, Result.TRUE)):
        args: JsonObject = {"x": [*([[None]] * 200_000), 1, last]}
        assert judge_condition(one, args, every=False).result is result
        assert judge_condition(one, args, every=False, frame=framed(args)).result is result


FEW: JsonObject = {"x": [[]] * (2 * MAX_WALKED)}
MARKED: JsonObject = {"x": [*([[]] * (2 * MAX_WALKED)), {"n": 1}]}
ASKED = {"t": {"action": "approve", "deny_if": [{"path": "args.x.*.n", "op": "exists", "value": True}]}}


@pytest.mark.parametrize(("sent", "edited", "verdict"), [(FEW, MARKED, Verdict.DENY), (FEW, FEW, Verdict.ALLOW)])
def test_an_edited_call_is_judged_by_its_new_arguments(sent: JsonObject, edited: JsonObject, verdict: Verdict) -> None:
    world = World(policy(ASKED))
    assert decided(world.arrive(replace(call(1, arguments=sent), frame=framed(sent)), 1)).verdict is Verdict.PENDING
    assert decided(world.resolve(1, Resolution(approve=True, arguments=edited), 2)).verdict is verdict


def test_so_is_the_retry_of_an_edited_call() -> None:
    world = World(policy(ASKED))
    world.arrive(replace(call(1, arguments=FEW), frame=framed(FEW)), 1)
    world.resolve(1, Resolution(approve=True, arguments={"x": [*([[1]] * (2 * MAX_WALKED))]}), 2)
    world.finish(1, Outcome.INPUT_REQUIRED, 3, "S")
    retry = replace(call(2, arguments=FEW, state="S"), frame=framed(MARKED))
    assert decided(world.arrive(retry, 4)).verdict is not Verdict.DENY


def test_the_frame_of_a_call_is_what_its_conditions_read() -> None:
    world = World(policy(ASKED))
    arrived = replace(call(1, arguments=MARKED), frame=framed(MARKED))
    assert decided(world.arrive(arrived, 1)).verdict is Verdict.DENY
    assert calls_of(lambda: world.arrive(replace(call(2, arguments=FEW), frame=framed(FEW)), 2)) < 5 * MAX_WALKED


def test_an_edited_call_has_a_text_of_its_own_for_every_later_judgement() -> None:
    world = World(policy(ASKED))
    world.arrive(replace(call(1, arguments=FEW), frame=framed(FEW)), 1)
    world.resolve(1, Resolution(approve=True, arguments=FEW), 2)
    world.finish(1, Outcome.INPUT_REQUIRED, 3, "S")
    retry = replace(call(2, arguments=FEW, state="S"), frame=framed(FEW))
    assert calls_of(lambda: world.arrive(retry, 4)) < 10 * MAX_WALKED


def test_the_searches_of_a_policy_are_ready_when_it_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    prepared: list[Path] = []
    monkeypatch.setattr(TextSearch, "prepare", lambda search: prepared.append(search.path))
    rules: Json = [
        {"path": "args.x.*.n", "op": "exists", "value": True},
        {"path": "args.y.*", "op": "eq", "value": 1},
        {"path": "args.y.0", "op": "exists", "value": True},
        {"conditions": [{"path": f"args.z.*.{name}", "op": "exists", "value": False} for name in range(300)]},
    ]
    policy({"t": {"require": rules}, "u": {"approve_if": rules}})
    assert prepared[:2] == [("x", STAR, "n"), ("z", STAR, "0")]
    assert len(prepared) == len(set(prepared)) == MAX_PREPARED
