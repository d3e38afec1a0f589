"""YAML 1.2 text → positioned tree, from the event stream: what the file rules refuse (anchors, aliases, tags, merge
keys, a second document, depth) is seen before anything is built from it."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import InvalidOperation
from itertools import chain
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.docinfo import DocInfo
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

from inspector.core.json import Json, Number, parse_int
from inspector.policy.source import START, Mark, Source, TreeBuilder, UnreadableError
from inspector.policy.yaml_faults import beginning, in_words

# The core schema of YAML 1.2: `no`, `on`, `0777` and dates are not what they were in 1.1.
_INTEGER = re.compile(r"[-+]?[0-9]+")
_RADIX = re.compile(r"0o([0-7]+)|0x([0-9a-fA-F]+)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_INFINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
# YAML 1.1 ended a line at these, ruamel still does, and 1.2 does not: what follows one in a comment is comment.
_FORMER_BREAKS = "\x85\u2028\u2029"
_PRIVATE = (range(0xE000, 0xF900), range(0xF0000, 0xFFFFE), range(0x100000, 0x10FFFE))
_ESCAPED = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))")
_SURROGATE = re.compile("[\ud800-\udfff]")
_CONSTANTS: dict[str, Json] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


class NonFiniteError(ValueError):
    """`.inf` and `.nan` have no place in a decision."""


def read_yaml(text: str) -> Source:
    """Read one YAML document. Never raises: what is wrong is in the result's problems."""
    if any(former in text for former in _FORMER_BREAKS):
        return _read_with_stand_ins(text)
    return _source(text, {})


def _read_with_stand_ins(text: str) -> Source:
    """Read a text that holds former line breaks: private characters, which it does not hold, stand in for them."""
    spelled = (int(bmp or full, 16) for bmp, full in _ESCAPED.findall(text))
    taken = {*map(ord, text), *spelled}
    free = (code for code in chain(*_PRIVATE) if code not in taken)
    stand_ins = dict(zip(map(ord, _FORMER_BREAKS), free, strict=False))
    back = {stand_in: chr(former) for former, stand_in in stand_ins.items()}
    source = _source(text.translate(stand_ins), back)
    problems = tuple(replace(problem, message=problem.message.translate(back)) for problem in source.problems)
    return Source(source.root, problems)


def _source(text: str, back: dict[int, str]) -> Source:
    """`back`: which characters of the text stand for others."""
    build, yaml = TreeBuilder(), YAML(typ="safe", pure=True)
    try:
        _read(yaml, text, back, build)
    except UnreadableError:
        return Source(None, tuple(build.problems))
    except ReaderError as error:
        build.refuse(
            _position(text, error.position), f"a character that YAML forbids: U+{ord(text[error.position]):04X}"
        )
    except MarkedYAMLError as error:
        build.refuse(_error_mark(error), in_words(error))
        began, started = error.context_mark, beginning(error)
        if began is not None and started is not None and began.line != _error_mark(error).line - 1:
            build.refuse(Mark(began.line + 1, began.column + 1), started)
    except (YAMLError, ValueError, IndexError, AttributeError, TypeError, OverflowError) as error:
        # ruamel leaks these on odd escapes and directives; where its reader stands is the place.
        build.refuse(Mark(yaml.reader.line + 1, yaml.reader.column + 1), f"not YAML: {error}")
    else:
        return Source(build.root, tuple(build.problems))
    return Source(None, tuple(build.problems))


def text_spans(text: str) -> list[tuple[int, int]]:
    """Where the scalars of a YAML text that can be read stand, as offsets in their order: no # in them is a comment."""
    spans = []
    for event in YAML(typ="safe", pure=True).parse(text.translate(dict.fromkeys(map(ord, _FORMER_BREAKS), "x"))):
        if isinstance(event, ScalarEvent):
            start, end = event.start_mark.index, event.end_mark.index
            # Behind | and > on their line there may still be a comment.
            spans.append((text.find("\n", start) + 1 if event.style in ("|", ">") else start, end))
    return spans


def _read(yaml: Any, text: str, back: dict[int, str], build: TreeBuilder) -> None:
    documents = 0
    # What `yaml.parse` does, but for one thing: on an error that forgets where its reader stood.
    yaml.doc_infos.append(DocInfo(requested_version=None))
    _, parser = yaml.get_constructor_parser(text)
    while parser.check_event():
        event = parser.get_event()
        match event:
            case DocumentStartEvent():
                documents += 1
                if documents == 2:
                    build.refuse(_mark(event), "a second document begins here: a policy is one document")
                    return  # the first one is whole: what is wrong in it can be told as well
                if event.version not in (None, (1, 2)):
                    build.refuse(_mark(event), "the document is read as YAML 1.2: remove the %YAML line")
            case MappingEndEvent() | SequenceEndEvent():
                build.close()
            case ScalarEvent() | AliasEvent() | MappingStartEvent() | SequenceStartEvent():
                _refused(event, build)
                if isinstance(event, ScalarEvent):
                    event.value = _joined(event.value.translate(back) if back else event.value)
                (_key if build.wants_key else _value)(event, build)


def _joined(text: str) -> str:
    """With pairs of surrogates as the character that they are: so does JSON write it, which is a part of YAML 1.2."""
    if _SURROGATE.search(text) is None:
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


def _refused(event: Any, build: TreeBuilder) -> None:
    if isinstance(event, AliasEvent):
        hint = f'; a name or glob that begins with * needs quotes: "*{event.anchor}"'
        build.refuse(_mark(event), f"aliases (*{event.anchor}) are not read: write the value out{hint}")
        return
    if event.anchor is not None:
        build.refuse(_mark(event), f"anchors (&{event.anchor}) are not read: remove it")
    if _tagged(event):
        build.refuse(_mark(event), f"tags ({event.tag or '!'}) are not read: remove it")


def _tagged(event: Any) -> bool:
    if event.tag is not None:
        return True
    return event.implicit in ((False, False), False)


def _key(event: Any, build: TreeBuilder) -> None:
    match event:
        case ScalarEvent():
            plain = event.implicit[0]
            if plain and event.value == "<<":
                build.refuse(_mark(event), "merge keys (<<) are not read: write the fields out", "<<")
            elif plain and not is_text(event.value):
                build.refuse(_mark(event), f'a key must be text: write "{event.value}" in quotes', event.value)
            build.key(event.value, _mark(event))
        case AliasEvent():
            build.key(f"*{event.anchor}", _mark(event))
        case _:
            raise build.stop(_mark(event), "a key must be text")


def _value(event: Any, build: TreeBuilder) -> None:
    match event:
        case MappingStartEvent():
            build.open({}, _mark(event))
        case SequenceStartEvent():
            build.open([], _mark(event))
        case AliasEvent():
            build.scalar(None, _mark(event))
        case _:
            build.scalar(_scalar(event, build), _mark(event))


def _scalar(event: Any, build: TreeBuilder) -> Json:
    if not event.implicit[0]:
        return str(event.value)
    try:
        return _plain(event.value)
    except NonFiniteError:
        build.refuse(_mark(event), f"{event.value} is no finite number")
    except InvalidOperation:
        build.refuse(_mark(event), "the number is out of range")
    return None


def _plain(text: str) -> Json:
    """What a plain scalar means in YAML 1.2's core schema; numbers become their JSON spelling."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INTEGER.fullmatch(text):
        sign, digits = ("-" if text[0] == "-" else ""), text.lstrip("+-").lstrip("0")
        return parse_int(sign + (digits or "0"))
    if radix := _RADIX.fullmatch(text):
        return parse_int(str(int(radix[1], 8) if radix[1] else int(radix[2], 16)))
    if _FLOAT.fullmatch(text):
        return Number(_json_spelling(text))
    if _INFINITE.fullmatch(text):
        raise NonFiniteError
    return text


def is_text(scalar: str) -> bool:
    """Does a plain scalar mean itself?"""
    try:
        return isinstance(_plain(scalar), str)
    except (NonFiniteError, InvalidOperation):
        return False


def _json_spelling(text: str) -> str:
    """`+.5e3` → `0.5e3`, `007.` → `7`: the same number, as JSON writes it."""
    mantissa, letter, exponent = text.lower().partition("e")
    sign, digits = ("-" if mantissa[0] == "-" else ""), mantissa.lstrip("+-")
    whole, _, fraction = digits.partition(".")
    return sign + (whole.lstrip("0") or "0") + (f".{fraction}" if fraction else "") + letter + exponent


def _mark(event: Event) -> Mark:
    start, end = event.start_mark, event.end_mark
    same_line = end.line == start.line and end.column > start.column
    return Mark(start.line + 1, start.column + 1, end.column + 1 if same_line else None)


def _error_mark(error: MarkedYAMLError) -> Mark:
    mark = error.problem_mark or error.context_mark
    return START if mark is None else Mark(mark.line + 1, mark.column + 1)


def _position(text: str, offset: int) -> Mark:
    before = text[:offset]
    return Mark(before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1)
