"""What a login never does, whatever a server says."""

from __future__ import annotations

import pytest

from inspector.logins import KeptLogin
from inspector.proxy.login_flow import Challenge, LoginFlow
from inspector.proxy.login_redirect import LoginError, has_browser


async def _show(page: str) -> None: ...


def flow(url: str, scope: str | None = None) -> LoginFlow:
    def keep(login: KeptLogin) -> None: ...

    return LoginFlow(url, scope, keep, _show, lambda: 0.0)


def test_a_server_on_https_leads_nowhere_else() -> None:
    assert flow("https://a.example/mcp").checked("https://b.example/token") == "https://b.example/token"
    assert flow("http://127.0.0.1/mcp").checked("http://b.example/token") == "http://b.example/token"
    for url in ("http://b.example/token", "file:///etc/passwd", "javascript:alert(1)"):
        with pytest.raises(LoginError, match="not on https"):
            flow("https://a.example/mcp").checked(url)


def test_a_configured_scope_is_read_before_the_servers() -> None:
    said = Challenge(401, ('Bearer scope="theirs"', 'Basic realm="x"'))
    assert flow("https://a.example").refusal(said) == [("www-authenticate", 'Bearer scope="theirs", Basic realm="x"')]
    ((_, value),) = flow("https://a.example", "ours").refusal(said)
    assert value.startswith('Bearer scope="ours", ')
    ((_, value),) = flow("https://a.example", "ours").refusal(Challenge(403, said.www_authenticate))
    assert "ours" not in value  # what is missing is the server's to say


@pytest.mark.parametrize("name", ["BROWSER", "DISPLAY", "WAYLAND_DISPLAY"])
def test_a_browser_is_only_opened_where_there_is_a_graphical_one(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    assert has_browser({name: "x"})
    assert not has_browser({name: "", "TERM": "xterm"})
