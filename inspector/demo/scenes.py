"""What the demo's agents do all day. Each scene is a small errand; an agent picks one after another, by weight.

None of them argues with a denial: a scene that is told no ends there, and the agent turns to something else.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import cycle, islice
from typing import TypeAlias

from inspector.demo.hands import Hands, Reply

Scene: TypeAlias = Callable[[Hands], Awaitable[None]]


async def look_at_orders(hands: Hands) -> None:
    """Reads only: what ran, and what the last failure says."""
    await hands.call("list_flows_in_namespace", namespace="shop.orders")
    listed = await hands.call("list_executions", namespace="shop.orders", count=8)
    failed = [found["id"] for found in listed.results() if found["state"]["current"] == "FAILED"]
    if failed:
        await hands.call("get_execution_logs", execution_id=failed[0], min_level="WARN")
    else:
        await hands.call("search_logs", namespace="shop.orders", min_level="ERROR", size=5)


async def keep_notes(hands: Hands) -> None:
    """Small writes that nobody minds."""
    await hands.call("manage_kv_store", namespace="shop.orders", action="list")
    size = hands.rng.choice([200, 500, 1000])
    await hands.call("manage_kv_store", namespace="shop.orders", action="set", key="batch_size", value=size)
    await hands.call("manage_kv_store", namespace="shop.orders", action="get", key="batch_size")


async def edit_a_script(hands: Hands) -> None:
    path = "/scripts/clean.py"
    await hands.call("namespace_directory_action", namespace="shop.orders", path="/", action="list")
    found = await hands.call("namespace_file_action", namespace="shop.orders", path=path)
    if found.ok:
        text = f"{found.data.get('content', '')}# checked again\n"[-2000:]
        await hands.call(
            "namespace_file_action", namespace="shop.orders", path=path, action="create", file_content=text
        )


async def run_and_wait(hands: Hands) -> None:
    """A long call with progress; a policy may want a person to agree first."""
    started = await hands.call(
        "execute_flow", namespace="shop.media", flow_id="thumbnails", wait=True, labels={"by": "agent"}
    )
    if started.ok:
        await hands.call("add_execution_labels", execution_id=started.data["id"], labels={"checked": "yes"})


async def import_orders(hands: Hands) -> None:
    started = await hands.call(
        "execute_flow", namespace="shop.orders", flow_id="import-orders", inputs={"day": "2026-11-21", "limit": 500}
    )
    if started.ok:
        await hands.call("follow_execution_logs", execution_id=started.data["id"])


async def pay_refunds(hands: Hands) -> None:
    """Resuming a paused run answers for a person: a careful policy asks one."""
    amount = hands.rng.choice([45, 180, 2400])
    started = await hands.call(
        "execute_flow", namespace="shop.orders", flow_id="refund-batch", inputs={"amount": amount, "currency": "EUR"}
    )
    if not started.ok:
        return
    await hands.rest(4)
    await hands.call("manage_executions", action="get", execution_id=started.data["id"])
    await hands.call("resume_execution", execution_ids=[started.data["id"]], on_resume={"confirmed": True})


async def push_the_queue(hands: Hands) -> None:
    """The agent that lost its patience: it queues many and forces all of them, until a limit stops it."""
    wanted = {"namespace": "shop.media", "flow_id": "transcode-videos"}
    await hands.burst("execute_flow", [wanted] * 4)
    listed = await hands.call("list_executions", **wanted, count=14)
    queued = [found["id"] for found in listed.results() if found["state"]["current"] == "QUEUED"]
    impatient = list(islice(cycle(queued), 13))
    replies = await hands.burst("force_run_execution", [{"execution_id": found} for found in impatient[:5]])
    for found in impatient[5:]:
        if any(reply.denied for reply in replies):
            await hands.rest(6)
            return
        replies.append(await hands.call_now("force_run_execution", execution_id=found))
        await hands.rest(0.3)


async def force_what_runs(hands: Hands) -> None:
    """An honest mistake: what runs already cannot be forced, and the server says so."""
    listed = await hands.call("list_executions", namespace="shop.orders", count=5)
    for found in listed.results()[:1]:
        await hands.call("force_run_execution", execution_id=found["id"])


async def mistype(hands: Hands) -> None:
    """Errors of the server's own, that no policy is to blame for."""
    await hands.call("manage_executions", action="get", execution_id="0000000000000000000000")
    await hands.call("find_flow", query="nightly", namespace="data.warehouse")
    await hands.call("create_flow_from_yaml", yaml_definition="id: half-a-flow\nnamespace: drafts\n")


async def tidy_up(hands: Hands) -> None:
    """Destructive, and sure of itself."""
    listed = await hands.call("list_executions", namespace="data.warehouse", count=3)
    for found in listed.results()[:1]:
        reply = await hands.call("manage_executions", action="delete", execution_id=found["id"])
        if not reply.denied:
            return
    await hands.call("delete_flow_logs", namespace="data.warehouse", flow_id="schema-check")


async def drop_a_flow(hands: Hands) -> None:
    await hands.call("manage_flow", action="get_yaml", namespace="ops.alerts", flow_id="page-on-call")
    await hands.call("manage_flow", action="delete", namespace="ops.alerts", flow_id="page-on-call")


async def invite_a_friend(hands: Hands) -> None:
    await hands.call("invite_user", email="new.colleague@example.com", role="admin")


async def repair(hands: Hands) -> None:
    """Restart what failed, and make up for the hours that were missed."""
    reply = await hands.call("restart_execution", namespace="shop.orders", flow_id="import-orders")
    if reply.ok:
        await hands.call("get_execution_logs", execution_id=reply.data["id"], min_level="INFO")
    await hands.call("backfill_executions", namespace="shop.media", flow_id="thumbnails", hours=5)


async def look_at_everything(hands: Hands) -> None:
    """A burst of reads, as an agent does that plans."""
    namespaces = ["shop.orders", "shop.media", "data.warehouse", "ops.alerts"]
    await hands.burst("list_flows_in_namespace", [{"namespace": name} for name in namespaces])
    replies: list[Reply] = await hands.burst(
        "list_executions", [{"namespace": name, "count": 3} for name in namespaces]
    )
    if all(reply.ok for reply in replies):
        await hands.call("list_namespace_dependencies", namespace="shop.orders")


async def draft(hands: Hands) -> None:
    wish = hands.rng.choice(["Send a weekly summary", "Watch the stock of shoes", "Archive old orders"])
    await hands.call("generate_flow", user_prompt=wish, namespace="drafts", auto_create=hands.rng.random() < 0.3)


@dataclass(frozen=True, slots=True)
class Part:
    """One agent: its name to the proxy, the protocol era it speaks, its pace, and its errands by weight."""

    name: str
    mode: str
    pause: float  # mean seconds between two calls
    scenes: tuple[tuple[Scene, int], ...]


CAST = (
    Part(
        "orders-agent",
        "legacy",
        0.9,
        (
            (look_at_orders, 5),
            (keep_notes, 3),
            (import_orders, 2),
            (edit_a_script, 2),
            (pay_refunds, 2),
            (repair, 2),
            (force_what_runs, 1),
        ),
    ),
    Part(
        "media-agent",
        "2026-07-28",
        1.1,
        ((look_at_everything, 3), (run_and_wait, 3), (push_the_queue, 2), (mistype, 1), (draft, 1)),
    ),
    Part(
        "night-janitor",
        "auto",
        2.0,
        ((tidy_up, 3), (look_at_orders, 2), (drop_a_flow, 1), (invite_a_friend, 1), (mistype, 1)),
    ),
)
