"""Event ↔ row of a recording. Exact: bytes stay bytes, and every number keeps its own text.

A row is the event's kind, its `at` and `call_id`, one large field as it is (`blob`), and the rest as a JSON object
(`payload`) with the field names of `core/events.py`, so that SQLite's JSON functions can query it. `FORMAT` grows when
an older reader would misread a row; a new field with a default does not need it.
"""

from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import Callable
from decimal import Decimal
from enum import Enum, StrEnum
from operator import attrgetter
from types import UnionType
from typing import Any, Final, NamedTuple, TypeAlias, Union, cast, get_args, get_origin, get_type_hints

import orjson

from inspector.core.call import CallId
from inspector.core.events import (
    CallArrived,
    Decided,
    Event,
    Finished,
    FrameRejected,
    FrameSeen,
    Held,
    PolicyLoaded,
)
from inspector.core.json import Json, Number, parse_int, to_text

FORMAT: Final = 2  # 2: with a summary

KINDS: Final[dict[str, type[Event]]] = {kind.__name__: kind for kind in get_args(Event)}
_BLOBS: Final[dict[type, str]] = {
    CallArrived: "frame",
    Finished: "response",
    FrameSeen: "raw",
    FrameRejected: "raw",
    PolicyLoaded: "text",
}
_CALL_ID: Final[dict[type, Callable[[Any], CallId | None]]] = {
    Decided: attrgetter("decision.call_id"),
    Held: attrgetter("hold.call_id"),
}


class Row(NamedTuple):
    """`at` in Unix seconds; `payload` is a JSON object, in UTF-8."""

    kind: str
    at: float
    call_id: CallId | None
    payload: bytes
    blob: bytes | None


def encode(event: Event) -> Row:
    """Total over `Event`."""
    shape = _SHAPES[type(event)]
    if not shape.names:
        return Row(shape.kind, event.at, shape.call_id(event), b"{}", shape.blob(event))
    fields = dict(zip(shape.names, shape.read(event)))  # noqa: B905 - of one length, as `_shape` made them
    try:
        payload = orjson.dumps(fields, default=_unknown_to_orjson)
    except TypeError:  # a lone surrogate, or an integer beyond 64 bits
        payload = to_text(_plain(fields)).encode()
    return Row(shape.kind, event.at, shape.call_id(event), payload, shape.blob(event))


def decode(row: Row) -> Event:
    """The event that `encode` was given. Raises ValueError for a row that is none."""
    kind = KINDS.get(row.kind)
    if kind is None:
        raise ValueError(f"unknown kind of event {row.kind[:40]!r}")
    shape = _SHAPES[kind]
    try:
        fields = shape.parse(row.payload)
        if not isinstance(fields, dict):
            raise TypeError("not an object")
        for name, convert in shape.converters:
            if name in fields:
                fields[name] = convert(fields[name])
        fields = {name: fields[name] for name in shape.names if name in fields}
        fields["at"] = row.at
        if shape.has_call_id:
            fields["call_id"] = row.call_id
        if shape.blob_name:
            blob = b"" if row.blob is None else row.blob
            fields[shape.blob_name] = blob.decode("utf-8", "surrogatepass") if kind is PolicyLoaded else blob
        return kind(**fields)
    except (TypeError, ValueError, KeyError, AttributeError, ArithmeticError) as error:
        raise ValueError(f"a damaged {row.kind}: {error}") from None


def text_of(value: Json) -> str:
    """What `core.json.to_text` gives, faster."""
    try:
        return orjson.dumps(value, default=_unknown_to_orjson).decode()
    except TypeError:
        return to_text(value)


def _unknown_to_orjson(value: object) -> object:
    match value:
        case Number():
            return orjson.Fragment(value.text)
        case Decimal():
            return orjson.Fragment(str(value)) if value.is_finite() else str(value)
        case bytes():
            return _bytes_to_json(value)
    raise TypeError(f"{type(value).__name__} is no part of an event")


def _bytes_to_json(value: bytes) -> Json:
    """Text where it is UTF-8, so that it can be read and queried."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(value).decode()}


def _bytes_from_json(value: Any) -> bytes:
    return base64.b64decode(value["base64"]) if isinstance(value, dict) else value.encode()


def _plain(value: object) -> Json:
    """JSON values only, for `to_text`: the slow way, taken when orjson refuses."""
    match value:
        case Enum():
            return str(value.value)
        case Number() | bool() | int() | str() | None:
            return value
        case float():
            return Number(repr(value))
        case Decimal():
            return Number(str(value)) if value.is_finite() else str(value)
        case bytes():
            return _bytes_to_json(value)
        case tuple() | list():
            return [_plain(item) for item in value]
        case dict():
            return {str(name): _plain(item) for name, item in value.items()}
    fields = dataclasses.fields(cast(Any, value))
    return {field.name: _plain(getattr(value, field.name)) for field in fields}


# How each kind is written and read, worked out once from the annotations in core.

_Convert: TypeAlias = Callable[[Any], Any]
_EXACT_TEXT = json.JSONDecoder(parse_int=parse_int, parse_float=Number).decode
_JSON = object  # stands for the Json alias, whose recursion the typing module cannot resolve


def _exact(payload: bytes) -> Any:
    return _EXACT_TEXT(payload.decode())


def _parse(payload: bytes) -> Any:
    try:
        return orjson.loads(payload)
    except orjson.JSONDecodeError:  # it takes no lone surrogates
        return json.loads(payload)


@dataclasses.dataclass(frozen=True, slots=True)
class _Shape:
    kind: str
    names: tuple[str, ...]  # the fields of the payload
    read: Callable[[Event], tuple[Any, ...]]
    call_id: Callable[[Event], CallId | None]
    blob: Callable[[Event], bytes | None]
    blob_name: str
    has_call_id: bool
    parse: Callable[[bytes], Any]
    converters: tuple[tuple[str, _Convert], ...]


def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind, localns={"Json": _JSON, "JsonObject": _JSON})


def _shape(kind: type[Event]) -> _Shape:
    hints = _hints(kind)
    blob_name = _BLOBS.get(kind, "")
    names = tuple(name for name in hints if name not in {"at", "call_id", blob_name})
    converters = tuple((name, convert) for name in names if (convert := _converter(hints[name])))
    return _Shape(
        kind=kind.__name__,
        names=names,
        read=_reader(names),
        call_id=_CALL_ID.get(kind, attrgetter("call_id") if "call_id" in hints else lambda _: None),
        blob=_blob_reader(kind, blob_name),
        blob_name=blob_name,
        has_call_id="call_id" in hints,
        # Only some events hold exact numbers; the others are read by the faster parser.
        parse=_exact if any(_is_exact(hint) for hint in hints.values()) else _parse,
        converters=converters,
    )


def _reader(names: tuple[str, ...]) -> Callable[[Event], tuple[Any, ...]]:
    if len(names) > 1:
        return attrgetter(*names)
    if names:
        one = attrgetter(names[0])
        return lambda event: (one(event),)
    return lambda _: ()


def _blob_reader(kind: type, name: str) -> Callable[[Event], bytes | None]:
    if not name:
        return lambda _: None
    get: Callable[[Event], Any] = attrgetter(name)
    if kind is PolicyLoaded:
        return lambda event: cast(bytes, get(event).encode("utf-8", "surrogatepass"))
    return get


def _is_exact(hint: Any) -> bool:
    if hint is _JSON or hint is Decimal:
        return True
    if dataclasses.is_dataclass(hint):
        return any(_is_exact(part) for part in _hints(cast(type, hint)).values())
    return any(_is_exact(part) for part in get_args(hint))


def _converter(hint: Any) -> _Convert | None:
    """From the parsed JSON to the annotated type; None where they are the same."""
    if get_origin(hint) in {UnionType, Union}:  # `CallId | None` is the latter
        return _optional(hint)
    if get_origin(hint) is tuple:
        return _tuple(get_args(hint))
    if dataclasses.is_dataclass(hint):
        return _dataclass(cast(type, hint))
    if isinstance(hint, type):
        if issubclass(hint, StrEnum):
            return {str(member.value): member for member in hint}.__getitem__
        return _SCALARS.get(hint)
    return None


def _optional(hint: Any) -> _Convert | None:
    (some,) = (part for part in get_args(hint) if part is not type(None))
    convert = _converter(some)
    return None if convert is None else lambda value: None if value is None else convert(value)


def _tuple(parts: tuple[Any, ...]) -> _Convert:
    if len(parts) == 2 and parts[1] is ...:
        convert = _converter(parts[0])
        return tuple if convert is None else lambda items: tuple([convert(item) for item in items])
    each = [_converter(part) for part in parts]
    return lambda items: tuple(
        item if convert is None else convert(item) for convert, item in zip(each, items, strict=True)
    )


def _dataclass(kind: type) -> _Convert:
    hints = _hints(kind)
    converters = tuple((name, convert) for name, hint in hints.items() if (convert := _converter(hint)))

    def build(fields: dict[str, Any]) -> Any:
        for name, convert in converters:
            if name in fields:
                fields[name] = convert(fields[name])
        if not fields.keys() <= hints.keys():  # a newer minor may have added some
            fields = {name: value for name, value in fields.items() if name in hints}
        return kind(**fields)

    return build


def _decimal(value: int | Number | str) -> Decimal:
    return Decimal(value.text if isinstance(value, Number) else value)


_SCALARS: Final[dict[type, _Convert]] = {float: float, bytes: _bytes_from_json, Decimal: _decimal}
_SHAPES: Final[dict[type, _Shape]] = {kind: _shape(kind) for kind in KINDS.values()}
