"""Text → Policy, or every problem with its pointer, line and column.

load_text, load_object, load_file    raise PolicyError
check_text                           returns (policy or None, problems), for editors
"""

from __future__ import annotations

import json
import stat
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Literal, TypeAlias

from pydantic import ValidationError

from inspector.core.errors import ConfigError, PolicyError
from inspector.core.json import Json, JsonObject
from inspector.core.pointer import segments
from inspector.core.problems import Problem, Severity
from inspector.policy.assemble import assemble, conditions_of
from inspector.policy.document import TAGS, Document
from inspector.policy.model import Operator, Policy
from inspector.policy.read_json import read_json
from inspector.policy.read_yaml import read_yaml
from inspector.policy.regular_file import read_regular
from inspector.policy.source import MAX_DEPTH, Blame, Location, Node, Source, place, pointer, stands
from inspector.policy.text_search import search_of

MAX_BYTES = 1024 * 1024
MAX_PREPARED = (
    100  # paths of one policy, up to 10 MB each; of a generated one with thousands, the others wait for a call
)
Dialect: TypeAlias = Literal["auto", "native", "intercept"]
FileFormat: TypeAlias = Literal["auto", "json", "yaml"]


def load_text(
    text: str | bytes, *, path: str = "", dialect: Dialect = "auto", file_format: FileFormat = "auto"
) -> Policy:
    """The policy that `text` says. Raises PolicyError with every problem."""
    policy, problems = check_text(text, path=path, dialect=dialect, file_format=file_format)
    if policy is None:
        raise _refusal(path, problems)
    return policy


def load_object(document: Json, *, dialect: Dialect = "auto") -> Policy:
    """The policy of a document that is already parsed; numbers may be `Number`. Raises PolicyError."""
    return load_text(_spell(document), dialect=dialect, file_format="json")


def load_file(path: str | Path, *, dialect: Dialect = "auto") -> Policy:
    """The policy in a file: regular, at most 1 MiB, UTF-8. A world-writable one loads with a warning.

    Raises PolicyError, also when the file cannot be read.
    """
    text, warnings = read_file(Path(path))
    policy, problems = check_text(text, path=str(path), dialect=dialect, warnings=warnings)
    if policy is None:
        raise _refusal(str(path), problems)
    return policy


def check_text(
    text: str | bytes,
    *,
    path: str = "",
    dialect: Dialect = "auto",
    file_format: FileFormat = "auto",
    warnings: tuple[Problem, ...] = (),
) -> tuple[Policy | None, tuple[Problem, ...]]:
    """The policy, or None, and every problem in the order of the text; warnings alone do not stop it from loading."""
    decoded = _decode(text)
    if isinstance(decoded, Problem):
        return None, (decoded,)
    source = read_source(decoded, path, file_format)
    if source.root is None:
        nothing = Problem("", 1, 1, "the document is empty: write version and default")
        return None, _sorted({*(source.problems or (nothing,)), *warnings})
    compiled, found = _compile(source.root, dialect, text=decoded, path=path, warnings=warnings)
    spoilt = {problem.pointer for problem in source.problems if not _is_whole(source.root, problem.pointer)}
    problems = {*source.problems, *(problem for problem in found if not _inside(problem.pointer, spoilt))}
    if compiled is None or problems:
        return None, _sorted({*problems, *warnings})
    _prepare(compiled)
    return compiled, compiled.warnings


def _prepare(policy: Policy) -> None:
    """What takes longer than a call should wait, and is the same for all of them."""
    paths = dict.fromkeys(one.path for one in conditions_of(policy) if one.op is Operator.EXISTS)
    searches = (search for search in map(search_of, paths) if search is not None)
    for search in islice(searches, MAX_PREPARED):
        search.prepare()


def _sorted(problems: set[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(problems, key=lambda p: (p.line, p.column, p.pointer, p.message)))


def _decode(text: str | bytes) -> str | Problem:
    try:
        spelled = text if isinstance(text, bytes) else text.encode()
        decoded = spelled.decode()
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        return Problem("", line, 1, f"the file is not UTF-8: byte 0x{error.object[error.start]:02x}")
    except UnicodeEncodeError as error:
        line = error.object.count("\n", 0, error.start) + 1
        return Problem("", line, 1, "the text holds half of a surrogate pair, which is no character")
    if len(spelled) > MAX_BYTES:
        return Problem("", 1, 1, f"the document has {len(spelled)} bytes; {MAX_BYTES} (1 MiB) are allowed")
    return decoded


def read_source(text: str, path: str = "", file_format: FileFormat = "auto") -> Source:
    """The text as a tree with places. JSON when it says so or looks so; what only looks so may be YAML's flow style."""
    text = text.removeprefix("\ufeff")
    if file_format == "json" or (file_format == "auto" and path.lower().endswith(".json")):
        return read_json(text)
    looks_json = text.lstrip()[:1] in ("{", "[")
    if file_format == "auto" and looks_json:
        as_json = read_json(text)
        if as_json.root is not None:
            return as_json
        as_yaml = read_yaml(text)
        return as_yaml if as_yaml.root is not None else as_json
    return read_yaml(text)


def raw_document(policy: Policy) -> JsonObject:
    """A loaded policy as it is written, as plain JSON."""
    root = read_source(policy.text, policy.path).root
    return root.value if root is not None and isinstance(root.value, dict) else {}


def _is_whole(root: Node, pointer_: str) -> bool:
    """What the reader refused there, an anchor or a key that stands twice, left an object or a list to look into."""
    node: Node | None = root
    for key in segments(pointer_):
        inside = node.children if node is not None else {}
        node = inside.get(key) or (inside.get(int(key)) if key.isdecimal() else None)
    return node is not None and isinstance(node.value, dict | list) and not pointer_.endswith(("/<<", "/value"))


def _inside(pointer_: str, spoilt: set[str]) -> bool:
    """At or below a place that the reader complained of already."""
    return any(pointer_ == at or pointer_.startswith(f"{at}/") for at in spoilt if at)


def _compile(
    root: Node, dialect: Dialect, *, text: str, path: str, warnings: tuple[Problem, ...]
) -> tuple[Policy | None, list[Problem]]:
    raw = root.value
    plain = raw if isinstance(raw, dict) else {}
    try:
        if dialect == "intercept" or (dialect == "auto" and is_intercept(raw)):
            # Its models take a while to make, and few policies are written in it.
            from inspector.policy.intercept import InterceptDocument, assemble_intercept

            rules = InterceptDocument.model_validate(raw)
            warnings += _literal_globs(root, rules.hide, rules.tools)
            return assemble_intercept(rules, plain, text=text, path=path, warnings=warnings), []
        return assemble(Document.model_validate(raw), plain, text=text, path=path, warnings=warnings), []
    except ValidationError as error:
        return None, [
            _problem(root, item["loc"], item["type"], item["msg"])
            for item in error.errors(include_url=False, include_context=False, include_input=False)
        ]


def is_intercept(document: Json) -> bool:
    """Some tool has `rules`, which no native document has."""
    tools = document.get("tools") if isinstance(document, dict) else None
    return isinstance(tools, dict) and any(isinstance(tool, dict) and "rules" in tool for tool in tools.values())


def _literal_globs(root: Node, hide: Iterable[str], tools: Iterable[str]) -> tuple[Problem, ...]:
    places: list[tuple[str, Location, Blame]] = [
        *((name, ("hide", index), Blame.VALUE) for index, name in enumerate(hide)),
        *((name, ("tools", name), Blame.KEY) for name in tools),
    ]
    message = "Intercept's names are exact: the * in this one is no wildcard"
    return tuple(
        replace(_problem(root, location, blame, message), severity=Severity.WARNING)
        for name, location, blame in places
        if "*" in name and name != "*"
    )


def _problem(root: Node, location: Location, blame: str, message: str) -> Problem:
    where = tuple(
        part
        for index, part in enumerate(location)
        if not (part in TAGS and index > 0 and isinstance(location[index - 1], int))
    )
    if where[-1:] == ("[key]",) and not stands(root, where):  # pydantic's word for "the key itself is wrong"
        where = where[:-1]
    mark = place(root, where, Blame(blame))
    return Problem(pointer(where), mark.line, mark.column, message, end_column=mark.end_column)


def _refusal(path: str, problems: tuple[Problem, ...]) -> PolicyError:
    errors = [problem for problem in problems if problem.severity is Severity.ERROR]
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    first = errors[0]
    where = f" ({first.pointer})" if first.pointer else ""
    return PolicyError(f"{path or 'policy'}:{first.line}:{first.column}: {first.message}{where}{more}", problems)


def _spell(document: Json, depth: int = 1) -> str:
    """As JSON text. What is nested too deep anyway is cut where the reader will refuse it."""
    match document:
        case dict() | list() if depth > MAX_DEPTH:
            return "[]"
        case dict():
            return "{" + ",".join(f"{json.dumps(str(k))}:{_spell(v, depth + 1)}" for k, v in document.items()) + "}"
        case list():
            return "[" + ",".join(_spell(item, depth + 1) for item in document) + "]"
        case Decimal():
            return getattr(document, "text", None) or str(document)
        case _:
            return json.dumps(document, default=str)


def read_file(path: Path) -> tuple[bytes, tuple[Problem, ...]]:
    """A policy file's content, with a warning when anybody may write it. Raises PolicyError when it cannot be read."""
    try:
        content, status = read_regular(path, MAX_BYTES, "the policy")
    except ConfigError as error:
        raise PolicyError(str(error)) from None
    if status.st_mode & stat.S_IWOTH:
        message = "everyone on this machine may change this file: chmod o-w it"
        return content, (Problem("", 1, 1, message, Severity.WARNING),)
    return content, ()
