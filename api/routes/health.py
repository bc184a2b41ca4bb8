"""Whether the service lives and can work."""

from typing import Literal

from fastapi import APIRouter, Request

from api.http.background import Background
from api.http.problems import documented
from dispatch.errors import Unavailable
from dispatch.output import Output

router = APIRouter(tags=["service"])


class Alive(Output):
    status: Literal["alive"] = "alive"


class Ready(Output):
    status: Literal["ready"] = "ready"


@router.get("/health", summary="Whether the process answers")
async def read_health() -> Alive:
    """Says nothing about the database; restart the service when this fails."""
    return Alive()


@router.get("/ready", summary="Whether the service can do its work", responses=documented())
def read_readiness(request: Request) -> Ready:
    """Whether the database is there, is this version's and takes what is written, and runs and jobs
    that wait for a place are being taken up. `faults` say what is wrong and what to do."""
    background: Background = request.app.state.background
    faults = background.faults()
    if faults:
        raise Unavailable(*faults)
    return Ready()
