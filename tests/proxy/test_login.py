"""Our own login at a server behind a URL: against the SDK's authorization server, on another origin than the server."""

from __future__ import annotations

import json
import socket
import stat
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import anyio
import pytest
from http_rig import Reply, Rig, serving
from http_upstream import Exchange, Script
from login_rig import Guarded, Person, before, guarded
from pipe_rig import pipe

from inspector.core.events import UpstreamChanged, UpstreamState
from inspector.logins import Logins
from inspector.proxy import login as login_module

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def echo(rig: Rig, text: str = "hi", **headers: str) -> Reply:
    return await rig.modern("tools/call", {"name": "echo", "arguments": {"text": text}}, **headers)


def kept(folder: Path) -> dict[str, Any]:
    (path,) = (folder / "state" / "logins").iterdir()
    return dict(json.loads(path.read_text()))


async def test_a_first_call_opens_the_browser_and_goes_on_with_the_token(tmp_path: Path) -> None:
    person = Person()
    async with guarded() as server, before(server, tmp_path, person) as rig:
        assert (await echo(rig)).said == "hi"
        assert (await echo(rig)).said == "hi"
        assert len(person.visits) == 1
        assert "You can close this window" in person.came_back
        states = [(e.state, e.detail) for e in rig.seen(UpstreamChanged)]
        assert states == [
            (UpstreamState.LOGIN, person.visits[0]),
            (UpstreamState.READY, server.url),
        ]
        token = kept(tmp_path)["tokens"]["access_token"]
        assert await server.credentials() == ["", f"Bearer {token}", f"Bearer {token}"]
        (asked,) = await server.requests("authorization/authorize")
        (redeemed,) = await server.requests("authorization/token")
        assert (asked["form"]["code_challenge_method"], asked["form"]["resource"]) == ("S256", server.url)
        assert redeemed["form"]["code_verifier"]
        assert asked["form"]["redirect_uri"].startswith("http://127.0.0.1:")


async def test_the_next_run_uses_the_kept_token_from_its_first_request_on(tmp_path: Path) -> None:
    person = Person()
    async with guarded() as server:
        async with before(server, tmp_path, person) as rig:
            await echo(rig)
        async with before(server, tmp_path, person) as rig:
            assert (await echo(rig)).said == "hi"
        assert len(person.visits) == 1
        assert (await server.credentials()).count("") == 1


@pytest.mark.parametrize("why", ["its time is over", "it was revoked"])
async def test_a_token_is_refreshed_without_the_person_even_in_another_run(tmp_path: Path, why: str) -> None:
    person = Person()
    async with guarded() as server:
        if why == "its time is over":
            await server.control(lifetime=5)  # less than what is left for a call on its way
        async with before(server, tmp_path, person) as rig:
            await echo(rig)
        if why == "it was revoked":
            await server.control(revoke=True)
        async with before(server, tmp_path, person) as rig:
            assert (await echo(rig)).said == "hi"
        assert len(person.visits) == 1
        grants = [line["form"]["grant_type"] for line in await server.requests("authorization/token")]
        assert grants == ["authorization_code", "refresh_token"]  # and at its own address, not at the MCP server's


async def test_when_nothing_is_worth_anything_any_more_the_person_is_asked_again(tmp_path: Path) -> None:
    person = Person()
    async with guarded() as server:
        async with before(server, tmp_path, person) as rig:
            await echo(rig)
            await server.control(forget=True)
            assert (await echo(rig)).said == "hi"
            assert len(person.visits) == 2
        async with before(server, tmp_path, person) as rig:
            assert (await echo(rig)).said == "hi"
        assert len(person.visits) == 2
        assert len(await server.requests("authorization/register")) == 1


async def test_many_calls_at_once_make_one_login(tmp_path: Path) -> None:
    person = Person()
    async with guarded() as server, before(server, tmp_path, person) as rig:
        answers: list[str] = []

        async def call(number: int) -> None:
            answers.append((await echo(rig, str(number))).said)

        async with anyio.create_task_group() as group:
            for number in range(8):
                group.start_soon(call, number)
        assert sorted(answers) == [str(n) for n in range(8)]
        assert len(person.visits) == 1


async def test_a_client_that_speaks_stdio_is_logged_in_as_well(tmp_path: Path) -> None:
    person = Person()
    async with guarded() as server, before(server, tmp_path, person) as rig:
        client = await pipe(rig)
        await client.handshake()
        client.call(1, "echo", arguments={"text": "through the pipe"})
        answer = await client.until(id=1)
        assert answer["result"]["content"][0]["text"] == "through the pipe"
        assert len(person.visits) == 1


async def test_the_file_is_private_and_bound_to_the_url(tmp_path: Path) -> None:
    async with guarded() as server, before(server, tmp_path, Person()) as rig:
        await echo(rig)
        logins = Logins(tmp_path / "state")
        path = logins.path(server.url)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert logins.read(server.url + "/other") is None


async def test_a_file_that_others_can_read_is_not_used_and_nobody_is_asked(tmp_path: Path) -> None:
    person = Person()
    async with guarded() as server:
        async with before(server, tmp_path, person) as rig:
            await echo(rig)
        path = Logins(tmp_path / "state").path(server.url)
        path.chmod(0o644)
        async with before(server, tmp_path, person) as rig:
            error = (await echo(rig)).json["error"]
        assert error["message"].startswith("log in: ")
        assert f"chmod 600 {path}" in error["message"]
        assert len(person.visits) == 1
        assert len(await server.requests("resource/mcp")) == 2


async def test_a_denied_login_is_the_calls_error_and_the_next_calls_do_not_ask_at_once(tmp_path: Path) -> None:
    person = Person()
    async with guarded() as server, before(server, tmp_path, person) as rig:
        await server.control(deny=True)
        for _ in range(2):
            error = (await echo(rig)).json["error"]["message"]
            assert error.startswith("log in: ")
            assert "the person said no" in error
        assert len(person.visits) == 1
        assert "was refused" in person.came_back
        assert [e.state for e in rig.seen(UpstreamChanged)] == [UpstreamState.LOGIN, UpstreamState.FAILED]
        assert kept(tmp_path)["tokens"] is None


async def test_an_answer_with_a_foreign_state_is_refused_and_the_login_goes_on(tmp_path: Path) -> None:
    person = Person(away=True)
    async with guarded() as server, before(server, tmp_path, person) as rig, anyio.create_task_group() as group:
        answers: list[str] = []

        async def call() -> None:
            answers.append((await echo(rig)).said)

        group.start_soon(call)
        await rig.until(lambda: bool(person.visits))
        asked = parse_qs(urlsplit(await person.login_page(person.visits[0])).query)
        back = asked["redirect_uri"][0]
        async with aiohttp.ClientSession() as http:
            for query in ("code=stolen&state=wrong", "code=stolen", "error=access_denied&state=wrong", "state="):
                async with http.get(f"{back}?{query}") as response:
                    assert response.status == 400
                    assert "stolen" not in await response.text()
            async with http.get(person.visits[0] + "x") as response:
                assert response.status == 404
        assert answers == []
        await person.open(person.visits[0])
        await rig.until(lambda: answers == ["hi"])
        (redeemed,) = await server.requests("authorization/token")
        assert redeemed["form"]["code"] != "stolen"


async def test_a_call_does_not_wait_longer_than_its_client_and_the_login_goes_on_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(login_module, "CALL_WAITS", 0.2)
    person = Person(away=True)
    async with guarded() as server, before(server, tmp_path, person) as rig:
        assert (await echo(rig)).json["error"]["message"].startswith("log in: ")
        await rig.until(lambda: bool(person.visits))
        error = (await echo(rig)).json["error"]["message"]
        assert error == f"log in: open {person.visits[0]} in a browser, then call again"
        await person.open(person.visits[0])
        await rig.until(lambda: (tmp_path / "state" / "logins").exists() and kept(tmp_path)["tokens"] is not None)
        assert (await echo(rig)).said == "hi"
        assert len(person.visits) == 1


async def test_the_scope_that_was_asked_for_is_asked_for(tmp_path: Path) -> None:
    async with guarded() as server, before(server, tmp_path, Person(), scope="mcp extra") as rig:
        assert (await echo(rig)).said == "hi"
        (asked,) = await server.requests("authorization/authorize")
        assert asked["form"]["scope"] == "mcp extra"


async def test_a_missing_scope_is_asked_for_beside_those_that_were_granted(tmp_path: Path) -> None:
    person = Person()
    async with guarded() as server, before(server, tmp_path, person) as rig:
        await echo(rig)
        assert (await rig.modern("tools/call", {"name": "admin", "arguments": {}})).said == "done as admin"
        asked = [set(line["form"]["scope"].split()) for line in await server.requests("authorization/authorize")]
        assert asked == [{"mcp"}, {"mcp", "admin"}]


async def test_a_configured_authorization_is_the_only_one(tmp_path: Path) -> None:
    person = Person()
    async with guarded() as server, before(server, tmp_path, person, ("Authorization", "Bearer mine")) as rig:
        reply = await echo(rig)
        assert reply.status == 401
        assert "resource_metadata" in reply.headers["www-authenticate"]
        assert person.visits == []
        assert await server.credentials() == ["Bearer mine"]


async def test_a_clients_own_credential_and_ours_never_mix(tmp_path: Path) -> None:
    person = Person()
    async with guarded() as server, before(server, tmp_path, person) as rig:
        await echo(rig)
        theirs = await echo(rig, authorization="Bearer theirs")
        assert theirs.status == 401  # its own affair: the challenge is passed on
        assert theirs.headers["www-authenticate"].startswith("Bearer ")
        assert (await server.credentials())[-1] == "Bearer theirs"
        assert len(person.visits) == 1
        # On a connection where the client has spoken for itself, we never do.
        session = await rig.initialize()
        await rig.ask("tools/list", mcp_session_id=session, authorization="Bearer theirs")
        bare = await rig.ask("tools/list", mcp_session_id=session)
        assert bare.status == 401
        assert (await server.credentials())[-2:] == ["Bearer theirs", ""]


async def test_a_server_that_refuses_the_token_it_led_to_does_not_send_the_person_in_circles(tmp_path: Path) -> None:
    async def never(exchange: Exchange) -> None:
        issuer = server.authorization
        if exchange.method == "GET":
            await exchange.answer(200, {"resource": url, "authorization_servers": [f"{issuer}/"]})
        else:
            await exchange.answer(401, www_authenticate="Bearer")

    person = Person()
    async with (
        guarded() as server,
        serving(Script(never)) as url,
        before(Guarded(url, server.authorization), tmp_path, person) as rig,
    ):
        for _ in range(3):
            error = (await echo(rig)).json["error"]["message"]
            assert "refuses the token" in error
        assert len(person.visits) == 1


async def test_metadata_that_names_another_resource_is_refused(tmp_path: Path) -> None:
    async def evil(exchange: Exchange) -> None:
        if exchange.method == "GET":
            listed = {"resource": "https://bank.example/mcp", "authorization_servers": [f"{server.authorization}/"]}
            await exchange.answer(200, listed)
        else:
            await exchange.answer(401, www_authenticate="Bearer")

    person = Person()
    async with (
        guarded() as server,
        serving(Script(evil)) as url,
        before(Guarded(url, server.authorization), tmp_path, person) as rig,
    ):
        error = (await echo(rig)).json["error"]["message"]
        assert error.startswith("log in: ")
        assert "bank.example" in error
        assert person.visits == []


async def test_a_registration_whose_port_is_taken_by_now_is_made_anew(tmp_path: Path) -> None:
    person = Person()
    async with guarded() as server, before(server, tmp_path, person) as rig:
        await echo(rig)
        port = urlsplit(kept(tmp_path)["client"]["redirect_uris"][0]).port
        await server.control(forget=True)
        with socket.create_server(("127.0.0.1", port or 0)):
            assert (await echo(rig)).said == "hi"
        assert len(await server.requests("authorization/register")) == 2


async def test_a_login_that_nobody_ends_leaves_the_next_one_a_new_registration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = Person(away=True)
    async with guarded() as server, before(server, tmp_path, person) as rig:
        monkeypatch.setattr(login_module, "AGAIN", 0.0)
        async with anyio.create_task_group() as group:
            group.start_soon(echo, rig)
            await rig.until(lambda: bool(person.visits))
            login = rig.driver.upstream("up").login  # type: ignore[union-attr]
            login._scope_of_attempt.deadline = anyio.current_time()  # its five minutes are over
        await rig.until(lambda: rig.seen(UpstreamChanged)[-1].state is UpstreamState.FAILED)
        assert "nobody did within" in rig.seen(UpstreamChanged)[-1].detail
        person.away = False
        assert (await echo(rig)).said == "hi"
        assert len(await server.requests("authorization/register")) == 2


async def test_a_challenge_that_only_looks_like_one_is_an_error_and_no_more(tmp_path: Path) -> None:
    async def odd(exchange: Exchange) -> None:
        await exchange.answer(403, www_authenticate='Bearer error_description="insufficient_scope"')

    person = Person()
    async with serving(Script(odd)) as url, before(Guarded(url, ""), tmp_path, person) as rig:
        for _ in range(2):
            assert (await echo(rig)).json["error"]["message"].startswith("log in: ")
        assert person.visits == []


async def test_a_challenge_that_names_no_bearer_is_passed_on(tmp_path: Path) -> None:
    async def basic(exchange: Exchange) -> None:
        await exchange.answer(401, www_authenticate='Basic realm="x"')

    person = Person()
    async with serving(Script(basic)) as url, before(Guarded(url, ""), tmp_path, person) as rig:
        reply = await echo(rig)
        assert (reply.status, reply.headers["www-authenticate"]) == (401, 'Basic realm="x"')
        assert person.visits == []


async def test_a_login_page_that_is_open_ends_with_the_run(tmp_path: Path) -> None:
    person = Person(away=True)
    async with guarded() as server:
        async with before(server, tmp_path, person) as rig, anyio.create_task_group() as group:
            group.start_soon(echo, rig)
            await rig.until(lambda: bool(person.visits))
            group.cancel_scope.cancel()
        async with aiohttp.ClientSession() as http:
            with pytest.raises(aiohttp.ClientConnectionError):
                await http.get(person.visits[0])
