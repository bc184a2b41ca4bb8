"""What calendars are told, and that they are told anew whenever it has changed."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta

import pytest
from icalendar import Calendar, Event
from sqlmodel import Session, select

from dispatch.calendar_texts import TEXTS, Language
from dispatch.models import (
    CalendarEntry,
    Job,
    JobSkill,
    JobTool,
    Part,
    Route,
    Site,
    Skill,
    Stop,
    Technician,
    Tool,
)
from dispatch.settings import Settings
from dispatch.store import take_off_live_routes
from dispatch.views.calendars import Unkept, published
from dispatch.views.itinerary import daily_route
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

pytestmark = pytest.mark.any_database

NOON = hanoi("12:00")
LATER = NOON + timedelta(minutes=10)


@pytest.fixture
def monday(session: Session) -> Session:
    """Ann's Monday: a visit, a depot call and another visit; nothing on Tuesday."""
    add_technician(session, "ann", at=0, stock={"fuse": 9})
    add_technician(session, "bob")
    add_depot(session, "d", at=2, stock={"belt": 5})
    add_job(session, "j1", at=1, parts={"fuse": 2}, title="Tủ lạnh; không lạnh, kêu to")
    add_job(session, "j2", at=3, parts={"fuse": 1, "belt": 2})
    session.add(Skill(id="gas", name="Điện lạnh"))
    session.add(Tool(id="ladder", name="Thang"))
    session.flush()
    session.add(JobSkill(job_id="j1", skill_id="gas", level=2))
    session.add(JobTool(job_id="j1", tool_id="ladder"))
    add_live_route(
        session,
        "ann",
        [("j1", "08:30"), depot_call("d", "09:30", {"belt": 2}), ("j2", "10:00")],
        version=3,
    )
    session.exec(select(Stop).where(Stop.job_id == "j1")).one().tools = ["ladder"]
    session.commit()
    return session


def content(
    session: Session,
    settings: Settings,
    at: datetime = NOON,
    *,
    days: Sequence[date] = (MONDAY, TUESDAY),
    language: Language = "vi",
    whole: bool = True,
) -> bytes:
    found = [daily_route(session, "ann", day, settings, at) for day in days]
    return published(session, found, settings, at, language=language, whole=whole).content


def events(
    session: Session, settings: Settings, at: datetime = NOON, **more: object
) -> list[Event]:
    calendar = Calendar.from_ical(content(session, settings, at, **more))  # type: ignore[arg-type]
    return list(calendar.events)


def by_job(found: list[Event]) -> dict[str, Event]:
    return {str(event["UID"]).partition("/")[0]: event for event in found}


def test_the_calendar_has_an_event_for_every_stop(monday: Session, settings: Settings) -> None:
    visit, call, _ = events(monday, settings)
    assert visit["SUMMARY"] == "Tủ lạnh; không lạnh, kêu to – Customer j1"
    assert (visit.start, visit.end) == (hanoi("08:30"), hanoi("09:00"))
    assert visit["LOCATION"] == "Customer j1, j1 street"
    assert visit["GEO"].to_ical() == "21.01;105.8"
    assert (visit["SEQUENCE"], visit["STATUS"]) == (3, "CONFIRMED")
    assert visit["DTSTAMP"].dt == visit["LAST-MODIFIED"].dt == NOON
    assert call["SUMMARY"] == "Lấy hàng ở kho – Depot d"


def test_what_the_service_says_is_in_the_readers_language(
    monday: Session, settings: Settings
) -> None:
    vietnamese, english = (
        "\n".join(str(event.get("DESCRIPTION", "")) for event in found)
        for found in (events(monday, settings), events(monday, settings, language="en"))
    )
    for words in (
        "Công việc: j1",
        "Điện thoại: 0900 000 000",
        "Vật tư: 2 × fuse",
        "Dụng cụ: Thang",
    ):
        assert words in vietnamese
    assert "Chuyên môn: Điện lạnh (2)" in vietnamese
    for words in ("Job: j1", "Phone: 0900 000 000", "Parts: 2 × fuse", "Tools: Thang"):
        assert words in english
        assert words not in vietnamese
    assert "Skills: Điện lạnh (2)" in english


def test_every_language_has_the_same_texts() -> None:
    first, *others = TEXTS.values()
    assert all(texts.keys() == first.keys() for texts in others)


def test_the_calendar_keeps_to_the_format_and_says_when_to_come_again(
    monday: Session, settings: Settings
) -> None:
    found = content(monday, settings)
    lines = found.split(b"\r\n")
    assert all(len(line) <= 75 for line in lines)
    assert b"\n" not in b"".join(lines)
    assert found.startswith(b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:")
    assert b"REFRESH-INTERVAL;VALUE=DURATION:PT15M" in lines
    assert b"X-PUBLISHED-TTL:PT15M" in lines
    assert b"X-WR-CALNAME:Technician ann" in lines


def test_asked_again_it_says_the_same(monday: Session, settings: Settings) -> None:
    found = content(monday, settings)
    monday.commit()
    assert content(monday, settings, LATER) == found
    day = [daily_route(monday, "ann", MONDAY, settings, LATER)]
    for language in TEXTS:
        told = published(monday, day, settings, LATER, language=language, keep=False)
        assert told.to_keep == []


def test_an_empty_day_is_a_calendar_too(monday: Session, settings: Settings) -> None:
    calendar = Calendar.from_ical(content(monday, settings, days=[TUESDAY], whole=False))
    assert calendar.events == []
    assert [component.name for component in calendar.subcomponents] == ["VTIMEZONE"]


def move(session: Session) -> None:
    stop = session.exec(select(Stop).where(Stop.job_id == "j1")).one()
    stop.start_at += timedelta(minutes=15)
    stop.departure_at += timedelta(minutes=15)


def arrive_earlier(session: Session) -> None:
    stop = session.exec(select(Stop).where(Stop.job_id == "j1")).one()
    stop.arrival_at -= timedelta(minutes=5)


def name(table: type[Part | Skill | Tool], id_: str) -> Callable[[Session], None]:
    def rename(session: Session) -> None:
        session.get_one(table, id_).name = "another name"

    return rename


def change(table: type[Job | Site], id_: str, **values: object) -> Callable[[Session], None]:
    def set_values(session: Session) -> None:
        for field, value in values.items():
            setattr(session.get_one(table, id_), field, value)

    return set_values


CHANGES: dict[str, Callable[[Session], None]] = {
    "time": move,
    "arrival": arrive_earlier,
    "title": change(Job, "j1", title="Tủ đông"),
    "customer": change(Site, "site-j1", name="Chị Hạnh"),
    "address": change(Site, "site-j1", address="12 Hàng Bông"),
    "phone": change(Site, "site-j1", phone="0911 111 111"),
    "place": change(Site, "site-j1", latitude=21.5),
    "skill": name(Skill, "gas"),
    "tool": name(Tool, "ladder"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_whatever_changes_in_an_entry_its_revision_grows_and_no_others(
    monday: Session, settings: Settings, what: str
) -> None:
    before = by_job(events(monday, settings))
    CHANGES[what](monday)
    monday.flush()
    after = by_job(events(monday, settings, LATER))
    assert before.keys() == after.keys()
    assert after["j1"]["UID"] == before["j1"]["UID"]
    assert after["j1"]["SEQUENCE"] == before["j1"]["SEQUENCE"] + 1
    assert after["j1"]["DTSTAMP"].dt == after["j1"]["LAST-MODIFIED"].dt == LATER
    assert after["j2"] == before["j2"]


def test_a_new_version_that_leaves_an_entry_as_it_is_leaves_its_revision(
    monday: Session, settings: Settings
) -> None:
    before = by_job(events(monday, settings))
    take_off_live_routes(monday, ["j2"])
    add_live_route(monday, "bob", [("j2", "10:00")], version=4)
    assert by_job(events(monday, settings, LATER))["j1"] == before["j1"]


def test_a_job_that_moves_to_another_day_is_the_same_entry(
    monday: Session, settings: Settings
) -> None:
    before = by_job(events(monday, settings))["j1"]
    take_off_live_routes(monday, ["j1"])
    add_live_route(monday, "ann", [("j1", "14:00")], day=TUESDAY, version=4)
    found = events(monday, settings, LATER)
    [after] = [event for event in found if event["UID"] == before["UID"]]
    assert after.start == hanoi("14:00", TUESDAY)
    assert after["SEQUENCE"] > before["SEQUENCE"]
    assert after["STATUS"] == "CONFIRMED"


def test_what_is_called_off_or_given_to_others_says_so_and_no_more(
    monday: Session, settings: Settings
) -> None:
    before = by_job(events(monday, settings))["j1"]
    take_off_live_routes(monday, ["j1"])
    monday.get_one(Site, "site-j1").phone = "0922 222 222"
    add_live_route(monday, "bob", [("j1", "08:30")], version=4)
    after = by_job(events(monday, settings, LATER))["j1"]
    assert (after["UID"], after["STATUS"]) == (before["UID"], "CANCELLED")
    assert after["SEQUENCE"] == before["SEQUENCE"] + 1
    assert (after.start, after.end) == (before.start, before.end)
    assert after["SUMMARY"] == "Đã huỷ: Tủ lạnh; không lạnh, kêu to – Customer j1"
    assert not {"DESCRIPTION", "LOCATION", "GEO"} & after.keys()
    assert "bob" not in str(after.to_ical())
    monday.commit()
    much_later = LATER + timedelta(minutes=10)
    assert by_job(events(monday, settings, much_later))["j1"] == after
    # A day by itself is no calendar that somebody follows.
    assert "j1" not in by_job(events(monday, settings, days=[MONDAY], whole=False))
    take_off_live_routes(monday, ["j1"])
    add_live_route(monday, "ann", [("j1", "15:00")], day=TUESDAY, version=5)
    again = by_job(events(monday, settings, much_later))["j1"]
    assert (again["STATUS"], again["SEQUENCE"]) == ("CONFIRMED", after["SEQUENCE"] + 1)


def test_what_moves_beyond_the_days_that_are_told_is_not_called_off(
    monday: Session, settings: Settings
) -> None:
    events(monday, settings)
    take_off_live_routes(monday, ["j1"])
    add_live_route(monday, "ann", [("j1", "14:00")], day=MONDAY + timedelta(days=9), version=4)
    assert "j1" not in by_job(events(monday, settings, LATER))


def test_a_depot_call_that_is_not_needed_any_more_is_just_gone(
    monday: Session, settings: Settings
) -> None:
    events(monday, settings)
    call = monday.exec(select(Stop).where(Stop.depot_id == "d")).one()
    monday.delete(call)
    monday.flush()
    assert by_job(events(monday, settings, LATER)).keys() == {"j1", "j2"}


def test_what_cannot_be_kept_is_told_and_no_revision_shrinks_for_that(
    monday: Session, settings: Settings
) -> None:
    unkept = Unkept()

    def told(at: datetime, title: str, *, keep: bool = False) -> tuple[int, str]:
        monday.get_one(Job, "j1").title = title
        days = [daily_route(monday, "ann", MONDAY, settings, at)]
        found = published(monday, days, settings, at, language="vi", keep=keep, unkept=unkept)
        (unkept.forget if keep else unkept.remember)(found.to_keep)
        found_events = Calendar.from_ical(found.content).events
        [event] = [one for one in found_events if "j1/" in str(one["UID"])]
        return int(str(event["SEQUENCE"])), str(event["SUMMARY"]).partition(" – ")[0]

    assert told(NOON, "Máy giặt", keep=True) == (3, "Máy giặt")
    assert told(NOON, "Tủ lạnh") == (4, "Tủ lạnh")
    assert told(LATER, "Tủ lạnh") == (4, "Tủ lạnh")
    # As it is stored; but that is not what was told last.
    assert told(LATER, "Máy giặt") == (5, "Máy giặt")
    stored = {row.uid: row.sequence for row in monday.exec(select(CalendarEntry))}
    assert {*stored.values()} == {3}
    assert told(LATER, "Máy giặt", keep=True) == (5, "Máy giặt")
    assert unkept.of("ann") == []
    assert told(LATER, "Máy giặt") == (5, "Máy giặt")
    assert told(LATER, "Lò", keep=True) == (6, "Lò")


def test_days_long_past_are_told_and_forgotten(monday: Session, settings: Settings) -> None:
    events(monday, settings)
    assert len(monday.exec(select(CalendarEntry)).all()) == 3
    long_after = NOON + timedelta(days=100)
    day = long_after.date()
    add_job(monday, "j9")
    add_live_route(monday, "ann", [("j9", "09:00")], day=day, version=8)
    events(monday, settings, long_after, days=[day])
    assert [row.job_id for row in monday.exec(select(CalendarEntry))] == ["j9"]
    first, second = (content(monday, settings, long_after, whole=False) for _ in range(2))
    assert first == second
    days = [daily_route(monday, "ann", MONDAY, settings, long_after)]
    told = published(monday, days, settings, long_after, language="vi", keep=False)
    assert told.to_keep == []
    assert monday.get_one(Technician, "ann").active
    assert len(monday.exec(select(Route)).all()) == 2
