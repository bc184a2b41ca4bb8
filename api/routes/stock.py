"""What vans have, where parts are to be had, and who has taken what, over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Request, Response

from api.http.calendar_files import content_etag
from api.http.dependencies import (
    ETAG,
    NOT_MODIFIED,
    Actor,
    GivenSettings,
    IfNoneMatch,
    PageLimit,
    ReadingSession,
    WritingSession,
)
from api.http.problems import documented
from api.http.unchanged import Made, answered
from dispatch.company import parts
from dispatch.company.parts import PartOut
from dispatch.field import stock_transfers
from dispatch.field.stock_transfers import NewStockTransfer
from dispatch.intake import Code
from dispatch.output import Output
from dispatch.views import part_sources, van_stock
from dispatch.views.part_sources import PartSources
from dispatch.views.van_stock import StockTransferOut, VanContent

router = APIRouter(tags=["stock"])

TRANSFERS: dict[str, Any] = {
    "colleague": {
        "summary": "Taken over from a colleague",
        "value": {
            "id": "8f14e45f-ceea-467f-a9f1-3f1f6f5b9c01",
            "part_id": "CAP-35UF",
            "quantity": 1,
            "at": "2026-11-20T07:40:00+07:00",
            "from_technician_id": "T02",
        },
    },
    "depot": {
        "summary": "Drawn from a depot",
        "value": {
            "id": "8f14e45f-ceea-467f-a9f1-3f1f6f5b9c02",
            "part_id": "CAP-35UF",
            "quantity": 2,
            "at": "2026-11-20T07:55:00+07:00",
            "depot_id": "K01",
        },
    },
}


class PartsFound(Output):
    parts: list[PartOut]


@router.get("/parts", summary="Find parts", responses=documented(422))
def find_parts(
    session: ReadingSession,
    search: Annotated[
        str,
        Query(
            max_length=200,
            description="Beginnings of words of id and name, whatever their accents.",
        ),
    ] = "",
    limit: PageLimit = 20,
) -> PartsFound:
    """Those that have all the words; what has that id comes first, then whose name begins so."""
    return PartsFound(parts=parts.find_parts(session, search, limit=limit))


@router.get(
    "/technicians/{technician_id}/stock",
    summary="Read what is in a technician's van",
    response_model=VanContent,
    responses={200: {"headers": ETAG}, **NOT_MODIFIED, **documented(404, 422)},
)
async def read_van(
    technician_id: Code,
    request: Request,
    settings: GivenSettings,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """By the books, with what visits of today and tomorrow still need of it, and what was taken
    into it or out of it today."""

    def make(session: Any, at: Any) -> Made:
        content = van_stock.van_content(session, technician_id, settings, at)
        answer = Response(content.model_dump_json(), media_type="application/json")
        # Whatever is reported, also late, may have been booked.
        return Made(answer, content_etag(answer), lambda one: one.entity != "position")

    return await answered(request, ("van", technician_id), if_none_match, make)


@router.get(
    "/technicians/{technician_id}/parts/{part_id}/sources",
    summary="Find out where a technician could get a part",
    responses=documented(404, 422),
)
def find_part_sources(
    technician_id: Code,
    part_id: Code,
    session: ReadingSession,
    settings: GivenSettings,
    everywhere: Annotated[
        bool, Query(description="Also from colleagues who share no territory.")
    ] = False,
) -> PartSources:
    """Depots that have it, and colleagues with more of it than their visits of today need, the
    nearest first. Nothing else is told of colleagues."""
    return part_sources.part_sources(
        session, technician_id, part_id, settings, everywhere=everywhere
    )


@router.post(
    "/technicians/{technician_id}/stock-transfers",
    status_code=201,
    summary="Say what a technician has taken into the van",
    responses={
        200: {"model": StockTransferOut, "description": "What was booked before."},
        201: {"description": "What is booked."},
        **documented(404, 409),
    },
)
def book_stock_transfer(
    technician_id: Code,
    new: Annotated[NewStockTransfer, Body(openapi_examples=TRANSFERS)],
    session: WritingSession,
    settings: GivenSettings,
    actor: Actor,
    response: Response,
) -> StockTransferOut:
    """By whoever took it, out of a depot or a colleague's van; late and twice is fine. What routes
    are to fetch at depots is booked by itself, and not to be said here."""
    booked, is_new = stock_transfers.book_transfer(
        session, technician_id, new, settings, actor=actor
    )
    if not is_new:
        response.status_code = 200
    return booked
