"""One problem, one job: what becomes of alerts, on both databases."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import Session, select

from dispatch.alerts import handling
from dispatch.company.devices import DEVICES, DeviceContent
from dispatch.errors import Conflict
from dispatch.intake import JobChange
from dispatch.jobs import jobs
from dispatch.models import Job, JobStatus, JobTask, LogEntry, Placement
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


@pytest.fixture(autouse=True)
def machines(session: Session) -> None:
    add_machines(session)
    add_template(session)


@pytest.fixture
def rule(session: Session) -> None:
    add_rule(session)


def placements(session: Session) -> list[str]:
    return [row.job_id for row in session.exec(select(Placement).order_by(Placement.id))]


def tasks(session: Session, job: Job) -> list[JobTask]:
    found = select(JobTask).where(JobTask.job_id == job.id).order_by(JobTask.position)
    return list(session.exec(found).all())


def test_an_alert_becomes_the_job_that_its_template_describes(
    session: Session, settings: Settings, rule: None
) -> None:
    add_template(session, parts=[{"part_id": "FILTER", "quantity": 2}], due_within_hours=24)
    [receipt] = told(session, settings, message(at=minutes(-30)))
    [job] = open_jobs(session)
    assert (receipt.outcome, receipt.job_id, receipt.is_duplicate) == ("job", job.id, False)
    assert (job.title, job.site_id, job.priority) == ("Chiller 1: overheat", "sen", "high")
    assert (job.duration_minutes, job.due_at) == (60, minutes(-30) + timedelta(hours=24))
    made = jobs.read_job(session, job.id)
    assert [(part.part_id, part.quantity) for part in made.parts] == [("FILTER", 2)]
    assert (made.windows, placements(session)) == ([], [])
    found = alert(session)
    assert (found.state, found.rule_id) == ("unacknowledged", "all")


def test_the_same_message_again_changes_nothing_and_is_counted(
    session: Session, settings: Settings, rule: None
) -> None:
    told(session, settings, message(at=minutes(0)))
    entries = len(session.exec(select(LogEntry)).all())
    [receipt] = told(session, settings, message(at=minutes(0)), minutes(5))
    assert receipt.is_duplicate
    assert receipt.outcome == "job"
    assert (alert(session).count, alert(session).last_seen_at) == (2, minutes(5))
    assert len(session.exec(select(LogEntry)).all()) == entries
    assert len(open_jobs(session)) == 1


def test_alerts_of_one_problem_fold_into_its_job_and_the_worst_raises_its_priority(
    session: Session, settings: Settings, rule: None
) -> None:
    told(session, settings, message(severity="minor"))
    [receipt] = told(session, settings, message("a-2", severity="critical"), minutes(5))
    told(session, settings, message("a-3", severity="minor"), minutes(6))
    [job] = open_jobs(session)
    assert (receipt.outcome, receipt.job_id) == ("folded", job.id)
    assert job.priority == "urgent"
    assert placements(session) == [job.id]
    [task] = tasks(session, job)
    assert (task.count, task.severity, task.last_seen_at) == (3, "critical", minutes(6))


def test_another_problem_gets_a_job_of_its_own(
    session: Session, settings: Settings, rule: None
) -> None:
    told(session, settings, message())
    told(session, settings, message("a-2", type="leak"))
    told(session, settings, message("a-3", device="sen-2"))
    assert len(open_jobs(session)) == 3


def test_a_worse_message_about_the_same_alert_raises_the_priority(
    session: Session, settings: Settings, rule: None
) -> None:
    told(session, settings, message(severity="minor", at=minutes(0)))
    told(session, settings, message(severity="critical", at=minutes(0)), minutes(1))
    [job] = open_jobs(session)
    assert (job.priority, alert(session).severity) == ("urgent", "critical")
    assert [task.count for task in tasks(session, job)] == [1]


def test_remaining_life_bounds_the_start_of_the_visit_and_less_of_it_tightens_that(
    session: Session, settings: Settings, rule: None
) -> None:
    told(session, settings, message(remaining_life_hours=40))
    [job] = open_jobs(session)
    [window] = jobs.read_job(session, job.id).windows
    assert (job.due_at, window.ends_at) == (minutes(20 * 60), minutes(20 * 60))
    told(session, settings, message("a-2", remaining_life_hours=16), minutes(10))
    [job] = open_jobs(session)
    [window] = jobs.read_job(session, job.id).windows
    assert job.due_at == window.ends_at == minutes(10) + timedelta(hours=8)


def test_what_is_about_to_fail_still_leaves_time_to_get_there(
    session: Session, settings: Settings, rule: None
) -> None:
    told(session, settings, message(remaining_life_hours=0))
    [job] = open_jobs(session)
    assert job.due_at == minutes(4 * 60)


@pytest.mark.parametrize(
    ("rule_fields", "message_fields"),
    [
        ({"type_pattern": "over*"}, {"type": "OverHeat"}),
        ({"least_severity": "major"}, {"severity": "critical"}),
        (
            {"readings": [{"name": "t", "is": "above", "value": 90}]},
            {"readings": {"t": 90.5}},
        ),
        ({"most_remaining_hours": 10}, {"remaining_life_hours": 10}),
        ({"model_pattern": "rx-*"}, {}),
        ({"site_id": "sen"}, {}),
        ({"asset_id": "sen-1"}, {}),
    ],
)
def test_a_rule_applies_where_all_its_conditions_hold(
    session: Session, settings: Settings, rule_fields: Any, message_fields: Any
) -> None:
    add_rule(session, **rule_fields)
    [receipt] = told(session, settings, message(**message_fields))
    assert receipt.outcome == "job"


@pytest.mark.parametrize(
    ("rule_fields", "message_fields"),
    [
        ({"type_pattern": "over"}, {}),
        ({"least_severity": "critical"}, {}),
        ({"readings": [{"name": "t", "is": "above", "value": 90}]}, {"readings": {"t": 90}}),
        ({"readings": [{"name": "t", "is": "above", "value": 90}]}, {"readings": {"u": 95}}),
        ({"most_remaining_hours": 10}, {}),
        ({"most_remaining_hours": 10}, {"remaining_life_hours": 11}),
        ({"model_pattern": "ry-*"}, {}),
        ({"site_id": "ho"}, {}),
        ({"asset_id": "sen-2"}, {}),
        ({"source_id": "other"}, {}),
        ({"active": False}, {}),
    ],
)
def test_a_rule_does_not_apply_where_one_condition_fails(
    session: Session, settings: Settings, rule_fields: Any, message_fields: Any
) -> None:
    add_rule(session, **rule_fields)
    [receipt] = told(session, settings, message(**message_fields))
    assert receipt.outcome == "received"
    assert (alert(session).reason, open_jobs(session)) == ("no rule applies to it", [])


def test_the_first_rule_counts_and_one_without_a_template_suppresses(
    session: Session, settings: Settings, rule: None
) -> None:
    add_rule(session, "not warnings", position=1, template_id=None, type_pattern="over*")
    [receipt] = told(session, settings, message())
    assert receipt.outcome == "rejected"
    assert alert(session).state == "suppressed_by_design"
    assert alert(session).reason == "rule not warnings suppresses it"


def test_a_shelved_device_makes_no_job_until_then(
    session: Session, settings: Settings, rule: None
) -> None:
    shelved = DeviceContent(asset_id="sen-1", shelved_until=minutes(60))
    DEVICES.put(session, "sen-1", shelved, actor="lan")
    [receipt] = told(session, settings, message())
    assert (receipt.outcome, alert(session).state) == ("rejected", "shelved")
    again = handling.judge_again(
        session, alert(session).id or 0, actor="lan", settings=settings, at=minutes(60)
    )
    assert (again.outcome, again.state) == ("job", "unacknowledged")


def test_a_device_out_of_service_makes_no_job(
    session: Session, settings: Settings, rule: None
) -> None:
    DEVICES.put(session, "sen-1", DeviceContent(asset_id="sen-1", in_service=False), actor="lan")
    told(session, settings, message())
    assert (alert(session).state, open_jobs(session)) == ("out_of_service", [])
    told(session, settings, message(cleared=True), minutes(1))
    assert alert(session).state == "normal"


def test_an_alert_that_has_its_job_is_not_judged_again(
    session: Session, settings: Settings, rule: None
) -> None:
    told(session, settings, message())
    with pytest.raises(Conflict):
        handling.judge_again(session, alert(session).id or 0, actor="lan", settings=settings)


def test_what_no_template_can_make_is_rejected_and_says_why(
    session: Session, settings: Settings, rule: None
) -> None:
    add_template(session, skills=[{"skill_id": "electric"}])
    session.exec(text("DELETE FROM technician_skill WHERE skill_id = 'electric'"))
    session.exec(text("DELETE FROM skill WHERE id = 'electric'"))
    session.commit()
    [receipt] = told(session, settings, message())
    assert receipt.outcome == "rejected"
    assert "there is no skill 'electric'" in (alert(session).reason or "")
    assert alert(session).state == "unacknowledged"


# Floods


def test_a_flood_from_one_site_becomes_one_visit_with_several_tasks(
    session: Session, settings: Settings
) -> None:
    add_template(
        session,
        "leak",
        title="{asset} leaks",
        skills=[{"skill_id": "cooling", "level": 2}, {"skill_id": "electric"}],
        parts=[{"part_id": "FILTER"}],
        tools=["gauge"],
        extra_minutes=30,
    )
    add_rule(session, "leak", position=1, type_pattern="leak", template_id="leak", flood_minutes=30)
    add_rule(session, flood_minutes=30)
    told(session, settings, message())
    told(session, settings, message("a-2", device="sen-2", type="leak"), minutes(10))
    told(session, settings, message("a-3", device="sen-3", severity="critical"), minutes(20))
    told(session, settings, message("b-1", device="ho-1"), minutes(21))
    [visit, other] = open_jobs(session)
    assert other.site_id == "ho"
    assert [task.title for task in tasks(session, visit)] == [
        "Chiller 1: overheat",
        "Chiller 2 leaks",
        "Chiller 3: overheat",
    ]
    assert (visit.duration_minutes, visit.priority) == (60 + 30 + 20, "urgent")
    made = jobs.read_job(session, visit.id)
    assert [(one.skill_id, one.level) for one in made.skills] == [("cooling", 2), ("electric", 1)]
    assert ([part.part_id for part in made.parts], made.tools) == (["FILTER"], ["gauge"])


def test_what_comes_later_than_the_flood_gets_a_visit_of_its_own(
    session: Session, settings: Settings
) -> None:
    add_rule(session, flood_minutes=30)
    told(session, settings, message())
    told(session, settings, message("a-2", device="sen-2"), minutes(31))
    assert len(open_jobs(session)) == 2


def test_a_visit_takes_no_task_that_nobody_could_do_with_the_others(
    session: Session, settings: Settings
) -> None:
    add_template(session, "hard", skills=[{"skill_id": "electric", "level": 2}])
    add_rule(session, "hard", position=1, type_pattern="hard", template_id="hard", flood_minutes=30)
    add_rule(session, flood_minutes=30)
    told(session, settings, message())
    told(session, settings, message("a-2", device="sen-2", type="hard"))
    assert len(open_jobs(session)) == 2


def test_a_visit_takes_no_more_tasks_than_the_rule_allows(
    session: Session, settings: Settings
) -> None:
    add_rule(session, flood_minutes=30, most_tasks=2)
    for number in (1, 2, 3):
        told(session, settings, message(f"a-{number}", device=f"sen-{number}"))
    assert [len(tasks(session, job)) for job in open_jobs(session)] == [2, 1]


@pytest.mark.parametrize("status", [JobStatus.EN_ROUTE, JobStatus.ON_SITE])
def test_a_visit_that_is_under_way_is_not_changed(
    session: Session, settings: Settings, status: JobStatus
) -> None:
    add_rule(session, flood_minutes=30)
    told(session, settings, message(severity="minor"))
    [job] = open_jobs(session)
    job.status = status
    session.commit()
    told(session, settings, message("a-2", device="sen-2"), minutes(5))
    [receipt] = told(session, settings, message("a-3", severity="critical"), minutes(6))
    assert (receipt.outcome, receipt.job_id) == ("folded", job.id)
    [first, second] = open_jobs(session)
    assert (first.priority, first.duration_minutes, first.revision) == ("normal", 60, job.revision)
    assert second.id != first.id


# Clearing


def test_a_cleared_alert_withdraws_its_job_if_the_rule_says_so(
    session: Session, settings: Settings
) -> None:
    add_rule(session, withdraw=True)
    told(session, settings, message())
    [receipt] = told(session, settings, message(cleared=True), minutes(9))
    assert receipt.outcome == "cleared"
    assert open_jobs(session) == []
    assert alert(session).state == "returned_to_normal"


def test_a_cleared_alert_leaves_its_job_if_the_rule_does_not_say_so(
    session: Session, settings: Settings, rule: None
) -> None:
    told(session, settings, message())
    told(session, settings, message(cleared=True), minutes(9))
    assert len(open_jobs(session)) == 1
    assert (alert(session).outcome, alert(session).state) == ("cleared", "returned_to_normal")


def test_a_job_that_somebody_set_out_for_or_promised_is_not_withdrawn(
    session: Session, settings: Settings
) -> None:
    add_rule(session, withdraw=True)
    told(session, settings, message())
    told(session, settings, message("b-1", device="ho-1"))
    [one, other] = open_jobs(session)
    one.status, other.told_at = JobStatus.EN_ROUTE, minutes(3)
    session.commit()
    told(session, settings, message(cleared=True), minutes(9))
    told(session, settings, message("b-1", device="ho-1", cleared=True), minutes(9))
    assert len(open_jobs(session)) == 2


def test_a_visit_is_withdrawn_only_when_all_of_its_problems_are_gone(
    session: Session, settings: Settings
) -> None:
    add_rule(session, flood_minutes=30, withdraw=True)
    told(session, settings, message())
    told(session, settings, message("a-2", device="sen-2"))
    told(session, settings, message(cleared=True), minutes(1))
    assert len(open_jobs(session)) == 1
    told(session, settings, message("a-2", device="sen-2", cleared=True), minutes(2))
    assert open_jobs(session) == []


def test_a_chattering_problem_is_withdrawn_once_and_then_left_to_people(
    session: Session, settings: Settings
) -> None:
    add_rule(session, withdraw=True)
    for number in range(5):
        told(session, settings, message(f"a-{number}", at=minutes(2 * number)), minutes(2 * number))
        cleared = message(f"a-{number}", at=minutes(2 * number + 1), cleared=True)
        told(session, settings, cleared, minutes(2 * number + 1))
    assert len(session.exec(select(Job)).all()) == 2
    assert len(open_jobs(session)) == 1


# People


def test_an_acknowledged_alert_is_normal_once_it_is_gone(
    session: Session, settings: Settings, rule: None
) -> None:
    told(session, settings, message())
    seen = handling.acknowledge_alert(session, alert(session).id or 0, actor="lan", at=minutes(1))
    assert (seen.state, seen.acknowledged_by) == ("acknowledged", "lan")
    told(session, settings, message(cleared=True), minutes(2))
    assert alert(session).state == "normal"
    actions = [
        entry.action
        for entry in session.exec(select(LogEntry).order_by(LogEntry.id))
        if entry.entity == "alert"
    ]
    assert actions == ["receive", "acknowledge", "update"]


def test_a_job_that_a_person_cancelled_does_not_swallow_what_comes_next(
    session: Session, settings: Settings, rule: None
) -> None:
    told(session, settings, message())
    [job] = open_jobs(session)
    jobs.cancel_job(session, job.id, actor="lan")
    [receipt] = told(session, settings, message("a-2"), minutes(1))
    assert receipt.outcome == "job"


def test_a_job_on_hold_takes_alerts_and_stays_on_hold(
    session: Session, settings: Settings, rule: None
) -> None:
    told(session, settings, message())
    [job] = open_jobs(session)
    held = JobChange(hold_reason="waits for a part")
    jobs.change_job(session, job.id, held, actor="lan", settings=settings)
    [receipt] = told(session, settings, message("a-2", severity="critical"), minutes(1))
    assert (receipt.outcome, receipt.job_id) == ("folded", job.id)
    [job] = open_jobs(session)
    assert (job.status, job.priority, placements(session)) == ("on_hold", "urgent", [])


def test_texts_of_alerts_are_data(session: Session, settings: Settings, rule: None) -> None:
    add_template(session, title="{message} {asset}")
    text = "{site} {0.__class__}\n=1+1\x00" + "x" * 5000
    told(session, settings, message(message=text))
    [job] = open_jobs(session)
    assert job.title.startswith("{site} {0.__class__} =1+1")
    assert len(job.title) == 200


def test_a_text_in_which_nothing_is_seen_keeps_no_alert_from_becoming_a_job(
    session: Session, settings: Settings, rule: None
) -> None:
    add_template(session, title="{message}")
    told(session, settings, message(message="\u3164\u200b"))
    [job] = open_jobs(session)
    assert job.title == "repair"


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("{asset}: {message}", "Chiller 1"),
        ("{message}: {asset}", "Chiller 1"),
        ("{asset}: {message} – {type}", "Chiller 1 – overheat"),
        ("{asset} ({message}): {type}", "Chiller 1: overheat"),
        ("Call: {type}:", "Call: overheat:"),
    ],
)
@pytest.mark.parametrize("text", [None, "\u3164"])
def test_a_title_without_a_message_has_nothing_that_sets_it_apart(
    session: Session, settings: Settings, rule: None, title: str, shown: str, text: str | None
) -> None:
    add_template(session, title=title)
    told(session, settings, message(message=text))
    [job] = open_jobs(session)
    assert job.title == shown


def test_a_technicians_day_shows_the_machines_and_what_is_wrong_with_them(
    session: Session, settings: Settings
) -> None:
    add_rule(session, flood_minutes=30)
    told(session, settings, message())
    told(session, settings, message("a-2", device="sen-2", type="leak"))
    [job] = open_jobs(session)
    add_live_route(session, "T1", [(job.id, "13:00")])
    [route] = daily_route(session, "T1", MONDAY, settings, NOON).routes
    [stop] = route.stops
    assert [(task.title, task.asset, task.model) for task in stop.tasks] == [
        ("Chiller 1: overheat", "Chiller 1", "RX-7"),
        ("Chiller 2: leak", "Chiller 2", "RX-7"),
    ]
