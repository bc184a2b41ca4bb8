"""Everything there is, found by words and numbers, over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.http.dependencies import AfterNumber, GivenSettings, NextNumber, PageLimit, ReadingSession
from api.http.problems import documented
from dispatch.output import Output
from dispatch.views import search
from dispatch.views.found_things import ALL_KINDS, FoundKind, FoundThing

router = APIRouter(tags=["jobs"])


class SearchPage(Output):
    found: list[FoundThing]
    next: NextNumber


@router.get("/search", summary="Find jobs, sites, machines, people", responses=documented(422))
def find_anything(
    session: ReadingSession,
    settings: GivenSettings,
    q: Annotated[
        str,
        Query(
            max_length=200,
            description="Beginnings of words in any order, whatever their accents, or digits of a "
            "telephone number, with or without the country's code.",
        ),
    ] = "",
    kind: Annotated[
        list[FoundKind] | None, Query(max_length=4, description="Of these kinds; all if left out.")
    ] = None,
    after: AfterNumber = None,
    limit: PageLimit = 20,
) -> SearchPage:
    """Of any day. What has the id or the telephone number comes first, then jobs to be done by
    their times, then technicians, sites and machines, then jobs that are over, the last one first.
    """
    found, following = search.search(
        session, q, settings, kinds=kind or ALL_KINDS, after=after, limit=limit
    )
    return SearchPage(found=found, next=following)
