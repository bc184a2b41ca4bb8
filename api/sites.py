"""Customers' places over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.dependencies import Limit, ReadingSession
from api.problems import documented
from dispatch import sites
from dispatch.output import Output
from dispatch.sites import SiteOut

router = APIRouter(prefix="/sites", tags=["jobs"])


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
    limit: Limit = 20,
) -> SitesFound:
    """Those that have all the words; whose name begins with them comes first."""
    return SitesFound(sites=sites.find_sites(session, search, limit=limit))
