"""What clients must not get away with, on both fronts, with real processes on every side (docs/security.md).

The sample is data of its own; `hostile_cases.py` and `hostile_http.py` hold many more of its kind. All of one
front are sent to one engine.
"""

from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hostile_cases import DISGUISED, DROPPED, LINES, META, MISSHAPEN, PASSED, UNREADABLE, Raw
from hostile_http import HTTP, WIRE, Http, Wire
from hostile_rig import POLICY, House, Reply, Seen, Web

SAMPLE = [json.loads(line) for line in POLICY.with_name("hostile_inputs_sample.jsonl").read_text().splitlines()]
RAW = {case["id"]: case for case in SAMPLE if "bytes_b64" in case["input"] and "generate" not in str(case)}
SAMPLE_HTTP = {case["id"]: case for case in SAMPLE if case["channel"] == "http.client"}
MORE = {case.id: case for case in (*UNREADABLE, *MISSHAPEN, *DISGUISED, *DROPPED, *PASSED, *LINES)}
MORE_HTTP = {case.id: case for case in HTTP}
ON_THE_WIRE = {case.id: case for case in WIRE}
LONG = 4 << 20

FRONTS = ("standalone", "shim", "http to a command", "http to a url")
WEBS = {"http to a command": "tiny_server", "http to a url": "web"}


def bytes_of(name: str) -> bytes:
    return MORE[name].raw if name in MORE else base64.b64decode(RAW[name]["input"]["bytes_b64"]).removesuffix(b"\n")


def over_http(name: str) -> bool:
    return name in RAW or MORE[name].http


@pytest.fixture(scope="module")
def outcomes() -> dict[str, dict[str, Seen]]:
    """Front → input → what became of it. Everything is sent once; the tests look."""
    with ThreadPoolExecutor() as both:
        standalone, engine = both.submit(_standalone), both.submit(_engine)
        return {"standalone": standalone.result(), **engine.result()}


def _standalone() -> dict[str, Seen]:
    house = House()
    try:
        client = house.standalone()
        seen = {name: client.ask(name, bytes_of(name) + b"\n", _answers(name)) for name in (*RAW, *MORE)}
        client.close()
        house.divide(seen)
    finally:
        house.close()
    return seen


def _engine() -> dict[str, dict[str, Seen]]:
    house, fronts = House(), {}
    try:
        with house.engine() as ways:
            shim = house.shim("tiny_server")
            quick = [name for name in (*RAW, *MORE) if _answers(name) < 2]  # a hold takes seconds: once is enough
            fronts["shim"] = {name: shim.ask(f"s:{name}", bytes_of(name) + b"\n", 1) for name in quick}
            shim.close()
            for front, upstream in WEBS.items():
                web = ways[upstream]
                seen = {}
                for name in filter(over_http, (*RAW, *MORE)):
                    seen[name] = web.ask(f"{front}:{name}", web.post(bytes_of(name)))
                for name, case in SAMPLE_HTTP.items():
                    seen[name] = web.ask(f"{front}:{name}", _sampled(web, case["input"]))
                for name, changed in MORE_HTTP.items():
                    seen[f"http {name}"] = web.ask(f"{front}:http {name}", _changed(web, changed))
                for name, written in ON_THE_WIRE.items():
                    seen[f"wire {name}"] = web.ask(f"{front}:wire {name}", web.raw(_written(web, written)))
                fronts[front] = seen
        marks = {f"s:{name}": seen for name, seen in fronts["shim"].items()}
        house.divide(marks | {f"{front}:{name}": seen for front in WEBS for name, seen in fronts[front].items()})
    finally:
        house.close()
    return fronts


def _answers(name: str) -> int:
    return MORE[name].answers if name in MORE else 1


def _sampled(web: Web, sent: dict[str, Any]) -> Reply:
    """A request of the sample: `/mcp` stands for our endpoint, `<proxy token>` for its token."""
    pairs = sent["headers"].items() if isinstance(sent["headers"], dict) else sent["headers"]
    headers = [(name, value.replace("<proxy token>", web.token)) for name, value in pairs if name != "POST"]
    if not any(name == "host" for name, _ in headers):
        headers.insert(0, ("host", web.host))
    body = b"x" * (5 << 20) if sent["body"] == "(5 MiB)" else json.dumps(sent["body"]).encode()
    return web.request("POST", web.path, headers, body)


def _usual(web: Web, tool: str = "safe") -> dict[str, str]:
    return {
        "host": web.host,
        "content-type": "application/json",
        "accept": "application/json, text/event-stream",
        "mcp-protocol-version": "2026-07-28",
        "mcp-method": "tools/call",
        "mcp-name": tool,
    }


def _call(tool: str = "safe") -> str:
    params = {"name": tool, "arguments": {}, "_meta": META}
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})


def _written(web: Web, case: Wire) -> bytes:
    message = _call()
    length = len(message)
    signs = {"%A": web.path, "%H": web.host, "%L": str(length), "%X": f"{length:x}", "%J": message}
    usual = [f"{name}: {value}" for name, value in _usual(web).items() if name != case.without]
    text = case.end.join([case.line, *usual, *case.lines, "", case.body])
    for sign, value in signs.items():
        text = text.replace(sign, value)
    return text.encode("latin-1")


def _changed(web: Web, case: Http) -> Reply:
    encoded = "".join(f"%{byte:02x}" for byte in web.token.encode())
    marks = {"%T": web.token, "%U": web.name, "%P": str(web.port), "%C": web.token[:-1], "%E": encoded}

    def filled(text: str) -> str:
        for sign, value in {**marks, "%B": web.token.swapcase()}.items():
            text = text.replace(sign, value)
        return text

    usual = {**_usual(web, case.tool), **dict(case.headers)}
    kept = [(name, filled(value)) for name, value in usual.items() if value is not None]
    beside = [(name, filled(value)) for name, value in case.twice]
    return web.request(case.method, filled(case.path or web.path), [*kept, *beside], _call(case.tool).encode())


def calls(seen: Seen) -> list[tuple[str, Any]]:
    assert all(message["method"] == "tools/call" for message in seen.messages), seen.messages
    return [(m["params"]["name"], m["params"].get("arguments")) for m in seen.messages]


@pytest.mark.parametrize("front", FRONTS)
@pytest.mark.parametrize("name", RAW)
def test_the_sample_s_raw_input(outcomes: dict[str, dict[str, Seen]], front: str, name: str) -> None:
    seen, required = outcomes[front][name], RAW[name]["required"]
    assert not seen.closed
    if required.get("upstream_receives") == "nothing":
        assert seen.received == []
    else:
        wanted = [(sent["tool"], sent.get("args")) for sent in required["upstream_receives"]]
        assert [
            (tool, args if want else None) for (tool, args), (_, want) in zip(calls(seen), wanted, strict=True)
        ] == wanted
    if "client_receives" in required:
        assert seen.error == required["client_receives"]["error_code"]
    if required["decision"] == "none":
        assert seen.decisions == []
    else:
        (decision,) = seen.decisions
        assert (decision.verdict, decision.rule) == (required["decision"], required["rule"])
    if required.get("event") == "rejected_message":
        assert [required["reason"] in event.reason for event in seen.rejected] == [True]
        assert bytes_of(name).startswith(seen.rejected[0].raw[:1000])


@pytest.mark.parametrize("front", WEBS)
@pytest.mark.parametrize("name", SAMPLE_HTTP)
def test_the_sample_s_request(outcomes: dict[str, dict[str, Seen]], front: str, name: str) -> None:
    seen, required = outcomes[front][name], SAMPLE_HTTP[name]["required"]
    assert seen.status == required["http_status"]
    if required["upstream_receives"] == "nothing":
        assert seen.received == []
    else:
        assert [tool for tool, _ in calls(seen)] == ["safe"]
        sent = {name.lower() for line in seen.received for name, _ in line.get("headers", ())}
        assert not sent & {"authorization", "cookie"}
    if "error_code" in required:
        assert seen.error == required["error_code"]
    if "rule" in required:
        (decision,) = seen.decisions
        assert (decision.verdict, decision.rule) == (required["decision"], required["rule"])


@pytest.mark.parametrize("front", FRONTS)
@pytest.mark.parametrize("name", MORE)
def test_a_raw_input(outcomes: dict[str, dict[str, Seen]], front: str, name: str) -> None:
    case = MORE[name]
    if name not in outcomes[front]:
        pytest.skip("not for this front: it is about lines, or waits for a person")
    _check(outcomes[front][name], case)


def _check(seen: Seen, case: Raw) -> None:
    assert not seen.closed
    assert calls(seen) == [*case.received]
    assert seen.error == case.error
    if case.reason:
        assert [case.reason in event.reason for event in seen.rejected] == [True], seen.rejected
    else:
        assert seen.rejected == []
    assert {decision.rule for decision in seen.decisions} == ({case.rule} - {None})


@pytest.mark.parametrize("front", WEBS)
@pytest.mark.parametrize("name", MORE_HTTP)
def test_a_request(outcomes: dict[str, dict[str, Seen]], front: str, name: str) -> None:
    seen, case = outcomes[front][f"http {name}"], MORE_HTTP[name]
    assert (seen.status, [tool for tool, _ in calls(seen)]) == (case.status, [case.tool] if case.received else [])
    if case.error is not None:
        assert seen.error == case.error
    if case.received:
        assert seen.rejected == []
    else:
        assert [case.reason in event.reason for event in seen.rejected] == [True], seen.rejected
        assert seen.decisions == []


@pytest.mark.parametrize("front", WEBS)
@pytest.mark.parametrize("name", ON_THE_WIRE)
def test_a_request_as_bytes(outcomes: dict[str, dict[str, Seen]], front: str, name: str) -> None:
    seen, case = outcomes[front][f"wire {name}"], ON_THE_WIRE[name]
    assert (seen.status, [tool for tool, _ in calls(seen)]) == (case.status, ["safe"] if case.received else [])
    assert bool(seen.rejected) is not case.received
    assert not any("trailer" in name for line in seen.received for name, _ in line.get("headers", ()))


@pytest.mark.parametrize("extra", [0, 1])
def test_a_line_of_four_mebibytes_is_the_longest(extra: int) -> None:
    house = House()
    try:
        client = house.standalone()
        line = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"safe","arguments":{"x":"'
        line += b"a" * (LONG + extra - len(line) - 4) + b'"}}}'
        seen = client.ask("long", line + b"\n", 1)
        client.close()
        if extra:
            assert (seen.closed, seen.error) == (True, -32600)
            assert not house.log.exists()
            (rejected,) = [event for event in house.recorded() if type(event).__name__ == "FrameRejected"]
            assert "more than 4 MiB" in rejected.reason
        else:
            assert (seen.closed, seen.error) == (False, None)
    finally:
        house.close()
