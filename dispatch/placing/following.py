"""Whatever changes in the company, the plan in force follows.

Nobody who changes a thing has to think of the plan: what they did is in the log, and whenever that
has grown, the routes in force are looked at as they are. For each visit that does not hold any more
a place is asked for, which is a row that the placer works off; so nothing is lost if the service
ends in between, and it looks at everything when it begins. Others' changes of the database, as by
``dispatch import``, are seen in the same way.
"""

import logging
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from sqlalchemy import Engine
from sqlmodel import Session, col, func, select

from dispatch.events.horizon import LogHorizon
from dispatch.events.news import linked_jobs
from dispatch.jobs.placements import ask_for_place
from dispatch.log import APART
from dispatch.models import LogEntry, Placement, Plan, ReportKind, Route, Stop, now
from dispatch.planning.conflicts import Conflicts, broken_visits
from dispatch.planning.job_links import linked_with
from dispatch.planning.snapshot import LONGEST_ROUTE
from dispatch.planning.unable import OF_OTHERS, BrokenVisit
from dispatch.plans import queries
from dispatch.settings import Settings
from dispatch.store import reading

ACTOR = "placer"
TRIGGER = "conflict"
MOST_ENTRIES = 500
"""After more changes than these, everything is looked at."""
MOST_TIMES = 20
WITHIN = timedelta(hours=1)
"""So often at most a place is asked for because a visit does not hold: if what is found for it does
not hold either, versions would follow each other without end. It stays for somebody to decide."""
REPORTS = frozenset(kind.value for kind in ReportKind)


logger = logging.getLogger(__name__)


class Follower:
    """Asks for places for what does not hold any more, each time it is called.

    What everything comes to it takes from ``conflicts``, as do those who look at the board.
    """

    def __init__(self, engine: Engine, settings: Settings, conflicts: Conflicts) -> None:
        self._engine, self._settings, self._conflicts = engine, settings, conflicts
        self._horizon = LogHorizon(engine)
        self._seen: int | None = None

    def look(self, at: datetime) -> int:
        """How many places were asked for because of what has changed since the last look; the first
        one is at everything."""
        upto = self._horizon.find()
        if upto is None or upto == self._seen:
            return 0
        with Session(reading(self._engine)) as session:
            concerned = self._concerned(session, upto)
        asked = 0
        if concerned is None or concerned:
            asked = self._follow(at, concerned)
        self._seen = upto
        return asked

    def _concerned(self, session: Session, upto: int) -> frozenset[str] | None:
        """The technicians to look at; None: all."""
        if self._seen is None:
            return None
        entries = session.exec(
            select(LogEntry)
            .where(col(LogEntry.id) > self._seen, col(LogEntry.id) <= upto)
            .where(col(LogEntry.entity).not_in(APART))
            .limit(MOST_ENTRIES)
        ).all()
        if len(entries) == MOST_ENTRIES:
            return None
        found: set[str] = set()
        to_look_at: set[str] = set()
        for entry in entries:
            match entry.entity, entry.action:
                case "plan", "publish":
                    # What has changed while it was published was not seen by those who did it.
                    found |= set((entry.after or {}).get("technician_ids", ()))
                case "job", "import":
                    return None
                case "job", action if action in REPORTS:
                    to_look_at.add(entry.entity_id)
                case "job_link", "put" | "remove":
                    to_look_at |= linked_jobs(entry.before, entry.after)
                case "plan" | "job", _:
                    # What it changes for a route is asked for by those who do it.
                    pass
                case _:
                    return None
        visits = queries.live_visits(session, to_look_at)
        found |= {route.technician_id for route in visits.values()}
        return frozenset(found | _with_partners_of(session, found))

    def _follow(self, at: datetime, technician_ids: frozenset[str] | None) -> int:
        """Ask for a place for every visit in force of these technicians (None: of all) that does
        not hold any more, and say for how many. One that may stay where it is, for want of another
        place, is asked for once for each version of its route."""
        with Session(reading(self._engine)) as session:
            if technician_ids is None:
                found = self._conflicts.at(session, at)
            else:
                found = broken_visits(session, self._settings, at, technician_ids=technician_ids)
            wanted = _to_ask_for(session, found)
        if wanted:
            with Session(self._engine) as session:
                for one in wanted:
                    ask_for_place(session, one.job_id, trigger=TRIGGER, actor=ACTOR)
                    # Each by itself: nobody waits for the other jobs of somebody who waits for
                    # this.
                    session.commit()
        return len(wanted)


def _with_partners_of(session: Session, technician_ids: Collection[str]) -> set[str]:
    """Technicians who have jobs that are linked to those that these have still to do."""
    if not technician_ids:
        return set()
    theirs = session.exec(
        select(Stop.job_id)
        .join(Route, col(Route.id) == Stop.route_id)
        .where(
            col(Stop.live),
            col(Stop.job_id).is_not(None),
            col(Route.technician_id).in_(technician_ids),
            col(Route.end_at) > now() - LONGEST_ROUTE,
        )
    )
    partners = linked_with(session, {name for name in theirs if name is not None})
    return {route.technician_id for route in queries.live_visits(session, partners).values()}


def _to_ask_for(session: Session, found: Mapping[str, BrokenVisit]) -> list[BrokenVisit]:
    asked = dict(
        session.exec(
            select(Placement.job_id, func.max(Placement.asked_at))
            .where(col(Placement.job_id).in_(found))
            .group_by(col(Placement.job_id))
        ).all()
    )
    often = frozenset(
        session.exec(
            select(Placement.job_id)
            .where(col(Placement.job_id).in_(found), Placement.trigger == TRIGGER)
            .where(col(Placement.asked_at) > now() - WITHIN)
            .group_by(col(Placement.job_id))
            .having(func.count() >= MOST_TIMES)
        ).all()
    )
    for name in sorted(often):
        logger.warning("Job %s does not hold wherever it is placed, and stays for now", name)
    routes = queries.live_visits(session, found)
    plans = {route.plan_id for route in routes.values()}
    published = dict(
        session.exec(select(Plan.id, Plan.published_at).where(col(Plan.id).in_(plans))).all()
    )

    def is_new(name: str) -> bool:
        last, since = asked.get(name), published.get(routes[name].plan_id)
        return last is None or (since is not None and last < since)

    in_order = sorted(found.values(), key=lambda one: (one.start_at, one.job_id))
    return [
        one
        for one in in_order
        if one.job_id in routes
        and one.job_id not in often
        and not one.has_begun
        and one.cause.why not in OF_OTHERS
        and (one.leaves or is_new(one.job_id))
    ]
