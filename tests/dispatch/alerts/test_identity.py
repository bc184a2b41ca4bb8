"""Who is meant: an alert is its source's, a job is a problem's at its place, until all is over."""

from typing import Any

import pytest
from sqlmodel import Session, select

from dispatch.alerts import handling
from dispatch.alerts.content import EVENT_TYPE
from dispatch.company.devices import ASSETS, DEVICES, AssetContent, DeviceContent
from dispatch.models import Alert, AlertFormat, AlertSource, Job, JobStatus, JobTask
from dispatch.settings import Settings
from dispatch.views.itinerary import daily_route
from tests.dispatch.crew import MONDAY, add_live_route
from tests.dispatch.machines import (
    NOON,
    add_machines,
    add_rule,
    add_template,
    alert,
    message,
    minutes,
    open_jobs,
    told,
)

pytestmark = pytest.mark.any_database


@pytest.fixture(autouse=True)
def machines(session: Session) -> None:
    add_machines(session)
    add_template(session)
    add_rule(session, withdraw=True)


def add_source(session: Session, id_: str, mapping: dict[str, Any] | None = None) -> AlertSource:
    format_ = AlertFormat.CLOUDEVENTS if mapping is None else AlertFormat.MAPPED
    source = AlertSource(id=id_, name=id_, format=format_, mapping=mapping)
    session.add(source)
    session.commit()
    return source


def event(id_: str, origin: str = "/gw/1", **data: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": id_,
        "source": origin,
        "type": "overheat",
        "subject": "sen-1",
        "data": {"severity": "major", **data},
    }


# The last alert


def test_a_job_stays_as_long_as_one_of_its_alerts_is_there(
    session: Session, settings: Settings
) -> None:
    told(session, settings, message())
    told(session, settings, message("a-2"), minutes(1))
    told(session, settings, message(cleared=True), minutes(2))
    [job] = open_jobs(session)
    assert (alert(session).outcome, alert(session, "a-2").outcome) == ("cleared", "folded")
    told(session, settings, message("a-2", cleared=True), minutes(3))
    assert open_jobs(session) == []
    assert session.get_one(Job, job.id).status is JobStatus.CANCELLED


def test_an_end_of_an_alert_that_nobody_told_of_ends_no_other(
    session: Session, settings: Settings
) -> None:
    told(session, settings, message())
    [end] = told(session, settings, message("a-9", cleared=True), minutes(1))
    assert (end.outcome, alert(session, "a-9").state) == ("cleared", "normal")
    assert alert(session).outcome == "job"
    assert len(open_jobs(session)) == 1


def test_an_alert_that_comes_back_has_a_job_again_although_another_has_it(
    session: Session, settings: Settings
) -> None:
    told(session, settings, message())
    told(session, settings, message("a-2"), minutes(1))
    told(session, settings, message(cleared=True), minutes(2))
    [back] = told(session, settings, message(), minutes(3))
    told(session, settings, message("a-2", cleared=True), minutes(4))
    [job] = open_jobs(session)
    assert (back.is_duplicate, back.job_id) == (False, job.id)


def test_a_device_that_two_sources_watch_has_one_job_until_both_say_that_it_is_over(
    session: Session, settings: Settings
) -> None:
    mapping = {"id": "n", "device": "d", "type": "what", "status": "state"}
    one, other = (add_source(session, id_, mapping) for id_ in ("one", "other"))
    content = {"n": 7, "d": "sen-1", "what": "overheat"}
    [first] = told(session, settings, content, source=one)
    [second] = told(session, settings, content, minutes(1), source=other)
    assert (first.alert_id != second.alert_id, first.job_id) == (True, second.job_id)
    told(session, settings, content | {"state": "ok"}, minutes(2), source=one)
    assert len(open_jobs(session)) == 1
    told(session, settings, content | {"state": "OK"}, minutes(3), source=other)
    assert open_jobs(session) == []


@pytest.mark.parametrize("other", [{"device": "ho-1"}, {"type": "leak"}], ids=str)
def test_an_id_that_is_used_for_another_problem_is_another_alert(
    session: Session, settings: Settings, other: dict[str, Any]
) -> None:
    """Some count their alerts on each device."""
    [first] = told(session, settings, message())
    [second] = told(session, settings, message(**other), minutes(1))
    [again] = told(session, settings, message(**other), minutes(2))
    assert (second.outcome, again.is_duplicate) == ("job", True)
    assert (second.alert_id, second.job_id) == (again.alert_id, again.job_id)
    assert (second.alert_id != first.alert_id, second.job_id != first.job_id) == (True, True)
    told(session, settings, message(**other, cleared=True), minutes(3))
    assert [job.id for job in open_jobs(session)] == [first.job_id]


# Without ids


def test_without_ids_a_device_has_one_alert_of_a_type(session: Session, settings: Settings) -> None:
    receipts = [
        told(session, settings, message(None, **fields), minutes(number))[0]
        for number, fields in enumerate(
            [{"at": minutes(0)}, {"readings": {"t": 90}}, {"cleared": True}, {}]
        )
    ]
    assert len({receipt.alert_id for receipt in receipts}) == 1
    assert [receipt.outcome for receipt in receipts] == ["job", "job", "cleared", "job"]
    [other] = told(session, settings, message(None, type="leak"), minutes(5))
    assert other.alert_id != receipts[0].alert_id


def test_an_end_without_an_id_is_about_all_alerts_of_the_problem_that_its_source_told_of(
    session: Session, settings: Settings
) -> None:
    source = add_source(session, "plc", {"id": "n", "device": "d", "type": "what"})
    told(session, settings, {"n": 7, "d": "sen-1", "what": "overheat"}, source=source)
    told(session, settings, message("a-1", at=minutes(0)), minutes(1))
    told(session, settings, message("a-2", at=minutes(3)), minutes(4))
    told(session, settings, message("a-3", type="leak"), minutes(4))
    told(session, settings, message(None, cleared=True, at=minutes(2)), minutes(5))
    outcomes = {one.id_at_source: one.outcome for one in session.exec(select(Alert))}
    assert outcomes == {
        "7": "job",
        "a-1": "cleared",
        "a-2": "folded",
        "a-3": "job",
        "sen-1 overheat": "cleared",
    }


def test_an_event_that_says_that_it_is_over_is_about_what_its_origin_told_of(
    session: Session, settings: Settings
) -> None:
    for one in (event("e-1"), event("e-2"), event("e-3", "/gw/2"), event("e-4", id="alert-4")):
        told(session, settings, one, content_type=EVENT_TYPE)
    told(session, settings, event("e-1", cleared=True), minutes(1), content_type=EVENT_TYPE)
    assert alert(session, "e-2").outcome == "folded"
    told(session, settings, event("e-9", id="alert-9", cleared=True), content_type=EVENT_TYPE)
    assert alert(session, "e-2").outcome == "folded"
    told(session, settings, event("e-10", cleared=True), minutes(2), content_type=EVENT_TYPE)
    active = {one.id_at_source for one in session.exec(select(Alert)) if one.outcome != "cleared"}
    assert active == {"e-3"}
    assert len(open_jobs(session)) == 1


def test_an_origin_may_have_signs_that_a_database_has_not(
    session: Session, settings: Settings
) -> None:
    [first] = told(session, settings, event("e-1", "/gw\0/1"), content_type=EVENT_TYPE)
    assert first.outcome == "job"


# The place


def move(session: Session, site: str) -> None:
    asset = AssetContent(site_id=site, name="Chiller 1", model="RX-7")
    ASSETS.put(session, "sen-1", asset, actor="lan")
    session.commit()


@pytest.mark.parametrize("status", [JobStatus.OPEN, JobStatus.SCHEDULED, JobStatus.EN_ROUTE])
@pytest.mark.parametrize("id_", ["a-1", "a-2"])
def test_a_machine_that_was_moved_gets_a_job_where_it_is(
    session: Session, settings: Settings, status: JobStatus, id_: str
) -> None:
    told(session, settings, message())
    [old] = open_jobs(session)
    old.status = status
    session.commit()
    move(session, "ho")
    [moved] = told(session, settings, message(id_), minutes(1))
    new = session.get_one(Job, moved.job_id)
    assert (new.site_id, alert(session, id_).site_id) == ("ho", "ho")
    [repeated] = told(session, settings, message(id_), minutes(2))
    assert (repeated.is_duplicate, repeated.job_id) == (True, new.id)
    # Nobody drives to where it is no more, but who does already, or if an alert is left there.
    is_left = id_ == "a-1" and status is not JobStatus.EN_ROUTE
    assert (session.get_one(Job, old.id).status is JobStatus.CANCELLED) == is_left
    told(session, settings, message(id_, cleared=True), minutes(3))
    assert session.get_one(Job, new.id).status is JobStatus.CANCELLED


def test_a_device_that_watches_another_machine_now_tells_of_that(
    session: Session, settings: Settings
) -> None:
    told(session, settings, message())
    DEVICES.put(session, "sen-1", DeviceContent(asset_id="sen-2"), actor="lan")
    session.commit()
    told(session, settings, message("a-2"), minutes(1))
    old, new = open_jobs(session)
    assert (old.title, new.title) == ("Chiller 1: overheat", "Chiller 2: overheat")
    found = {one.job_id: one.asset_id for one in session.exec(select(JobTask))}
    assert found == {old.id: "sen-1", new.id: "sen-2"}
    shown = {one.id_at_source: one.asset_id for one in handling.list_alerts(session)[0]}
    assert shown == {"a-1": "sen-1", "a-2": "sen-2"}
    add_live_route(session, "T1", [(old.id, "13:00"), (new.id, "14:00")])
    [route] = daily_route(session, "T1", MONDAY, settings, NOON).routes
    assert [[task.asset for task in stop.tasks] for stop in route.stops] == [
        ["Chiller 1"],
        ["Chiller 2"],
    ]
