"""Hostile inputs beyond the sample, in its vocabulary: what is sent, and what must become of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from inspector.wire.jsonrpc import INVALID_PARAMS, INVALID_REQUEST, METHOD_NOT_FOUND, PARSE_ERROR

META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": {"name": "c", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}


@dataclass(frozen=True)
class Raw:
    """One message as a client writes it. `error` None: it is let through, and the server gets `received`."""

    id: str
    raw: bytes
    error: int | None = None
    reason: str = ""  # words of the refusal's
    rule: str | None = None  # of the decision; None: none is made
    received: tuple[Any, ...] = ()  # (tool, arguments) or a method, each that reaches the server
    answers: int = 1
    http: bool = True  # can be sent over HTTP, too, with the same effect


def call(name: str = "safe", arguments: str = "{}", *, frame_id: str = "1", more: str = "") -> bytes:
    head = f'{{"jsonrpc":"2.0","id":{frame_id},"method":"tools/call",'
    return f'{head}"params":{{"name":{json.dumps(name)},"arguments":{arguments}{more}}}}}'.encode()


def method(name: str, *, frame_id: str | None = "1") -> bytes:
    member = f'"id":{frame_id},' if frame_id is not None else ""
    return f'{{"jsonrpc":"2.0",{member}"method":{json.dumps(name)},"params":{{"name":"delete"}}}}'.encode()


def envelope(text: str) -> bytes:
    return f'{{"jsonrpc":"2.0",{text}}}'.encode()


TEXT = call().decode()
_DEEP = '{"x":' + "[" * 60 + "]" * 60 + "}"

UNREADABLE = [
    Raw("bom", b"\xef\xbb\xbf" + call(), PARSE_ERROR, "byte order mark"),
    Raw("utf-16 with its mark", TEXT.encode("utf-16"), PARSE_ERROR, "invalid UTF-8"),
    Raw("utf-16-le", TEXT.encode("utf-16-le"), PARSE_ERROR, "not JSON"),
    Raw("utf-16-be", TEXT.encode("utf-16-be"), PARSE_ERROR, "not JSON"),
    Raw("utf-32", TEXT.encode("utf-32-be"), PARSE_ERROR, "not JSON"),
    Raw("utf-7", TEXT.replace("{", "+AHs-", 1).encode(), PARSE_ERROR, "not JSON"),
    Raw("overlong in a name", call().replace(b"safe", b"s\xc1\xa1fe"), PARSE_ERROR, "invalid UTF-8"),
    Raw("overlong NUL", call(arguments='{"x":"?"}').replace(b"?", b"\xc0\x80"), PARSE_ERROR, "invalid UTF-8"),
    Raw("surrogate as bytes", call().replace(b"safe", b"\xed\xa0\x80"), PARSE_ERROR, "invalid UTF-8"),
    Raw("beyond unicode", call().replace(b"safe", b"\xf4\x90\x80\x80"), PARSE_ERROR, "invalid UTF-8"),
    Raw("cut character", call().replace(b"safe", b"saf\xc3"), PARSE_ERROR, "invalid UTF-8"),
    Raw("low surrogate first", call(arguments='{"x":"\\udc00\\ud800"}'), PARSE_ERROR, "lone surrogate"),
    Raw("surrogate in a key", call(arguments='{"\\uD800":1}'), PARSE_ERROR, "lone surrogate"),
    Raw("surrogate in a name", call().replace(b"safe", b"\\uDfff"), PARSE_ERROR, "lone surrogate"),
    Raw("surrogate in the method", envelope('"id":1,"method":"\\ud800"'), PARSE_ERROR, "lone surrogate"),
    Raw("NaN", call(arguments='{"x":NaN}'), PARSE_ERROR, "NaN is not JSON"),
    Raw("-Infinity", call(arguments='{"x":-Infinity}'), PARSE_ERROR, "-Infinity is not JSON"),
    Raw("1e400", call(arguments='{"x":1e400}'), PARSE_ERROR, "too large for a double"),
    Raw("-1e400", call(arguments='{"x":-1e400}'), PARSE_ERROR, "too large for a double"),
    Raw("a huge exponent", call(arguments='{"x":1e99999999999999999999}'), PARSE_ERROR, "too large for a double"),
    Raw("a tiny exponent", call(arguments='{"x":1e-99999999999999999999}'), PARSE_ERROR, "number"),
    Raw("65 digits", call(arguments='{"x":' + "1" * 65 + "}"), PARSE_ERROR, "more than 64 characters"),
    Raw("65 characters", call(arguments='{"x":0.' + "1" * 63 + "}"), PARSE_ERROR, "more than 64 characters"),
    Raw("a leading zero", call(arguments='{"x":01}'), PARSE_ERROR, "not JSON"),
    Raw("a plus", call(arguments='{"x":+1}'), PARSE_ERROR, "not JSON"),
    Raw("hexadecimal", call(arguments='{"x":0x10}'), PARSE_ERROR, "not JSON"),
    Raw("other digits", call(arguments='{"x":١}'), PARSE_ERROR, "not JSON"),
    Raw("a bare point", call(arguments='{"x":1.}'), PARSE_ERROR, "not JSON"),
    Raw("single quotes", TEXT.replace('"', "'").encode(), PARSE_ERROR, "not JSON"),
    Raw("a comment", call(arguments="{/**/}"), PARSE_ERROR, "not JSON"),
    Raw("a trailing comma", call(arguments='{"x":1,}'), PARSE_ERROR, "not JSON"),
    Raw("data behind", call() + b" {}", PARSE_ERROR, "not JSON"),
    Raw("two messages", call() + call("delete"), PARSE_ERROR, "not JSON"),
    Raw("cut off", call()[:-1], PARSE_ERROR, "not JSON"),
    Raw("NUL behind", call() + b"\0", PARSE_ERROR, "not JSON"),
    Raw("NUL before", b"\0" + call(), PARSE_ERROR, "not JSON"),
    Raw("NUL inside a string", call().replace(b"safe", b"sa\0fe"), PARSE_ERROR, "not JSON"),
    Raw("a raw tab in a string", call(arguments='{"x":"\t"}'), PARSE_ERROR, "not JSON"),
    Raw("a bad escape", call(arguments='{"x":"\\x41"}'), PARSE_ERROR, "not JSON"),
    Raw("no-break space between tokens", call().replace(b":", b":\xc2\xa0", 1), PARSE_ERROR, "not JSON"),
    Raw("vertical tab between tokens", call().replace(b":", b":\x0b", 1), PARSE_ERROR, "not JSON"),
    Raw("a record separator", b"\x1e" + call(), PARSE_ERROR, "not JSON"),
    Raw("a header of another protocol", b"Content-Length: 5", PARSE_ERROR, "not JSON"),
    Raw("65 levels", call(arguments='{"x":' + "[" * 62 + "]" * 62 + "}"), PARSE_ERROR, "nesting"),
    Raw("a million levels", b"[" * 1_000_000, PARSE_ERROR, "nesting"),
    Raw("a million objects", b'{"a":' * 500_000, PARSE_ERROR, "nesting"),
    Raw("an escaped twin", call(more=',"n\\u0061me":"delete"'), PARSE_ERROR, "duplicate object key"),
    Raw("a twin deep inside", call(arguments='{"x":[{"y":{"z":1,"\\u007a":2}}]}'), PARSE_ERROR, "duplicate object key"),
    Raw("two methods", envelope('"id":1,"method":"ping","method":"tools/call"'), PARSE_ERROR, "duplicate object key"),
    Raw("two ids", envelope('"id":1,"id":2,"method":"ping"'), PARSE_ERROR, "duplicate object key"),
    Raw("two metas", call(more=',"_meta":{},"_meta":{}'), PARSE_ERROR, "duplicate object key"),
    Raw(
        "a surrogate pair is a twin", call(arguments='{"😀":1,"\\ud83d\\ude00":2}'), PARSE_ERROR, "duplicate object key"
    ),
    Raw("a CR inside", call().replace(b",", b",\r", 1), PARSE_ERROR, "carriage return", http=False),
    Raw("a call behind a CR", b'{"jsonrpc":"2.0"}\r' + call("delete"), PARSE_ERROR, "carriage return", http=False),
    Raw("a form feed for a line", b"\x0c", PARSE_ERROR, "not JSON"),
    Raw("a vertical tab for a line", b" \x0b ", PARSE_ERROR, "not JSON"),
    Raw("a no-break space before", b"\xc2\xa0" + call(), PARSE_ERROR, "not JSON"),
    Raw("a line separator between tokens", call().replace(b",", b",\xe2\x80\xa8", 1), PARSE_ERROR, "not JSON"),
    Raw("a mark inside the text", call().replace(b"{", b"{\xef\xbb\xbf", 1), PARSE_ERROR, "not JSON"),
    Raw("an id of 65 digits", call(frame_id="9" * 65), PARSE_ERROR, "more than 64 characters"),
    Raw("an id with a leading zero", call(frame_id="01"), PARSE_ERROR, "not JSON"),
    Raw("the largest double and a bit", call(arguments='{"x":1.7976931348623159e308}'), PARSE_ERROR, "too large"),
    Raw("a number of 64 and a sign", call(arguments='{"x":-' + "1" * 64 + "}"), PARSE_ERROR, "more than 64 characters"),
    Raw("65 levels of objects", call(arguments='{"x":' * 63 + "1" + "}" * 63), PARSE_ERROR, "nesting"),
    Raw("an empty key twice", call(arguments='{"":1,"":2}'), PARSE_ERROR, "duplicate object key"),
    Raw(
        "a twin in the capabilities",
        envelope('"id":1,"method":"ping","params":{"a":{"b":1,"b":1}}'),
        PARSE_ERROR,
        "duplicate object key",
    ),
    Raw("a twin in an answer", envelope('"id":1,"result":{"a":1,"a":2}'), PARSE_ERROR, "duplicate object key"),
    Raw("true in capitals", call(arguments='{"x":TRUE}'), PARSE_ERROR, "not JSON"),
    Raw("undefined", call(arguments='{"x":undefined}'), PARSE_ERROR, "not JSON"),
    Raw("nan in small letters", call(arguments='{"x":nan}'), PARSE_ERROR, "not JSON"),
    Raw("an escape cut short", call(arguments='{"x":"\\u12"}'), PARSE_ERROR, "not JSON"),
    Raw("half a pair at the end", call(arguments='{"x":"\\ud83d"}'), PARSE_ERROR, "lone surrogate"),
    Raw("half a pair and a letter", call(arguments='{"x":"\\ud83d\\u0041"}'), PARSE_ERROR, "lone surrogate"),
    Raw("two CRs at the end", call() + b"\r\r", PARSE_ERROR, "carriage return", http=False),
]

_ID = "id must be a string or an integer"
MISSHAPEN = [
    Raw("an empty batch", b"[]", INVALID_REQUEST, "batches are not accepted"),
    Raw("a batch of one", b"[" + call() + b"]", INVALID_REQUEST, "batches are not accepted"),
    Raw("a batch of two", b"[" + call() + b"," + call("delete") + b"]", INVALID_REQUEST, "batches are not accepted"),
    Raw("a string", b'"tools/call"', INVALID_REQUEST, "must be an object"),
    Raw("a number", b"1", INVALID_REQUEST, "must be an object"),
    Raw("null", b"null", INVALID_REQUEST, "must be an object"),
    Raw("nothing in it", b"{}", INVALID_REQUEST, "jsonrpc"),
    Raw("no version", b'{"id":1,"method":"ping"}', INVALID_REQUEST, "jsonrpc"),
    Raw("version 1", b'{"jsonrpc":"1.0","id":1,"method":"ping"}', INVALID_REQUEST, "jsonrpc"),
    Raw("version as a number", b'{"jsonrpc":2.0,"id":1,"method":"ping"}', INVALID_REQUEST, "jsonrpc"),
    Raw("version in capitals", b'{"JSONRPC":"2.0","id":1,"method":"ping"}', INVALID_REQUEST, "jsonrpc"),
    Raw("neither", envelope('"id":1'), INVALID_REQUEST, "neither"),
    Raw("request and result", envelope('"id":1,"method":"ping","result":{}'), INVALID_REQUEST, "neither"),
    Raw("request and error", envelope('"id":1,"method":"tools/call","error":{}'), INVALID_REQUEST, "neither"),
    Raw("result and error", envelope('"id":1,"result":{},"error":{}'), INVALID_REQUEST, "neither"),
    Raw("result with params", envelope('"id":1,"result":{},"params":{}'), INVALID_REQUEST, "neither"),
    Raw("an error that is a text", envelope('"id":1,"error":"no"'), INVALID_REQUEST, "error must be an object"),
    Raw("an error that is null", envelope('"id":1,"error":null'), INVALID_REQUEST, "error must be an object"),
    Raw(
        "a result of null beside a method", envelope('"id":1,"method":"ping","result":null'), INVALID_REQUEST, "neither"
    ),
    Raw("an id that is a pair", call(frame_id='{"$int":1}'), INVALID_REQUEST, _ID),
    Raw("id 0.0", call(frame_id="0.0"), INVALID_REQUEST, _ID),
    Raw("id -0.0", call(frame_id="-0.0"), INVALID_REQUEST, _ID),
    Raw("id 1E0", call(frame_id="1E0"), INVALID_REQUEST, _ID),
    Raw("two versions", b'{"jsonrpc":"2.0","Jsonrpc":"2.0","id":1,"method":"ping"}', INVALID_REQUEST, "unknown member"),
    Raw("version with a space", b'{"jsonrpc":"2.0 ","id":1,"method":"ping"}', INVALID_REQUEST, "jsonrpc"),
    Raw("an array of arrays", b"[[]]", INVALID_REQUEST, "batches are not accepted"),
    Raw("a dangerous member", envelope('"id":1,"method":"ping","__proto__":{}'), INVALID_REQUEST, "unknown member"),
    Raw(
        "params of a call an empty list", envelope('"id":1,"method":"tools/call","params":[]'), INVALID_PARAMS, "params"
    ),
    Raw("params of a call empty", envelope('"id":1,"method":"tools/call","params":{}'), INVALID_PARAMS, "name"),
    Raw("name true", call().replace(b'"safe"', b"true"), INVALID_PARAMS, "name must be a string"),
    Raw("arguments true", call(arguments="true"), INVALID_PARAMS, "arguments must be an object"),
    Raw("result without an id", envelope('"result":{}'), INVALID_REQUEST, "neither"),
    Raw("result to null", envelope('"id":null,"result":{}'), INVALID_REQUEST, _ID),
    Raw("an unknown member", envelope('"id":1,"method":"ping","x":1'), INVALID_REQUEST, "unknown member 'x'"),
    Raw("Method", envelope('"id":1,"method":"ping","Method":"tools/call"'), INVALID_REQUEST, "unknown member 'Method'"),
    Raw("PARAMS", call()[:-1] + b',"PARAMS":{"name":"delete"}}', INVALID_REQUEST, "unknown member 'PARAMS'"),
    Raw("an empty key", envelope('"id":1,"method":"ping","":1'), INVALID_REQUEST, "unknown member"),
    Raw("id null", call(frame_id="null"), INVALID_REQUEST, _ID),
    Raw("id 1.0", call(frame_id="1.0"), INVALID_REQUEST, _ID),
    Raw("id 1e2", call(frame_id="1e2"), INVALID_REQUEST, _ID),
    Raw("id 1.5", call(frame_id="1.5"), INVALID_REQUEST, _ID),
    Raw("id false", call(frame_id="false"), INVALID_REQUEST, _ID),
    Raw("id a list", call(frame_id="[1]"), INVALID_REQUEST, _ID),
    Raw("method a number", envelope('"id":1,"method":1'), INVALID_REQUEST, "neither"),
    Raw("method null", envelope('"id":1,"method":null'), INVALID_REQUEST, "neither"),
    Raw("method a list", envelope('"id":1,"method":["tools/call"]'), INVALID_REQUEST, "neither"),
    Raw("params a list", envelope('"id":1,"method":"ping","params":[]'), INVALID_REQUEST, "params must be an object"),
    Raw("params a text", envelope('"id":1,"method":"ping","params":"x"'), INVALID_REQUEST, "params must be an object"),
    Raw("call by position", envelope('"id":1,"method":"tools/call","params":["delete"]'), INVALID_PARAMS, "params"),
    Raw("call with params null", envelope('"id":1,"method":"tools/call","params":null'), INVALID_PARAMS, "params"),
    Raw("call without params", envelope('"id":1,"method":"tools/call"'), INVALID_PARAMS, "name must be a string"),
    Raw("name null", call().replace(b'"safe"', b"null"), INVALID_PARAMS, "name must be a string"),
    Raw("name a list", call().replace(b'"safe"', b'["safe"]'), INVALID_PARAMS, "name must be a string"),
    Raw("name an object", call().replace(b'"safe"', b'{"name":"safe"}'), INVALID_PARAMS, "name must be a string"),
    Raw("name in capitals only", call().replace(b'"name"', b'"Name"'), INVALID_PARAMS, "name must be a string"),
    Raw("arguments a list", call(arguments="[]"), INVALID_PARAMS, "arguments must be an object"),
    Raw("arguments a number", call(arguments="0"), INVALID_PARAMS, "arguments must be an object"),
    Raw("arguments false", call(arguments="false"), INVALID_PARAMS, "arguments must be an object"),
    Raw("arguments empty text", call(arguments='""'), INVALID_PARAMS, "arguments must be an object"),
]

DISGUISED = [
    Raw(f"method {name!r}", method(name), METHOD_NOT_FOUND, "method not found")
    for name in (
        "Tools/Call",
        "TOOLS/CALL",
        " tools/call",
        "tools/call ",
        "tools/call\n",
        "tools/call\0",
        "\ttools/call",
        "tools /call",
        "tools\u200b/call",
        "tools/call\ufeff",
        "tools\uff0fcall",
        "tools/ca\u217cl",
        "too\u00adls/call",
        "/tools/call",
        "tools/call/",
        "tool\u017f/call",
        "\U0001d42dools/call",
        "tools/call\ufe0f",
        "to\u034fols/call",
        "tools/\u3164call",
        "tools/call\u180e",
        "\u2066tools/call\u2069",
        "tools/call\U000e0041",
        "\uff34\uff2f\uff2f\uff2c\uff33\uff0f\uff23\uff21\uff2c\uff2c",
        "x" * 2000,
    )
]

# No error over stdio: a notification is answered by nothing.
DROPPED = [
    Raw("a call without an id", method("tools/call", frame_id=None), reason="without an id", answers=0),
    Raw("a disguised one", method("Tools/Call", frame_id=None), reason="without an id", answers=0),
]

_DENY, _NAME = "/tools/delete/action", "(invalid name)"
PASSED = [
    Raw("64 levels", call(arguments=_DEEP), rule="", received=(("safe", json.loads(_DEEP)),)),
    Raw("64 digits", call(arguments='{"x":' + "1" * 64 + "}"), rule="", received=(("safe", {"x": int("1" * 64)}),)),
    Raw("a big id", call(frame_id="9" * 30), rule="", received=(("safe", {}),)),
    Raw("a negative id", call(frame_id="-1"), rule="", received=(("safe", {}),)),
    Raw("an empty id", call(frame_id='""'), rule="", received=(("safe", {}),)),
    Raw("id minus zero", call(frame_id="-0"), rule="", received=(("safe", {}),)),
    Raw("an id of 64 digits", call(frame_id="9" * 64), rule="", received=(("safe", {}),)),
    Raw("an id of escapes", call(frame_id='"\\u0031\\ud83d\\ude00"'), rule="", received=(("safe", {}),)),
    Raw(
        "NAME and Arguments beside",
        call(more=',"NAME":"delete","ARGUMENTS":{"a":1}'),
        rule="",
        received=(("safe", {}),),
    ),
    Raw("a Kelvin sign", call(more=',"tas\u212a":{"ttl":1}'), rule="", received=(("safe", {}),)),
    Raw("a hidden tool", call("secret"), rule="(hidden)"),
    Raw("a hidden tool in capitals", call("SECRET"), rule="(default deny)"),
    Raw("a path for a name", call("../delete"), rule="(default deny)"),
    Raw("a name of 257", call("s" * 257), rule=_NAME),
    Raw("a name of a megabyte", call("s" * (1 << 20)), rule=_NAME),
    Raw("a tag character", call("safe\U000e0001"), rule=_NAME),
    Raw("a line separator in the name", call("safe\u2028"), rule=_NAME),
    Raw("an amount in exponents", call("pay", '{"amount":1e3}'), rule="/tools/pay/deny_if/args.amount-gt"),
    Raw(
        "an amount of null twins", call("pay", '{"Amount":1e9,"amount":101}'), rule="/tools/pay/deny_if/args.amount-gt"
    ),
    Raw("white space around", b" \t" + call() + b" \t", rule="", received=(("safe", {}),)),
    Raw("arguments null", call(arguments="null"), rule="", received=(("safe", None),)),
    Raw("Arguments beside", call(more=',"Arguments":{"x":1}'), rule="", received=(("safe", {}),)),
    Raw("a long s", call(more=',"argument\u017f":{"x":1}'), rule="", received=(("safe", {}),)),
    Raw("_META beside", call(more=',"_META":{"x":1}'), rule="", received=(("safe", {}),)),
    Raw("twins in case", call(arguments='{"a":1,"A":2}'), rule="", received=(("safe", {"a": 1, "A": 2}),)),
    Raw("dangerous keys", call(arguments='{"__proto__":{}}'), rule="", received=(("safe", {"__proto__": {}}),)),
    Raw("an escaped denial", call("x").replace(b'"x"', b'"d\\u0065lete"'), rule=_DENY),
    Raw("a space before", call(" delete"), rule=_NAME),
    Raw("a line end", call("delete\n"), rule=_NAME),
    Raw("a NUL", call("delete\0"), rule=_NAME),
    Raw("an invisible", call("del\u200bete"), rule=_NAME),
    Raw("a right-to-left mark", call("\u202edelete"), rule=_NAME),
    Raw("no name at all", call(""), rule=_NAME),
    Raw("another script", call("d\u0435lete"), rule="(default deny)"),
    Raw("another form", call("ﬁle"), rule="(default deny)"),
    Raw("huge amount", call("pay", '{"amount":1e300}'), rule="/tools/pay/deny_if/args.amount-gt"),
    Raw("just above", call("pay", '{"amount":100.' + "0" * 40 + "1}"), rule="/tools/pay/deny_if/args.amount-gt"),
    Raw("amount true", call("pay", '{"amount":true}'), rule="/tools/pay/deny_if/args.amount-gt"),
    Raw("a list of amounts", call("pay", '{"amount":[1]}'), rule="/tools/pay/deny_if/args.amount-gt"),
]

_LINE = Raw("", b"")
LINES = [
    Raw("a CR before the LF", call() + b"\r", rule="", received=(("safe", {}),), http=False),
    Raw("blank lines", b"\n\r\n  \n" + call(), rule="", received=(("safe", {}),), http=False),
    Raw(
        "an id in flight",
        call("ask", frame_id="7") + b"\n" + call("safe", frame_id="7"),
        INVALID_REQUEST,
        "already in flight",
        rule="/tools/ask/action",
        answers=2,
        http=False,
    ),
]
