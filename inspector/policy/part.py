"""How an object of a document is checked: known keys, its fields, and what its fields say together, all at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from pydantic import (
    BaseModel,
    ConfigDict,
    ModelWrapValidatorHandler,
    PlainValidator,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from inspector.policy.fields import fault, kind, suggestion
from inspector.policy.schema_rules import OWN_KEYS
from inspector.policy.source import Blame, Location


def leaf(check: Any, **schema: Any) -> tuple[PlainValidator, WithJsonSchema]:
    """A field that `check` alone judges, with what it says in the JSON Schema."""
    return PlainValidator(check), WithJsonSchema(schema)


def detail(location: Location, problem: PydanticCustomError) -> InitErrorDetails:
    return InitErrorDetails(type=problem, loc=location, input=None)


class Part(BaseModel):
    """An object of the document: text keys from a fixed set, `x-…` ignored, every problem reported at once."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True, json_schema_extra=OWN_KEYS)
    written_as: ClassVar[str] = "an object"
    ours_here: ClassVar[frozenset[str]] = frozenset()  # fields that hosted knows elsewhere, not in this part
    excluded: ClassVar[Mapping[str, str]] = {}  # keys of another form of this part: key → what it does not go with
    summary: ClassVar[str] = ""  # said once more of the whole when something in it is wrong

    @classmethod
    def conflicts(cls, data: dict[str, Any]) -> Iterator[InitErrorDetails]:
        """What is wrong between the fields of `data`, which may themselves be wrong."""
        yield from ()

    @classmethod
    def expand(cls, data: Any) -> Any:
        """A shorthand written out."""
        return data

    @model_validator(mode="wrap")
    @classmethod
    def _every_problem(cls, data: Any, handler: ModelWrapValidatorHandler[Part]) -> Part:
        if isinstance(data, cls):
            return data
        data = cls.expand(data)
        if not isinstance(data, dict):
            raise fault(f"expected {cls.written_as}, found {kind(data)}")
        known = cls.keys()
        found = [cls._stray(key, known) for key in data if key not in known and not key.startswith("x-")]
        found += cls.conflicts(data)
        try:
            part = handler({key: value for key, value in data.items() if key in known})
        except ValidationError as error:
            found += _details(error, cls)
        else:
            if not found:
                return part
        if cls.summary:
            found.append(detail((), fault(cls.summary, Blame.KEY)))
        raise ValidationError.from_exception_data(cls.__name__, found)

    @classmethod
    def _stray(cls, key: str, known: tuple[str, ...]) -> InitErrorDetails:
        if key in cls.excluded:
            return detail((key,), fault(f'"{key}" does not go with "{cls.excluded[key]}": keep one', Blame.KEY))
        hint = suggestion(key, known) or f"; known here: {', '.join(known)}"
        return detail((key,), fault(f'unknown key "{key}"{hint}', Blame.KEY))

    @classmethod
    def keys(cls) -> tuple[str, ...]:
        """The field names as they are written."""
        return tuple(info.alias or name for name, info in cls.model_fields.items())


def _details(error: ValidationError, part: type[Part]) -> Iterator[InitErrorDetails]:
    about = {info.alias or name: info.description or "" for name, info in part.model_fields.items()}
    for item in error.errors(include_url=False, include_context=False):
        match item["type"]:
            case Blame.KEY | Blame.VALUE | Blame.MISSING as blame:
                problem = fault(item["msg"], Blame(blame))
            case "missing":
                key = str(item["loc"][-1])
                problem = fault(f'"{key}" is missing. {about.get(key, "")}'.rstrip(), Blame.MISSING)
            case "list_type":
                problem = fault(f"expected a list, found {kind(item['input'])}")
            case "dict_type":
                problem = fault(f"expected an object, found {kind(item['input'])}")
            case _:
                problem = fault(item["msg"])
        yield detail(item["loc"], problem)
