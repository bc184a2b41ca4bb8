"""Customers' places over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Response

from api.http.dependencies import (
    ETAG,
    Actor,
    GivenSettings,
    IfMatch,
    PageLimit,
    ReadingSession,
    WritingSession,
    expected_tags,
    tagged,
)
from api.http.problems import documented
from dispatch.company import sites
from dispatch.company.sites import SiteChange, SiteOut
from dispatch.intake import Code
from dispatch.output import Output

router = APIRouter(prefix="/sites", tags=["jobs"])

CHANGES: dict[str, Any] = {
    "moved": {
        "summary": "At another door",
        "value": {
            "address": "616 Lạc Long Quân, Tây Hồ, Hà Nội",
            "latitude": 21.0761,
            "longitude": 105.8158,
        },
    }
}


class SitesFound(Output):
    sites: list[SiteOut]


@router.get("", summary="Find sites", responses=documented(422))
def find_sites(
    session: ReadingSession,
    search: Annotated[
        str,
        Query(
            max_length=200,
            description="Beginnings of words of id, name and address, whatever their accents, "
            "or digits of the phone number.",
        ),
    ] = "",
    limit: PageLimit = 20,
) -> SitesFound:
    """Those that have all the words; whose name begins with them comes first."""
    return SitesFound(sites=sites.find_sites(session, search, limit=limit))


@router.get(
    "/{site_id}",
    summary="Read a site",
    responses={200: {"headers": ETAG}, **documented(404, 422)},
)
def read_site(site_id: Code, session: ReadingSession, response: Response) -> SiteOut:
    site = sites.read_site(session, site_id)
    return tagged(site, site.tag, response)


@router.patch(
    "/{site_id}",
    summary="Correct a site",
    responses={200: {"headers": ETAG}, **documented(404, 412)},
)
def change_site(
    site_id: Code,
    change: Annotated[SiteChange, Body(openapi_examples=CHANGES)],
    session: WritingSession,
    settings: GivenSettings,
    actor: Actor,
    response: Response,
    if_match: IfMatch = None,
) -> SiteOut:
    """Fields that are absent stay as they are, null clears. What is planned at a site that is
    elsewhere now is looked at anew at once."""
    expected = expected_tags(if_match)
    site = sites.change_site(
        session, site_id, change, actor=actor, settings=settings, expected_tags=expected
    )
    return tagged(site, site.tag, response)
