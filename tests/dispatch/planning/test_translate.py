from datetime import date, timedelta

import pytest
from sqlmodel import Session

from dispatch import models
from dispatch.models import JobStatus, Priority, TravelLeg, Wish
from dispatch.planning.plan_rows import to_plan
from dispatch.settings import Settings
from solver.problem import Break, Pin, Previous, TimeWindow
from tests.dispatch.crew import (
    MONDAY,
    SUNDAY_EVENING,
    TUESDAY,
    add_depot,
    add_job,
    add_live_route,
    add_technician,
    depot_call,
    hanoi,
)
from tests.dispatch.translating import (
    HOUR,
    nothing,
    shift,
    translated,
    visit,
    visits,
)

pytestmark = pytest.mark.any_database

# Times


def test_the_epoch_is_the_start_of_the_first_local_day(
    session: Session, settings: Settings
) -> None:
    add_technician(session, "ann")
    add_job(session, "j", windows=[(hanoi("09:00"), hanoi("11:30"))], due_at=hanoi("16:00"))
    found = translated(session, settings)
    assert found.epoch == hanoi("00:00")
    assert (shift(found).start, shift(found).end) == (8 * HOUR, 17 * HOUR)
    assert visit(found, "j").windows == (TimeWindow(9 * HOUR, 11 * HOUR + 1800),)
    assert visit(found, "j").due == 16 * HOUR
    assert visit(found, "j").duration == 1800


def test_shifts_of_several_days_are_named_after_technician_and_local_start(
    session: Session, settings: Settings
) -> None:
    add_technician(session, "ann")
    found = translated(session, settings, MONDAY, TUESDAY)
    assert [s.id for s in found.problem.shifts] == [
        "ann@2027-03-01T08:00+0700",
        "ann@2027-03-02T08:00+0700",
    ]
    assert shift(found, 1).start == 32 * HOUR


def test_a_day_on_which_an_hour_is_skipped_is_an_hour_shorter(
    session: Session, settings: Settings
) -> None:
    berlin = settings.model_copy(update={"time_zone": "Europe/Berlin"})
    add_technician(session, "ann")
    found = translated(session, berlin, date(2027, 3, 28), date(2027, 3, 29))
    assert [s.start for s in found.problem.shifts] == [7 * HOUR, 31 * HOUR]


def test_today_is_planned_from_now_on(session: Session, settings: Settings) -> None:
    add_technician(session, "ann", hours=[("06:00", "09:00"), ("10:00", "17:00")])
    add_job(session, "j")
    found = translated(session, settings, at=hanoi("12:00") + timedelta(microseconds=1))
    assert [(s.start, s.end) for s in found.problem.shifts] == [(12 * HOUR + 1, 17 * HOUR)]
    assert visit(found, "j").windows[0].start == 12 * HOUR + 1


def test_a_job_waits_from_when_it_could_be_attended(session: Session, settings: Settings) -> None:
    add_technician(session, "ann", hours=[("09:00", "17:00")])
    after_lunch, tomorrow = (hanoi("13:00"), hanoi("15:00")), hanoi("08:00", TUESDAY)
    over = (hanoi("08:00"), hanoi("08:30"))
    add_job(session, "any time")
    add_job(session, "later", windows=[after_lunch])
    add_job(session, "second", windows=[over, after_lunch])
    add_job(session, "tomorrow", windows=[(tomorrow, tomorrow)])
    add_job(session, "open at ten", opening=[(MONDAY.weekday(), "10:00", "12:00")])
    for at, first in (("06:00", "09:00"), ("10:30", "10:30")):
        found = translated(session, settings, MONDAY, TUESDAY, at=hanoi(at))
        ready = {name: found.moment(start) for name, start in found.problem.ready.items()}
        assert ready["any time"] == hanoi(first)
        assert ready["later"] == ready["second"] == hanoi("13:00")
        assert ready["tomorrow"] == tomorrow
        assert ready["open at ten"] == max(hanoi("10:00"), hanoi(first))


def test_breaks_are_within_their_shift(session: Session, settings: Settings) -> None:
    add_technician(session, "ann", breaks=[("11:30", "13:00", 30), ("16:45", "18:00", 30)])
    found = translated(session, settings)
    assert shift(found).breaks == (
        Break("break 11:30", TimeWindow(11 * HOUR + 1800, 13 * HOUR), 1800),
    )
    found = translated(session, settings, at=hanoi("12:40"))
    assert shift(found).breaks[0].window == TimeWindow(12 * HOUR + 2400, 13 * HOUR)


def test_a_moment_between_two_seconds_is_still_a_window(
    session: Session, settings: Settings
) -> None:
    odd = hanoi("09:00") + timedelta(microseconds=500)
    add_technician(session, "ann")
    add_job(session, "j", pinned_technician_id="ann", pinned_start_at=odd)
    found = visit(translated(session, settings), "j")
    assert found.windows == (TimeWindow(9 * HOUR, 9 * HOUR),)
    assert found.pin == Pin("ann", 9 * HOUR)


# Technicians


def test_an_inactive_technician_has_no_shift(session: Session, settings: Settings) -> None:
    add_technician(session, "ann", active=False)
    assert translated(session, settings).problem.shifts == ()


def test_a_skill_counts_until_the_end_of_the_day_on_which_it_expires(
    session: Session, settings: Settings
) -> None:
    add_technician(session, "ann", skills={"gas": (2, MONDAY), "electric": 1})
    found = translated(session, settings, MONDAY, TUESDAY)
    assert shift(found, 0).skills == {"gas": 2, "electric": 1}
    assert shift(found, 1).skills == {"electric": 1}


def test_the_van_is_loaded_once_for_all_shifts(session: Session, settings: Settings) -> None:
    add_technician(session, "ann", stock={"fuse": 3}, tools=["ladder"])
    found = translated(session, settings, MONDAY, TUESDAY)
    assert [s.stock for s in found.problem.shifts] == [{"fuse": 3}, {}]
    assert [s.tools for s in found.problem.shifts] == [{"ladder"}, {"ladder"}]


def test_the_van_is_loaded_for_the_first_shift_that_is_left(
    session: Session, settings: Settings
) -> None:
    add_technician(session, "ann", stock={"fuse": 3})
    found = translated(session, settings, MONDAY, TUESDAY, at=hanoi("18:00"))
    assert [s.stock for s in found.problem.shifts] == [{"fuse": 3}]


def test_an_absence_splits_a_shift_and_the_van_is_still_loaded_once(
    session: Session, settings: Settings
) -> None:
    add_technician(session, "ann", stock={"fuse": 3})
    session.add(
        models.Absence(
            id="a", technician_id="ann", starts_at=hanoi("10:00"), ends_at=hanoi("11:00")
        )
    )
    found = translated(session, settings)
    assert [s.id for s in found.problem.shifts] == [
        "ann@2027-03-01T08:00+0700",
        "ann@2027-03-01T11:00+0700",
    ]
    assert [s.stock for s in found.problem.shifts] == [{"fuse": 3}, {}]


# Jobs


def test_what_a_job_requires_is_what_its_visit_requires(
    session: Session, settings: Settings
) -> None:
    for name in ("ann", "bob", "cem"):
        add_technician(session, name)
    add_job(
        session,
        "j",
        skills={"gas": 2},
        parts={"fuse": 3},
        tools=["ladder"],
        territory="west",
        priority=Priority.URGENT,
        wishes={"ann": Wish.PREFERRED, "bob": Wish.ALLOWED, "cem": Wish.FORBIDDEN},
        pinned_technician_id="bob",
    )
    found = visit(translated(session, settings), "j")
    assert (found.skills, found.parts, found.tools) == ({"gas": 2}, {"fuse": 3}, {"ladder"})
    assert found.territory == "west"
    assert found.priority == 3
    assert found.preferred == {"ann"}
    assert found.allowed == {"ann", "bob"}
    assert found.forbidden == {"cem"}
    assert found.pin == Pin("bob")
    assert found.previous is None


def test_a_job_that_allows_nobody_in_particular_allows_everybody(
    session: Session, settings: Settings
) -> None:
    add_technician(session, "ann")
    add_job(session, "j", wishes={"ann": Wish.PREFERRED})
    assert visit(translated(session, settings), "j").allowed is None


def test_only_jobs_that_may_be_planned_are_visits(session: Session, settings: Settings) -> None:
    for status in JobStatus:
        add_job(session, status.value, status=status)
    assert visits(translated(session, settings)) == {"open", "scheduled", "dispatched"}


def test_a_job_without_a_location_is_left_out_with_the_reason(
    session: Session, settings: Settings
) -> None:
    add_job(session, "here")
    add_job(session, "nowhere", at=None)
    add_job(session, "later", at=None, windows=[(hanoi("08:00", TUESDAY), hanoi("09:00", TUESDAY))])
    found = translated(session, settings)
    assert visits(found) == {"here"}
    assert found.left_out == {"nowhere": None}


def test_a_job_whose_windows_are_over_is_listed_with_the_reason(
    session: Session, settings: Settings
) -> None:
    add_job(session, "late", windows=[(hanoi("08:00"), hanoi("09:00"))])
    found = translated(session, settings, TUESDAY, at=hanoi("12:00"))
    (row,) = to_plan(found, nothing(found), "run").unassigned
    assert row.job_id == "late"
    assert row.reasons[0]["code"] == "impossible"
    assert row.reasons[0]["rule"] == "time_windows"


def test_a_job_that_was_planned_here_and_cannot_be_any_more_is_not_lost(
    session: Session, settings: Settings
) -> None:
    add_technician(session, "ann")
    add_job(session, "moved", windows=[(hanoi("08:00", TUESDAY), hanoi("09:00", TUESDAY))])
    add_live_route(session, "ann", [("moved", "09:00")])
    found = translated(session, settings)
    assert visits(found) == set()
    (row,) = to_plan(found, nothing(found), "run").unassigned
    assert row.job_id == "moved"
    assert "others" in row.reasons[0]["message"]
    assert visits(translated(session, settings, MONDAY, TUESDAY)) == {"moved"}


def test_a_territorys_plan_has_its_jobs_and_the_technicians_who_serve_it(
    session: Session, settings: Settings
) -> None:
    add_technician(session, "west", territories=["west"])
    add_technician(session, "east", territories=["east"])
    add_technician(session, "anywhere")
    add_job(session, "in-west", territory="west")
    add_job(session, "in-east", territory="east")
    add_job(session, "unbound")
    found = translated(session, settings, territory="west")
    assert visits(found) == {"in-west"}
    assert {s.technician for s in found.problem.shifts} == {"west", "anywhere"}
    assert visits(translated(session, settings)) == {"in-west", "in-east", "unbound"}


def test_a_territorys_plan_has_all_that_is_on_its_technicians_routes(
    session: Session, settings: Settings
) -> None:
    add_technician(session, "anywhere")
    add_technician(session, "east", territories=["east"])
    add_job(session, "in-east", territory="east")
    add_job(session, "in-west", territory="west")
    add_live_route(session, "anywhere", [("in-east", "09:00")])
    add_live_route(session, "east", [("in-west", "09:00")])
    assert visits(translated(session, settings, territory="west")) == {"in-east"}


def test_what_is_planned_for_another_day_stays_there(session: Session, settings: Settings) -> None:
    add_technician(session, "ann")
    add_job(session, "monday")
    add_job(session, "tuesday")
    add_live_route(session, "ann", [("monday", "09:00")])
    add_live_route(session, "ann", [("tuesday", "09:00")], day=TUESDAY)
    assert visits(translated(session, settings)) == {"monday"}


def test_the_work_of_a_technician_who_left_is_planned_anew(
    session: Session, settings: Settings
) -> None:
    add_technician(session, "gone", active=False)
    add_technician(session, "ann")
    add_job(session, "j")
    add_live_route(session, "gone", [("j", "09:00")])
    assert visit(translated(session, settings), "j").previous == Previous("gone", 9 * HOUR)


def test_a_visit_knows_where_it_was_published_and_whether_the_customer_was_told(
    session: Session, settings: Settings
) -> None:
    add_technician(session, "ann")
    add_job(session, "told", told_at=SUNDAY_EVENING)
    add_job(session, "untold")
    add_live_route(session, "ann", [("told", "09:00"), ("untold", "10:00")])
    found = translated(session, settings)
    assert visit(found, "told").previous == Previous("ann", 9 * HOUR, told=True)
    assert visit(found, "untold").previous == Previous("ann", 10 * HOUR, told=False)


# Travel


def test_travel_is_estimated_and_measured_legs_come_first(
    session: Session, settings: Settings
) -> None:
    add_technician(session, "ann", at=0)
    add_job(session, "j", at=1)
    session.add(TravelLeg(from_place="ann", to_place="site-j", seconds=77, metres=88))
    found = translated(session, settings)
    home, site = shift(found).start_location, visit(found, "j").location
    assert found.problem.travel_time[home, site] == 77
    assert found.problem.distance[home, site] == 88
    assert found.problem.distance[site, home] == 1446  # 1.112 km and the detour


# Supplies


def test_a_depot_is_open_every_day_and_takes_its_time(session: Session, settings: Settings) -> None:
    add_depot(session, "d", stock={"fuse": 4}, tools=["crane"])
    (found,) = translated(session, settings, MONDAY, TUESDAY).problem.depots
    assert found.stock == {"fuse": 4}
    assert (found.tools, found.tool_counts) == ({"crane"}, {"crane": 1})
    assert found.duration == 600
    assert TimeWindow(7 * HOUR, 18 * HOUR) in found.windows
    assert TimeWindow(31 * HOUR, 42 * HOUR) in found.windows


def test_what_other_plans_will_pick_up_is_not_there_for_this_one(
    session: Session, settings: Settings
) -> None:
    add_technician(session, "ann")
    add_depot(session, "d", stock={"fuse": 4, "belt": 1})
    add_live_route(session, "ann", [depot_call("d", "09:00", {"fuse": 3, "belt": 2})])
    on_tuesday = translated(session, settings, TUESDAY)
    assert on_tuesday.problem.depots[0].stock == {"fuse": 1, "belt": 0}
    assert translated(session, settings).problem.depots[0].stock == {"fuse": 4, "belt": 1}
    # Nobody has said that it was fetched, and so the depot's figures do not tell of it yet.
    afterwards = translated(session, settings, TUESDAY, at=hanoi("12:00"))
    assert afterwards.problem.depots[0].stock == {"fuse": 1, "belt": 0}


def test_what_earlier_visits_will_use_is_not_in_the_van(
    session: Session, settings: Settings
) -> None:
    add_technician(session, "ann", stock={"fuse": 5, "belt": 1})
    add_depot(session, "d")
    add_job(session, "planned", parts={"fuse": 2})
    add_job(session, "supplied", parts={"belt": 2})
    add_job(session, "over", parts={"fuse": 1}, status=JobStatus.COMPLETED)
    add_live_route(
        session,
        "ann",
        [
            ("over", "08:00"),
            ("planned", "09:00"),
            depot_call("d", "10:00", {"belt": 2}),
            ("supplied", "11:00"),
        ],
    )
    on_tuesday = translated(session, settings, TUESDAY)
    assert shift(on_tuesday).stock == {"fuse": 3, "belt": 1}


def test_what_later_days_rely_on_is_left_in_the_van(session: Session, settings: Settings) -> None:
    add_technician(session, "ann", stock={"fuse": 5})
    add_job(session, "tomorrow", parts={"fuse": 4})
    add_live_route(session, "ann", [("tomorrow", "09:00")], day=TUESDAY)
    assert shift(translated(session, settings)).stock == {"fuse": 1}
