from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from dispatch.local_time import at_local, common, merged, start_of, without
from dispatch.models import Absence, WeeklyBreak, WorkingHours
from dispatch.planning.shifts import WorkingShift, working_shifts

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = date(2027, 3, 1)
SKIPPED = date(2027, 3, 28)  # a Sunday: Berlin's clocks go from 2:00 to 3:00
REPEATED = date(2027, 10, 31)  # a Sunday: Berlin's clocks go from 3:00 back to 2:00


def hours(starts: str, ends: str, weekday: int = 0, overtime: int = 0) -> WorkingHours:
    return WorkingHours(
        technician_id="ann",
        weekday=weekday,
        starts=time.fromisoformat(starts),
        ends=time.fromisoformat(ends),
        max_overtime_minutes=overtime,
    )


def pause(earliest: str, latest: str, minutes: int = 30, weekday: int = 0) -> WeeklyBreak:
    return WeeklyBreak(
        technician_id="ann",
        weekday=weekday,
        earliest=time.fromisoformat(earliest),
        latest=time.fromisoformat(latest),
        minutes=minutes,
    )


def hanoi(clock: str, day: date = MONDAY) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), tzinfo=HANOI)


def absence(start: datetime, end: datetime) -> Absence:
    return Absence(id="a", technician_id="ann", starts_at=start, ends_at=end)


def shifts(
    *weekly: WorkingHours,
    breaks: tuple[WeeklyBreak, ...] = (),
    absences: tuple[Absence, ...] = (),
    first: date = MONDAY,
    last: date | None = None,
    zone: ZoneInfo = HANOI,
) -> list[WorkingShift]:
    return working_shifts("ann", weekly, breaks, absences, first, last or first, zone)


def spans(found: list[WorkingShift], zone: ZoneInfo = HANOI) -> list[str]:
    return [
        f"{s.starts_at.astimezone(zone):%H:%M}-{s.ends_at.astimezone(zone):%H:%M}" for s in found
    ]


def test_weekly_hours_make_a_shift_on_their_weekday_only() -> None:
    found = shifts(hours("08:00", "17:00"), last=MONDAY + timedelta(days=7))
    assert [shift.day for shift in found] == [MONDAY, MONDAY + timedelta(days=7)]
    assert found[0].starts_at == hanoi("08:00")
    assert found[0].ends_at == hanoi("17:00")


def test_a_shift_that_ends_before_it_starts_goes_on_past_midnight() -> None:
    (night,) = shifts(hours("22:00", "06:00"))
    assert night.day == MONDAY
    assert night.ends_at == hanoi("06:00", MONDAY + timedelta(days=1))


def test_the_night_shift_of_the_day_before_is_not_worked_twice() -> None:
    found = shifts(hours("22:00", "06:00", weekday=6), hours("05:00", "12:00"))
    assert spans(found) == ["06:00-12:00"]


def test_an_absence_in_the_middle_splits_a_shift() -> None:
    away = absence(hanoi("10:00"), hanoi("11:30"))
    assert spans(shifts(hours("08:00", "17:00"), absences=(away,))) == [
        "08:00-10:00",
        "11:30-17:00",
    ]


def test_an_absence_over_an_end_cuts_a_shift_short() -> None:
    late = absence(hanoi("06:00"), hanoi("09:00"))
    early = absence(hanoi("15:00"), hanoi("20:00"))
    assert spans(shifts(hours("08:00", "17:00"), absences=(late, early))) == ["09:00-15:00"]


def test_an_absence_over_the_whole_shift_leaves_none() -> None:
    assert (
        shifts(hours("08:00", "17:00"), absences=(absence(hanoi("00:00"), hanoi("23:00")),)) == []
    )


def test_an_absence_of_no_length_cuts_nothing() -> None:
    away = absence(hanoi("10:00"), hanoi("10:00"))
    assert spans(shifts(hours("08:00", "17:00"), absences=(away,))) == ["08:00-17:00"]


def test_what_an_absence_leaves_of_a_night_shift_stays_with_its_day() -> None:
    tuesday = MONDAY + timedelta(days=1)
    away = absence(hanoi("23:00"), hanoi("02:00", tuesday))
    found = shifts(hours("22:00", "06:00"), absences=(away,))
    assert spans(found) == ["22:00-23:00", "02:00-06:00"]
    assert {shift.day for shift in found} == {MONDAY}


def test_overtime_runs_neither_into_an_absence_nor_into_the_next_shift() -> None:
    found = shifts(
        hours("08:00", "12:00", overtime=120),
        hours("13:00", "17:00", overtime=120),
        absences=(absence(hanoi("17:30"), hanoi("18:00")),),
    )
    assert [shift.max_overtime for shift in found] == [timedelta(hours=1), timedelta(minutes=30)]


def test_a_shift_that_an_absence_cuts_short_has_no_overtime() -> None:
    away = absence(hanoi("15:00"), hanoi("18:00"))
    (shift,) = shifts(hours("08:00", "17:00", overtime=60), absences=(away,))
    assert shift.max_overtime == timedelta()


def test_overlapping_hours_never_make_overlapping_shifts() -> None:
    found = shifts(hours("08:00", "12:00", overtime=30), hours("10:00", "14:00"))
    assert spans(found) == ["08:00-12:00", "12:00-14:00"]
    assert found[0].max_overtime == timedelta()


def test_a_break_is_clipped_so_that_it_fits_into_the_shift() -> None:
    (shift,) = shifts(hours("08:00", "12:00"), breaks=(pause("11:00", "13:00"),))
    (found,) = shift.breaks
    assert (found.earliest_at, found.latest_at) == (hanoi("11:00"), hanoi("11:30"))
    assert found.duration == timedelta(minutes=30)


def test_a_break_that_does_not_fit_into_the_shift_is_dropped() -> None:
    (shift,) = shifts(hours("08:00", "11:15"), breaks=(pause("11:00", "13:00"),))
    assert shift.breaks == ()


def break_times(found: list[WorkingShift]) -> list[list[str]]:
    return [
        [
            f"{one.earliest_at.astimezone(HANOI):%H:%M}-{one.latest_at.astimezone(HANOI):%H:%M}"
            for one in shift.breaks
        ]
        for shift in found
    ]


def test_a_break_on_both_sides_of_an_absence_is_taken_once_where_there_is_most_choice() -> None:
    lunch = (pause("11:00", "14:00"),)
    away = absence(hanoi("12:00"), hanoi("12:30"))
    found = shifts(hours("08:00", "17:00"), breaks=lunch, absences=(away,))
    assert break_times(found) == [[], ["12:30-14:00"]]
    away = absence(hanoi("13:00"), hanoi("13:30"))
    found = shifts(hours("08:00", "17:00"), breaks=lunch, absences=(away,))
    assert break_times(found) == [["11:00-12:30"], []]


def test_of_equal_choices_a_break_is_taken_at_the_first() -> None:
    away = absence(hanoi("12:00"), hanoi("12:30"))
    breaks = (pause("11:00", "13:00"), pause("09:00", "09:30"), pause("15:00", "15:30"))
    found = shifts(hours("08:00", "17:00"), breaks=breaks, absences=(away,))
    assert break_times(found) == [["11:00-11:30", "09:00-09:30"], ["15:00-15:30"]]


def test_a_day_of_two_parts_has_each_break_once() -> None:
    found = shifts(
        hours("08:00", "12:00"), hours("12:00", "18:00"), breaks=(pause("11:00", "13:00"),)
    )
    assert break_times(found) == [[], ["12:00-13:00"]]


def test_a_break_after_midnight_belongs_to_the_night_shift_that_began_before() -> None:
    (night,) = shifts(hours("22:00", "06:00"), breaks=(pause("01:30", "03:00"),))
    (found,) = night.breaks
    assert found.earliest_at == hanoi("01:30", MONDAY + timedelta(days=1))


def test_a_break_window_over_midnight_is_kept_in_one() -> None:
    (night,) = shifts(hours("20:00", "06:00"), breaks=(pause("23:30", "00:30"),))
    (found,) = night.breaks
    assert found.earliest_at == hanoi("23:30")
    assert found.latest_at == hanoi("00:30", MONDAY + timedelta(days=1))


def test_hours_that_begin_in_a_skipped_hour_begin_right_after_it() -> None:
    (shift,) = shifts(hours("02:30", "10:00", weekday=6), first=SKIPPED, zone=BERLIN)
    assert spans([shift], BERLIN) == ["03:00-10:00"]
    assert shift.ends_at - shift.starts_at == timedelta(hours=7)


def test_hours_that_end_in_a_skipped_hour_end_there() -> None:
    (shift,) = shifts(
        hours("22:00", "02:30", weekday=5), first=SKIPPED - timedelta(days=1), zone=BERLIN
    )
    assert shift.ends_at == datetime(2027, 3, 28, 1, tzinfo=UTC)


def test_hours_within_a_skipped_hour_make_no_shift() -> None:
    assert shifts(hours("02:10", "02:50", weekday=6), first=SKIPPED, zone=BERLIN) == []


def test_a_night_shift_in_which_an_hour_comes_twice_lasts_longer() -> None:
    (shift,) = shifts(
        hours("22:00", "06:00", weekday=5), first=REPEATED - timedelta(days=1), zone=BERLIN
    )
    assert shift.ends_at - shift.starts_at == timedelta(hours=9)


def test_a_time_that_comes_twice_is_the_first_of_the_two() -> None:
    assert at_local(REPEATED, time(2, 30), BERLIN) == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)


def test_a_local_day_begins_when_its_midnight_exists() -> None:
    santiago = ZoneInfo("America/Santiago")  # skips midnight in September
    assert start_of(date(2026, 9, 6), santiago) == datetime(2026, 9, 6, 4, tzinfo=UTC)


def test_spans_are_merged_intersected_and_cut() -> None:
    a, b, c, d, e = (datetime(2027, 3, 1, hour, tzinfo=UTC) for hour in range(5))
    assert merged([(c, d), (a, b), (b, c)]) == [(a, d)]
    assert common([(a, c), (d, e)], [(b, d)]) == [(b, c), (d, d)]
    assert without((a, e), [(b, c), (d, e)]) == [(a, b), (c, d)]
    assert without((a, b), [(a, b)]) == []
