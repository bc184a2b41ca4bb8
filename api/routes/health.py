"""Whether the service lives and can work."""

from typing import Literal

from fastapi import APIRouter, HTTPException, Request

from api.problems import documented
from dispatch import store
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
    """Whether the database answers, has this version's schema, and runs and jobs that wait for a
    place are being taken up."""
    if not store.is_migrated(request.app.state.engine):
        raise HTTPException(
            503, "The database's schema is not this version's; restart the service."
        )
    if not (request.app.state.runner.is_alive and request.app.state.placer.is_alive):
        raise HTTPException(503, "Runs or waiting jobs are not taken up; restart the service.")
    return Ready()
