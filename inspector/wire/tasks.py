"""What frames say of tasks: calls that are answered by a handle, and asked after until they end. Pure.

Two shapes of one thing: the tasks of MCP 2025-11-25 (`result.task`; `tasks/result` fetches what the call came to), and
the extension `io.modelcontextprotocol/tasks` beside 2026-07-28 (`resultType: "task"`; `tasks/get` brings what the call
came to along, and `tasks/cancel` is acknowledged by an empty result).
"""

from __future__ import annotations

from typing import Final

from inspector.core.call import Outcome
from inspector.core.fact import fact
from inspector.core.json import Json, JsonObject, Number
from inspector.wire.jsonrpc import INVALID_PARAMS, INVALID_REQUEST, METHOD_NOT_FOUND, Frame, is_id

RELATED_META: Final = "io.modelcontextprotocol/related-task"
_QUESTIONS: Final = frozenset({"tasks/get", "tasks/update", "tasks/result", "tasks/cancel"})
_NOTICES: Final = frozenset({"notifications/tasks/status", "notifications/tasks"})
_ABOUT_THE_QUESTION: Final = frozenset({INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS})
_LONGEST_ID: Final = 1024  # characters; a task is only followed by an id that can be kept


@fact(frozen=True, slots=True)
class Task:
    """A task as one frame tells of it."""

    id: str
    text: str  # "working: halfway there"
    ttl: float | None = None  # seconds that its server keeps it, as far as said
    outcome: Outcome | None = None  # None: it goes on
    whole: bool = False  # the frame holds what the call came to, or there is nothing to come


def created(answer: Frame) -> Task | None:
    """The task that answers a `tools/call`; None for an ordinary answer."""
    result = answer.body.get("result")
    if not isinstance(result, dict):
        return None
    inner = result.get("task")
    if result.get("resultType") == "task":
        return _state(inner if isinstance(inner, dict) else result)
    # A finished call's result has content, and may have a member of any name beside it.
    return _state(inner) if isinstance(inner, dict) and "content" not in result else None


def asked_about(request: Frame) -> str | None:
    """The task of its server's that a client's request is about."""
    return _id(request.params.get("taskId")) if request.method in _QUESTIONS else None


def said_about(message: Frame) -> str | None:
    """The task that a server's own message is about, or was sent on behalf of."""
    if message.method in _NOTICES:
        return _id(message.params.get("taskId"))
    return _related(message.params)


def answered(question: Frame, answer: Frame) -> Task | None:
    """What the answer to a `tasks/…` request tells of the task; None when it tells nothing of this one.

    An error tells nothing of it, but as what the call came to, in answer to a question that has nothing wrong: else a
    client could end any call, and be given back what it was charged, by a question that is wrong on purpose. Nor is a
    question of any use that a forgiving server reads as one about another task.
    """
    asked, result = asked_about(question), answer.body.get("result")
    if asked is None or any(name != "taskId" and name.casefold() == "taskid" for name in question.params):
        return None
    if question.method == "tasks/result":
        return _outcome(asked, question, answer)
    if question.method == "tasks/update" or not isinstance(result, dict):
        return None
    told = _state(result)
    if told is None and question.method == "tasks/cancel" and "taskId" not in result:
        return Task(asked, "cancelled", None, Outcome.CANCELLED, True)
    return told if told is not None and told.id == asked else None


def notified(notice: Frame) -> Task | None:
    return _state(notice.params) if notice.method in _NOTICES else None


def _outcome(asked: str, question: Frame, answer: Frame) -> Task | None:
    error, result = answer.body.get("error"), answer.body.get("result")
    if isinstance(error, dict):
        refused = error.get("code") in _ABOUT_THE_QUESTION or not _is_plain(question.params)
        return None if refused else Task(asked, "failed", None, Outcome.RPC_ERROR, True)
    if not isinstance(result, dict) or _related(result) not in (None, asked):
        return None
    wrong = result.get("isError") is True
    return Task(asked, "completed", None, Outcome.TOOL_ERROR if wrong else Outcome.OK, True)


def _is_plain(params: JsonObject) -> bool:
    meta = params.get("_meta", {})
    token = meta.get("progressToken", "") if isinstance(meta, dict) else None
    return params.keys() <= {"taskId", "_meta"} and is_id(token)


def _state(body: JsonObject) -> Task | None:
    task_id, status, message = _id(body.get("taskId")), body.get("status"), body.get("statusMessage")
    if task_id is None or not isinstance(status, str):
        return None
    text = f"{status}: {message}" if isinstance(message, str) else status
    result, error = body.get("result"), body.get("error")
    outcome: Outcome | None = None
    match status:
        case "completed":
            wrong = isinstance(result, dict) and result.get("isError") is True
            outcome = Outcome.TOOL_ERROR if wrong else Outcome.OK
        case "failed":
            # In 2025-11-25 a result with isError makes a task fail, too: what is not said gives nothing back.
            outcome = Outcome.RPC_ERROR if isinstance(error, dict) else Outcome.TOOL_ERROR
        case "cancelled":
            outcome = Outcome.CANCELLED
    whole = status == "cancelled" or isinstance(result, dict) or isinstance(error, dict)
    return Task(task_id, text[:400], _seconds(body), outcome, whole)


def _seconds(body: JsonObject) -> float | None:
    ttl = body.get("ttlMs", body.get("ttl"))
    return float(ttl) / 1000 if isinstance(ttl, int | Number) and not isinstance(ttl, bool) else None


def _related(params: JsonObject) -> str | None:
    meta = params.get("_meta")
    related = meta.get(RELATED_META) if isinstance(meta, dict) else None
    return _id(related.get("taskId")) if isinstance(related, dict) else None


def _id(value: Json) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= _LONGEST_ID else None
