"""What the demo's agents do all day. Each scene is a small errand; an agent picks one after another, by weight.

None of them argues with a denial: a scene that is told no ends there, and the agent turns to something else.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
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
    """Runs a flow in production, then answers its pause in a person's place: a careful policy asks one, twice."""
    amount = hands.rng.choice([45, 180, 2400])
    started = await hands.call(
        "execute_flow", namespace="prod.payments", flow_id="refund-batch", inputs={"amount": amount, "currency": "EUR"}
    )
    if not started.ok:
        return
    await hands.rest(4)
    await hands.call("manage_executions", action="get", execution_id=started.data["id"])
    await hands.call("resume_execution", execution_ids=[started.data["id"]], on_resume={"confirmed": True})


async def push_the_queue(hands: Hands) -> None:
    """The agent that lost its patience: it forces whatever waits, a few at once and then one by one, until told no."""
    wanted = {"namespace": "shop.media", "flow_id": "transcode-videos"}
    listed = await hands.call("list_executions", **wanted, count=40)
    # The oldest first. Each of them once: what a server refuses costs nothing, so it would never meet the limit.
    queued = [found["id"] for found in reversed(listed.results()) if found["state"]["current"] == "QUEUED"]
    replies = await hands.burst("force_run_execution", [{"execution_id": found} for found in queued[:5]])
    for found in queued[5:]:
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


async def sweep_files(hands: Hands) -> None:
    """May look, may not throw away."""
    folder = {"namespace": "data.warehouse", "path": "/sql"}
    found = await hands.call("namespace_directory_action", **folder, action="list")
    if found.ok:
        await hands.call("namespace_file_action", namespace="data.warehouse", path="/sql/rollup.sql", action="delete")


async def stop_a_run(hands: Hands) -> None:
    listed = await hands.call("list_executions", namespace="shop.media", count=20)
    running = [found["id"] for found in listed.results() if found["state"]["current"] == "RUNNING"]
    for found in running[:1]:
        await hands.call("manage_executions", action="kill", execution_id=found)


async def be_curious(hands: Hands) -> None:
    await hands.call("get_instance_info", info="license_info")
    await hands.call("get_instance_info", info="configuration")


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
    """One agent: its name to the proxy, the protocol era it speaks, its pace, and its errands.

    It does each errand once, in the order written, so that a first look shows everything soon; then by weight.
    """

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
            (look_at_orders, 6),
            (pay_refunds, 1),
            (keep_notes, 4),
            (import_orders, 2),
            (force_what_runs, 1),
            (edit_a_script, 3),
            (repair, 1),
        ),
    ),
    Part(
        "media-agent",
        "2026-07-28",
        1.1,
        (
            (look_at_everything, 5),
            (push_the_queue, 1),
            (run_and_wait, 3),
            (mistype, 2),
            (draft, 2),
        ),
    ),
    Part(
        "night-janitor",
        "auto",
        2.0,
        (
            (tidy_up, 2),
            (look_at_orders, 3),
            (sweep_files, 2),
            (be_curious, 2),
            (invite_a_friend, 1),
            (drop_a_flow, 1),
            (stop_a_run, 1),
        ),
    ),
)
