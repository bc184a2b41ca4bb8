"""What links between jobs come to for the problem that a plan is made from."""

import pytest
from sqlmodel import Session

from dispatch.models import Job, JobStatus, Wish
from dispatch.planning.snapshot import Scope, load_snapshot
from dispatch.planning.translate import to_problem
from dispatch.planning.translation import Translation
from dispatch.settings import Settings
from solver.links import After, Apart, Person, Separation, Together
from tests.dispatch.crew import (
    MONDAY,
    SUNDAY_EVENING,
    TUESDAY,
    add_job,
    add_link,
    add_live_route,
    add_technician,
    hanoi,
)
from tests.dispatch.translating import HOUR, translated, visit, visits

pytestmark = pytest.mark.any_database
DAY = 24 * HOUR


@pytest.fixture(autouse=True)
def people(session: Session) -> None:
    for name in ("ann", "bob", "cat"):
        add_technician(session, name)


def span(found: Translation, name: str) -> tuple[float, float]:
    """The hours of the first day in which the visit may start."""
    windows = visit(found, name).windows
    return windows[0].start / HOUR, windows[-1].end / HOUR


def report(session: Session, name: str, status: JobStatus, *clocks: str) -> None:
    """Set out, arrived and over at these times, as far as given."""
    job = session.get_one(Job, name)
    job.status = status
    for column, clock in zip(("en_route_at", "arrived_at", "departed_at"), clocks, strict=False):
        setattr(job, column, hanoi(clock))
    session.flush()


# Between visits that the problem has


def test_links_between_waiting_jobs_are_the_solvers(session: Session, settings: Settings) -> None:
    for name in "abcd":
        add_job(session, name)
    add_link(session, "1", "together", "a", "b")
    add_link(session, "2", "after", "d", "c", least_minutes=60, most_minutes=90, person="same")
    add_link(session, "3", "apart", "a", "c", by="day")
    found = translated(session, settings)
    assert found.problem.links == (
        Together(("a", "b")),
        After("d", "c", 3600, 5400, Person.SAME),
        Apart(("a", "c"), Separation.DAY),
    )


def test_links_that_contradict_each_other_keep_nobody_else_from_being_planned(
    session: Session, settings: Settings
) -> None:
    for name in "abcd":
        add_job(session, name)
    add_link(session, "1", "after", "a", "b")
    add_link(session, "2", "after", "b", "a")
    add_link(session, "3", "together", "c", "d")
    found = translated(session, settings)
    assert found.problem.links == (Together(("c", "d")),)
    assert visits(found) == {"a", "b", "c", "d"}


def test_a_crew_of_which_one_is_cancelled_is_the_others(
    session: Session, settings: Settings
) -> None:
    for name in "abc":
        add_job(session, name)
    add_link(session, "1", "together", "a", "b", "c")
    report(session, "b", JobStatus.CANCELLED)
    assert translated(session, settings).problem.links == (Together(("a", "c")),)


# Partners that have no place


def test_a_crew_waits_for_the_one_that_is_on_hold(session: Session, settings: Settings) -> None:
    for name in "ab":
        add_job(session, name)
    session.get_one(Job, "b").hold_reason = "waits"
    report(session, "b", JobStatus.ON_HOLD)
    add_link(session, "1", "together", "a", "b")
    found = translated(session, settings)
    assert visits(found) == set()
    left_out = found.left_out["a"]
    assert left_out is not None
    assert (left_out.rule, "b of its crew" in left_out.message) == ("together", True)


def test_who_waits_for_somebody_who_waits_is_left_out_as_well(
    session: Session, settings: Settings
) -> None:
    for name in "abc":
        add_job(session, name)
    report(session, "a", JobStatus.ON_HOLD)
    add_link(session, "2", "after", "b", "c")
    add_link(session, "1", "after", "a", "b")
    found = translated(session, settings)
    assert visits(found) == set()
    assert found.left_out.keys() == {"b", "c"}


def test_a_cancelled_job_frees_what_comes_after_it_and_a_failed_one_does_not(
    session: Session, settings: Settings
) -> None:
    for name in ("off", "failed", "b", "c"):
        add_job(session, name)
    report(session, "off", JobStatus.CANCELLED)
    report(session, "failed", JobStatus.CANNOT_COMPLETE)
    add_link(session, "1", "after", "off", "b", person="same")
    add_link(session, "2", "after", "failed", "c")
    found = translated(session, settings)
    assert visits(found) == {"b"}
    assert visit(found, "b").allowed is None


def test_what_is_in_force_stays_though_its_partner_has_no_place(
    session: Session, settings: Settings
) -> None:
    for name in "ab":
        add_job(session, name)
    add_live_route(session, "ann", [("a", "09:00")])
    report(session, "b", JobStatus.ON_HOLD)
    add_link(session, "1", "together", "a", "b")
    assert visits(translated(session, settings)) == {"a"}


# Partners that a plan does not move


def test_a_crew_starts_when_and_not_with_whom_is_on_a_route_of_others(
    session: Session, settings: Settings
) -> None:
    for name in "ab":
        add_job(session, name)
    add_live_route(session, "ann", [("a", "09:00")])
    add_link(session, "1", "together", "a", "b")
    session.flush()
    scope = Scope(MONDAY, MONDAY, None, frozenset({"bob", "cat"}))
    found = to_problem(load_snapshot(session, scope, SUNDAY_EVENING), settings)
    assert span(found, "b") == (9, 9)
    assert visit(found, "b").forbidden == {"ann"}


def test_a_crew_that_has_begun_is_joined_while_it_is_at_work(
    session: Session, settings: Settings
) -> None:
    for name in "ab":
        add_job(session, name, minutes=60)
    add_live_route(session, "ann", [("a", "09:00")], minutes=60)
    report(session, "a", JobStatus.ON_SITE, "08:50", "09:05")
    add_link(session, "1", "together", "a", "b")
    found = translated(session, settings, at=hanoi("09:30"))
    assert span(found, "b") == (9.5, 10 + 5 / 60)


def test_a_crew_of_which_one_is_done_holds_the_others_to_nothing(
    session: Session, settings: Settings
) -> None:
    for name in "ab":
        add_job(session, name)
    add_live_route(session, "ann", [("a", "09:00")])
    report(session, "a", JobStatus.COMPLETED, "08:50", "09:05", "09:30")
    add_link(session, "1", "together", "a", "b")
    found = translated(session, settings, at=hanoi("10:00"))
    assert visit(found, "b").forbidden == frozenset()
    assert span(found, "b")[0] == 10


@pytest.mark.parametrize(
    ("person", "allowed", "forbidden"),
    [("any", None, set()), ("same", {"ann"}, set()), ("different", None, {"ann"})],
)
def test_what_comes_after_counts_from_the_real_end(
    session: Session,
    settings: Settings,
    person: str,
    allowed: set[str] | None,
    forbidden: set[str],
) -> None:
    for name in "ab":
        add_job(session, name)
    add_live_route(session, "ann", [("a", "09:00")])
    report(session, "a", JobStatus.COMPLETED, "08:50", "09:05", "10:15")
    add_link(session, "1", "after", "a", "b", least_minutes=60, most_minutes=120, person=person)
    found = translated(session, settings, at=hanoi("10:30"))
    assert span(found, "b") == (11.25, 12.25)
    assert visit(found, "b").allowed == allowed
    assert visit(found, "b").forbidden == forbidden


def test_what_comes_days_after_is_the_matter_of_that_days_plan(
    session: Session, settings: Settings
) -> None:
    for name in "ab":
        add_job(session, name)
    add_live_route(session, "ann", [("a", "09:00")])
    report(session, "a", JobStatus.COMPLETED, "08:50", "09:00", "09:30")
    add_link(session, "1", "after", "a", "b", least_minutes=24 * 60)
    today = translated(session, settings, at=hanoi("10:00"))
    tomorrow = translated(session, settings, TUESDAY, at=hanoi("10:00"))
    assert (visits(today), dict(today.left_out)) == (set(), {})
    assert span(tomorrow, "b")[0] == 9.5


def test_what_comes_too_late_after_is_left_out_with_the_reason(
    session: Session, settings: Settings
) -> None:
    for name in "ab":
        add_job(session, name)
    add_live_route(session, "ann", [("a", "09:00")])
    report(session, "a", JobStatus.COMPLETED, "08:50", "09:00", "09:30")
    add_link(session, "1", "after", "a", "b", most_minutes=60)
    found = translated(session, settings, TUESDAY, at=hanoi("20:00"))
    left_out = found.left_out["b"]
    assert left_out is not None
    assert left_out.rule == "after"


def test_the_first_is_over_before_a_second_that_is_on_another_day(
    session: Session, settings: Settings
) -> None:
    for name in "ab":
        add_job(session, name)
    add_live_route(session, "ann", [("b", "09:00")], day=TUESDAY)
    add_link(session, "1", "after", "a", "b", least_minutes=20 * 60, person="different")
    found = translated(session, settings)
    assert span(found, "a")[1] == 12.5
    assert visit(found, "a").forbidden == {"ann"}


def test_jobs_to_be_kept_apart_avoid_the_technician_or_the_day_of_the_other(
    session: Session, settings: Settings
) -> None:
    for name in "abc":
        add_job(session, name)
    add_live_route(session, "ann", [("a", "09:00")])
    add_link(session, "1", "apart", "a", "b", by="technician")
    add_link(session, "2", "apart", "a", "c", by="day")
    found = translated(session, settings, TUESDAY)
    assert visit(found, "b").forbidden == {"ann"}
    assert visits(found) == {"b", "c"}
    assert "c" in found.problem.visit
    scope = Scope(MONDAY, MONDAY, None, frozenset({"bob"}))
    monday = to_problem(load_snapshot(session, scope, SUNDAY_EVENING), settings)
    assert "c" not in monday.visits


def test_a_partner_who_is_wanted_by_nobody_leaves_the_job_out(
    session: Session, settings: Settings
) -> None:
    add_job(session, "a")
    add_job(session, "b", wishes={"bob": Wish.ALLOWED})
    add_live_route(session, "ann", [("a", "09:00")])
    report(session, "a", JobStatus.COMPLETED, "08:50", "09:00", "09:30")
    add_link(session, "1", "after", "a", "b", person="same")
    found = translated(session, settings, at=hanoi("10:00"))
    assert "b" in found.left_out


# What is in force against its links


def test_what_is_in_force_against_its_links_stays_until_somebody_moves_it(
    session: Session, settings: Settings
) -> None:
    for name in "ab":
        add_job(session, name)
    add_live_route(session, "ann", [("a", "09:00")])
    add_live_route(session, "bob", [("b", "10:00")])
    add_link(session, "1", "together", "a", "b")
    for released, expected in ((frozenset(), False), (frozenset({"b"}), True)):
        scope = Scope(MONDAY, MONDAY, None, frozenset({"bob"}), released=released)
        found = to_problem(load_snapshot(session, scope, SUNDAY_EVENING), settings)
        assert (span(found, "b") == (9, 9)) is expected


def test_who_moves_a_job_by_hand_is_not_kept_from_it_by_links(
    session: Session, settings: Settings
) -> None:
    for name in "abc":
        add_job(session, name)
    add_live_route(session, "ann", [("a", "09:00")])
    add_link(session, "1", "together", "a", "b")
    add_link(session, "2", "after", "b", "c")
    scope = Scope(MONDAY, MONDAY, None, frozenset({"bob"}), by_hand=frozenset({"b"}))
    found = to_problem(load_snapshot(session, scope, SUNDAY_EVENING), settings)
    assert span(found, "b") != (9, 9)
    assert visit(found, "b").forbidden == frozenset()
