"""Jobs over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Response

from api.http.dependencies import (
    ETAG,
    LOCATION,
    Actor,
    GivenIdempotencyKey,
    GivenLiveDays,
    GivenSettings,
    IfMatch,
    Next,
    PageAfter,
    PageLimit,
    ReadingSession,
    WritingSession,
    expected_tags,
    tagged,
)
from api.http.problems import documented
from dispatch.intake import Code, Day, JobChange, Text
from dispatch.jobs import crews, jobs, pins
from dispatch.jobs.crews import JobRequest
from dispatch.jobs.details import JobOut
from dispatch.jobs.pins import PinRequest
from dispatch.models import JobStatus, Priority
from dispatch.output import Output
from dispatch.placing import placing
from dispatch.placing.placing import PlacedJob, PlaceOption, PlaceRequest
from dispatch.views import history
from dispatch.views.history import EarlierVisit

router = APIRouter(prefix="/jobs", tags=["jobs"])


class JobPage(Output):
    jobs: list[JobOut]
    next: Next


class JobHistory(Output):
    visits: list[EarlierVisit]
    next: Next


NEW_JOBS: dict[str, Any] = {
    "known_site": {
        "summary": "At a site that is already known",
        "value": {
            "site_id": "S008",
            "title": "Điều hoà không lạnh, nghi hỏng tụ",
            "priority": "high",
            "duration_minutes": 60,
            "windows": [
                {
                    "starts_at": "2026-11-23T08:00:00+07:00",
                    "ends_at": "2026-11-23T12:00:00+07:00",
                }
            ],
            "skills": [{"skill_id": "air-conditioning", "level": 2}],
            "parts": [{"part_id": "CAP-35UF", "quantity": 1}],
        },
    },
    "new_site": {
        "summary": "At a new site, due at an hour",
        "value": {
            "site": {
                "name": "Chị Nguyễn Thị Hồng Hạnh",
                "address": "12 Hàng Bông, Hoàn Kiếm, Hà Nội",
                "latitude": 21.0306,
                "longitude": 105.8469,
                "phone": "+84 24 3825 0000",
            },
            "title": "Máy giặt rò nước",
            "duration_minutes": 45,
            "due_at": "2026-11-23T17:00:00+07:00",
        },
    },
    "crew": {
        "summary": "For two technicians, a day at least after another job",
        "value": {
            "id": "WO-31",
            "site_id": "S008",
            "title": "Lắp dàn lạnh mới",
            "duration_minutes": 120,
            "skills": [{"skill_id": "air-conditioning", "level": 2}],
            "crew": [{"title": "Phụ lắp dàn lạnh", "duration_minutes": 90}],
            "after": [{"job_id": "WO-30", "least_minutes": 1440, "person": "same"}],
        },
    },
}
CHANGES: dict[str, Any] = {
    "more_urgent": {
        "summary": "More urgent, and no promise to a technician any more",
        "value": {"priority": "urgent", "pinned_technician_id": None},
    }
}


PLACES: dict[str, Any] = {
    "with_somebody": {
        "summary": "With a technician, on a day",
        "value": {"technician_id": "T01", "day": "2026-11-23"},
    }
}


PINS: dict[str, Any] = {
    "technician": {"summary": "To the technician", "value": {"to": "technician"}},
    "time": {"summary": "To technician and time", "value": {"to": "time"}},
}


class PlaceOptions(Output):
    options: list[PlaceOption]


@router.post(
    "",
    status_code=201,
    summary="Create a job",
    responses={
        200: {
            "model": JobOut,
            "description": "The job that this Idempotency-Key has made before.",
            "headers": {**ETAG, **LOCATION},
        },
        201: {"description": "The new job.", "headers": {**ETAG, **LOCATION}},
        **documented(409),
    },
)
def create_job(
    new: Annotated[JobRequest, Body(openapi_examples=NEW_JOBS)],
    session: WritingSession,
    settings: GivenSettings,
    actor: Actor,
    response: Response,
    idempotency_key: GivenIdempotencyKey = None,
) -> JobOut:
    """At a known site (`site_id`) or a new one (`site`). Without coordinates it waits for them.

    A job is one visit by one technician. For each further place in its `crew` a job of its own is
    made at once, and for each stretch of what takes longer than `longest_stretch_minutes`; `links`
    of the answer say which they are.
    """
    job, is_new = crews.request_job(
        session, new, actor=actor, settings=settings, key=idempotency_key
    )
    if not is_new:
        response.status_code = 200
    response.headers["Location"] = f"/jobs/{job.id}"
    return _tagged(job, response)


@router.get("", summary="List jobs, in the order of their ids", responses=documented(422))
def list_jobs(
    session: ReadingSession,
    settings: GivenSettings,
    status: JobStatus | None = None,
    territory: Annotated[Text | None, Query()] = None,
    priority: Priority | None = None,
    day: Annotated[
        Day | None, Query(description="With a window or a planned start on this local day.")
    ] = None,
    needs_location: Annotated[
        bool | None, Query(description="At sites without coordinates, or at the others.")
    ] = None,
    unassigned: Annotated[
        bool | None, Query(description="Waiting to be planned, on no published route.")
    ] = None,
    after: PageAfter = None,
    limit: PageLimit = 50,
) -> JobPage:
    page, following = jobs.list_jobs(
        session,
        settings=settings,
        status=status,
        territory=territory,
        priority=priority,
        day=day,
        needs_location=needs_location,
        unassigned=unassigned,
        after=after,
        limit=limit,
    )
    return JobPage(jobs=page, next=following)


@router.get(
    "/{job_id}",
    summary="Read a job",
    responses={200: {"headers": ETAG}, **documented(404, 422)},
)
def read_job(job_id: Code, session: ReadingSession, response: Response) -> JobOut:
    return _tagged(jobs.read_job(session, job_id), response)


@router.get(
    "/{job_id}/history",
    summary="Read what was done there before, the newest first",
    responses=documented(404, 422),
)
def read_job_history(
    job_id: Code,
    session: ReadingSession,
    same_asset: Annotated[
        bool, Query(description="Only what was on one of the job's machines.")
    ] = False,
    after: PageAfter = None,
    limit: PageLimit = 20,
) -> JobHistory:
    """Jobs at the same site, or on the same machine, that were over before this one was."""
    visits, following = history.job_history(
        session, job_id, same_asset=same_asset, after=after, limit=limit
    )
    return JobHistory(visits=visits, next=following)


@router.patch(
    "/{job_id}",
    summary="Change a job that is not yet under way",
    responses={200: {"headers": ETAG}, **documented(404, 409, 412)},
)
def change_job(
    job_id: Code,
    change: Annotated[JobChange, Body(openapi_examples=CHANGES)],
    session: WritingSession,
    settings: GivenSettings,
    actor: Actor,
    response: Response,
    if_match: IfMatch = None,
) -> JobOut:
    """Fields that are absent stay as they are, null clears, lists are replaced as a whole.

    Site, times, priority, what the customer was told and what it waits for change for the whole
    crew.
    """
    job = crews.change_job_of_crew(
        session,
        job_id,
        change,
        actor=actor,
        settings=settings,
        expected_tags=expected_tags(if_match),
    )
    return _tagged(job, response)


@router.post(
    "/{job_id}/cancel",
    summary="Cancel a job that is not yet over",
    responses={200: {"headers": ETAG}, **documented(404, 409, 422)},
)
def cancel_job(
    job_id: Code,
    session: WritingSession,
    actor: Actor,
    response: Response,
    crew: Annotated[
        bool, Query(description="Also the other jobs of its crew that are not over.")
    ] = False,
) -> JobOut:
    """Nobody is sent there any more. Cancelling again changes nothing."""
    cancelled = crews.cancel_job_of_crew(session, job_id, actor=actor, whole_crew=crew)
    return _tagged(cancelled, response)


@router.post(
    "/{job_id}/close",
    summary="Say that nothing more is to be done about a job that could not be completed",
    responses={200: {"headers": ETAG}, **documented(404, 409, 422)},
)
def close_job(job_id: Code, session: WritingSession, actor: Actor, response: Response) -> JobOut:
    """It is no issue to settle any more. Closing again changes nothing."""
    return _tagged(jobs.close_job(session, job_id, actor=actor), response)


@router.put(
    "/{job_id}/pin",
    summary="Pin a job where it is in the plan in force",
    responses={200: {"headers": ETAG}, **documented(404, 409)},
)
def pin_job(
    job_id: Code,
    pin_request: Annotated[PinRequest, Body(openapi_examples=PINS)],
    session: WritingSession,
    settings: GivenSettings,
    actor: Actor,
    response: Response,
) -> JobOut:
    """To its technician, or also to its time: no plan moves it away from there."""
    pinned = pins.pin_job(session, job_id, pin_request, settings, actor=actor)
    return _tagged(pinned, response)


@router.delete(
    "/{job_id}/pin",
    summary="Let plans move a pinned job again",
    responses={200: {"headers": ETAG}, **documented(404, 409, 422)},
)
def unpin_job(job_id: Code, session: WritingSession, actor: Actor, response: Response) -> JobOut:
    """It stays where it is until a plan moves it. Unpinning again changes nothing."""
    return _tagged(pins.unpin_job(session, job_id, actor=actor), response)


@router.get(
    "/{job_id}/options",
    summary="List where a job could go in the plan in force",
    responses=documented(404, 409, 422),
)
def list_place_options(
    job_id: Code,
    session: ReadingSession,
    settings: GivenSettings,
    days: GivenLiveDays,
    day: Annotated[Day | None, Query(description="A local day; today if left out.")] = None,
    limit: PageLimit = 5,
) -> PlaceOptions:
    """The best place with each technician, the cheapest first. Nothing is changed."""
    found = placing.place_options(session, job_id, settings, days=days, day=day, limit=limit)
    return PlaceOptions(options=found)


@router.post(
    "/{job_id}/place",
    summary="Put a job into the plan in force",
    responses=documented(404, 409),
)
def place_job(
    job_id: Code,
    place_request: Annotated[PlaceRequest, Body(openapi_examples=PLACES)],
    session: WritingSession,
    settings: GivenSettings,
    days: GivenLiveDays,
    actor: Actor,
) -> PlacedJob:
    """At once, into the best place there is; only the routes that it leaves and joins change."""
    return placing.place_job(session, job_id, place_request, settings, days=days, actor=actor)


def _tagged(job: JobOut, response: Response) -> JobOut:
    return tagged(job, job.revision, response)
