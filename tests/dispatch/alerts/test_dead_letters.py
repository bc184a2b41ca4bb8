"""Dead letters: small, seen by others, and whole again when they are replayed."""

import os
from typing import Any

import pytest
from sqlalchemy import Engine, event
from sqlmodel import Session, select

from dispatch.alerts import dead_letters
from dispatch.alerts.content import BATCH_TYPE
from dispatch.alerts.intake import replay_dead_letter, replay_dead_letters
from dispatch.company.devices import DEVICES, DeviceContent
from dispatch.errors import Conflict
from dispatch.events.events import event_of
from dispatch.models import DeadLetter, LogEntry
from dispatch.settings import Settings
from tests.dispatch.machines import (
    add_machines,
    add_rule,
    add_template,
    message,
    minutes,
    open_jobs,
    told,
)


@pytest.fixture(autouse=True)
def machines(session: Session) -> None:
    add_machines(session)
    add_template(session)
    add_rule(session)


def events(session: Session) -> list[tuple[str, str, str | None]]:
    found = [event_of(entry) for entry in session.exec(select(LogEntry).order_by(LogEntry.id))]
    return [
        (one.type, one.entity_id, (one.after or {}).get("state"))
        for one in found
        if one is not None and one.entity == "dead_letter"
    ]


def letter_of(session: Session, settings: Settings, body: Any, at: float = 0, **how: Any) -> int:
    [receipt] = told(session, settings, body, minutes(at), **how)
    assert receipt.dead_letter_id is not None
    return receipt.dead_letter_id


def test_a_dead_letter_is_told_of_when_it_comes_when_it_waits_again_and_when_it_is_settled(
    session: Session, settings: Settings
) -> None:
    id_ = letter_of(session, settings, b"{")
    letter_of(session, settings, b"{", 1)
    dead_letters.discard_dead_letter(session, id_, actor="lan")
    letter_of(session, settings, b"{", 2)
    assert events(session) == [
        ("dead_letter.receive", str(id_), "waiting"),
        ("dead_letter.settle", str(id_), "discarded"),
        ("dead_letter.receive", str(id_), "waiting"),
    ]
    told_of = session.exec(select(LogEntry).where(LogEntry.action == "receive")).all()[0]
    assert told_of.actor == "platform"
    assert told_of.after is not None
    assert [fault["code"] for fault in told_of.after["faults"]] == ["json_invalid"]
    assert "body" not in told_of.after


def test_a_large_body_that_says_little_is_kept_whole_in_little_space(
    session: Session, settings: Settings
) -> None:
    """A batch under a source that was configured wrongly is still there when it is corrected."""
    one = {"specversion": "1.0", "source": "/x", "type": "hot", "subject": "new"}
    body = [{**one, "id": f"e-{number}", "data": {"message": "x" * 100}} for number in range(1500)]
    id_ = letter_of(session, settings, body, content_type=BATCH_TYPE)
    letter = session.get_one(DeadLetter, id_)
    assert letter.size > 300_000
    assert len(letter.body) <= dead_letters.MOST_BYTES
    shown = dead_letters.read_dead_letter(session, id_)
    assert (len(shown.body), shown.is_cut) == (letter.size, False)
    assert dead_letters.delivery_of(letter).body.startswith(b'[{"specversion"')


def test_a_body_that_stays_large_is_cut_and_says_so(session: Session, settings: Settings) -> None:
    body = os.urandom(600_000)
    id_ = letter_of(session, settings, body)
    assert letter_of(session, settings, body, 1) == id_
    letter = session.get_one(DeadLetter, id_)
    assert (letter.body, letter.size) == (body[:65_536], 600_000)
    shown = dead_letters.read_dead_letter(session, id_)
    assert (shown.is_cut, shown.size, shown.count) == (True, 600_000, 2)
    with pytest.raises(Conflict) as refused:
        replay_dead_letter(session, id_, actor="lan", settings=settings)
    assert [fault.code for fault in refused.value.faults] == ["cut"]
    assert replay_dead_letters(session, 10, actor="lan", settings=settings) == []


def test_an_alarm_that_is_too_large_is_kept_small_too(session: Session, settings: Settings) -> None:
    id_ = letter_of(session, settings, message(message="x" * 900_000))
    assert len(session.get_one(DeadLetter, id_).body) < 10_000


def test_dead_letters_are_listed_without_reading_what_they_say(
    session: Session, settings: Settings, engine: Engine
) -> None:
    ids = [letter_of(session, settings, b"{" * number) for number in (1, 2, 3)]
    session.commit()
    session.expunge_all()
    statements: list[str] = []

    def note(_c: Any, _u: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    page, following = dead_letters.list_dead_letters(session, limit=2)
    event.remove(engine, "before_cursor_execute", note)
    assert ([one.id for one in page], following) == (ids[:0:-1], ids[1])
    assert not hasattr(page[0], "body")
    assert not any("dead_letter.body" in statement for statement in statements)


def test_a_dead_letter_is_replayed_as_it_came(session: Session, settings: Settings) -> None:
    content = message(None, device="Kho lạnh", message="quá nóng")
    body = str(content).replace("'", '"').encode("utf-16")
    id_ = letter_of(session, settings, body, content_type="Application/JSON; charset=UTF-16")
    DEVICES.put(session, "sen-1", DeviceContent(asset_id="sen-1", names=["Kho lạnh"]), actor="lan")
    [receipt] = replay_dead_letter(session, id_, actor="lan", settings=settings, at=minutes(5))
    assert receipt.outcome == "job"
    assert len(open_jobs(session)) == 1
