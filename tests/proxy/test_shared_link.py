"""One process for many clients: whose answer is whose."""

from __future__ import annotations

from typing import Any

from stdio_rig import Client, eventually, upstream

from inspector.core.events import Event, UpstreamChanged, UpstreamState
from inspector.core.upstream import CommandSpec


def test_clients_that_use_the_same_ids_each_get_their_own_answers(run: Any) -> None:
    async def test() -> None:
        events: list[Event] = []
        async with upstream(events=events) as opened:
            clients = [Client() for _ in range(3)]
            links = [await opened.open(client, shared=True, client=None) for client in clients]
            for number, (client, link) in enumerate(zip(clients, links, strict=True)):
                link.send(client.message("echo", 1, who=number))
                link.send(client.message("echo", "1", who=f"{number}"))
            for number, client in enumerate(clients):
                said = await client.until(2)
                assert [(m["id"], m["result"]["who"]) for m in said] == [(1, number), ("1", f"{number}")]
                assert client.routes == [client, client]
            assert len({e.pid for e in events if isinstance(e, UpstreamChanged)}) == 1

    run(test)


def test_everything_but_the_id_keeps_its_tokens_on_the_shared_process(run: Any) -> None:
    async def test() -> None:
        async with upstream() as opened:
            client = Client()
            link = await opened.open(client, shared=True, client=None)
            link.send(client.raw(b'{"jsonrpc":"2.0","id":"a","method":"raw","params":{"n": 1.00, "u":"\\u00e9"}}'))
            link.send(
                client.raw(b'{"params":{"n":1.00,"big":12345678901234567890},"method":"raw","jsonrpc":"2.0","id":7}')
            )
            link.send(client.raw(b'{"id":8,"jsonrpc":"2.0","method":"raw","params":{"n":1.00,"s":"\xe2\x80\xa8"}}'))
            assert [m["result"] for m in await client.until(3)] == [
                '{"jsonrpc":"2.0","id":"c1","method":"raw","params":{"n": 1.00, "u":"\\u00e9"}}\n',
                '{"params":{"n":1.00,"big":12345678901234567890},"method":"raw","jsonrpc":"2.0","id":2}\n',
                '{"id":3,"jsonrpc":"2.0","method":"raw","params":{"n":1.00,"s":"\\u2028"}}\n',
            ]

    run(test)


def test_progress_finds_its_client_under_the_clients_token(run: Any) -> None:
    async def test() -> None:
        async with upstream() as opened:
            first, second = Client(), Client()
            for client, token in ((first, 1), (second, "1")):
                link = await opened.open(client, shared=True, client=None)
                link.send(client.message("progress", 5, steps=2, _meta={"progressToken": token}))
            for client, token in ((first, 1), (second, "1")):
                said = await client.until(3)
                assert [m["params"]["progressToken"] for m in said[:2]] == [token, token]
                assert said[2]["id"] == 5
                assert client.routes == [client] * 3

    run(test)


def test_subscription_ids_are_the_clients_own_in_notifications_and_results(run: Any) -> None:
    async def test() -> None:
        async with upstream() as opened:
            first, second = Client(), Client()
            for client, frame_id in ((first, 9), (second, "nine")):
                link = await opened.open(client, shared=True, client=None)
                link.send(client.message("listen", frame_id))
            key = "io.modelcontextprotocol/subscriptionId"
            for client, frame_id in ((first, 9), (second, "nine")):
                notification, answer = await client.until(2)
                assert notification["params"]["_meta"][key] == frame_id
                assert answer["result"]["_meta"][key] == frame_id
                assert answer["id"] == frame_id

    run(test)


def test_a_client_that_leaves_cancels_only_its_own_requests_and_hears_no_late_answer(run: Any) -> None:
    async def test() -> None:
        events: list[Event] = []
        async with upstream(events=events) as opened:
            leaver, stayer = Client(), Client()
            leaving = await opened.open(leaver, shared=True, client=None)
            staying = await opened.open(stayer, shared=True, client=None)
            staying.send(stayer.message("silent", 1))
            leaving.send(leaver.message("silent", 1))
            leaving.send(leaver.message("silent", "x"))
            staying.send(stayer.message("cancels", 2))
            assert (await stayer.until(1))[0]["result"] == []
            leaving.cancel(leaver, 1)
            leaving.send(leaver.message("notifications/cancelled", requestId=1))  # already done
            await leaving.close()
            staying.send(stayer.message("cancels", 3))
            assert (await stayer.until(2))[1]["result"] == [2, "c3"]
            assert leaver.frames == []

    run(test)


def test_a_clients_own_cancellation_names_the_request_as_the_server_knows_it(run: Any) -> None:
    async def test() -> None:
        async with upstream() as opened:
            other, client = Client(), Client()
            (await opened.open(other, shared=True, client=None)).send(other.message("silent", 1))
            link = await opened.open(client, shared=True, client=None)
            link.send(client.message("silent", 1))
            link.send(client.message("notifications/cancelled", requestId=1, reason="enough"))
            link.send(client.message("cancels", 2))
            assert (await client.until(1))[0]["result"] == [2]

    run(test)


def test_when_the_shared_process_dies_everybody_in_flight_hears_it_and_the_next_request_starts_it_again(
    run: Any,
) -> None:
    async def test() -> None:
        async with upstream() as opened:
            first, second = Client(), Client()
            one = await opened.open(first, shared=True, client=None)
            two = await opened.open(second, shared=True, client=None)
            one.send(first.message("silent", 1))
            two.send(second.message("exit", 1, code=4))
            await eventually(lambda: first.lost and second.lost)
            assert first.lost == second.lost == "demo exited with code 4"
            third = Client()
            (await opened.open(third, shared=True, client=None)).send(third.message("echo", 1))
            await third.until(1)

    run(test)


def test_a_shared_process_that_cannot_start_fails_its_requests(run: Any) -> None:
    async def test() -> None:
        async with upstream(command=CommandSpec(("/nowhere/server",))) as opened:
            client = Client()
            (await opened.open(client, shared=True, client=None)).send(client.message("echo", 1))
            await eventually(lambda: client.lost)
            assert "no such command" in str(client.lost)

    run(test)


def test_a_server_that_refuses_discovery_is_ended_again_and_its_answer_is_remembered(run: Any) -> None:
    async def test() -> None:
        events: list[Event] = []
        async with upstream(events=events) as opened:
            client = Client()
            link = await opened.open(client, shared=True, client=None)
            link.send(client.message("server/discover", "probe", a=1))
            (answer,) = await client.until(1)
            assert (answer["id"], answer["error"]["code"]) == ("probe", -32601)
            await eventually(lambda: [e for e in events if getattr(e, "state", None) is UpstreamState.EXITED])
            link.send(client.message("server/discover", 2, a=1))
            assert (await client.until(2))[1] == {**answer, "id": 2}
            assert len({e.pid for e in events if isinstance(e, UpstreamChanged)}) == 1

    run(test)
