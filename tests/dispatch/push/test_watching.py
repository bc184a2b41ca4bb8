"""Who is told what of a day that changes, with a clock of our own."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, col, select

from dispatch import log
from dispatch.events.deliveries import AttemptOutcome
from dispatch.events.events import newest_entry
from dispatch.field.reports import NewReport, take_report
from dispatch.jobs.jobs import cancel_job
from dispatch.models import Job, Priority, PushMessage, PushSource, PushSubscription, Route, Stop
from dispatch.push import watching
from dispatch.push.messages import begin_push, due_subscriptions, end_push
from dispatch.push.watching import GATHERED_FOR, TOLD_WITHIN, find_days, keep_news
from dispatch.settings import Settings
from tests.dispatch.changing import change
from tests.dispatch.crew import (
    TUESDAY,
    add_ann_and_bob,
    add_live_route,
    hanoi,
)
from tests.dispatch.devices import EIGHT, switch_on

SOON = EIGHT + timedelta(seconds=10)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"push_contact": "mailto:office@dispatch.example"})


@pytest.fixture(autouse=True)
def company(session: Session) -> None:
    add_ann_and_bob(session)


def look(session: Session, settings: Settings, at: datetime = SOON) -> bool:
    """As the sender does; whether there was anything to keep."""
    session.expire_all()
    found = find_days(session, 0, newest_entry(session), settings, at)
    is_kept = found is not None and keep_news(session, found, at)
    session.commit()
    return is_kept


def waiting(session: Session) -> dict[str, list[tuple[str, str]]]:
    """What waits, by sign-in and day: how visits have changed."""
    rows = session.exec(
        select(PushMessage, PushSubscription.sign_in_id)
        .join(PushSubscription, col(PushSubscription.id) == PushMessage.subscription_id)
        .order_by(col(PushMessage.day))
    )
    return {
        f"{sign_in} {message.day:%a}": [(one["kind"], one["job_id"]) for one in message.changes]
        for message, sign_in in rows
    }


def told(session: Session, settings: Settings, at: datetime) -> list[str]:
    """Send what waits; to whom that was."""
    ids = due_subscriptions(session, at)
    for id_ in ids:
        while attempt := begin_push(session, id_, "one", settings, at):
            end_push(session, attempt, AttemptOutcome(201), at)
    session.commit()
    return sorted(session.get_one(PushSubscription, id_).sign_in_id for id_ in ids)


def published(session: Session, technician: str, actor: str = "dana") -> None:
    """As the log has it when a route was put in force."""
    after = {"technician_ids": [technician]}
    log.record(session, actor, "publish", log.Entity.PLAN, "9", after=after)
    session.commit()


def move(session: Session, job_id: str, minutes: float, actor: str = "dana") -> None:
    stop = session.exec(select(Stop).where(Stop.job_id == job_id, col(Stop.live))).one()
    stop.start_at += timedelta(minutes=minutes)
    published(session, "ann", actor)


def test_a_visit_that_a_dispatcher_gives_is_told(session: Session, settings: Settings) -> None:
    switch_on(session, "ann", settings)
    switch_on(session, "bob", settings)
    change(session, settings, "new", "ann", "10:30")
    assert look(session, settings)
    [(whose, news)] = waiting(session).items()
    assert whose == "ann-phone Mon"
    assert ("added", "new") in news, "beside what has to move for it"


def test_a_visit_that_goes_to_a_colleague_is_told_to_both(
    session: Session, settings: Settings
) -> None:
    switch_on(session, "ann", settings)
    switch_on(session, "bob", settings)
    change(session, settings, "a2", "bob", "13:00")
    look(session, settings)
    news = waiting(session)
    assert ("removed", "a2") in news["ann-phone Mon"]
    assert ("added", "a2") in news["bob-phone Mon"]


def test_a_visit_that_is_called_off_is_told(session: Session, settings: Settings) -> None:
    switch_on(session, "ann", settings)
    cancel_job(session, "a2", actor="dana")
    session.commit()
    look(session, settings)
    assert waiting(session) == {"ann-phone Mon": [("removed", "a2")]}


def test_each_device_of_a_technician_is_told(session: Session, settings: Settings) -> None:
    switch_on(session, "ann", settings)
    switch_on(session, "ann", settings, device="tablet")
    move(session, "a2", 20)
    look(session, settings)
    assert waiting(session) == {
        "ann-phone Mon": [("moved", "a2")],
        "ann-tablet Mon": [("moved", "a2")],
    }


def test_two_minutes_are_nobodys_news_but_add_up(session: Session, settings: Settings) -> None:
    switch_on(session, "ann", settings)
    for minutes in (1.5, 0.5):
        move(session, "a2", minutes)
        look(session, settings)
        assert waiting(session) == {}
    move(session, "a2", 0.5)
    look(session, settings)
    assert waiting(session) == {"ann-phone Mon": [("moved", "a2")]}


def test_what_technicians_do_themselves_they_are_not_told(
    session: Session, settings: Settings
) -> None:
    switch_on(session, "ann", settings)
    move(session, "a2", 20, actor="ann")
    assert look(session, settings)
    assert waiting(session) == {}
    move(session, "a1", 20)
    look(session, settings)
    assert waiting(session) == {"ann-phone Mon": [("moved", "a1")]}, "and a2 is known"


def report(
    session: Session, settings: Settings, technician: str, job_id: str, kind: str, clock: str
) -> None:
    new = NewReport.model_validate(
        {"id": f"{job_id}-{kind}", "job_id": job_id, "kind": kind, "at": hanoi(clock)}
    )
    at = hanoi(clock) + timedelta(seconds=5)
    take_report(session, technician, new, settings, actor=technician, at=at)
    session.commit()


def test_reports_and_what_they_take_over_are_told_to_others_alone(
    session: Session, settings: Settings
) -> None:
    """Ann begins what Bob was given meanwhile: it is hers again, by her own doing."""
    switch_on(session, "ann", settings)
    switch_on(session, "bob", settings)
    change(session, settings, "a2", "bob", "13:00")
    look(session, settings)
    assert told(session, settings, SOON + GATHERED_FOR) == ["ann-phone", "bob-phone"]
    report(session, settings, "ann", "a1", "on_site", "09:00")
    report(session, settings, "ann", "a1", "completed", "09:30")
    report(session, settings, "ann", "a2", "en_route", "11:30")
    look(session, settings, hanoi("11:31"))
    assert waiting(session) == {"bob-phone Mon": [("removed", "a2")]}


def test_what_was_done_is_not_missed_when_it_leaves_the_day(
    session: Session, settings: Settings
) -> None:
    report(session, settings, "ann", "a1", "on_site", "09:00")
    report(session, settings, "ann", "a1", "completed", "09:30")
    switch_on(session, "ann", settings, at=hanoi("10:00"))
    stop = session.exec(select(Stop).where(Stop.job_id == "a1")).one()
    stop.live = False
    published(session, "ann")
    look(session, settings, hanoi("10:00"))
    assert waiting(session) == {}


def test_several_changes_within_half_a_minute_are_one_message(
    session: Session, settings: Settings
) -> None:
    switch_on(session, "ann", settings)
    move(session, "a1", 20)
    look(session, settings)
    change(session, settings, "new", "ann", "10:30")
    look(session, settings, SOON + timedelta(seconds=10))
    assert {("moved", "a1"), ("added", "new")} <= {*waiting(session)["ann-phone Mon"]}
    [message] = session.exec(select(PushMessage)).all()
    assert message.next_attempt_at == SOON + GATHERED_FOR


def test_what_is_changed_back_meanwhile_is_nothing(session: Session, settings: Settings) -> None:
    switch_on(session, "ann", settings)
    move(session, "a2", 20)
    look(session, settings)
    move(session, "a2", -20)
    look(session, settings)
    assert waiting(session) == {}


def test_what_changes_while_a_message_is_tried_again_is_told_with_it(
    session: Session, settings: Settings
) -> None:
    """Nobody knows whether the first attempt got through after all."""
    row = switch_on(session, "ann", settings)
    move(session, "a2", 20)
    look(session, settings)
    at = SOON + GATHERED_FOR
    attempt = begin_push(session, row.id, "one", settings, at)
    assert attempt is not None
    end_push(session, attempt, AttemptOutcome(503, "The answer was 503."), at)
    session.commit()
    move(session, "a1", 20)
    move(session, "a2", 20)
    look(session, settings, at)
    assert waiting(session) == {"ann-phone Mon": [("moved", "a1"), ("moved", "a2")]}
    [message] = session.exec(select(PushMessage)).all()
    moved = message.changes[1]
    assert moved["before"]["start_at"] == hanoi("12:00").isoformat()
    assert moved["after"]["start_at"] == hanoi("12:40").isoformat()
    assert told(session, settings, at + timedelta(minutes=1)) == ["ann-phone"]
    move(session, "a1", 0)
    look(session, settings, at + timedelta(minutes=1))
    assert waiting(session) == {}


def test_what_waits_to_be_told_stays_news_when_the_technician_has_a_hand_in_it(
    session: Session, settings: Settings
) -> None:
    switch_on(session, "ann", settings)
    move(session, "a2", 20)
    look(session, settings)
    report(session, settings, "ann", "a1", "on_site", "08:05")
    look(session, settings)
    assert waiting(session) == {"ann-phone Mon": [("moved", "a2")]}


def test_new_details_are_told(session: Session, settings: Settings) -> None:
    switch_on(session, "ann", settings)
    session.get_one(Job, "a2").priority = Priority.URGENT
    log.record(session, "dana", "change", log.Entity.JOB, "a2")
    session.commit()
    look(session, settings)
    assert waiting(session) == {"ann-phone Mon": [("changed", "a2")]}


def test_a_plan_for_tomorrow_is_told_as_a_new_day(session: Session, settings: Settings) -> None:
    switch_on(session, "ann", settings)
    add_live_route(session, "ann", [("new", "09:00")], day=TUESDAY, version=2)
    published(session, "ann")
    look(session, settings)
    [message] = session.exec(select(PushMessage)).all()
    assert (message.day, message.is_new_day) == (TUESDAY, True)


def test_the_day_after_tomorrow_is_nobodys_news_yet(session: Session, settings: Settings) -> None:
    """Nor is it when it comes near; what changes in it then is."""
    switch_on(session, "ann", settings)
    wednesday = TUESDAY + timedelta(days=1)
    add_live_route(session, "ann", [("new", "09:00")], day=wednesday, version=2)
    published(session, "ann")
    look(session, settings)
    on_tuesday = hanoi("00:10", TUESDAY)
    look(session, settings, on_tuesday)
    assert waiting(session) == {}
    move(session, "new", 20)
    look(session, settings, on_tuesday)
    assert waiting(session) == {"ann-phone Wed": [("moved", "new")]}


def test_midnight_alone_makes_the_next_day_known(session: Session, settings: Settings) -> None:
    """So that a plan that is published for it at one in the night is news."""
    row = switch_on(session, "ann", settings)
    look(session, settings)
    after_midnight = hanoi("00:10", TUESDAY)
    assert look(session, settings, after_midnight)
    assert not look(session, settings, after_midnight), "once"
    session.refresh(row)
    assert [*row.known] == ["2027-03-01", "2027-03-02", "2027-03-03"]
    wednesday = TUESDAY + timedelta(days=1)
    add_live_route(session, "ann", [("new", "09:00")], day=wednesday, version=2)
    published(session, "ann")
    look(session, settings, hanoi("01:00", TUESDAY))
    assert waiting(session) == {"ann-phone Wed": [("added", "new")]}


def test_a_day_that_is_over_is_nobodys_news(session: Session, settings: Settings) -> None:
    switch_on(session, "ann", settings)
    evening = hanoi("19:00")
    cancel_job(session, "a2", actor="scheduler")
    session.commit()
    look(session, settings, evening)
    assert waiting(session) == {}


def test_a_night_shift_of_yesterday_still_is(session: Session, settings: Settings) -> None:
    add_live_route(session, "bob", [("new", "21:00")], version=2, starts="20:00", ends="23:59")
    route = session.exec(select(Stop).where(Stop.job_id == "new")).one()
    session.get_one(Route, route.route_id).shift_ends_at = hanoi("05:00", TUESDAY)
    session.commit()
    switch_on(session, "bob", settings)
    night = hanoi("02:00", TUESDAY)
    cancel_job(session, "new", actor="dana")
    session.commit()
    look(session, settings, night)
    assert waiting(session) == {"bob-phone Mon": [("removed", "new")]}


def test_a_message_is_no_older_than_half_a_day_nor_than_its_day(
    session: Session, settings: Settings
) -> None:
    switch_on(session, "ann", settings)
    move(session, "a2", 20)
    add_live_route(session, "ann", [("new", "09:00")], day=TUESDAY, version=2)
    published(session, "ann")
    look(session, settings)
    today, tomorrow = session.exec(select(PushMessage).order_by(col(PushMessage.day))).all()
    assert today.expires_at == hanoi("17:00")
    assert tomorrow.expires_at == SOON + TOLD_WITHIN


def test_no_change_is_left_out_when_another_service_was_faster(
    session: Session, settings: Settings
) -> None:
    switch_on(session, "ann", settings)
    move(session, "a2", 20)
    found = find_days(session, 0, newest_entry(session), settings, SOON)
    assert found is not None
    session.rollback()
    assert look(session, settings)
    assert not keep_news(session, found, SOON)
    assert waiting(session) == {"ann-phone Mon": [("moved", "a2")]}


def test_looking_is_kept_only_where_somebody_is_concerned_or_it_was_far(
    session: Session, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Entries of PostgreSQL are numbered on from those of tests before.
    log.record(session, "dana", "change", log.Entity.JOB, "a1")
    session.commit()
    switch_on(session, "ann", settings)
    before = session.get_one(PushSource, 1).cursor
    log.record(session, "dana", "change", log.Entity.JOB, "b1")
    published(session, "bob")
    assert not look(session, settings)
    monkeypatch.setattr(watching, "MOST_BEHIND", 2)
    assert look(session, settings)
    session.expire_all()
    assert session.get_one(PushSource, 1).cursor > before
    assert waiting(session) == {}
