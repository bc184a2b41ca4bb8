"""Jobs with all that belongs to them: the further places of a crew, the stretches of what takes
long, and what they come after.

Each place in a crew is a job of its own, with its own skills, parts, tools and reports. To the
customer they are one attendance, so that where and when, and how urgent it is, is said for all of
them at once.
"""

from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise
from typing import Annotated, Any

from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError
from sqlmodel import Session

from dispatch import store
from dispatch.errors import InvalidInput
from dispatch.input_faults import faults_of
from dispatch.intake import (
    Code,
    Codes,
    Input,
    JobChange,
    NewJob,
    PartQuantities,
    SkillLevels,
    SomeMinutes,
    Text,
    not_below,
)
from dispatch.jobs import idempotency
from dispatch.jobs.details import JobOut
from dispatch.jobs.ids import free_id
from dispatch.jobs.jobs import (
    CHANGEABLE,
    cancel_job,
    change_job,
    create_job,
    new_faults,
    read_job,
)
from dispatch.jobs.links import (
    IN_COMMON,
    LINKS,
    GapMinutes,
    JobLinkContent,
    crew_of,
    link_faults_of,
)
from dispatch.jobs.stretches import id_of, minutes_of, number_of_stretches, own_to
from dispatch.models import Job, JobLink, JobStatus, JobTask, LinkKind
from dispatch.plans import versions
from dispatch.references import Reference, references_of, unknown_references
from dispatch.settings import Settings
from solver.faults import Fault
from solver.links import Person

FOR_ALL = frozenset(
    {*IN_COMMON, "hold_reason", "hold_until", "told_at"}
    | {"asset_id", "contact_name", "contact_phone", "note"}
)
"""What is said of one job of a crew is said of all."""
_SEEN_BY_LINKS = frozenset({*IN_COMMON, "duration_minutes", "pinned_technician_id"})
MOST_PLACES = 9
MOST_STRETCHES = 10
MOST_AT_ONCE = 24 * 60
LongMinutes = Annotated[int, Field(strict=True, ge=1, le=MOST_STRETCHES * MOST_AT_ONCE)]
LONGEST_ID = 40


class CrewPlace(Input):
    """One more technician who is needed at the same time: what is left out is as in the job."""

    id: Code | None = None
    """The job's own id with a number, if left out."""
    title: Text | None = None
    duration_minutes: SomeMinutes | None = None
    skills: SkillLevels = Field(default_factory=list)
    parts: PartQuantities = Field(default_factory=list)
    tools: Codes = Field(default_factory=list)
    preferred: Codes = Field(default_factory=list)
    allowed: Codes = Field(default_factory=list)
    forbidden: Codes = Field(default_factory=list)
    pinned_technician_id: Code | None = None


class EarlierJob(Input):
    """A job that this one comes after, as a link of the kind ``after`` has it."""

    job_id: Code
    least_minutes: GapMinutes = 0
    most_minutes: GapMinutes | None = None
    person: Person = Person.ANY

    @field_validator("most_minutes")
    @classmethod
    def _not_less(cls, most: int | None, info: Any) -> int | None:
        not_below(most, info.data.get("least_minutes"), "least_minutes")
        return most


class JobRequest(NewJob):
    """A job with the further places of its crew, its stretches, what it comes after, and what it
    takes up."""

    duration_minutes: LongMinutes
    """All of it; at most a day, unless it is done in stretches."""
    longest_stretch_minutes: Annotated[SomeMinutes | None, Field(validate_default=True)] = None
    """So long at most it is worked at a time: each stretch becomes a job of its own."""
    crew: list[CrewPlace] = Field(default_factory=list, max_length=MOST_PLACES)
    """Each becomes a job of its own that starts at the same moment with another technician."""
    after: list[EarlierJob] = Field(default_factory=list, max_length=MOST_PLACES)
    """Jobs that have to be over before."""
    follow_up_of: Code | None = None
    """A job that could not be completed, and that this one takes up."""

    @field_validator("longest_stretch_minutes")
    @classmethod
    def _not_too_long(cls, longest: int | None, info: ValidationInfo) -> int | None:
        minutes = info.data.get("duration_minutes", 0)
        if longest is None and minutes > MOST_AT_ONCE:
            raise PydanticCustomError(
                "too_long_at_once",
                "nobody works for {minutes} minutes at a time",
                {"minutes": minutes, "action": "say how long a stretch of it may be"},
            )
        if number_of_stretches(minutes, longest) > MOST_STRETCHES:
            raise PydanticCustomError(
                "too_many_stretches",
                "{minutes} minutes are more than {most} stretches of {longest}",
                {
                    "minutes": minutes,
                    "most": MOST_STRETCHES,
                    "longest": longest,
                    "action": "give longer stretches, or make several jobs",
                },
            )
        return longest


def request_job(
    session: Session,
    request: JobRequest,
    *,
    actor: str,
    settings: Settings,
    key: str | None = None,
) -> tuple[JobOut, bool]:
    """As ``create_job``, with the jobs of its crew and the links that the request asks for; all of
    it or nothing. The job says by its links which the others are."""
    if key is not None:
        made = idempotency.job_made_before(session, actor, key, request)
        if made is not None:
            return read_job(session, made), False
    longest = request.longest_stretch_minutes
    number = number_of_stretches(request.duration_minutes, longest)
    if not (request.crew or request.after or request.follow_up_of or number > 1):
        return create_job(session, request, actor=actor, settings=settings, key=key)
    faults = [
        *new_faults(session, request, settings),
        *_place_faults(session, request, number),
        *unknown_references(session, _earlier_jobs(request)),
    ]
    if faults:
        raise InvalidInput(*faults)
    job_id, asked = request.id or free_id(session, Job, "J"), request
    if request.follow_up_of is not None and request.asset_id is None:
        earlier = session.get_one(Job, request.follow_up_of)
        if earlier.site_id == request.site_id:
            request = request.model_copy(update={"asset_id": earlier.asset_id})
    stretches: list[list[str]] = []
    for index in range(number):
        new = _stretch(session, request, job_id, index, number)
        first, _ = create_job(session, new, actor=actor, settings=settings)
        request = request.model_copy(update={"site": None, "site_id": first.site_id})
        crew = [first.id]
        for place in _places(session, request, first.id, index, number):
            other, _ = create_job(session, place, actor=actor, settings=settings)
            crew.append(other.id)
        stretches.append(crew)
    job = read_job(session, job_id)
    if request.follow_up_of is not None:
        _take_over_tasks(session, request.follow_up_of, job)
    for content in _links(request, stretches):
        LINKS.put(session, free_id(session, JobLink, "L"), content, actor=actor)
    if key is not None:
        idempotency.note_key(session, actor, key, asked, job_id)
        session.flush()
    return read_job(session, job_id), True


def _stretch(session: Session, request: JobRequest, job_id: str, index: int, number: int) -> NewJob:
    minutes = minutes_of(request.duration_minutes, number)[index]
    own_id = _fitting(session, id_of(job_id, index, number))
    own = {**own_to(index, number), "id": own_id, "duration_minutes": minutes}
    return request.model_copy(update=own)


def _fitting(session: Session, wanted: str) -> str:
    """The id that was wanted, or a free one if that would be too long to be asked for."""
    return wanted if len(wanted) <= LONGEST_ID else free_id(session, Job, "J")


def _places(
    session: Session, request: JobRequest, job_id: str, index: int, number: int
) -> Iterable[NewJob]:
    """The further places of the crew at one stretch."""
    for place_number, place in enumerate(request.crew, start=2):
        wanted = f"{job_id}.{place_number}" if place.id is None else id_of(place.id, index, number)
        new = _as_job(request, place, number, index)
        own = {**own_to(index, number), "id": _fitting(session, wanted)}
        yield new.model_copy(update=own)


def _links(request: JobRequest, stretches: Sequence[Sequence[str]]) -> Iterable[JobLinkContent]:
    """Between the jobs of the stretches, each with its crew, and what others have to do with it."""
    begin, end = stretches[0][0], stretches[-1][0]
    for one in request.after:
        gaps = one.model_dump(exclude={"job_id"})
        yield JobLinkContent(kind=LinkKind.AFTER, job_ids=[one.job_id, begin], **gaps)
    if request.follow_up_of is not None:
        yield JobLinkContent(kind=LinkKind.FOLLOW_UP, job_ids=[request.follow_up_of, end])
    for crew in stretches:
        if len(crew) > 1:
            yield JobLinkContent(kind=LinkKind.TOGETHER, job_ids=[*crew])
    for before, after in pairwise(stretches):
        for both in zip(before, after, strict=True):
            yield JobLinkContent(kind=LinkKind.AFTER, job_ids=[*both], person=Person.SAME)


def _take_over_tasks(session: Session, earlier_id: str, job: JobOut) -> None:
    """What alerts had asked of the earlier job is asked of this one, which thereby is about the
    same machines; what is told of them from now on is told of this one."""
    earlier = session.get_one(Job, earlier_id)
    if earlier.site_id != job.site_id:
        return
    for task in store.rows_where(session, JobTask, "job_id", {earlier_id}):
        taken = task.model_dump() | {"job_id": job.id, "added_at": job.created_at}
        session.add(JobTask(**taken))
    session.flush()


def _earlier_jobs(request: JobRequest) -> Iterable[Reference]:
    for number, one in enumerate(request.after):
        yield Reference(f"after.{number}.job_id", (Job,), one.job_id)
    if request.follow_up_of is not None:
        yield Reference("follow_up_of", (Job,), request.follow_up_of)


def _as_job(request: JobRequest, place: CrewPlace, number: int, index: int = 0) -> NewJob:
    """The job of a further place, at one of so many stretches. Raises ``ValidationError``."""
    shared = request.model_dump(include={*FOR_ALL, "site", "title"})
    minutes = minutes_of(place.duration_minutes or request.duration_minutes, number)[index]
    own = place.model_dump(exclude_none=True)
    return NewJob.model_validate({**shared, **own, "duration_minutes": minutes})


def _place_faults(session: Session, request: JobRequest, stretches: int) -> Iterable[Fault]:
    for number, place in enumerate(request.crew):
        where = f"crew.{number}."
        try:
            new = _as_job(request, place, stretches)
        except ValidationError as error:
            found = faults_of(error.errors())
            yield from (Fault(f.code, where + f.where, f.cause, f.action) for f in found)
            continue
        named = (
            Reference(where + one.where, one.tables, one.id)
            for one in references_of(new)
            if one.where != "site_id"
        )
        yield from unknown_references(session, named)


def change_job_of_crew(
    session: Session,
    job_id: str,
    change: JobChange,
    *,
    actor: str,
    settings: Settings,
    expected_tags: Collection[str] | None = None,
) -> JobOut:
    """As ``change_job``; what the jobs of a crew have in common changes for all of them that are
    not under way or over."""
    said = change.model_dump(include={*FOR_ALL}, exclude_unset=True)
    crew = crew_of(session, job_id) if said else []
    # In one order, whichever of them is changed.
    store.hold_jobs(session, {job_id, *crew})
    job = change_job(
        session, job_id, change, actor=actor, settings=settings, expected_tags=expected_tags
    )
    others = store.rows_where(session, Job, "id", crew)
    for other in sorted(one.id for one in others if one.status in CHANGEABLE):
        same = JobChange.model_validate(said)
        change_job(session, other, same, actor=actor, settings=settings)
    if change.model_fields_set & _SEEN_BY_LINKS:
        ids = {link.id for link in job.links}
        faults = [fault for _, fault in link_faults_of(session, ids)]
        if faults:
            raise InvalidInput(*faults)
    return job


def cancel_job_of_crew(
    session: Session, job_id: str, *, actor: str, whole_crew: bool = False
) -> JobOut:
    """As ``cancel_job``; with ``whole_crew`` also the others of its crew that are not over."""
    crew = crew_of(session, job_id) if whole_crew else []
    if crew:
        # Reports hold it before any job.
        versions.hold_publication(session)
        store.hold_jobs(session, {job_id, *crew})
    job = cancel_job(session, job_id, actor=actor)
    others = store.rows_where(session, Job, "id", crew)
    for other in sorted(one.id for one in others if one.status in {*CHANGEABLE, *_UNDER_WAY}):
        cancel_job(session, other, actor=actor)
    return job


_UNDER_WAY = (JobStatus.EN_ROUTE, JobStatus.ON_SITE)
