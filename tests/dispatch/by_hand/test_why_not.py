"""What keeps a job off every route, and what would let it in."""

from typing import Any

import pytest
from sqlmodel import Session, select

from dispatch.by_hand.alternatives import list_alternatives
from dispatch.by_hand.why_not import TechnicianWhyNot, WhyNot, explain_unassigned
from dispatch.errors import Conflict, NotFound
from dispatch.models import Job, Plan, PlanUnassigned, Priority, Site
from dispatch.placing.placing import PlaceRequest, place_job, place_options
from dispatch.settings import Settings
from tests.dispatch.crew import (
    MONDAY,
    add_depot,
    add_job,
    add_live_route,
    add_technician,
    depot_call,
    hanoi,
)

pytestmark = pytest.mark.any_database

EIGHT = hanoi("08:00")


@pytest.fixture
def crew(session: Session) -> Session:
    """Ann until noon with a full morning, Bob without the skill, Cem who is off on Mondays."""
    add_technician(session, "ann", at=0, hours=[("08:00", "12:00")], skills={"gas": 2})
    add_technician(session, "bob", at=0, skills={"gas": 1})
    add_technician(session, "cem", at=0, weekdays=[1], skills={"gas": 3})
    add_job(session, "a1", at=0, minutes=60, windows=[(hanoi("09:00"), hanoi("09:00"))])
    add_job(session, "a2", at=0, minutes=110, priority=Priority.LOW)
    add_live_route(session, "ann", [("a1", "09:00"), ("a2", "10:00")], starts="08:00", ends="12:00")
    return session


def asked(session: Session, settings: Settings, **job: Any) -> WhyNot:
    add_job(session, "new", at=0, **job)
    session.commit()
    return explain_unassigned(session, "new", settings, day=MONDAY, at=EIGHT)


def changes(one: TechnicianWhyNot) -> list[tuple[list[tuple[str, str, int]], list[str]]]:
    return [
        ([(w.rule, w.subject, w.amount) for w in way.waivers], way.bumped_job_ids)
        for way in one.changes
    ]


def test_each_technician_has_obstacles_and_the_smallest_change(
    crew: Session, settings: Settings
) -> None:
    found = asked(crew, settings, minutes=90, skills={"gas": 2})
    assert [one.technician_id for one in found.technicians] == ["bob", "ann", "cem"] or [
        one.technician_id for one in found.technicians
    ] == ["ann", "bob", "cem"]
    by_name = {one.technician_id: one for one in found.technicians}
    assert ([("shift", "", 80 * 60)], []) in changes(by_name["ann"])
    assert ([], ["a2"]) in changes(by_name["ann"])
    assert changes(by_name["bob"]) == [([("skills", "gas", 1)], [])]
    assert [(o.rule, o.amount) for o in by_name["bob"].obstacles] == [("skills", 1)]
    assert [(o.rule, o.unit) for o in by_name["cem"].obstacles] == [("shift", "")]
    assert by_name["cem"].changes == []


def test_a_window_is_moved_by_the_minutes_that_it_takes(crew: Session, settings: Settings) -> None:
    found = asked(
        crew,
        settings,
        minutes=30,
        skills={"gas": 2},
        windows=[(hanoi("09:10"), hanoi("09:20"))],
        priority=Priority.LOW,
    )
    ann = next(one for one in found.technicians if one.technician_id == "ann")
    assert changes(ann)[0] == ([("time_windows", "earlier", 40 * 60)], []) or changes(ann)[0] == (
        [("time_windows", "later", 40 * 60)],
        [],
    )


def test_a_missing_part_and_where_it_is(crew: Session, settings: Settings) -> None:
    add_depot(crew, "near", stock={"belt": 1})
    add_technician(crew, "dao", stock={"belt": 2}, hours=[("08:00", "08:30")])
    found = asked(crew, settings, parts={"belt": 2})
    [source] = found.sources
    assert (source.part_id, source.depot_ids, source.technician_ids) == ("belt", ["near"], ["dao"])
    bob = next(one for one in found.technicians if one.technician_id == "bob")
    assert changes(bob)[0] == ([("parts", "belt", 1)], [])


def test_a_tool_is_not_to_be_had_where_others_have_it(crew: Session, settings: Settings) -> None:
    add_depot(crew, "near", tools=["crane"])
    add_depot(crew, "far", at=5, tools={"crane": 2})
    add_depot(crew, "away", at=7, tools={"crane": 0})
    for name, depot in (("dao", "near"), ("eva", "far")):
        add_technician(crew, name)
        add_job(crew, f"for {name}", tools=["crane"])
        call = depot_call(depot, "08:30", {})
        call.tools = ["crane"]
        add_live_route(crew, name, [call, (f"for {name}", "10:00")])
    [source] = asked(crew, settings, tools=["crane"]).sources
    assert (source.tool_id, source.depot_ids) == ("crane", ["far"])


def test_a_job_that_fits_has_no_obstacle(crew: Session, settings: Settings) -> None:
    found = asked(crew, settings, minutes=90, skills={"gas": 1})
    first = found.technicians[0]
    assert (first.technician_id, first.obstacles) == ("bob", [])
    assert changes(first) == [([], [])]
    [place, *_] = place_options(crew, "new", settings, day=MONDAY, at=EIGHT)
    assert (first.changes[0].extra_cost, first.changes[0].visit.start_at) == (
        place.extra_cost,
        place.start_at,
    )


def test_what_the_plan_said_is_told_too(crew: Session, settings: Settings) -> None:
    add_job(crew, "new", at=0)
    crew.flush()
    reason = {"code": "outbid", "rule": "shift", "message": "everyone is busy"}
    plan_id = crew.exec(select(Plan.id)).one()
    crew.add(PlanUnassigned(plan_id=plan_id, job_id="new", reasons=[reason]))
    crew.commit()
    found = explain_unassigned(crew, "new", settings, day=MONDAY, at=EIGHT)
    assert [one.message for one in found.reasons] == ["everyone is busy"]


def test_a_job_without_a_place_on_the_map_has_that_as_its_reason(
    crew: Session, settings: Settings
) -> None:
    add_job(crew, "lost", at=None)
    crew.commit()
    found = explain_unassigned(crew, "lost", settings, day=MONDAY, at=EIGHT)
    assert ([one.code for one in found.reasons], found.technicians) == (["needs_location"], [])


def test_a_planned_job_has_alternatives_instead(crew: Session, settings: Settings) -> None:
    crew.commit()
    with pytest.raises(Conflict, match="alternatives"):
        explain_unassigned(crew, "a2", settings, day=MONDAY, at=EIGHT)
    with pytest.raises(NotFound):
        explain_unassigned(crew, "nothing", settings, day=MONDAY, at=EIGHT)


def test_alternatives_cost_more_than_the_place_that_a_visit_has(
    session: Session, settings: Settings
) -> None:
    add_technician(session, "ann", at=0)
    add_technician(session, "bob", at=20)
    for name, at in (("a2", 4), ("b1", 19)):
        add_job(session, name, at=at)
    add_live_route(session, "ann", [("a2", "10:00")])
    add_live_route(session, "bob", [("b1", "09:00")])
    session.commit()
    found = list_alternatives(session, "a2", settings, at=EIGHT)
    assert (found.here.technician_id, found.here.start_at) == ("ann", hanoi("10:00"))
    assert found.here.saving is not None
    assert found.here.saving > 0
    assert [place.technician_id for place in found.alternatives] == ["bob"]
    assert found.alternatives[0].extra_cost > 0
    costs = {
        one.technician_id: one.extra_cost
        for one in place_options(session, "a2", settings, day=MONDAY, at=EIGHT)
    }
    assert found.alternatives[0].extra_cost == costs["bob"] - found.here.saving
    add_job(session, "new", at=3)
    session.commit()
    with pytest.raises(Conflict, match="no route"):
        list_alternatives(session, "new", settings, at=EIGHT)


def test_a_job_at_a_place_that_nobody_knows_says_so_wherever_it_is_asked_about(
    crew: Session, settings: Settings
) -> None:
    """Also where it is planned already, its site having lost its location since."""
    add_job(crew, "new", at=0)
    for job_id in ("new", "a2"):
        site = crew.get_one(Site, crew.get_one(Job, job_id).site_id)
        site.latitude = site.longitude = None
    crew.commit()
    found = explain_unassigned(crew, "new", settings, day=MONDAY, at=EIGHT)
    assert [reason.code for reason in found.reasons] == ["needs_location"]
    request = PlaceRequest(day=MONDAY)
    for ask in (
        lambda: place_options(crew, "new", settings, day=MONDAY, at=EIGHT),
        lambda: place_job(crew, "new", request, settings, actor="dana", at=EIGHT),
        lambda: list_alternatives(crew, "a2", settings, day=MONDAY, at=hanoi("05:00")),
    ):
        with pytest.raises(Conflict) as error:
            ask()
        assert [fault.code for fault in error.value.faults] == ["needs_location"]
