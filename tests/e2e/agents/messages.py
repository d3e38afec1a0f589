"""The other dialect in which agents speak to models (`POST …/messages`), put in terms of chat completions."""

from __future__ import annotations

import json
from typing import Any


def as_chat(request: dict[str, Any]) -> dict[str, Any]:
    """A request for a message as one for a completion: its tools and the results of tools; other text is left out."""
    tools = [{"function": {"name": tool["name"]}} for tool in request.get("tools", [])]
    parts = [part for message in request["messages"] for part in message["content"] if isinstance(part, dict)]
    results = [{"role": "tool", "content": part["content"]} for part in parts if part["type"] == "tool_result"]
    return {"model": request["model"], "tools": tools, "messages": results}


def as_events(completion: dict[str, Any]) -> str:
    """The completion as the server-sent events of a message."""
    (choice,) = completion["choices"]
    said, calls = choice["message"]["content"], choice["message"].get("tool_calls", [])
    blocks: list[tuple[dict[str, Any], dict[str, Any]]] = []
    if said is not None:
        blocks.append(({"type": "text", "text": ""}, {"type": "text_delta", "text": said}))
    for call in calls:
        begun = {"type": "tool_use", "id": call["id"], "name": call["function"]["name"], "input": {}}
        blocks.append((begun, {"type": "input_json_delta", "partial_json": call["function"]["arguments"]}))
    message = {"id": completion["id"], "type": "message", "role": "assistant", "model": completion["model"]}
    message |= {"content": [], "stop_reason": None, "usage": {"input_tokens": 1, "output_tokens": 1}}
    events: list[dict[str, Any]] = [{"type": "message_start", "message": message}]
    for index, (begun, delta) in enumerate(blocks):
        events += [
            {"type": "content_block_start", "index": index, "content_block": begun},
            {"type": "content_block_delta", "index": index, "delta": delta},
            {"type": "content_block_stop", "index": index},
        ]
    reason = {"stop_reason": "tool_use" if calls else "end_turn", "stop_sequence": None}
    events += [
        {"type": "message_delta", "delta": reason, "usage": {"output_tokens": 1}},
        {"type": "message_stop"},
    ]
    return "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)
