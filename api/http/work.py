"""How operations are carried out: all of one in one thread, when it is its turn.

The framework would call a plain function in one thread, commit in another and put the answer into
JSON in the event loop, and whoever has done the first would wait, with a connection in hand, for
a thread to do the next. Here an operation's function is called, its answer written, its session
committed and its connection given back before its thread is left. A client that gets an answer of
2xx can rely on what it says.
"""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, TypeAdapter

from api.http.dependencies import ReadingSession, WritingSession
from api.http.lines import Line, Lines, who_asks

JUDGING = frozenset(
    {
        "judge_change",
        "judge_several",
        "list_gap_fillers",
        "list_place_options",
        "list_alternatives",
        "explain_unassigned",
        "list_plan_changes",
    }
)
HASHING = frozenset(
    {"sign_in", "start_session", "change_own_password", "create_account", "reset_password"}
)
LOOKING = frozenset({"read_readiness"})

_REQUEST, _ANSWER = "request_at_work", "answer_at_work"


def in_one_thread(router: APIRouter) -> None:
    """Have all plain functions among the router's operations carried out so.

    Those that are coroutines see to it themselves.
    """
    for route in router.routes:
        if isinstance(route, APIRoute) and not inspect.iscoroutinefunction(route.endpoint):
            route.endpoint = _carried_out(route)


def _carried_out(route: APIRoute) -> Callable[..., Any]:
    operation = route.endpoint
    given = inspect.signature(operation, eval_str=True)
    parameters = list(given.parameters.values())
    request_name = _name_of(parameters, Request)
    answer_name = _name_of(parameters, Response)
    kinds = {one.name: one.annotation for one in parameters}
    writing = [name for name, kind in kinds.items() if kind == WritingSession]
    reading = [name for name, kind in kinds.items() if kind == ReadingSession]
    in_json = None if route.response_model is None else TypeAdapter(route.response_model)

    @wraps(operation)
    async def carry_out(**values: Any) -> Any:
        request: Request = values[request_name or _REQUEST]
        answer: Response = values[answer_name or _ANSWER]
        sessions = [values[name] for name in (*writing, *reading)]
        arguments = {name: value for name, value in values.items() if name in kinds}

        def work() -> Any:
            try:
                result = operation(**arguments)
                if in_json is not None and isinstance(result, BaseModel):
                    result = _written(in_json, result, answer, route.status_code)
                for name in writing:
                    values[name].commit()
            finally:
                for session in sessions:
                    session.close()
            if writing:
                # It may have left a job that is to be placed at once.
                request.app.state.placer.wake()
            return result

        line = _line_of(request.app.state.lines, route.name, bool(writing), bool(reading))
        return await line.run(who_asks(request), work)

    extra = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=kind)
        for name, kind, known in (
            (_REQUEST, Request, request_name),
            (_ANSWER, Response, answer_name),
        )
        if known is None
    ]
    carry_out.__signature__ = given.replace(parameters=[*parameters, *extra])  # type: ignore[attr-defined]
    return carry_out


def _name_of(parameters: list[inspect.Parameter], kind: type) -> str | None:
    return next((one.name for one in parameters if one.annotation is kind), None)


def _line_of(lines: Lines, name: str, writes: bool, reads: bool) -> Line:
    if name in LOOKING:
        return lines.looking
    if name in HASHING:
        return lines.hashing
    if name in JUDGING:
        return lines.judging
    if writes:
        return lines.writing
    return lines.reading if reads else lines.files


def _written(
    in_json: TypeAdapter[Any], result: BaseModel, answer: Response, usual_status: int | None
) -> Response:
    """As the framework would, which does it in the event loop."""
    content = in_json.dump_json(
        in_json.validate_python(result, from_attributes=True), by_alias=True
    )
    status = answer.status_code or usual_status or 200
    written = Response(content, status, media_type="application/json")
    written.headers.raw.extend(answer.headers.raw)
    return written
