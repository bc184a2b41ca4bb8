"""What a message's time means: a failing machine is never silent, and an echo is no news."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from dispatch.alerts import handling
from dispatch.alerts.intake import replay_dead_letter
from dispatch.company.devices import DEVICES, DeviceContent
from dispatch.jobs import jobs
from dispatch.models import OVER, Alert, AlertFormat, AlertSource, Job, JobStatus, LogEntry
from dispatch.settings import Settings
from tests.dispatch.machines import (
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

FIRST_DAYS = [
    datetime(1970, 1, 1, 0, 3, tzinfo=UTC),
    datetime(2000, 1, 1, 0, 3, tzinfo=UTC),
    datetime(2099, 1, 1, tzinfo=UTC),
    datetime(1, 1, 1, tzinfo=UTC),
]
"""What clocks show that have lost the time."""


@pytest.fixture(autouse=True)
def machines(session: Session) -> None:
    add_machines(session)
    add_template(session)
    add_rule(session, withdraw=True)


@pytest.fixture
def alertmanager(session: Session) -> AlertSource:
    """It says since when an alert is firing, and the same as long as it is."""
    mapping = {
        "id": "fingerprint",
        "device": "labels.device",
        "type": "labels.alertname",
        "severity": "labels.severity",
        "status": "status",
        "at": "status == 'resolved' && endsAt || startsAt",
    }
    source = AlertSource(id="am", name="AM", format=AlertFormat.MAPPED, mapping=mapping)
    session.add(source)
    session.commit()
    return source


def firing(since: float, until: float | None = None, **labels: str) -> dict[str, Any]:
    return {
        "fingerprint": "f-1",
        "status": "firing" if until is None else "resolved",
        "labels": {"device": "sen-1", "alertname": "overheat", "severity": "critical", **labels},
        "startsAt": minutes(since).isoformat(),
        "endsAt": "0001-01-01T00:00:00Z" if until is None else minutes(until).isoformat(),
    }


@pytest.fixture
def thingsboard(session: Session) -> AlertSource:
    source = AlertSource(id="tb", name="TB", format=AlertFormat.THINGSBOARD)
    session.add(source)
    session.commit()
    return source


def alarm(start: float, end: float, **fields: Any) -> dict[str, Any]:
    return {
        "id": {"entityType": "ALARM", "id": "t-1"},
        "originator": {"entityType": "DEVICE", "id": "sen-1"},
        "type": "overheat",
        "severity": "CRITICAL",
        "status": "ACTIVE_UNACK",
        "startTs": int(minutes(start).timestamp() * 1000),
        "endTs": int(minutes(end).timestamp() * 1000),
        **fields,
    }


def over(session: Session, at: float, status: JobStatus = JobStatus.COMPLETED) -> Job:
    """Somebody has seen to the one job that is not over."""
    [job] = [one for one in open_jobs(session) if one.status not in OVER]
    if status is JobStatus.CANCELLED:
        jobs.cancel_job(session, job.id, actor="lan")
    else:
        job.status, job.departed_at = status, minutes(at)
    session.commit()
    return job


# Fire, clear, fire


def test_without_a_time_a_message_says_how_it_is_when_it_comes(
    session: Session, settings: Settings
) -> None:
    outcomes = [
        told(session, settings, message(cleared=cleared), minutes(number))[0].outcome
        for number, cleared in enumerate((False, True, False))
    ]
    assert outcomes == ["job", "cleared", "job"]
    assert alert(session).cleared_at is None
    assert len(open_jobs(session)) == 1


def test_in_one_batch_the_last_word_without_a_time_counts(
    session: Session, settings: Settings
) -> None:
    for cleared in (False, True, False):
        told(session, settings, message(cleared=cleared), minutes(0))
    assert alert(session).outcome == "job"


def test_an_end_that_comes_again_ends_nothing_that_began_since(
    session: Session, settings: Settings
) -> None:
    end = message(at=minutes(1), cleared=True)
    told(session, settings, message(), minutes(0))
    told(session, settings, end, minutes(1))
    told(session, settings, message(), minutes(1))
    [echo] = told(session, settings, end, minutes(1))
    assert (echo.outcome, echo.is_duplicate) == ("job", True)


@pytest.mark.parametrize("at", FIRST_DAYS, ids=str)
def test_a_clock_that_is_far_off_says_nothing(
    session: Session, settings: Settings, at: datetime
) -> None:
    """Neither of a new alert nor of one that comes back; nor that it is gone."""
    told(session, settings, message(at=minutes(-30)), minutes(0))
    told(session, settings, message(at=minutes(1), cleared=True), minutes(1))
    [other] = told(session, settings, message("a-2", at=at), minutes(2))
    [again] = told(session, settings, message(at=at), minutes(3))
    assert (other.outcome, again.outcome) == ("job", "folded")
    [gone] = told(session, settings, message(at=at, cleared=True), minutes(4))
    assert gone.outcome == "cleared"
    [back] = told(session, settings, message(at=at), minutes(5))
    assert back.outcome == "folded"
    assert alert(session).occurred_at == minutes(-30)
    assert alert(session, "a-2").occurred_at == minutes(2)


@pytest.mark.parametrize("at", FIRST_DAYS, ids=str)
def test_what_is_due_counts_from_now_if_the_clock_is_far_off(
    session: Session, settings: Settings, at: datetime
) -> None:
    add_template(session, due_within_hours=24)
    told(session, settings, message(at=at), minutes(0))
    [job] = open_jobs(session)
    assert job.due_at == minutes(24 * 60)


def test_a_word_that_comes_late_decides_nothing(session: Session, settings: Settings) -> None:
    """Its end comes first, or it comes again after its end; and the end after it is back."""
    told(session, settings, message(at=minutes(-5), cleared=True), minutes(0))
    [late] = told(session, settings, message(at=minutes(-10)), minutes(1))
    assert (late.outcome, open_jobs(session)) == ("cleared", [])
    [repeated] = told(session, settings, message(at=minutes(-10)), minutes(2))
    assert (repeated.outcome, repeated.is_duplicate) == ("cleared", True)
    [back] = told(session, settings, message(at=minutes(-1)), minutes(3))
    assert back.outcome == "job"
    told(session, settings, message(at=minutes(-5), cleared=True), minutes(4))
    told(session, settings, message(at=minutes(-7), cleared=True), minutes(4))
    assert alert(session).outcome == "job"
    assert len(open_jobs(session)) == 1


def test_the_clock_of_a_device_may_be_a_little_ahead(session: Session, settings: Settings) -> None:
    told(session, settings, message(at=minutes(3)), minutes(0))
    told(session, settings, message(at=minutes(4), cleared=True), minutes(1))
    assert alert(session).outcome == "cleared"
    [echo] = told(session, settings, message(at=minutes(3)), minutes(2))
    assert (echo.outcome, echo.is_duplicate) == ("cleared", True)
    # Then it was set right, and what it says now is earlier than what it has said.
    [again] = told(session, settings, message(at=minutes(2.5)), minutes(2.5))
    assert again.outcome == "job"


def test_an_alert_that_is_back_has_to_be_acknowledged_anew(
    session: Session, settings: Settings
) -> None:
    told(session, settings, message())
    handling.acknowledge_alert(session, alert(session).id or 0, actor="lan", at=minutes(1))
    told(session, settings, message(cleared=True), minutes(2))
    assert alert(session).state == "normal"
    told(session, settings, message(), minutes(3))
    assert (alert(session).state, alert(session).acknowledged_by) == ("unacknowledged", None)


def test_an_alert_that_is_back_is_as_bad_as_is_said_now(
    session: Session, settings: Settings
) -> None:
    bad = {"readings": {"t": 99}, "remaining_life_hours": 5, "message": "smoke"}
    told(session, settings, message(severity="critical", **bad), minutes(0))
    told(session, settings, message(severity="critical", cleared=True), minutes(1))
    assert (alert(session).severity, alert(session).remaining_life_hours) == ("critical", 5)
    told(session, settings, message(severity="minor"), minutes(2))
    now = alert(session)
    assert (now.severity, now.readings, now.message) == ("minor", {}, None)
    assert now.remaining_life_hours is None
    [job] = open_jobs(session)
    assert (job.priority, job.due_at) == ("normal", None)
    told(session, settings, message(severity="major", readings={"t": 50}), minutes(3))
    told(session, settings, message(severity="minor"), minutes(4))
    assert (alert(session).severity, alert(session).readings) == ("major", {"t": 50})


def test_what_comes_late_of_an_alert_that_is_over_keeps_what_is_known(
    session: Session, settings: Settings
) -> None:
    told(session, settings, message(at=minutes(-9), severity="critical"), minutes(0))
    told(session, settings, message(at=minutes(-5), cleared=True), minutes(1))
    told(session, settings, message(at=minutes(-7), severity="minor"), minutes(2))
    assert (alert(session).severity, alert(session).outcome) == ("critical", "cleared")


@pytest.mark.parametrize("end", [None, *FIRST_DAYS], ids=str)
def test_an_end_without_a_clock_silences_nothing_that_is_said_after_it(
    session: Session, settings: Settings, end: datetime | None
) -> None:
    """The clock of what says that it is there may be slow."""
    told(session, settings, message(at=minutes(-30)), minutes(0))
    told(session, settings, message(at=end, cleared=True), minutes(1))
    [echo] = told(session, settings, message(at=minutes(-30)), minutes(2))
    assert (echo.outcome, echo.is_duplicate) == ("cleared", True)
    [back] = told(session, settings, message(at=minutes(-2)), minutes(3))
    assert back.outcome == "job"
    [old] = told(session, settings, message(at=minutes(-3), cleared=True), minutes(4))
    assert old.outcome == "job"


def test_an_end_from_before_what_came_without_a_time_is_of_something_else(
    session: Session, settings: Settings
) -> None:
    told(session, settings, message(), minutes(0))
    told(session, settings, message(at=minutes(-5)), minutes(1))
    told(session, settings, message(at=minutes(-1), cleared=True), minutes(2))
    assert alert(session).outcome == "job"
    told(session, settings, message(at=minutes(1), cleared=True), minutes(3))
    assert alert(session).outcome == "cleared"


# Platforms that say since when


def test_an_alert_that_has_its_old_beginning_is_believed_unless_it_was_heard_before(
    session: Session, settings: Settings, alertmanager: AlertSource
) -> None:
    def say(content: dict[str, Any], at: float) -> tuple[str | None, bool]:
        [receipt] = told(session, settings, content, minutes(at), source=alertmanager)
        return receipt.outcome, receipt.is_duplicate

    assert say(firing(-30), 0) == ("job", False)
    assert say(firing(-30, -10), 1) == ("cleared", False)
    assert say(firing(-30), 2) == ("cleared", True)
    assert say(firing(-30, severity="page"), 3) == ("job", False)
    assert say(firing(-30, -10), 4) == ("job", True)
    assert say(firing(-30, -5), 5) == ("cleared", False)
    # After an hour of silence nothing is on its way any more.
    assert say(firing(-30), 65) == ("cleared", True)
    assert say(firing(-30), 126) == ("job", False)


def test_an_alarm_that_is_repeated_all_the_time_is_no_echo_for_ever(
    session: Session, settings: Settings, alertmanager: AlertSource
) -> None:
    told(session, settings, firing(-30), minutes(0), source=alertmanager)
    told(session, settings, firing(-30, -10), minutes(1), source=alertmanager)
    outcomes = [
        told(session, settings, firing(-30), minutes(at), source=alertmanager)[0].outcome
        for at in (20, 40, 60, 80)
    ]
    assert outcomes == ["cleared", "cleared", "cleared", "job"]


def test_an_end_that_comes_before_its_beginning_is_an_end_all_the_same(
    session: Session, settings: Settings, alertmanager: AlertSource
) -> None:
    told(session, settings, firing(-30, -10), minutes(0), source=alertmanager)
    [late] = told(session, settings, firing(-30), minutes(1), source=alertmanager)
    [new] = told(session, settings, firing(-5), minutes(2), source=alertmanager)
    assert (late.outcome, new.outcome) == ("cleared", "job")


@pytest.mark.parametrize("after", [1, 30, 3 * 24 * 60])
def test_the_first_death_of_a_device_is_heard_although_its_will_is_as_old_as_its_birth(
    session: Session, settings: Settings, alertmanager: AlertSource, after: float
) -> None:
    """Both carry the time at which it connected."""
    birth, will = firing(0, 0), firing(0)
    told(session, settings, birth, minutes(1), source=alertmanager)
    [death] = told(session, settings, will, minutes(1 + after), source=alertmanager)
    assert death.outcome == "job"
    [echo] = told(session, settings, birth, minutes(2 + after), source=alertmanager)
    assert echo.outcome == "job"
    [back] = told(session, settings, firing(0, 5 + after), minutes(5 + after), source=alertmanager)
    assert back.outcome == "cleared"


@pytest.mark.parametrize(("at", "outcome"), [(59, "cleared"), (62, "job")])
def test_an_alarm_from_before_an_end_that_came_first_is_old_for_an_hour(
    session: Session, settings: Settings, alertmanager: AlertSource, at: float, outcome: str
) -> None:
    told(session, settings, firing(-30, -10), minutes(0), source=alertmanager)
    [late] = told(session, settings, firing(-30), minutes(at), source=alertmanager)
    assert late.outcome == outcome


def test_what_has_gone_on_for_weeks_can_end(
    session: Session, settings: Settings, alertmanager: AlertSource
) -> None:
    weeks = -40 * 24 * 60
    told(session, settings, firing(weeks), minutes(0), source=alertmanager)
    told(session, settings, firing(weeks, 5), minutes(6), source=alertmanager)
    [echo] = told(session, settings, firing(weeks), minutes(7), source=alertmanager)
    assert (echo.outcome, open_jobs(session)) == ("cleared", [])


def test_an_alarm_of_thingsboard_that_is_active_again_is_so_from_its_end_on(
    session: Session, settings: Settings, thingsboard: AlertSource
) -> None:
    def say(content: dict[str, Any], at: float) -> str | None:
        return told(session, settings, content, minutes(at), source=thingsboard)[0].outcome

    cleared = {"status": "CLEARED_UNACK", "clearTs": int(minutes(-150).timestamp() * 1000)}
    assert say(alarm(-180, -180), 0) == "job"
    assert say(alarm(-180, -170, **cleared), 1) == "cleared"
    assert say(alarm(-180, -175), 2) == "cleared"
    assert say(alarm(-180, -2), 3) == "job"


# After the job

ENDS = [JobStatus.COMPLETED, JobStatus.CANNOT_COMPLETE, JobStatus.CANCELLED]


@pytest.mark.parametrize("status", ENDS)
@pytest.mark.parametrize("at", [None, minutes(-40), FIRST_DAYS[0]], ids=str)
def test_what_is_still_said_after_the_job_makes_a_new_one(
    session: Session, settings: Settings, status: JobStatus, at: datetime | None
) -> None:
    told(session, settings, message(at=at), minutes(0))
    done = over(session, 60, status)
    [again] = told(session, settings, message(at=at), minutes(61))
    [job] = [one for one in open_jobs(session) if one.status is JobStatus.OPEN]
    assert (again.is_duplicate, again.outcome, again.job_id) == (False, "job", job.id)
    assert job.id != done.id
    [repeated] = told(session, settings, message(at=at), minutes(62))
    assert (repeated.is_duplicate, repeated.job_id) == (True, job.id)


@pytest.mark.parametrize("form", ["am", "tb"])
@pytest.mark.usefixtures("alertmanager", "thingsboard")
def test_what_platforms_repeat_after_the_job_makes_a_new_one(
    session: Session, settings: Settings, form: str
) -> None:
    source, content = session.get(AlertSource, form), firing(-30)
    if form == "tb":
        content = alarm(-40, -40)
    [first] = told(session, settings, content, minutes(0), source=source)
    over(session, 60)
    [again] = told(session, settings, content, minutes(61), source=source)
    assert (again.outcome, again.is_duplicate) == ("job", False)
    assert again.job_id != first.job_id


def test_what_is_said_soon_after_the_job_still_counts_with_it(
    session: Session, settings: Settings
) -> None:
    add_rule(session, quiet_minutes=15)
    told(session, settings, message(at=minutes(-1)), minutes(0))
    done = over(session, 60)
    [soon] = told(session, settings, message("a-2", at=minutes(70)), minutes(75))
    [repeated] = told(session, settings, message(at=minutes(-1)), minutes(75))
    assert (soon.job_id, repeated.job_id) == (done.id, done.id)
    [late] = told(session, settings, message("a-3", at=minutes(59)), minutes(76))
    assert late.outcome == "job"
    assert late.job_id != done.id


@pytest.mark.parametrize("quiet", [0, 15, 30])
@pytest.mark.parametrize("id_", ["a-1", "a-2"])
def test_what_came_before_the_late_report_of_an_end_and_after_the_end_makes_a_new_job(
    session: Session, settings: Settings, id_: str, quiet: int
) -> None:
    add_rule(session, quiet_minutes=quiet)
    [first] = told(session, settings, message(), minutes(0))
    [job] = open_jobs(session)
    job.status = JobStatus.ON_SITE
    session.commit()
    [again] = told(session, settings, message(id_), minutes(90))
    assert again.job_id == first.job_id
    assert handling.judge_what_outlived_its_job(session, settings, minutes(91)) == []
    ended = over(session, 70)
    ended.updated_at = minutes(120)
    report = LogEntry(actor="ann", action="completed", entity="job", entity_id=ended.id)
    report.at = minutes(120)
    session.add(report)
    session.commit()
    judged = handling.judge_what_outlived_its_job(session, settings, minutes(121))
    if quiet == 30:
        assert (judged, len(open_jobs(session))) == ([], 1)
        return
    assert judged == [again.alert_id]
    [new] = [one for one in open_jobs(session) if one.status is JobStatus.OPEN]
    assert (alert(session, id_).outcome, alert(session, id_).job_id) == ("job", new.id)
    assert handling.judge_what_outlived_its_job(session, settings, minutes(122)) == []


def test_a_repetition_while_the_job_is_open_changes_nothing(
    session: Session, settings: Settings
) -> None:
    told(session, settings, message(), minutes(0))
    for number, status in enumerate((JobStatus.OPEN, JobStatus.EN_ROUTE, JobStatus.ON_SITE)):
        [job] = open_jobs(session)
        job.status = status
        session.commit()
        [repeated] = told(session, settings, message(), minutes(number + 1))
        assert (repeated.is_duplicate, repeated.job_id) == (True, job.id)
    assert len(session.exec(select(Job)).all()) == 1


# What a protocol sends again


def event(id_: str, **data: Any) -> dict[str, Any]:
    named = {"specversion": "1.0", "id": id_, "source": "/gw", "type": "overheat"}
    return named | {"subject": "sen-1", "data": {"severity": "major", **data}}


@pytest.mark.parametrize("named", [{}, {"id": "a-1"}], ids=str)
def test_an_event_that_comes_again_is_no_news(
    session: Session, settings: Settings, named: dict[str, str]
) -> None:
    def say(content: dict[str, Any], at: float) -> tuple[str | None, bool]:
        [receipt] = told(session, settings, content, minutes(at))
        return receipt.outcome, receipt.is_duplicate

    fire, end = event("e-1", **named), event("e-2", cleared=True, **named)
    assert say(fire, 0) == ("job", False)
    assert say(end, 1) == ("cleared", False)
    assert say(fire, 2) == ("cleared", True)
    assert open_jobs(session) == []
    assert say(event("e-3", **named), 3) == ("job", False)
    say(end, 4)
    [job] = open_jobs(session)
    assert session.exec(select(Alert.outcome).where(Alert.job_id == job.id)).all() == ["job"]


def test_events_that_all_have_the_id_of_their_alert_say_so_anew(
    session: Session, settings: Settings
) -> None:
    told(session, settings, event("e-1"), minutes(0))
    told(session, settings, event("e-1", cleared=True), minutes(1))
    [back] = told(session, settings, event("e-1"), minutes(2))
    assert back.outcome == "job"
    done = over(session, 60)
    [still] = told(session, settings, event("e-1"), minutes(61))
    assert (still.outcome, still.job_id != done.id) == ("job", True)


def test_a_signed_message_that_comes_again_is_no_news(session: Session, settings: Settings) -> None:
    def say(content: Any, number: int, at: float) -> list[tuple[str | None, bool]]:
        headers = {"webhook-id": f"m-{number}"}
        found = told(session, settings, content, minutes(at), headers=headers)
        return [(one.outcome, one.is_duplicate) for one in found]

    fire, end = message(), message(cleared=True)
    assert say(fire, 1, 0) == [("job", False)]
    assert say(end, 2, 1) == [("cleared", False)]
    assert say(fire, 1, 2) == [("cleared", True)]
    assert say(fire, 3, 3) == [("job", False)]
    assert say(end, 2, 4) == [("job", True)]
    # The same twice in one message is said twice.
    several = [end, fire, end, fire]
    assert [outcome for outcome, _ in say(several, 4, 5)] == ["cleared", "job"] * 2
    assert say(several, 4, 6) == [("job", True)] * 4
    assert say(end, 5, 7) == [("cleared", False)]


def test_what_amazon_sns_sends_again_is_no_news(session: Session, settings: Settings) -> None:
    mapping = {"type": "what", "device": "unit", "status": "state"}
    source = AlertSource(id="sns", name="SNS", format=AlertFormat.MAPPED, mapping=mapping)
    session.add(source)
    session.commit()
    outcomes = []
    for number, state in ((1, "ALARM"), (2, "OK"), (3, "ALARM"), (2, "OK")):
        inner = {"what": "overheat", "unit": "sen-1", "state": state}
        envelope = {"TopicArn": "arn:x", "Message": json.dumps(inner), "MessageId": f"m-{number}"}
        [receipt] = told(session, settings, envelope, minutes(number), source=source)
        outcomes.append(receipt.outcome)
    assert outcomes == ["job", "cleared", "job", "job"]


# What a broker keeps


@pytest.fixture
def will(session: Session) -> AlertSource:
    """A device says that it is there; the broker says for it that it is not."""
    mapping = {"type": "'silent'", "status": "@", "cleared_words": ["online"]}
    source = AlertSource(id="lwt", name="LWT", format=AlertFormat.MAPPED, mapping=mapping)
    session.add(source)
    session.commit()
    return source


def say_word(
    session: Session, settings: Settings, word: bytes, at: float, **delivery: Any
) -> tuple[str | None, bool]:
    how = {"device": "sen-1", "topic": "tele/sen-1/LWT"} | delivery
    source = session.get(AlertSource, "lwt")
    [receipt] = told(session, settings, word, minutes(at), source=source, **how)
    return receipt.outcome, receipt.is_duplicate


@pytest.mark.usefixtures("will")
def test_a_will_that_the_broker_published_while_nobody_was_there_is_an_alarm(
    session: Session, settings: Settings
) -> None:
    assert say_word(session, settings, b"Offline", 0) == ("job", False)
    assert say_word(session, settings, b"Online", 5) == ("cleared", False)
    assert say_word(session, settings, b"Online", 6, is_retained=True) == ("cleared", True)
    assert say_word(session, settings, b"Offline", 7, is_retained=True) == ("job", False)
    assert say_word(session, settings, b"Offline", 8, is_retained=True) == ("job", True)
    over(session, 9)
    assert say_word(session, settings, b"Offline", 20, is_retained=True) == ("job", True)


@pytest.mark.usefixtures("will")
def test_what_a_topic_keeps_is_no_news_whatever_other_topics_have_said_since(
    session: Session, settings: Settings
) -> None:
    say_word(session, settings, b"Offline", 0)
    say_word(session, settings, b"Online", 1, topic="stat/sen-1")
    kept = say_word(session, settings, b"Offline", 2, is_retained=True)
    assert kept == ("cleared", True)


@pytest.mark.usefixtures("will")
def test_what_was_heard_before_topics_were_noted_is_no_news(
    session: Session, settings: Settings
) -> None:
    say_word(session, settings, b"Offline", 0)
    one = alert(session, "sen-1 silent")
    one.heard = [mark.split()[0] for mark in one.heard]
    session.commit()
    assert say_word(session, settings, b"Offline", 1, is_retained=True) == ("job", True)


# What made no job


def test_an_alarm_that_goes_on_after_its_device_was_shelved_gets_its_job(
    session: Session, settings: Settings
) -> None:
    shelved = DeviceContent(asset_id="sen-1", shelved_until=minutes(60))
    DEVICES.put(session, "sen-1", shelved, actor="lan")
    told(session, settings, message(), minutes(0))
    [still] = told(session, settings, message(), minutes(59))
    assert (still.outcome, still.is_duplicate) == ("rejected", True)
    [after] = told(session, settings, message(), minutes(60))
    assert (after.outcome, alert(session).state) == ("job", "unacknowledged")


@pytest.mark.parametrize(
    "held_back", [{"shelved_until": minutes(60)}, {"in_service": False}], ids=str
)
def test_an_alarm_that_was_said_once_gets_its_job_when_its_device_is_no_longer_held_back(
    session: Session, settings: Settings, held_back: dict[str, Any]
) -> None:
    content = DeviceContent.model_validate({"asset_id": "sen-1", **held_back})
    DEVICES.put(session, "sen-1", content, actor="lan")
    told(session, settings, message(), minutes(0))
    assert handling.judge_what_was_held_back(session, settings, minutes(59)) == []
    if "in_service" in held_back:
        DEVICES.put(session, "sen-1", DeviceContent(asset_id="sen-1"), actor="lan")
    judged = handling.judge_what_was_held_back(session, settings, minutes(60))
    assert judged == [alert(session).id]
    assert (alert(session).outcome, len(open_jobs(session))) == ("job", 1)
    assert handling.judge_what_was_held_back(session, settings, minutes(61)) == []


def test_an_alarm_that_was_shelved_while_it_had_a_job_counts_with_it_again(
    session: Session, settings: Settings
) -> None:
    [first] = told(session, settings, message(severity="minor"), minutes(0))
    shelved = DeviceContent(asset_id="sen-1", shelved_until=minutes(60))
    DEVICES.put(session, "sen-1", shelved, actor="lan")
    [worse] = told(session, settings, message(severity="critical"), minutes(1))
    [after] = told(session, settings, message(severity="critical"), minutes(61))
    assert (worse.outcome, after.outcome, after.job_id) == ("rejected", "job", first.job_id)
    [job] = open_jobs(session)
    assert job.priority == "urgent"


def test_an_alarm_that_goes_on_follows_rules_that_are_new(
    session: Session, settings: Settings
) -> None:
    add_rule(session, active=False)
    [before] = told(session, settings, message(), minutes(0))
    add_rule(session)
    [after] = told(session, settings, message(), minutes(1))
    assert (before.outcome, after.outcome) == ("received", "job")


def test_a_dead_letter_speaks_for_when_it_came(session: Session, settings: Settings) -> None:
    [lost] = told(session, settings, message(device="new"), minutes(0))
    names = DeviceContent(asset_id="sen-1", names=["new"])
    DEVICES.put(session, "sen-1", names, actor="lan")
    told(session, settings, message(cleared=True), minutes(5))
    [replayed] = replay_dead_letter(
        session,
        lost.dead_letter_id or 0,
        actor="lan",
        settings=settings,
        at=minutes(5) + timedelta(hours=1),
    )
    assert (replayed.outcome, open_jobs(session)) == ("cleared", [])


@pytest.mark.parametrize("id_", ["a-1", None])
@pytest.mark.parametrize("at", [None, minutes(-30)], ids=str)
def test_the_end_in_an_old_dead_letter_ends_nothing_that_is_there_since(
    session: Session, settings: Settings, id_: str | None, at: datetime | None
) -> None:
    end = message(id_, device="new", at=at, cleared=True)
    [lost] = told(session, settings, end, minutes(0))
    weeks = 30 * 24 * 60
    [fire] = told(session, settings, message(), minutes(weeks))
    names = DeviceContent(asset_id="sen-1", names=["new"])
    DEVICES.put(session, "sen-1", names, actor="lan")
    replay_dead_letter(
        session,
        lost.dead_letter_id or 0,
        actor="lan",
        settings=settings,
        at=minutes(weeks + 60),
    )
    assert handling.read_alert(session, fire.alert_id or 0).outcome == "job"
    assert len(open_jobs(session)) == 1


def test_the_end_in_an_old_dead_letter_ends_what_was_there_before_it(
    session: Session, settings: Settings
) -> None:
    told(session, settings, message(), minutes(0))
    [lost] = told(session, settings, message(device="new", cleared=True), minutes(1))
    names = DeviceContent(asset_id="sen-1", names=["new"])
    DEVICES.put(session, "sen-1", names, actor="lan")
    replay_dead_letter(
        session,
        lost.dead_letter_id or 0,
        actor="lan",
        settings=settings,
        at=minutes(30 * 24 * 60),
    )
    assert (alert(session).outcome, alert(session).cleared_at) == ("cleared", minutes(1))
