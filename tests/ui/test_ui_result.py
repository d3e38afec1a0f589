"""Responses as a person reads them."""

from __future__ import annotations

import base64
import json

from ui_sample import HOSTILE

from inspector.ui import result

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + (640).to_bytes(4) + (480).to_bytes(4) + b"\x08\x06\x00\x00\x00"


def shown(value: object, width: int = 60) -> str:
    return plain(json.dumps(value), width)


def plain(response: str, width: int = 60) -> str:
    return "\n".join(piece.plain for piece in result.pieces(response, width))


def frame(**fields: object) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": 3, "result": fields}


def test_a_text_is_shown_as_text_without_the_frame_around_it() -> None:
    assert shown(frame(content=[{"type": "text", "text": "one\ntwo"}])) == "one\ntwo"


def test_of_a_task_that_is_over_what_its_call_came_to_is_shown() -> None:
    came_to = {"content": [{"type": "text", "text": "one"}]}
    assert shown(frame(taskId="t", status="completed", result=came_to)) == "one"
    failed = shown(frame(taskId="t", status="failed", error={"code": -32603, "message": "no disk"}))
    assert failed.startswith("! error -32603")
    assert "status" in shown(frame(taskId="t", status="cancelled"))


def test_json_in_a_text_is_laid_out_as_json() -> None:
    assert shown(frame(content=[{"type": "text", "text": '{"a":[1,2]}'}])).split("\n")[:2] == ["{", '  "a": [']


def test_structured_content_is_shown_once_though_the_text_repeats_it() -> None:
    value = {"state": "RUNNING"}
    said = shown(frame(content=[{"type": "text", "text": json.dumps(value)}], structuredContent=value))
    assert said.count("RUNNING") == 1
    assert said.startswith("structured")


def test_a_tool_that_failed_says_so_first() -> None:
    said = shown(frame(content=[{"type": "text", "text": "no such flow"}], isError=True))
    assert said.split("\n") == ["! the tool says that it failed", "no such flow"]


def test_an_error_shows_its_code_message_and_data() -> None:
    said = shown({"jsonrpc": "2.0", "id": 1, "error": {"code": -32603, "message": "timed out", "data": {"after": 30}}})
    assert said.split("\n")[:2] == ["! error -32603", "timed out"]
    assert '"after": 30' in said


def test_a_picture_is_described_with_its_measures_and_first_bytes() -> None:
    block = {"type": "image", "mimeType": "image/png", "data": base64.b64encode(PNG).decode()}
    said = shown(frame(content=[block]))
    assert f"image image/png · {len(PNG)} B · 640×480" in said
    assert "0000  89 50 4e 47 0d 0a 1a 0a  .PNG...." in said


def test_bytes_that_are_no_base64_are_not_decoded() -> None:
    assert "is no base64" in shown(frame(content=[{"type": "audio", "data": "§§§§", "mimeType": "audio/wav"}]))


def test_resources_and_links_are_named() -> None:
    content = [
        {"type": "resource", "resource": {"uri": "file:///a", "text": "inside"}},
        {"type": "resource_link", "uri": "file:///b", "name": "b"},
    ]
    assert shown(frame(content=content)).split("\n") == ["resource file:///a", "inside", "link file:///b  b"]


def test_what_is_no_result_is_shown_as_the_json_that_it_is() -> None:
    assert '"late": "answer"' in plain('{"late":"answer"}')
    assert plain("no json") == "no json"


def test_nothing_of_a_server_reaches_the_terminal_raw() -> None:
    for hostile in HOSTILE.values():
        content = [
            {"type": "text", "text": hostile},
            {"type": "resource", "resource": {"uri": hostile, "text": hostile}},
            {"type": "image", "mimeType": hostile, "data": "AAAA"},
            {"type": hostile, hostile: hostile},
        ]
        for said in (shown(frame(content=content)), shown({"error": {"code": hostile, "message": hostile}})):
            assert all(line.isprintable() for line in said.split("\n")), said
