import json
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from dispatch.alerts.rules import TEMPLATES, TemplateContent
from dispatch.errors import NotFound
from dispatch.models import Job, JobSkill, JobTool, Site, Skill, Stop, Tool
from dispatch.output import etag
from dispatch.settings import Settings
from dispatch.store import take_off_live_routes
from dispatch.views.itinerary import DailyRoute, as_geojson, daily_route, morning_load
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
from tests.records.listening import statements

pytestmark = pytest.mark.any_database


@pytest.fixture
def monday(session: Session) -> Session:
    """Ann's Monday: a visit, a depot call and another visit; nothing on Tuesday."""
    add_technician(session, "ann", at=0, stock={"fuse": 9})
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
    session.commit()
    return session


def route(session: Session, settings: Settings) -> DailyRoute:
    return daily_route(session, "ann", MONDAY, settings)


def test_a_day_has_all_that_the_technician_needs(monday: Session, settings: Settings) -> None:
    found = route(monday, settings)
    assert found.plan_version == 3
    assert found.time_zone == "Asia/Ho_Chi_Minh"
    (shift,) = found.routes
    assert shift.shift_starts_at == hanoi("08:00")
    visit, call, _ = shift.stops
    assert (visit.kind, call.kind) == ("visit", "depot")
    assert visit.title == "Tủ lạnh; không lạnh, kêu to"
    assert (visit.name, visit.address, visit.phone) == ("Customer j1", "j1 street", "0900 000 000")
    assert (visit.latitude, visit.longitude) == (21.01, 105.8)
    assert [(skill.name, skill.level) for skill in visit.skills] == [("Điện lạnh", 2)]
    assert [(part.id, part.quantity) for part in visit.parts] == [("fuse", 2)]
    assert visit.status == "scheduled"
    assert call.name == "Depot d"
    assert [(part.id, part.quantity) for part in call.parts] == [("belt", 2)]


def test_times_carry_the_local_offset(monday: Session, settings: Settings) -> None:
    text = route(monday, settings).model_dump_json()
    assert json.loads(text)["routes"][0]["stops"][0]["start_at"] == "2027-03-01T08:30:00+07:00"


def test_what_to_load_in_the_morning_is_what_no_depot_supplies(
    monday: Session, settings: Settings
) -> None:
    (shift,) = route(monday, settings).routes
    assert [(part.id, part.quantity) for part in shift.load_parts] == [("fuse", 3)]


def stop(kind: str, parts: dict[str, int], tools: list[str]) -> Stop:
    moment = hanoi("08:00")
    return Stop(
        route_id=0,
        position=0,
        kind=kind,
        arrival_at=moment,
        start_at=moment,
        departure_at=moment,
        parts=parts,
        tools=tools,
    )


def test_a_depot_call_supplies_only_what_comes_after_it() -> None:
    parts, tools = morning_load(
        [
            stop("visit", {"fuse": 2}, ["ladder"]),
            stop("depot", {"fuse": 1}, ["crane"]),
            stop("visit", {"fuse": 2}, ["crane"]),
        ]
    )
    assert parts == {"fuse": 3}
    assert tools == {"ladder"}


def test_a_day_without_a_plan_is_empty(monday: Session, settings: Settings) -> None:
    found = daily_route(monday, "ann", TUESDAY, settings)
    assert found.routes == []
    assert found.plan_version is None


def test_an_unknown_technician_is_not_found(session: Session, settings: Settings) -> None:
    with pytest.raises(NotFound):
        daily_route(session, "nobody", MONDAY, settings)


def test_nobody_is_sent_to_a_job_that_was_taken_off(monday: Session, settings: Settings) -> None:
    take_off_live_routes(monday, ["j1"])
    monday.commit()
    (shift,) = route(monday, settings).routes
    assert [stop.job_id for stop in shift.stops] == [None, "j2"]


def test_a_night_shift_is_on_the_day_on_which_it_begins(
    session: Session, settings: Settings
) -> None:
    add_technician(session, "owl", hours=[("22:00", "06:00")])
    add_job(session, "late")
    add_live_route(session, "owl", [("late", "23:30")], starts="22:00")
    assert len(daily_route(session, "owl", MONDAY, settings).routes) == 1
    assert daily_route(session, "owl", TUESDAY, settings).routes == []


def test_the_entity_tag_changes_exactly_when_the_content_does(
    monday: Session, settings: Settings
) -> None:
    before = etag(route(monday, settings))
    assert before == etag(route(monday, settings))
    assert before.startswith('"')
    monday.get_one(Site, "site-j2").phone = "0911 111 111"
    monday.commit()
    assert etag(route(monday, settings)) != before


# What to tick off and to measure


CARE = {
    "title": "Care",
    "duration_minutes": 30,
    "checklist": ["Turn it off", "Clean it"],
    "readings": [{"name": "Pressure", "unit": "bar", "least": 2, "most": 8}],
}


def keep_care(session: Session, *job_ids: str, **fields: Any) -> None:
    TEMPLATES.put(session, "care", TemplateContent.model_validate(CARE | fields), actor="lan")
    for job_id in job_ids:
        session.get_one(Job, job_id).work_type_id = "care"
    session.commit()


def test_a_stop_has_what_the_work_type_wants_as_it_is_now(
    monday: Session, settings: Settings
) -> None:
    keep_care(monday, "j1")
    visit, call, other = route(monday, settings).routes[0].stops
    assert visit.checklist == ["Turn it off", "Clean it"]
    assert [one.model_dump() for one in visit.readings_wanted] == CARE["readings"]
    assert (call.checklist, other.checklist, other.readings_wanted) == ([], [], [])
    before = etag(route(monday, settings))
    keep_care(monday, checklist=["Clean it"], readings=[])
    visit = route(monday, settings).routes[0].stops[0]
    assert (visit.checklist, visit.readings_wanted) == (["Clean it"], [])
    assert etag(route(monday, settings)) != before


def test_work_types_are_asked_for_once(monday: Session, settings: Settings, engine: Engine) -> None:
    def asked() -> int:
        monday.expire_all()
        with statements(engine) as sent:
            route(monday, settings)
        return len(sent)

    keep_care(monday, "j1")
    one = asked()
    TEMPLATES.put(monday, "more", TemplateContent.model_validate(CARE), actor="lan")
    monday.get_one(Job, "j2").work_type_id = "more"
    monday.commit()
    assert asked() == one


# Map


def test_the_map_has_a_line_for_the_route_and_a_point_for_every_place(
    monday: Session, settings: Settings
) -> None:
    found = as_geojson(route(monday, settings))
    assert found["type"] == "FeatureCollection"
    line, *points = found["features"]
    home = [105.8, 21.0]
    assert line["geometry"] == {
        "type": "LineString",
        "coordinates": [home, [105.8, 21.01], [105.8, 21.02], [105.8, 21.03], home],
    }
    assert line["properties"]["technician"] == "Technician ann"
    assert [point["geometry"]["type"] for point in points] == ["Point"] * 3
    assert points[0]["geometry"]["coordinates"] == [105.8, 21.01]
    assert points[2]["properties"]["position"] == 3
    assert points[2]["properties"]["job_id"] == "j2"
    assert json.loads(json.dumps(found)) == found


def test_the_map_of_an_empty_day_is_empty(monday: Session, settings: Settings) -> None:
    found = as_geojson(daily_route(monday, "ann", TUESDAY, settings))
    assert found == {"type": "FeatureCollection", "features": []}
