"""What is judged to be possible can be put in force, and the rest with what has to be waived."""

from dataclasses import replace
from random import Random

import pytest
from sqlmodel import Session

from dispatch.by_hand.judging import judge, shift_of
from dispatch.by_hand.moves import Judged, Move
from dispatch.errors import Conflict
from dispatch.models import Priority, Wish
from dispatch.placing.placing import PlaceRequest, live_day, place_job
from dispatch.planning.candidates import visits_of
from dispatch.planning.live_day import LiveDay
from dispatch.settings import Settings
from solver.rules.waivers import waived
from tests.dispatch.crew import MONDAY, add_depot, add_job, add_technician, hanoi

SIX = hanoi("06:00")
CREW = ("ann", "bob", "cem")
JOBS = tuple(f"j{number}" for number in range(9))


@pytest.fixture(params=range(8))
def busy_day(request: pytest.FixtureRequest, session: Session, settings: Settings) -> LiveDay:
    """Three technicians and nine jobs drawn from a seed; those that have a place are in force. On
    half of the days it takes a while from the road to some doors, and some are quick or slow, or
    may have little on a route."""
    dice, more = Random(request.param), Random(request.param)
    doors, paces = ([0, 10, 25], [75, 100, 133]) if request.param % 2 else ([0], [100])
    add_depot(session, "d", at=dice.randrange(20), stock={"belt": 2}, tools=["crane"])
    for number, name in enumerate(CREW):
        add_technician(
            session,
            name,
            at=8 * number,
            hours=[("08:00", dice.choice(["11:00", "13:00"]))],
            overtime=dice.choice([0, 30]),
            breaks=dice.choice([[], [("10:00", "10:30", 30)]]),
            skills={"gas": dice.randint(1, 3)},
            stock={"belt": dice.randint(0, 1)},
            territories=dice.choice([[], ["south"]]),
            pace_percent=more.choice(paces),
            max_visits=more.choice([2, 3]) if request.param % 4 == 3 else None,
            max_travel_minutes=more.choice([90, 150]) if request.param % 4 == 1 else None,
        )
    for name in JOBS:
        opens = dice.randint(8, 11)
        add_job(
            session,
            name,
            at=dice.randrange(20),
            minutes=dice.choice([30, 60, 90]),
            windows=dice.choice([[], [(hanoi(f"{opens:02}:00"), hanoi(f"{opens + 1:02}:00"))]]),
            skills=dice.choice([{}, {}, {"gas": dice.randint(1, 4)}]),
            parts=dice.choice([{}, {}, {"belt": dice.randint(1, 3)}]),
            tools=dice.choice([[], [], [], ["crane"], ["laser"]]),
            territory=dice.choice([None, None, "south", "north"]),
            wishes=dice.choice([{}, {}, {"ann": Wish.FORBIDDEN}]),
            pinned_technician_id=dice.choice([None, None, "bob"]),
            priority=dice.choice(list(Priority)),
            access=more.choice(doors),
        )
        try:
            place_job(session, name, PlaceRequest(day=MONDAY), settings, actor="x", at=SIX)
        except Conflict:
            continue
        finally:
            session.commit()
    return live_day(session, MONDAY, settings, SIX)


def carried_out(live: LiveDay, judged: Judged) -> LiveDay:
    """The day with the change made, checked as for publication."""
    problem = live.translation.problem
    windows = live.translation.unpinned.get(judged.job_ids[0])
    visits = tuple(
        replace(visit, windows=windows)
        if visit.id == judged.job_ids[0] and windows is not None
        else visit
        for visit in problem.visits
    )
    lenient = waived(replace(problem, visits=visits), judged.waivers or ())
    after = LiveDay(replace(live.translation, problem=lenient))
    after.remove([judged.job_ids[0]])
    after.put(judged.after)
    after.changed()
    return after


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_judgement_can_be_carried_out(busy_day: LiveDay) -> None:
    possible = impossible = 0
    for job_id in JOBS:
        before = shift_of(busy_day, job_id)
        for name in CREW:
            for start in (None, 3600 * 9, 3600 * 11):
                judged = judge(busy_day, Move(job_id, name, MONDAY, start))
                shift = judged.on[job_id]
                assert judged.is_possible == (judged.waivers == ())
                if judged.waivers is None:
                    continue
                after = carried_out(busy_day, judged)
                assert job_id in visits_of(after.draft.sequences[shift.id])
                others = [other for other in JOBS if other != job_id]
                placed = [other for other in others if busy_day.is_placed(other)]
                lost = [other for other in placed if not after.is_placed(other)]
                assert not lost
                possible += judged.is_possible
                impossible += not judged.is_possible
        assert shift_of(busy_day, job_id) == before
    assert possible
    assert impossible


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_place_that_there_is_is_judged_to_be_possible(busy_day: LiveDay) -> None:
    for job_id in JOBS:
        live = busy_day.copy()
        live.remove([job_id])
        for way in live.ways(job_id):
            judged = judge(busy_day, Move(job_id, way.shift.technician, MONDAY))
            assert judged.is_possible
            present = shift_of(busy_day, job_id)
            if present is None:
                assert sum(judged.cost.values()) == way.extra
