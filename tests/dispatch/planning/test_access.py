"""It takes a while from the road to the door: parking, the gate, the lift."""

from datetime import timedelta

import pytest
from sqlmodel import Session, col, select

from dispatch.by_hand.judging import judge
from dispatch.by_hand.moves import Move
from dispatch.by_hand.why_not import explain_unassigned
from dispatch.company.sites import SiteChange, change_site
from dispatch.models import Job, JobStatus, PlacementStatus, Route, RunStatus, Site, Stop
from dispatch.placing.placing import PlaceRequest, live_day, place_job
from dispatch.planning.broken_rules import broken
from dispatch.planning.conflicts import broken_visits
from dispatch.planning.plan_rows import in_force as rest_in_force
from dispatch.planning.unable import Why
from dispatch.settings import Settings
from dispatch.views.itinerary import daily_route
from tests.dispatch.changing import change
from tests.dispatch.crew import (
    MONDAY,
    add_depot,
    add_job,
    add_live_route,
    add_technician,
    hanoi,
)
from tests.dispatch.drafting import in_force
from tests.dispatch.follow_up import EIGHT, changed, everything_holds, follow
from tests.dispatch.reporting import take
from tests.dispatch.running import executed
from tests.dispatch.translating import translated, visit

pytestmark = pytest.mark.any_database

SIX = hanoi("06:00")


def planned(session: Session, job_id: str) -> Stop:
    return session.exec(select(Stop).where(Stop.job_id == job_id, col(Stop.live))).one()


def second_job(session: Session, id_: str, like: str, minutes: int = 30) -> None:
    """Another job at the same site."""
    site = session.get_one(Job, like).site_id
    session.add(Job(id=id_, site_id=site, title=id_, duration_minutes=minutes))
    session.flush()


def test_access_is_spent_before_a_visit_and_once_at_a_site(
    session: Session, settings: Settings
) -> None:
    add_technician(session, "ann", at=0)
    add_job(session, "a", at=0, access=20)
    second_job(session, "b", "a")
    found = translated(session, settings)
    assert (visit(found, "a").access, visit(found, "b").access) == (1200, 1200)
    session.commit()
    run = executed(session, settings, publish=True)
    assert run.status == RunStatus.FINISHED
    first, second = sorted(
        (planned(session, name) for name in "ab"), key=lambda stop: stop.start_at
    )
    route = session.exec(select(Route).where(col(Route.live))).one()
    assert first.arrival_at - route.start_at == timedelta(minutes=20)
    assert second.start_at == first.departure_at
    assert route.travel_seconds == 0


def test_what_access_leaves_no_time_for_is_planned_with_whom_it_does(
    session: Session, settings: Settings
) -> None:
    """Without access ann, who lives next door, does both one after the other."""
    add_technician(session, "ann", at=0)
    add_technician(session, "far", at=9)
    for name in ("a", "b"):
        start = hanoi("08:30" if name == "a" else "09:00")
        add_job(session, name, at=0, windows=[(start, start)], access=0)
    session.commit()
    executed(session, settings, publish=True)
    assert list(in_force(session)) == ["ann"]
    changed(
        session, lambda s: [setattr(site, "access_minutes", 25) for site in s.exec(select(Site))]
    )
    executed(session, settings, publish=True)
    assert set(in_force(session)) == {"ann", "far"}
    assert everything_holds(session, settings, SIX)


@pytest.fixture
def at_the_mall(session: Session) -> Session:
    """Ann's morning: next door, then in a mall where it takes 20 minutes to the shop."""
    add_technician(session, "ann", at=1)
    add_job(session, "home", at=1, windows=[(hanoi("08:30"), hanoi("10:00"))])
    add_job(session, "shop", at=1, windows=[(hanoi("09:00"), hanoi("12:00"))], access=20)
    second_job(session, "next", "shop")
    add_live_route(session, "ann", [("home", "08:30"), ("shop", "09:20"), ("next", "09:50")])
    session.commit()
    return session


def expected(session: Session, settings: Settings, clock: str) -> list[str]:
    [route] = daily_route(session, "ann", MONDAY, settings, at=hanoi(clock)).routes
    return [f"{stop.expected_arrival_at:%H:%M}" for stop in route.stops]


def test_who_is_late_is_expected_with_the_time_to_the_door(
    at_the_mall: Session, settings: Settings
) -> None:
    job = at_the_mall.get_one(Job, "home")
    job.status, job.arrived_at = JobStatus.ON_SITE, hanoi("09:10")
    at_the_mall.commit()
    assert expected(at_the_mall, settings, "09:15") == ["09:10", "10:00", "10:30"]
    job.status, job.departed_at = JobStatus.COMPLETED, hanoi("09:40")
    shop = at_the_mall.get_one(Job, "shop")
    shop.status, shop.en_route_at = JobStatus.EN_ROUTE, hanoi("09:45")
    at_the_mall.commit()
    assert expected(at_the_mall, settings, "09:50") == ["09:10", "10:05", "10:35"]


def test_a_plan_with_access_holds_as_it_was_published(session: Session, settings: Settings) -> None:
    add_technician(session, "ann", at=1, breaks=[("11:00", "12:00", 30)])
    for number in range(5):
        add_job(session, f"j{number}", at=number, access=15)
    session.commit()
    executed(session, settings, publish=True)
    for clock in ("06:00", "08:20", "09:30", "11:15"):
        assert everything_holds(session, settings, hanoi(clock))
        executed(session, settings, publish=True)


def test_a_site_that_is_harder_to_get_into_now_is_followed(
    at_the_mall: Session, settings: Settings
) -> None:
    """Like one that is further away: what cannot be in time is given the time that it has."""
    everything_holds(at_the_mall, settings)
    change_ = SiteChange(access_minutes=60)
    change_site(at_the_mall, "site-shop", change_, actor="dana", settings=settings)
    at_the_mall.commit()
    found = follow(at_the_mall, settings, EIGHT)
    assert {name: row.trigger for name, row in found.items()} == {
        "next": "changed_site",
        "shop": "changed_site",
    }
    assert {row.status for row in found.values()} == {PlacementStatus.PLACED}
    assert everything_holds(at_the_mall, settings)
    starts = sorted(planned(at_the_mall, name).start_at for name in ("shop", "next"))
    assert starts[1] - starts[0] == timedelta(minutes=30)


def test_access_that_a_file_changes_is_seen_as_a_longer_way(
    at_the_mall: Session, settings: Settings
) -> None:
    def guarded(session: Session) -> None:
        session.get_one(Site, "site-shop").access_minutes = 50

    changed(at_the_mall, guarded)
    broken = broken_visits(at_the_mall, settings, SIX)
    assert {name: one.cause.why for name, one in broken.items()} == {"shop": Why.NO_TIME}
    follow(at_the_mall, settings, EIGHT)
    assert everything_holds(at_the_mall, settings)


def test_a_job_is_placed_by_hand_only_where_there_is_time_to_its_door(
    session: Session, settings: Settings
) -> None:
    """Half an hour between two visits next door: enough for the work, and not for the way in."""
    add_technician(session, "ann", at=1, hours=[("08:00", "10:00")])
    add_depot(session, "store", at=1, stock={"lamp": 1})
    for name, start in (("a", "08:30"), ("c", "09:30")):
        add_job(session, name, at=1, windows=[(hanoi(start), hanoi(start))])
    add_live_route(session, "ann", [("a", "08:30"), ("c", "09:30")])
    add_job(session, "b", at=1, windows=[(hanoi("09:00"), hanoi("09:10"))], minutes=20, access=5)
    session.commit()
    live = live_day(session, MONDAY, settings, SIX)
    judged = judge(live, Move("b", "ann", MONDAY, (9 * 60 + 5) * 60))
    assert judged.is_possible
    [route] = judged.after
    stop = next(stop for stop in route.stops if stop.id == "b")
    assert live.translation.moment(stop.arrival) == hanoi("09:05")
    session.get_one(Site, "site-b").access_minutes = 15
    session.commit()
    live = live_day(session, MONDAY, settings, SIX)
    assert not judge(live, Move("b", "ann", MONDAY)).is_possible
    [ann] = explain_unassigned(session, "b", settings, day=MONDAY, at=SIX).technicians
    assert {one.rule.value for one in ann.obstacles} <= {"time_windows", "travel", "shift"}
    assert ann.obstacles
    session.get_one(Site, "site-b").access_minutes = 0
    session.commit()
    place_job(session, "b", PlaceRequest(day=MONDAY), settings, actor="dana", at=SIX)
    assert in_force(session) == {"ann": ["a", "b", "c"]}


def test_what_somebody_else_did_first_is_left_home_for_in_time(
    at_the_mall: Session, settings: Settings
) -> None:
    """A route that begins with another visit now begins as much earlier as that one's access."""
    add_technician(at_the_mall, "bob", at=1)
    at_the_mall.commit()
    change(at_the_mall, settings, "shop", "bob", at=SIX)
    take(at_the_mall, "on_site", "08:10", job="shop", received="08:11")
    route = at_the_mall.exec(
        select(Route).where(col(Route.live), Route.technician_id == "ann")
    ).one()
    assert route.start_at == hanoi("07:50")


def test_who_goes_on_with_a_route_leaves_in_time_for_the_way_in(
    at_the_mall: Session, settings: Settings
) -> None:
    job = at_the_mall.get_one(Job, "home")
    job.status, job.arrived_at, job.departed_at = (
        JobStatus.COMPLETED,
        hanoi("08:30"),
        hanoi("08:50"),
    )
    at_the_mall.commit()
    found = translated(at_the_mall, settings, at=hanoi("08:55"))
    solution = rest_in_force(found)
    assert solution is not None
    [route] = solution.routes
    assert found.moment(route.start) == hanoi("09:00")
    assert not broken(found.problem, solution.routes)


def test_what_is_judged_sets_out_from_where_people_live(
    session: Session, settings: Settings
) -> None:
    """With access there are more places than sites and homes; nobody is taken for another."""
    add_technician(session, "ann", at=0)
    for name, at in (("a", 8), ("b", 3)):
        add_job(session, name, at=at, access=10)
    add_live_route(session, "ann", [("a", "09:30")])
    session.commit()
    live = live_day(session, MONDAY, settings, SIX)
    judged = judge(live, Move("b", "ann", MONDAY))
    [before] = judged.before
    way = live.translation.problem.travel_time[
        live.translation.locations["technician ann"], visit(live.translation, "a").location
    ]
    assert before.stops[0].arrival - before.start == way + 600
    assert not broken(live.problem, judged.after)
