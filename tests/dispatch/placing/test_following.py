"""Whatever in the company changes under a plan in force, the plan follows."""

from collections.abc import Callable, Iterator
from datetime import time, timedelta

import pytest
import time_machine
from sqlalchemy import Engine
from sqlmodel import Session, col, delete, select, update

from dispatch import log
from dispatch.intake import JobChange
from dispatch.jobs.jobs import change_job
from dispatch.models import (
    Depot,
    DepotStock,
    DepotTool,
    Job,
    JobStatus,
    JobTechnician,
    JobWindow,
    LogEntry,
    OpeningHours,
    Placement,
    PlacementStatus,
    Plan,
    PlanUnassigned,
    Site,
    Stop,
    Technician,
    TechnicianSkill,
    TechnicianTerritory,
    VanStock,
    VanTool,
    Waiver,
    Wish,
    WorkingHours,
)
from dispatch.placing import placer
from dispatch.placing.absences import NewAbsence, add_absence
from dispatch.placing.following import Follower
from dispatch.placing.placer import place_waiting
from dispatch.planning.conflicts import Conflicts, broken_visits
from dispatch.planning.live_days import LiveDays
from dispatch.planning.unable import Why
from dispatch.settings import Settings
from dispatch.store import reading
from tests.dispatch.crew import (
    MONDAY,
    TUESDAY,
    add_depot,
    add_job,
    add_live_route,
    add_technician,
    depot_call,
    hanoi,
)
from tests.dispatch.drafting import in_force, status
from tests.dispatch.follow_up import EIGHT, Change, changed, everything_holds, follow

pytestmark = pytest.mark.any_database


@pytest.fixture(autouse=True)
def eight_o_clock() -> Iterator[None]:
    with time_machine.travel(EIGHT, tick=False):
        yield


@pytest.fixture
def monday(session: Session) -> Session:
    """Bob has a job at two that asks for everything that a job can ask for, and a plain one at
    ten; Ann is as able as he is, and has nothing to do in the afternoon."""
    for name, at in (("ann", 0), ("bob", 6)):
        add_technician(
            session,
            name,
            at=at,
            skills={"gas": 2},
            stock={"belt": 1},
            tools=["ladder"],
            territories=["west"],
        )
    add_depot(session, "depot", at=3, stock={"lamp": 2}, tools=["drill"])
    add_job(session, "plain", at=7)
    add_job(
        session,
        "hard",
        at=5,
        skills={"gas": 2},
        parts={"belt": 1},
        tools=["ladder"],
        territory="west",
    )
    add_live_route(session, "bob", [("plain", "10:00"), ("hard", "14:00")])
    session.commit()
    return session


def in_the_afternoon(session: Session, at: str = "13:30") -> None:
    session.add(JobWindow(job_id="hard", starts_at=hanoi(at), ends_at=hanoi("14:30")))


def leaves(session: Session) -> None:
    session.get_one(Technician, "bob").active = False


def works_on_other_days(session: Session) -> None:
    session.exec(
        delete(WorkingHours).where(
            col(WorkingHours.technician_id) == "bob",
            col(WorkingHours.weekday) == MONDAY.weekday(),
        )
    )


def goes_home_at_noon(session: Session) -> None:
    of_bob = col(WorkingHours.technician_id) == "bob"
    session.exec(update(WorkingHours).where(of_bob).values(ends=time(12)))


def is_absent(session: Session) -> None:
    rest = NewAbsence(id="ill", starts_at=hanoi("13:00"), ends_at=hanoi("17:00"))
    add_absence(session, "bob", rest, actor="dana")


def loses_the_skill(session: Session) -> None:
    session.exec(delete(TechnicianSkill).where(col(TechnicianSkill.technician_id) == "bob"))


def has_a_lower_level(session: Session) -> None:
    session.get_one(TechnicianSkill, ("bob", "gas")).level = 1


def has_an_expired_skill(session: Session) -> None:
    session.get_one(TechnicianSkill, ("bob", "gas")).expires_on = MONDAY - timedelta(days=1)


def has_lost_the_tool(session: Session) -> None:
    session.exec(delete(VanTool).where(col(VanTool.technician_id) == "bob"))


def has_used_the_part(session: Session) -> None:
    session.get_one(VanStock, ("bob", "belt")).quantity = 0


def serves_elsewhere(session: Session) -> None:
    session.exec(delete(TechnicianTerritory).where(col(TechnicianTerritory.technician_id) == "bob"))
    session.add(TechnicianTerritory(technician_id="bob", territory="east"))


def is_unwelcome(session: Session) -> None:
    session.add(JobTechnician(job_id="hard", technician_id="bob", wish=Wish.FORBIDDEN))


def is_not_among_the_wanted(session: Session) -> None:
    session.add(JobTechnician(job_id="hard", technician_id="ann", wish=Wish.ALLOWED))


def is_pinned_to_another(session: Session) -> None:
    session.get_one(Job, "hard").pinned_technician_id = "ann"


OF_BOTH = {leaves: Why.GONE, works_on_other_days: Why.NOT_AT_WORK}
OF_ONE = {
    goes_home_at_noon: Why.NOT_AT_WORK,
    is_absent: Why.ABSENT,
    loses_the_skill: Why.SKILL,
    has_a_lower_level: Why.SKILL,
    has_an_expired_skill: Why.SKILL,
    has_lost_the_tool: Why.TOOL,
    has_used_the_part: Why.PART,
    serves_elsewhere: Why.TERRITORY,
    is_unwelcome: Why.NOT_ALLOWED,
    is_not_among_the_wanted: Why.NOT_ALLOWED,
    is_pinned_to_another: Why.PINNED,
}


@pytest.mark.parametrize("change", [*OF_BOTH, *OF_ONE])
def test_what_somebody_cannot_do_any_more_is_done_by_somebody_who_can(
    monday: Session, settings: Settings, change: Change
) -> None:
    in_the_afternoon(monday)
    changed(monday, change)
    why = {**OF_BOTH, **OF_ONE}[change]
    assert broken_visits(monday, settings, EIGHT)["hard"].cause.why == why
    found = follow(monday, settings)
    assert found["hard"].status == PlacementStatus.PLACED
    expected = (
        {"ann": ["plain", "hard"]} if change in OF_BOTH else {"ann": ["hard"], "bob": ["plain"]}
    )
    placed = {name: sorted(jobs) for name, jobs in in_force(monday).items()}
    assert placed == {name: sorted(jobs) for name, jobs in expected.items()}
    assert status(monday, "hard") == JobStatus.SCHEDULED
    assert everything_holds(monday, settings)


@pytest.mark.parametrize("change", [*OF_BOTH, *OF_ONE])
def test_what_nobody_can_do_any_more_is_taken_off_with_its_reason(
    monday: Session, settings: Settings, change: Change
) -> None:
    monday.get_one(Technician, "ann").active = False
    in_the_afternoon(monday)
    changed(monday, change)
    found = follow(monday, settings)["hard"]
    assert found.status == PlacementStatus.NO_PLACE
    assert status(monday, "hard") == JobStatus.OPEN
    assert "hard" not in {name for names in in_force(monday).values() for name in names}
    left_out = monday.exec(select(PlanUnassigned).where(PlanUnassigned.job_id == "hard")).one()
    assert left_out.reasons[0]["code"] == {**OF_BOTH, **OF_ONE}[change]
    assert (left_out.reasons[0]["message"] or "?") in (found.cause or "")
    entry = monday.exec(select(LogEntry).where(LogEntry.action == "take_off")).all()
    assert "hard" in {one.entity_id for one in entry}
    assert everything_holds(monday, settings)


@pytest.mark.parametrize("change", OF_ONE)
def test_the_rest_of_the_route_stays_at_its_times(
    monday: Session, settings: Settings, change: Change
) -> None:
    monday.get_one(Technician, "ann").active = False
    in_the_afternoon(monday)
    changed(monday, change)
    follow(monday, settings)
    stop = monday.exec(select(Stop).where(Stop.job_id == "plain", col(Stop.live))).one()
    assert stop.start_at == hanoi("10:00")


def test_a_job_of_a_later_day_than_the_placer_looks_at_goes_to_another_on_that_day(
    monday: Session, settings: Settings
) -> None:
    later = MONDAY + timedelta(days=settings.place_days + 3)
    add_job(monday, "later", at=5)
    add_live_route(monday, "bob", [("later", "10:00")], day=later)
    changed(monday, leaves)
    assert follow(monday, settings)["later"].status == PlacementStatus.PLACED
    stop = monday.exec(select(Stop).where(Stop.job_id == "later", col(Stop.live))).one()
    assert stop.start_at.astimezone(settings.zone).date() == later
    assert "later" in in_force(monday)["ann"]


def test_what_was_taken_off_is_done_on_another_day_if_that_can_be(
    monday: Session, settings: Settings
) -> None:
    monday.get_one(Technician, "ann").active = False
    gone = NewAbsence(id="ill", starts_at=EIGHT, ends_at=hanoi("17:00"))
    add_absence(monday, "bob", gone, actor="dana")
    found = follow(monday, settings)
    assert {row.status for row in found.values()} == {PlacementStatus.PLACED}
    stops = monday.exec(select(Stop).where(col(Stop.live), col(Stop.job_id).is_not(None))).all()
    assert {stop.start_at.astimezone(settings.zone).date() for stop in stops} == {TUESDAY}


def test_what_is_under_way_stays(monday: Session, settings: Settings) -> None:
    for name, state in (("plain", JobStatus.ON_SITE), ("hard", JobStatus.EN_ROUTE)):
        monday.get_one(Job, name).status = state
    changed(monday, leaves)
    assert follow(monday, settings) == {}
    assert in_force(monday) == {"bob": ["plain", "hard"]}
    found = broken_visits(monday, settings, EIGHT)
    assert [found[name].has_begun for name in ("plain", "hard")] == [True, True]


def test_what_is_about_to_begin_does_not_stay_with_who_cannot_do_it(
    monday: Session, settings: Settings
) -> None:
    at = hanoi("13:50")
    monday.get_one(Job, "plain").status = JobStatus.COMPLETED
    monday.get_one(Job, "plain").departed_at = hanoi("10:30")
    changed(monday, loses_the_skill)
    follow(monday, settings, at)
    assert in_force(monday) == {"ann": ["hard"], "bob": ["plain"]}


def test_what_can_only_be_late_stays(monday: Session, settings: Settings) -> None:
    in_the_afternoon(monday)
    job = monday.get_one(Job, "plain")
    job.status, job.en_route_at, job.arrived_at = JobStatus.ON_SITE, hanoi("14:50"), hanoi("15:00")
    changed(monday, lambda session: None)
    assert follow(monday, settings, hanoi("15:10")) == {}
    assert in_force(monday) == {"bob": ["plain", "hard"]}


def test_what_was_overridden_stays(monday: Session, settings: Settings) -> None:
    plan_id = monday.exec(select(Plan.id)).one() or 0
    monday.add(
        Waiver(
            job_id="hard",
            technician_id="bob",
            shift_starts_at=EIGHT,
            rule="skills",
            subject="gas",
            amount=1,
            reason="he knows it",
            actor="dana",
            at=EIGHT,
            plan_id=plan_id,
        )
    )
    changed(monday, has_a_lower_level)
    assert follow(monday, settings) == {}
    assert in_force(monday) == {"bob": ["plain", "hard"]}
    changed(monday, loses_the_skill)
    follow(monday, settings)
    assert in_force(monday) == {"ann": ["hard"], "bob": ["plain"]}


def test_a_pin_to_somebody_who_is_gone_is_named_and_kept(
    monday: Session, settings: Settings
) -> None:
    monday.get_one(Job, "hard").pinned_technician_id = "bob"
    changed(monday, leaves)
    found = follow(monday, settings)["hard"]
    assert found.status == PlacementStatus.NO_PLACE
    assert "pinned to bob" in (found.cause or "")
    assert "hard" not in {name for names in in_force(monday).values() for name in names}
    assert monday.get_one(Job, "hard").pinned_technician_id == "bob"


@pytest.fixture
def supplied(session: Session) -> Session:
    """Ann and Bob fetch a lamp each for their jobs, and borrow a drill; the depot has two."""
    for name, at in (("ann", 0), ("bob", 6)):
        add_technician(session, name, at=at)
        add_job(session, f"{name}1", at=at + 1, parts={"lamp": 1}, tools=["drill"])
    add_depot(session, "depot", at=3, stock={"lamp": 2}, tools={"drill": 2})
    for name, clock in (("ann", "09:00"), ("bob", "10:00")):
        call = depot_call("depot", clock, {"lamp": 1})
        call.tools = ["drill"]
        add_live_route(session, name, [call, (f"{name}1", "11:00")])
    session.commit()
    return session


def has_one_lamp(session: Session) -> None:
    session.get_one(DepotStock, ("depot", "lamp")).quantity = 1


def has_no_drill(session: Session) -> None:
    session.exec(delete(DepotTool))


def has_its_drills_repaired(session: Session) -> None:
    session.exec(update(DepotTool).values(number=0))


def opens_late(session: Session) -> None:
    session.get_one(Depot, "depot").opens = time(9, 30)


def test_who_comes_last_to_a_depot_that_has_less_now_gets_nothing(
    supplied: Session, settings: Settings
) -> None:
    assert everything_holds(supplied, settings)
    changed(supplied, has_one_lamp)
    found = follow(supplied, settings)
    assert found["bob1"].status == PlacementStatus.NO_PLACE
    assert in_force(supplied) == {"ann": ["ann1"]}
    calls = supplied.exec(select(Stop).where(Stop.kind == "depot", col(Stop.live))).all()
    assert len(calls) == 1
    assert everything_holds(supplied, settings)


@pytest.mark.parametrize("change", [has_no_drill, has_its_drills_repaired])
def test_nobody_borrows_what_the_depot_does_not_lend_any_more(
    supplied: Session, settings: Settings, change: Callable[[Session], None]
) -> None:
    changed(supplied, change)
    found = follow(supplied, settings)
    assert {row.status for row in found.values()} == {PlacementStatus.NO_PLACE}
    assert in_force(supplied) == {}


def test_parts_are_fetched_once_the_depot_is_open(supplied: Session, settings: Settings) -> None:
    changed(supplied, opens_late)
    assert broken_visits(supplied, settings, EIGHT).keys() == {"ann1"}
    assert follow(supplied, settings)["ann1"].status == PlacementStatus.PLACED
    assert everything_holds(supplied, settings)


def closes_at_noon(session: Session) -> None:
    session.add(
        OpeningHours(site_id="site-hard", weekday=MONDAY.weekday(), opens=time(8), closes=time(12))
    )


def is_closed_on_mondays(session: Session) -> None:
    session.add(
        OpeningHours(site_id="site-hard", weekday=TUESDAY.weekday(), opens=time(8), closes=time(12))
    )


def test_a_site_with_other_hours_is_visited_in_them(monday: Session, settings: Settings) -> None:
    changed(monday, closes_at_noon)
    assert follow(monday, settings)["hard"].status == PlacementStatus.PLACED
    stop = monday.exec(select(Stop).where(Stop.job_id == "hard", col(Stop.live))).one()
    assert stop.start_at < hanoi("12:00")
    assert everything_holds(monday, settings)


def test_a_site_that_is_closed_on_that_day_is_visited_on_another(
    monday: Session, settings: Settings
) -> None:
    changed(monday, is_closed_on_mondays)
    assert follow(monday, settings)["hard"].status == PlacementStatus.PLACED
    stop = monday.exec(select(Stop).where(Stop.job_id == "hard", col(Stop.live))).one()
    assert hanoi("08:00", TUESDAY) <= stop.start_at < hanoi("12:00", TUESDAY)


def moves_away(session: Session) -> None:
    session.get_one(Site, "site-far").latitude = 21.55


def test_a_site_that_lies_elsewhere_now_is_visited_by_who_can_be_there(
    session: Session, settings: Settings
) -> None:
    for name, at in (("ann", 0), ("bob", 6)):
        add_technician(session, name, at=at)
    add_job(session, "noon", at=7, windows=[(hanoi("12:00"), hanoi("12:00"))])
    add_job(session, "far", at=8)
    add_live_route(session, "bob", [("noon", "12:00"), ("far", "14:00")])
    assert everything_holds(session, settings)
    changed(session, moves_away)
    assert broken_visits(session, settings, EIGHT)["far"].cause.why == Why.NO_TIME
    assert follow(session, settings)["far"].status == PlacementStatus.PLACED
    assert in_force(session) == {"ann": ["far"], "bob": ["noon"]}
    assert everything_holds(session, settings)


def test_what_may_stay_is_asked_for_once(monday: Session, settings: Settings) -> None:
    in_the_afternoon(monday)
    monday.get_one(Technician, "ann").active = False
    changed(monday, moves_far_away)
    found = follow(monday, settings)["hard"]
    assert found.trigger == "conflict"
    assert in_force(monday) == {"bob": ["plain", "hard"]}
    assert broken_visits(monday, settings, EIGHT)["hard"].cause.why == Why.NOT_THEN
    changed(monday, lambda session: None)
    assert follow(monday, settings)["hard"].id == found.id


def moves_far_away(session: Session) -> None:
    """So that Bob cannot be there within its windows; but he works late enough to come home."""
    session.get_one(Site, "site-hard").latitude = 21.82
    session.add(JobWindow(job_id="plain", starts_at=hanoi("10:00"), ends_at=hanoi("10:00")))
    session.exec(update(WorkingHours).values(max_overtime_minutes=420))


def test_nothing_is_asked_for_where_everything_holds(monday: Session, settings: Settings) -> None:
    changed(monday, lambda session: None)
    assert follow(monday, settings) == {}


def test_the_log_is_looked_at_once(monday: Session, engine: Engine, settings: Settings) -> None:
    follower = Follower(engine, settings, Conflicts(reading(engine), settings))
    changed(monday, leaves)
    assert follower.look(EIGHT) == 2
    assert follower.look(EIGHT) == 0
    log.record(monday, "dana", "change", log.Entity.ACCOUNT, "dana")
    monday.commit()
    assert follower.look(EIGHT) == 0


def test_a_job_that_comes_to_ask_for_more_than_anybody_can_do_is_taken_off(
    monday: Session, settings: Settings
) -> None:
    more = JobChange.model_validate({"skills": [{"skill_id": "gas", "level": 5}]})
    change_job(monday, "plain", more, actor="dana", settings=settings)
    found = follow(monday, settings)["plain"]
    assert (found.trigger, found.status) == ("changed_job", PlacementStatus.NO_PLACE)
    assert in_force(monday) == {"bob": ["hard"]}
    assert status(monday, "plain") == JobStatus.OPEN


AT_NINE = hanoi("08:45")


def versions(session: Session) -> int:
    return len(session.exec(select(Plan.id)).all())


def at_once(session: Session) -> None:
    """Both call at the depot at the same moment."""
    for stop in session.exec(select(Stop).where(Stop.kind == "depot")):
        stop.arrival_at = stop.start_at = hanoi("09:00")
        stop.departure_at = hanoi("09:10")


@pytest.mark.parametrize("change", [has_one_lamp, has_no_drill, opens_late])
def test_what_is_about_to_be_fetched_is_not_taken_for_fetched(
    supplied: Session, settings: Settings, change: Change
) -> None:
    at_once(supplied)
    before = versions(supplied)
    for _ in range(3):
        changed(supplied, change)
        follow(supplied, settings, AT_NINE)
    assert everything_holds(supplied, settings, AT_NINE)
    assert versions(supplied) <= before + 2
    lasting = versions(supplied)
    changed(supplied, lambda session: None)
    follow(supplied, settings, AT_NINE)
    assert versions(supplied) == lasting


def test_of_two_who_call_at_once_the_older_route_has_what_there_is(
    supplied: Session, settings: Settings
) -> None:
    at_once(supplied)
    changed(supplied, has_one_lamp)
    follow(supplied, settings, AT_NINE)
    assert in_force(supplied) == {"ann": ["ann1"]}


def test_what_is_fetched_on_a_later_day_does_not_come_before(
    supplied: Session, settings: Settings
) -> None:
    add_job(supplied, "later", at=2, parts={"lamp": 1})
    call = depot_call("depot", "09:00", {"lamp": 1}, TUESDAY)
    add_live_route(supplied, "ann", [call, ("later", "11:00")], day=TUESDAY)
    supplied.commit()
    assert broken_visits(supplied, settings, EIGHT).keys() == {"later"}


def test_a_depot_call_fetches_no_more_what_was_for_a_visit_that_is_off(
    supplied: Session, settings: Settings
) -> None:
    add_job(supplied, "ann2", at=2, parts={"lamp": 1, "fuse": 1}, skills={"gas": 1})
    supplied.get_one(DepotStock, ("depot", "lamp")).quantity = 3
    supplied.add(DepotStock(depot_id="depot", part_id="fuse", quantity=1))
    stop = supplied.exec(select(Stop).where(Stop.kind == "depot")).first()
    assert stop is not None
    stop.parts = {"lamp": 2, "fuse": 1}
    route_id = stop.route_id
    visit = Stop(
        route_id=route_id,
        position=2,
        kind="visit",
        job_id="ann2",
        arrival_at=hanoi("12:00"),
        start_at=hanoi("12:00"),
        departure_at=hanoi("12:30"),
        parts={"lamp": 1, "fuse": 1},
        live=True,
    )
    supplied.add(visit)
    supplied.get_one(Job, "ann2").status = JobStatus.SCHEDULED
    changed(supplied, lambda session: None)
    follow(supplied, settings)
    assert in_force(supplied)["ann"] == ["ann1"]
    calls = supplied.exec(
        select(Stop).where(
            Stop.kind == "depot", col(Stop.live), col(Stop.start_at) < hanoi("10:00")
        )
    ).one()
    assert calls.parts == {"lamp": 1}


def test_what_has_to_leave_leaves_however_often_others_are_faster(
    monday: Session, engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_the_afternoon(monday)
    changed(monday, loses_the_skill)
    monkeypatch.setattr(placer, "put_proposals", lambda *args, **options: {})
    assert Follower(engine, settings, Conflicts(reading(engine), settings)).look(EIGHT) == 1
    days = LiveDays(reading(engine), settings)
    for _ in range(2 * placer.ROUNDS + 1):
        place_waiting(engine, days, settings, EIGHT)
    monday.expire_all()
    assert in_force(monday) == {"bob": ["plain"]}
    (row,) = monday.exec(select(Placement)).all()
    assert (row.status, row.cause) == (PlacementStatus.NO_PLACE, placer.OVERTAKEN)
