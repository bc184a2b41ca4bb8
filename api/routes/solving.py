"""A problem over HTTP, solved while its sender waits: it is not stored, nor is its solution."""

import asyncio
import threading
from typing import Annotated, Any, Literal

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Query, Request, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from api.http.connections import disconnected
from api.http.dependencies import GivenSettings
from api.http.limits import SOLVE_PATH
from api.http.lines import Lines, come_again, who_asks
from api.http.problems import documented
from dispatch.errors import InvalidInput
from dispatch.solving.orders import NotJson, SolveOrder, checked_order
from dispatch.solving.solvers import NobodyWaits, Solvers
from solver.files.read import Format
from solver.problem import InvalidProblem

router = APIRouter(tags=["solving"])

JSON, VROOM = "application/json", "application/vnd.vroom+json"
MOST_ITERATIONS = 10**9
MOST_SEED = 2**31 - 1

TRAVEL = [[0, 600, 900], [600, 0, 300], [900, 300, 0]]
EXAMPLE: dict[str, Any] = {
    "travel_time": TRAVEL,
    "distance": TRAVEL,
    "visits": [
        {"id": "boiler", "location": 1, "duration": 3600, "skills": ["gas"]},
        {"id": "fridge", "location": 2, "duration": 1800, "windows": [[36000, 43200]]},
    ],
    "shifts": [
        {
            "id": "ann-monday",
            "technician": "ann",
            "start_location": 0,
            "end_location": 0,
            "start": 28800,
            "end": 61200,
            "skills": ["gas"],
        }
    ],
}
VROOM_EXAMPLE: dict[str, Any] = {
    "jobs": [
        {"id": 1, "location_index": 1, "service": 3600, "skills": [1]},
        {"id": 2, "location_index": 2, "service": 1800, "time_windows": [[36000, 43200]]},
    ],
    "vehicles": [
        {
            "id": 1,
            "start_index": 0,
            "end_index": 0,
            "skills": [1],
            "time_window": [28800, 61200],
        }
    ],
    "matrices": {"car": {"durations": TRAVEL}},
}
ANY_OBJECT = {"type": "object"}
BODY = {
    "requestBody": {
        "required": True,
        "content": {
            JSON: {
                "schema": ANY_OBJECT,
                "examples": {"problem": {"summary": "A problem", "value": EXAMPLE}},
            },
            VROOM: {
                "schema": ANY_OBJECT,
                "examples": {"vroom": {"summary": "VROOM's", "value": VROOM_EXAMPLE}},
            },
        },
    }
}


@router.post(
    SOLVE_PATH,
    summary="Solve a problem",
    responses={
        200: {
            "description": "The solution, in the problem's own form.",
            "content": {JSON: {"schema": ANY_OBJECT}},
        },
        **documented(400, 408, 413, 415, 422),
    },
    openapi_extra=BODY,
)
async def solve_problem(
    request: Request,
    settings: GivenSettings,
    form: Annotated[
        Literal["json", "vroom"] | None,
        Query(alias="format", description="Whose JSON it is, if the media type does not say it."),
    ] = None,
    seconds: Annotated[
        float | None, Query(gt=0, description="Search for so long; the service has a most.")
    ] = None,
    iterations: Annotated[
        int | None,
        Query(
            ge=0,
            le=MOST_ITERATIONS,
            description="Search for so many steps: the same problem and seed have the same answer.",
        ),
    ] = None,
    seed: Annotated[int, Query(ge=0, le=MOST_SEED, description="Another one, another search.")] = 0,
) -> Response:
    """The problem in the body, as `dispatch solve` takes it from a file, and the solution as it
    writes one (docs/formats.md, docs/coming-from-vroom.md). Nothing is stored, and nothing that is
    stored has a part in it.

    The search ends when the client goes away.
    """
    asked = _form(request, form)
    lines: Lines = request.app.state.lines
    async with lines.solving.place(who_asks(request)):
        # Only now, so that those who wait hold nothing of theirs in memory.
        try:
            body = await request.body()
            order = checked_order(
                body, asked, settings, seconds=seconds, iterations=iterations, seed=seed
            )
            answer = await _answered(request, order)
        except ClientDisconnect:
            raise HTTPException(400, "The body has broken off.") from None
        except NotJson as error:
            raise HTTPException(400, f"The body is not JSON: {error}.") from None
        except InvalidProblem as error:
            raise InvalidInput(*error.faults) from None
    return Response(answer, media_type=JSON)


def _form(request: Request, named: Literal["json", "vroom"] | None) -> Format:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in (JSON, VROOM):
        raise HTTPException(415, f"Send the body as {JSON} or {VROOM}.")
    return named or ("vroom" if media_type == VROOM else "json")


async def _answered(request: Request, order: SolveOrder) -> bytes:
    """What comes of the order, for which a thread waits that is nobody else's.

    Raises the 503 problem if the service ends, or the client has gone, who never sees it; and what
    ``Solvers.solve`` does.
    """
    solvers: Solvers = request.app.state.solvers
    gone = threading.Event()
    waiting = asyncio.ensure_future(
        to_thread.run_sync(solvers.solve, order, gone, limiter=CapacityLimiter(1))
    )
    leaving = asyncio.ensure_future(disconnected(request.receive))
    try:
        await asyncio.wait((waiting, leaving), return_when=asyncio.FIRST_COMPLETED)
    finally:
        gone.set()
        leaving.cancel()
    try:
        return await waiting
    except NobodyWaits:
        raise come_again() from None
