"""Why a visit is where it is: what it costs there, and the next best places."""

from datetime import datetime

from sqlmodel import Session

from dispatch import plans_store
from dispatch.judging import shift_of
from dispatch.live_days import LiveDays
from dispatch.models import now
from dispatch.output import Output
from dispatch.placing import PlaceOption, attendable, conflict, live_day, option, plannable
from dispatch.settings import Settings


class PresentPlace(Output):
    """Where the plan in force has the visit."""

    technician_id: str
    technician: str
    start_at: datetime
    saving: int | None
    """Cents that the route would cost less without it; null if the route cannot be kept anyway."""


class AlternativePlace(PlaceOption):
    """Another place for the visit, the cheapest one on its technician's shift."""

    extra_cost: int
    """Cents that it costs more than where the visit is; less than 0 if it is better."""


class Alternatives(Output):
    """The present place and the others, the cheapest first."""

    here: PresentPlace
    alternatives: list[AlternativePlace]


def list_alternatives(
    session: Session,
    job_id: str,
    settings: Settings,
    *,
    at: datetime | None = None,
    limit: int = 5,
    days: LiveDays | None = None,
) -> Alternatives:
    """Where else the job could be attended on the day for which it is planned; nothing is changed.

    Raises ``NotFound``, or ``Conflict`` if the job is on no route, has begun or is about to.
    """
    at = at or now()
    plannable(session, job_id)
    route = plans_store.live_visits(session, [job_id]).get(job_id)
    if route is None:
        raise conflict(
            "not_placed", job_id, "it is on no route", "ask why not, or where it could go"
        )
    live = live_day(session, route.day, settings, at, days)
    attendable(live, job_id, route.day)
    present = shift_of(live, job_id)
    with_it = None
    if present is not None and live.is_tenable(present):
        with_it = live.cents_of(present)
    live.remove([job_id])
    saving = None
    if present is not None and with_it is not None:
        saving = with_it - live.cents_of(present)
    ways = [way for way in live.ways(job_id, limit + 1) if not live.is_as_in_force(way)]
    names = {
        facts.technician.id: facts.technician.name
        for facts in live.translation.snapshot.technicians
    }
    previous = live.translation.visits[job_id].previous
    assert previous is not None  # noqa: S101 - it is on a route in force
    return Alternatives(
        here=PresentPlace(
            technician_id=previous.technician,
            technician=names[previous.technician],
            start_at=live.translation.moment(previous.start),
            saving=saving,
        ),
        alternatives=[
            AlternativePlace(
                **option(live, job_id, way).model_dump() | {"extra_cost": way.extra - (saving or 0)}
            )
            for way in ways[:limit]
        ],
    )
