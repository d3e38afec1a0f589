"""The ladder of checks over a request's head, rung by rung."""

from __future__ import annotations

import json

import pytest

from inspector.proxy.http_guard import (
    HANDSHAKE_VERSIONS,
    Admitted,
    Door,
    Head,
    Refused,
    accepts,
    admit,
    ambiguous,
    doorkeeper,
    is_modern,
    make_door,
    misrouted,
    record_of,
)
from inspector.proxy.sdk_rules import decode
from inspector.wire.jsonrpc import HEADER_MISMATCH, Frame, parse_client

TOKEN = "t0ken"
GOOD = ((b"host", b"127.0.0.1:7337"), (b"content-type", b"application/json"))


def door(*upstreams: str, **more: object) -> Door:
    given = {"tokens": {TOKEN: "local", "other": "cursor"}, "max_body": 100, **more}
    return make_door("127.0.0.1", 7337, upstreams=lambda: upstreams or ("up",), **given)  # type: ignore[arg-type]


def post(path: str, *headers: tuple[bytes, bytes], base: tuple[tuple[bytes, bytes], ...] = GOOD) -> Head:
    return Head("POST", path.encode(), (*base, *headers))


def refusal(head: Head, at: Door | None = None) -> int:
    verdict = admit(head, at or door())
    assert isinstance(verdict, Refused), verdict
    return verdict.status


def entry(head: Head, at: Door | None = None) -> Admitted:
    verdict = admit(head, at or door())
    assert isinstance(verdict, Admitted), verdict
    return verdict


def test_the_token_in_the_path_admits_to_a_named_upstream() -> None:
    assert entry(post(f"/{TOKEN}/up/mcp")).grant == "local"
    assert entry(post("/other/b/mcp"), door("a", "b")).upstream == "b"


def test_a_head_that_is_known_is_refused_once_its_token_or_upstream_has_gone() -> None:
    tokens, upstreams = {TOKEN: "local", "other": "cursor"}, ["up"]
    at = make_door("127.0.0.1", 7337, tokens=tokens, upstreams=lambda: tuple(upstreams), max_body=100)
    admitted, head = doorkeeper(at), post("/other/up/mcp")
    assert [isinstance(admitted(head), Admitted) for _ in range(2)] == [True, True]
    tokens["other"] = "another grant"
    assert admitted(head) == entry(head, door(tokens={"other": "another grant"}))
    del tokens["other"]
    assert admitted(head) == admit(head, at)
    assert isinstance(admitted(head), Refused)
    tokens["other"], upstreams[0] = "cursor", "another"
    assert isinstance(admitted(head), Refused)


def test_a_head_that_is_known_is_refused_with_a_body_that_is_too_large() -> None:
    admitted = doorkeeper(door())
    lengths = [b"99", b"101", b"100", b"101"]
    said = [admitted(post(f"/{TOKEN}/up/mcp", (b"content-length", length))) for length in lengths]
    assert [one.status if isinstance(one, Refused) else 200 for one in said] == [200, 413, 200, 413]


def test_who_keeps_the_door_says_what_the_ladder_says() -> None:
    admitted = doorkeeper(door())
    heads = [
        post("/wrong/up/mcp"),
        post(f"/{TOKEN}/up/mcp", (b"x", b"1")),
        Head("PUT", f"/{TOKEN}/up/mcp".encode(), GOOD),
    ]
    for head in heads * 2:
        assert admitted(head) == admit(head, door())


def test_the_short_path_works_while_there_is_exactly_one_upstream() -> None:
    assert entry(post(f"/{TOKEN}/mcp")).upstream == "up"
    assert refusal(post(f"/{TOKEN}/mcp"), door("a", "b")) == 404


def test_a_bearer_token_admits_at_the_upstreams_own_path() -> None:
    assert entry(post("/up/mcp", (b"authorization", b"Bearer other"))).grant == "cursor"
    assert entry(post("/up/mcp", (b"authorization", b"bearer  t0ken"))).grant == "local"


@pytest.mark.parametrize("path", ["/wrong/up/mcp", "/up/mcp", "/wrong/mcp", "//mcp", "//up/mcp", "/t0ke/up/mcp"])
@pytest.mark.parametrize("method", ["POST", "GET", "DELETE", "OPTIONS", "PUT"])
def test_a_wrong_or_missing_token_is_401_for_every_method(method: str, path: str) -> None:
    assert refusal(Head(method, path.encode(), GOOD)) == 401


@pytest.mark.parametrize(
    "path",
    ["/", "/mcp", "/.well-known/mcp", "/.well-known/oauth-authorization-server", f"/{TOKEN}", f"/{TOKEN}/up/mcp/",
     f"/{TOKEN}/up/sse", f"/.well-known/oauth-protected-resource/{TOKEN}/up/mcp", f"/{TOKEN}/up/mcp/x",
     f"/{TOKEN}/no/mcp"],
)  # fmt: skip
def test_every_other_path_is_404_so_that_no_client_begins_an_oauth_flow(path: str) -> None:
    assert refusal(post(path)) == 404


def test_a_wrong_token_does_not_tell_which_upstreams_exist() -> None:
    assert refusal(post("/wrong/no/mcp")) == refusal(post("/wrong/up/mcp")) == 401


@pytest.mark.parametrize(
    "hosts",
    [[], [b"evil.example"], [b"127.0.0.1"], [b"127.0.0.1:1"], [b"localhost:7337.evil.example"], [b"127.0.0.1:7337"] * 2,
     [b""], [b"user@127.0.0.1:7337"], [b"127.0.0.1:7337 "]],
)  # fmt: skip
def test_any_host_but_exactly_one_of_ours_is_421(hosts: list[bytes]) -> None:
    base = (*((b"host", host) for host in hosts), GOOD[1])
    assert refusal(post(f"/{TOKEN}/up/mcp", base=base)) == 421


@pytest.mark.parametrize("host", [b"127.0.0.1:7337", b"LOCALHOST:7337", b"[::1]:7337", b"box.lan", b"box.lan:7337"])
def test_our_own_names_and_allowed_ones_are_served(host: bytes) -> None:
    allowed = door(allow_hosts=("Box.lan",))
    assert entry(post(f"/{TOKEN}/up/mcp", base=((b"host", host), GOOD[1])), allowed)


@pytest.mark.parametrize("origin", [b"http://localhost:9999", b"null", b"http://evil.example", b"http://127.0.0.1"])
def test_a_foreign_origin_is_403_before_the_token_is_looked_at(origin: bytes) -> None:
    assert refusal(post("/wrong/up/mcp", (b"origin", origin))) == 403


def test_two_origins_are_403() -> None:
    ours = (b"origin", b"http://localhost:7337")
    assert refusal(post(f"/{TOKEN}/up/mcp", ours, ours)) == 403


def test_our_own_origin_is_not_forwarded_and_an_allowed_one_is() -> None:
    ours = entry(post(f"/{TOKEN}/up/mcp", (b"origin", b"http://localhost:7337")))
    theirs = entry(post(f"/{TOKEN}/up/mcp", (b"origin", b"https://app.dev")), door(allow_origins=("https://app.dev/",)))
    assert b"origin" not in dict(ours.http.headers)
    assert dict(theirs.http.headers)[b"origin"] == b"https://app.dev"


def test_methods_that_mcp_does_not_know_are_405() -> None:
    assert refusal(Head("OPTIONS", f"/{TOKEN}/up/mcp".encode(), GOOD)) == 405
    assert refusal(Head("PUT", f"/{TOKEN}/up/mcp".encode(), GOOD)) == 405


@pytest.mark.parametrize(
    "kind",
    [
        b"text/plain",
        b"application/json; charset=utf-16",
        b"application/json5",
        b"",
        b"application/json, text/plain",
        b'application/json; x=";charset=utf-16"',
        b"application/json; charset",
        b"application/json; charset=utf-8 x",
        b"application/json; charset=utf-8; charset=utf-8",
        b"application/json" + b"; " * 30_000 + b"x",
    ],
    ids=range(10),
)
def test_a_body_that_is_not_json_in_utf_8_is_415(kind: bytes) -> None:
    assert refusal(post(f"/{TOKEN}/up/mcp", base=(GOOD[0], (b"content-type", kind)))) == 415


@pytest.mark.parametrize(
    "kind",
    [
        b"application/json",
        b"Application/JSON; charset=UTF-8",
        b'application/json;charset="utf-8"',
        b"application/json; x=1; charset=utf-8",
        b"application/json ; charset=utf8",
        b"application/json;;",
    ],
)
def test_json_in_utf_8_is_taken_in_any_spelling(kind: bytes) -> None:
    assert entry(post(f"/{TOKEN}/up/mcp", base=(GOOD[0], (b"content-type", kind))))


def test_two_content_types_and_compressed_bodies_are_415() -> None:
    assert refusal(post(f"/{TOKEN}/up/mcp", (b"content-type", b"text/plain"))) == 415
    assert refusal(post(f"/{TOKEN}/up/mcp", (b"content-encoding", b"gzip"))) == 415


def test_a_body_that_announces_too_much_is_413() -> None:
    assert refusal(post(f"/{TOKEN}/up/mcp", (b"content-length", b"101"))) == 413
    assert entry(post(f"/{TOKEN}/up/mcp", (b"content-length", b"100")))


def test_what_belongs_to_this_hop_or_to_us_is_not_forwarded() -> None:
    own = [(b"cookie", b"a=b"), (b"proxy-authorization", b"x"), (b"connection", b"close, X-Mine"), (b"te", b"x"),
           (b"x-mine", b"1"), (b"referer", b"http://127.0.0.1:7337/t0ken/mcp"), (b"content-length", b"5")]  # fmt: skip
    kept = [(b"user-agent", b"c/1"), (b"x-tenant", b"7"), (b"accept", b"*/*"), (b"mcp-session-id", b"s")]
    admitted = entry(post(f"/{TOKEN}/up/mcp", *own, *kept))
    assert admitted.http.headers == (GOOD[1], *kept)
    assert admitted.session == "s"


def test_an_authorization_header_goes_on_unless_it_was_ours() -> None:
    theirs, ours = (b"authorization", b"Bearer theirs"), (b"authorization", b"Bearer t0ken")
    assert theirs in entry(post(f"/{TOKEN}/up/mcp", theirs)).http.headers
    assert b"authorization" not in dict(entry(post(f"/{TOKEN}/up/mcp", ours)).http.headers)
    assert b"authorization" not in dict(entry(post("/up/mcp", ours)).http.headers)


@pytest.mark.parametrize(
    "name", [b"mcp-name", b"mcp-method", b"mcp-protocol-version", b"mcp-session-id", b"mcp-param-x"]
)
def test_a_routing_header_stands_once(name: bytes) -> None:
    assert ambiguous(((name, b"a"), (b"x", b"1"), (name, b"a"))) == f"{name.decode()} stands more than once"
    assert ambiguous(((name, b"a"), (b"x", b"1"), (b"x", b"2"))) is None


def call(name: str = "safe", **meta: str) -> Frame:
    params = {"name": name, "_meta": {f"io.modelcontextprotocol/{k}": v for k, v in meta.items()}}
    frame = parse_client(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).encode())
    assert isinstance(frame, Frame)
    return frame


def routed(frame: Frame, *headers: tuple[bytes, bytes], modern: bool = True) -> int | None:
    refused = misrouted(frame, headers, modern=modern, decode=decode)
    return refused.code if refused else None


VERSION, METHOD = (b"mcp-protocol-version", b"2026-07-28"), (b"mcp-method", b"tools/call")


def test_routing_headers_that_agree_with_the_body_pass_in_plain_and_in_base64() -> None:
    frame = call(protocolVersion="2026-07-28")
    assert routed(frame, VERSION, METHOD, (b"mcp-name", b"safe")) is None
    assert routed(frame, VERSION, METHOD, (b"mcp-name", b"=?base64?c2FmZQ==?=")) is None


@pytest.mark.parametrize(
    "headers",
    [(VERSION, METHOD, (b"mcp-name", b"delete")), (VERSION, METHOD), (VERSION, (b"mcp-name", b"safe")),
     (METHOD, (b"mcp-name", b"safe")), (VERSION, METHOD, (b"mcp-name", b"=?base64?!!?=")),
     (VERSION, (b"mcp-method", b"tools/list"), (b"mcp-name", b"safe")),
     ((b"mcp-protocol-version", b"2025-11-25"), METHOD, (b"mcp-name", b"safe")),
     (VERSION, METHOD, (b"mcp-name", b"safe"), (b"mcp-name", b"safe"))],
)  # fmt: skip
def test_routing_headers_that_say_something_else_or_nothing_are_a_mismatch(
    headers: tuple[tuple[bytes, bytes], ...],
) -> None:
    assert routed(call(protocolVersion="2026-07-28"), *headers) == HEADER_MISMATCH


def test_a_legacy_request_needs_no_routing_headers_but_must_not_contradict_itself() -> None:
    assert routed(call(), modern=False) is None
    assert routed(call(), (b"mcp-name", b"other"), modern=False) == HEADER_MISMATCH


def test_the_era_follows_header_or_body_and_an_unknown_version_is_modern() -> None:
    assert is_modern(call(protocolVersion="2026-07-28"), None)
    assert is_modern(call(), b"2026-07-28")
    assert is_modern(None, b"2099-01-01")
    assert not is_modern(call(), b"2025-06-18")
    assert not is_modern(call(), None)


def test_the_handshake_versions_are_those_of_the_sdk() -> None:
    from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS

    assert {version.decode() for version in HANDSHAKE_VERSIONS} == set(HANDSHAKE_PROTOCOL_VERSIONS)


@pytest.mark.parametrize(
    ("value", "takes"),
    [(b"text/event-stream", True), (b"application/json, text/*", True), (b"*/*;q=0.1", True), (b"text/html", False)],
)
def test_accept_is_read_with_its_wildcards(value: bytes, takes: bool) -> None:
    assert accepts(((b"accept", value),), "text/event-stream") is takes


def test_no_accept_header_takes_anything() -> None:
    assert accepts((), "text/event-stream")


def test_a_recorded_refusal_shows_no_credential() -> None:
    head = post("/t0ken/up/mcp", (b"authorization", b"Bearer theirs"), (b"cookie", b"s=1"), (b"x", b"a t0ken b"))
    kept = record_of(head, {TOKEN: "local"})
    assert kept.startswith(b"POST /<token>/up/mcp\r\nhost: 127.0.0.1:7337")
    assert not any(secret in kept for secret in (b"t0ken", b"theirs", b"s=1"))
