from collections.abc import Sequence
from datetime import datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from dispatch.local_time import Span
from dispatch.models import Job, JobWindow, OpeningHours
from dispatch.planning.service_windows import (
    Attendance,
    PlanningHorizon,
    PricedSpan,
    Unattendable,
    attendance,
    joined,
    price_at,
)
from tests.dispatch.crew import HANOI, MONDAY, SUNDAY_EVENING, TUESDAY, hanoi

ON_MONDAY = PlanningHorizon(
    now=SUNDAY_EVENING,
    begin=hanoi("00:00"),
    end=hanoi("00:00", TUESDAY),
    reach=hanoi("00:00", TUESDAY),
)
NIGHT_SHIFT = PlanningHorizon(
    now=SUNDAY_EVENING,
    begin=hanoi("00:00"),
    end=hanoi("00:00", TUESDAY),
    reach=hanoi("06:00", TUESDAY),
)
MONDAY_NOON = PlanningHorizon(
    now=hanoi("12:00"),
    begin=hanoi("12:00"),
    end=hanoi("00:00", TUESDAY),
    reach=hanoi("00:00", TUESDAY),
)
NEXT_WEEK = PlanningHorizon(
    now=SUNDAY_EVENING,
    begin=hanoi("00:00", MONDAY + timedelta(days=7)),
    end=hanoi("00:00", TUESDAY + timedelta(days=7)),
    reach=hanoi("00:00", TUESDAY + timedelta(days=7)),
)


def ask(
    horizon: PlanningHorizon,
    *windows: Span | tuple[datetime, datetime, int],
    opening: Sequence[tuple[int, str, str]] = (),
    pinned_start_at: datetime | None = None,
) -> Attendance | Unattendable | None:
    job = Job(id="j", site_id="s", title="t", duration_minutes=30, pinned_start_at=pinned_start_at)
    rows = [
        JobWindow(job_id="j", starts_at=start, ends_at=end, price=sum(price))
        for start, end, *price in windows
    ]
    hours = [
        OpeningHours(
            site_id="s",
            weekday=weekday,
            opens=time.fromisoformat(opens),
            closes=time.fromisoformat(closes),
        )
        for weekday, opens, closes in opening
    ]
    return attendance(job, rows, hours, horizon, HANOI)


def spans(found: Attendance | Unattendable | None) -> list[Span]:
    assert isinstance(found, Attendance)
    assert not any(span.price for span in found.spans)
    return [(span.start, span.end) for span in found.spans]


def priced(found: Attendance | Unattendable | None) -> list[tuple[datetime, datetime, int]]:
    assert isinstance(found, Attendance)
    return [(span.start, span.end, span.price) for span in found.spans]


def test_a_job_without_windows_may_be_attended_at_any_time_of_the_horizon() -> None:
    assert spans(ask(ON_MONDAY)) == [(hanoi("00:00"), hanoi("00:00", TUESDAY))]


def test_windows_count_only_while_the_site_is_open() -> None:
    found = ask(
        ON_MONDAY,
        (hanoi("07:00"), hanoi("13:00")),
        opening=[(0, "08:00", "11:30"), (0, "12:30", "17:00"), (1, "00:00", "12:00")],
    )
    assert spans(found) == [(hanoi("08:00"), hanoi("11:30")), (hanoi("12:30"), hanoi("13:00"))]


def test_a_site_may_be_open_past_midnight() -> None:
    found = ask(ON_MONDAY, opening=[(6, "18:00", "02:00"), (0, "18:00", "02:00")])
    assert spans(found) == [
        (hanoi("00:00"), hanoi("02:00")),
        (hanoi("18:00"), hanoi("00:00", TUESDAY)),
    ]


def test_what_is_over_today_does_not_count() -> None:
    assert spans(ask(MONDAY_NOON, (hanoi("08:00"), hanoi("15:00")))) == [
        (hanoi("12:00"), hanoi("15:00"))
    ]


def test_a_job_whose_windows_are_later_belongs_to_another_plan() -> None:
    assert ask(ON_MONDAY, (hanoi("08:00", TUESDAY), hanoi("12:00", TUESDAY))) is None


def test_a_job_whose_windows_are_before_the_horizon_but_to_come_belongs_to_another_plan() -> None:
    assert ask(NEXT_WEEK, (hanoi("08:00"), hanoi("12:00"))) is None


def test_a_job_of_today_with_a_chance_tomorrow_waits_for_that() -> None:
    today, tomorrow = (
        (hanoi("08:00"), hanoi("10:00")),
        (
            hanoi("08:00", TUESDAY),
            hanoi("10:00", TUESDAY),
        ),
    )
    assert ask(MONDAY_NOON, today, tomorrow) is None


def test_a_job_whose_windows_are_all_over_is_not_lost() -> None:
    for horizon in (MONDAY_NOON, NEXT_WEEK):
        found = ask(
            horizon,
            (hanoi("08:00", MONDAY - timedelta(days=3)), SUNDAY_EVENING - timedelta(minutes=1)),
        )
        assert isinstance(found, Unattendable)
        assert "over" in found.message


def test_a_job_whose_site_is_always_closed_in_its_windows_is_not_lost() -> None:
    found = ask(ON_MONDAY, (hanoi("08:00"), hanoi("12:00")), opening=[(5, "08:00", "12:00")])
    assert isinstance(found, Unattendable)
    assert "closed" in found.message


def test_a_job_without_windows_waits_for_the_day_on_which_its_site_is_open() -> None:
    assert ask(ON_MONDAY, opening=[(3, "08:00", "12:00")]) is None


def test_a_night_shift_reaches_jobs_of_the_next_morning() -> None:
    found = ask(NIGHT_SHIFT, (hanoi("02:00", TUESDAY), hanoi("09:00", TUESDAY)))
    assert isinstance(found, Attendance)
    assert found.overnight
    assert spans(found) == [(hanoi("02:00", TUESDAY), hanoi("06:00", TUESDAY))]


def test_a_job_of_the_day_is_not_an_overnight_one_though_a_night_shift_could_reach_it() -> None:
    found = ask(NIGHT_SHIFT, (hanoi("20:00"), hanoi("09:00", TUESDAY)))
    assert isinstance(found, Attendance)
    assert not found.overnight


def test_a_job_pinned_in_time_starts_at_that_moment() -> None:
    found = ask(ON_MONDAY, (hanoi("08:00"), hanoi("12:00")), pinned_start_at=hanoi("09:15"))
    assert spans(found) == [(hanoi("09:15"), hanoi("09:15"))]


def test_a_job_pinned_to_another_day_belongs_to_that_days_plan() -> None:
    assert ask(ON_MONDAY, pinned_start_at=hanoi("09:15", TUESDAY)) is None


def test_a_pin_outside_the_windows_is_told() -> None:
    found = ask(ON_MONDAY, (hanoi("08:00"), hanoi("12:00")), pinned_start_at=hanoi("13:00"))
    assert isinstance(found, Unattendable)
    assert "pinned" in found.message


def test_a_pin_that_is_over_is_told() -> None:
    found = ask(MONDAY_NOON, pinned_start_at=hanoi("11:00"))
    assert isinstance(found, Unattendable)
    assert "pinned" in found.message


# Prices


MORNING = (hanoi("07:00"), hanoi("12:00"), 50)
AFTERNOON = (hanoi("12:00"), hanoi("17:00"), 0)


def test_opening_hours_that_cut_a_window_keep_its_price() -> None:
    hours = [(0, "08:00", "11:30"), (0, "13:00", "15:00")]
    assert priced(ask(ON_MONDAY, MORNING, AFTERNOON, opening=hours)) == [
        (hanoi("08:00"), hanoi("11:30"), 50),
        (hanoi("13:00"), hanoi("15:00"), 0),
    ]


def test_windows_that_touch_are_one_only_at_one_price() -> None:
    assert priced(ask(ON_MONDAY, MORNING, AFTERNOON)) == [MORNING, AFTERNOON]
    same = (AFTERNOON[0], AFTERNOON[1], 50)
    assert priced(ask(ON_MONDAY, MORNING, same)) == [(MORNING[0], same[1], 50)]
    hours = [(0, "06:00", "20:00")]
    assert priced(ask(ON_MONDAY, MORNING, AFTERNOON, opening=hours)) == [MORNING, AFTERNOON]


def test_what_is_left_of_a_window_today_has_its_price() -> None:
    later = (hanoi("11:00"), hanoi("17:00"), 50)
    assert priced(ask(MONDAY_NOON, later)) == [(hanoi("12:00"), hanoi("17:00"), 50)]


def test_a_pinned_moment_has_the_least_price_of_the_windows_that_it_lies_in() -> None:
    for clock, price in {"11:00": 50, "12:00": 0, "13:00": 0}.items():
        moment = hanoi(clock)
        found = ask(ON_MONDAY, MORNING, AFTERNOON, pinned_start_at=moment)
        assert priced(found) == [(moment, moment, price)]


HOURS = st.integers(0, 23).map(lambda hour: hanoi(f"{hour:02}:00"))
SPANS = st.builds(
    lambda one, other, price: PricedSpan(min(one, other), max(one, other), price),
    HOURS,
    HOURS,
    st.sampled_from([0, 20, 50]),
)


@given(st.lists(SPANS, max_size=6))
def test_joining_spans_changes_no_moment_and_no_price(some: list[PricedSpan]) -> None:
    once = joined(some)
    assert once == sorted(joined(reversed(once)))
    for half_hour in range(48):
        moment = hanoi("00:00") + half_hour * timedelta(minutes=30)
        assert any(one.has(moment) for one in once) == any(one.has(moment) for one in some)
        assert price_at(once, moment) == price_at(some, moment)
