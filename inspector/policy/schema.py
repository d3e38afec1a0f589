"""The JSON Schema of a native policy document, from its models: completion and checks in any editor."""

from __future__ import annotations

from typing import Any

from inspector.policy.document import Document

NAMES = r"\S"  # the pattern of a key that is a name
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def policy_schema() -> dict[str, Any]:
    """A JSON Schema 2020-12. What only the loader knows (patterns, paths, counters) it does not say."""
    return {
        "$schema": DIALECT,
        "title": "mcp-inspect policy",
        **_plain(Document.model_json_schema()),
    }


def _plain(schema: Any) -> Any:
    """Without what pydantic adds for itself: titles, and defaults of null. Maps by name take no blank name."""
    match schema:
        case dict():
            found = {
                key: _plain(value)
                for key, value in schema.items()
                if not (key == "title" and isinstance(value, str)) and not (key == "default" and value is None)
            }
            names = NAMES in schema.get("patternProperties", {})
            return {**found, "additionalProperties": False} if names else found
        case list():
            return [_plain(value) for value in schema]
        case _:
            return schema
