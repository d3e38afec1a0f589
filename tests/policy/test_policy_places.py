from __future__ import annotations

import pytest

from inspector.policy.places import host_matches, host_pattern, is_within, normalised, url_host


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", "/"), ("//", "/"), ("///a//b/", "/a/b"), ("/a/./b/../c", "/a/c"), ("/../..", "/"), ("/a/..", "/"),
        ("/é b", "/é b"), ("//server/share", "/server/share"),
        ("", None), ("a", None), ("./a", None), ("~/a", None), ("/a\\b", None), ("/a%2e", None), ("/a\n", None),
        ("/a\x00", None), ("/a\x7f", None), ("/a\x9f", None), ("C:/a", None),
    ],
)  # fmt: skip
def test_paths_are_normalised_by_their_text_alone(path: str, expected: str | None) -> None:
    assert normalised(path) == expected


def test_below_a_base_means_a_whole_segment() -> None:
    assert is_within("/srv", ["/srv"])
    assert is_within("/srv/a", ["/x", "/srv"])
    assert not is_within("/srvx", ["/srv"])
    assert not is_within("/", ["/srv"])
    assert is_within("/anything", ["/"])


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://A.example", "a.example"), ("HTTPS://a.example.:443", "a.example"), ("http://a?x", "a"),
        ("http://a#x@y", "a"), ("http://a/@b", "a"), ("http://a:", "a"), ("http://1.2.3.4", "1.2.3.4"),
        ("http://[2001:DB8::1]:80/", "2001:db8::1"), ("http://[::ffff:1.2.3.4]", "::ffff:102:304"),
        ("http://0x7f.example", "0x7f.example"), ("http://a_b-c", "a_b-c"), ("http://a:65535", "a"),
    ],
)  # fmt: skip
def test_the_host_of_a_url_that_reads_one_way(url: str, host: str) -> None:
    assert url_host(url) == host


@pytest.mark.parametrize(
    "url",
    [
        "", "a.example", "//a", "ftp://a", "http:a", "http:/a", "http://", "http:///a", "http://:80", "http://.",
        "http://a..b", "http://.a", "http://u@a", "http://u:p@a", "http://a%41", "http://a\\b", "http://a/\\b",
        "http://a b", "http://a/ b", "http://a\t", "http://a\n", "http://ä", "http://a/ä", "http://a/\x7f", "\x00http://a",
        "http://1", "http://1.2.3", "http://01.2.3.4", "http://1.2.3.0x4", "http://0x7f000001", "http://256.1.1.1",
        "http://a.1", "http://a.0x", "http://1.2.3.4.5", "http://a:65536", "http://a:-1", "http://a:8:8",
        "http://a:" + "9" * 30, "http://[::1", "http://::1", "http://[::1]a", "http://[::1%25lo]", "http://[v1.a]",
        "http://[1.2.3.4]", "http://a<b", "http://a|b", "http://" + "a" * 400, "http://a[b]",
    ],
)  # fmt: skip
def test_a_url_that_two_readers_could_understand_differently_has_no_host(url: str) -> None:
    assert url_host(url) is None


@pytest.mark.parametrize(
    ("host", "pattern", "matches"),
    [
        ("a.b", "A.B.", True), ("a.b", "*.b", True), ("b", "*.b", False), ("xb", "*.b", False), ("a.b.c", "*.c", True),
        ("::1", "[::1]", True), ("::1", "0:0::1", True), ("1.2.3.4", "1.2.3.4", True), ("a.b", "*", False),
        ("a", "a:80", False),
    ],
)  # fmt: skip
def test_hosts_and_their_patterns(host: str, pattern: str, matches: bool) -> None:
    assert host_matches(host, [host_pattern(pattern)]) is matches
