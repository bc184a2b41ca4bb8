from datetime import timedelta

import pytest
from sqlmodel import Session, select

from dispatch.access.accounts import AccountChange, change_account
from dispatch.errors import NotFound
from dispatch.models import Account, CalendarLink, LogEntry, Role, Technician
from dispatch.settings import Settings
from dispatch.views.calendar_links import LinkedDays, linked_days, make_link, read_link, revoke_link
from tests.dispatch.crew import MONDAY, add_job, add_live_route, add_technician, hanoi

pytestmark = pytest.mark.any_database

NOON = hanoi("12:00")


@pytest.fixture
def monday(session: Session) -> Session:
    """Ann has visits on the last day and the first that are told, and on one before and after."""
    add_technician(session, "ann")
    add_technician(session, "bob")
    for number, days in enumerate((-2, -1, 0, 13, 14)):
        add_job(session, f"j{number}")
        day = MONDAY + timedelta(days=days)
        add_live_route(session, "ann", [(f"j{number}", "09:00")], day=day)
    session.commit()
    return session


def jobs_in(found: LinkedDays) -> list[str | None]:
    return [stop.job_id for day in found.days for shift in day.routes for stop in shift.stops]


def test_a_link_gives_yesterday_and_two_weeks(monday: Session, settings: Settings) -> None:
    _, token = make_link(monday, "ann", actor="ann")
    assert jobs_in(linked_days(monday, token, settings, NOON)) == ["j1", "j2", "j3"]
    _, other = make_link(monday, "bob", actor="bob")
    assert jobs_in(linked_days(monday, other, settings, NOON)) == []


def test_a_calendar_is_in_the_language_of_the_link_or_else_the_companys(
    monday: Session, settings: Settings
) -> None:
    _, token = make_link(monday, "ann", actor="ann")
    assert linked_days(monday, token, settings, NOON).language == "vi"
    english = settings.model_copy(update={"language": "en"})
    assert linked_days(monday, token, english, NOON).language == "en"
    _, token = make_link(monday, "ann", actor="ann", language="vi")
    assert linked_days(monday, token, english, NOON).language == "vi"
    assert read_link(monday, "ann").language == "vi"


def test_of_the_secret_only_its_hash_is_kept(monday: Session) -> None:
    _, token = make_link(monday, "ann", actor="ann")
    [row] = monday.exec(select(CalendarLink))
    entries = [one.model_dump_json() for one in monday.exec(select(LogEntry))]
    assert all(token[12:] not in text for text in [row.model_dump_json(), *entries])
    assert len(token) == 60


def test_a_new_link_voids_the_one_before(monday: Session, settings: Settings) -> None:
    _, first = make_link(monday, "ann", actor="ann")
    _, second = make_link(monday, "ann", actor="lan")
    with pytest.raises(NotFound):
        linked_days(monday, first, settings, NOON)
    assert linked_days(monday, second, settings, NOON)
    actions = [(one.action, one.actor) for one in monday.exec(select(LogEntry))]
    assert actions == [("create", "ann"), ("renew", "lan")]


def test_a_revoked_link_gives_nothing_and_revoking_again_is_as_once(
    monday: Session, settings: Settings
) -> None:
    _, token = make_link(monday, "ann", actor="ann")
    assert read_link(monday, "ann").created_at is not None
    for _ in range(2):
        revoke_link(monday, "ann", actor="ann")
    with pytest.raises(NotFound):
        linked_days(monday, token, settings, NOON)
    assert read_link(monday, "ann").created_at is None
    assert [one.action for one in monday.exec(select(LogEntry))] == ["create", "revoke"]


def test_what_is_no_token_gives_nothing(monday: Session, settings: Settings) -> None:
    _, token = make_link(monday, "ann", actor="ann")
    changed = token[:-1] + ("0" if token[-1] != "0" else "1")
    for wrong in ("", "x", token[:-1], changed, token + "0", token.upper(), "０" * 60, "\0"):
        with pytest.raises(NotFound):
            linked_days(monday, wrong, settings, NOON)


def test_a_link_does_not_outlive_its_technician(monday: Session, settings: Settings) -> None:
    _, token = make_link(monday, "ann", actor="ann")
    account = Account(
        id="ann", name="Ann", role=Role.TECHNICIAN, technician_id="ann", password_hash="x"
    )
    monday.add(account)
    monday.flush()
    assert linked_days(monday, token, settings, NOON)
    account.active = False
    monday.flush()
    with pytest.raises(NotFound):
        linked_days(monday, token, settings, NOON)
    account.active, monday.get_one(Technician, "ann").active = True, False
    monday.flush()
    with pytest.raises(NotFound):
        linked_days(monday, token, settings, NOON)


@pytest.mark.parametrize(
    "change",
    [
        AccountChange(technician_id="bob"),
        AccountChange(role=Role.DISPATCHER),
        AccountChange(role=Role.DISPATCHER, active=False),
        AccountChange(active=False),
    ],
    ids=["another technician", "another role", "and disabled", "disabled"],
)
def test_who_is_the_technician_no_more_reads_nothing_by_the_link(
    monday: Session, settings: Settings, change: AccountChange
) -> None:
    account = Account(
        id="an", name="Ann", role=Role.TECHNICIAN, technician_id="ann", password_hash="x"
    )
    monday.add(account)
    _, token = make_link(monday, "ann", actor="an")
    _, other = make_link(monday, "bob", actor="bob")
    change_account(monday, "an", AccountChange(name="Ann Lê"), actor="lan")
    assert linked_days(monday, token, settings, NOON)
    change_account(monday, "an", change, actor="lan")
    with pytest.raises(NotFound):
        linked_days(monday, token, settings, NOON)
    assert read_link(monday, "ann").created_at is None
    assert linked_days(monday, other, settings, NOON)


def test_a_link_does_not_come_alive_again_with_the_account_of_who_follows(
    monday: Session, settings: Settings
) -> None:
    of_ann = {"role": Role.TECHNICIAN, "technician_id": "ann", "password_hash": "x"}
    monday.add(Account(id="an", name="Ann", **of_ann))
    _, token = make_link(monday, "ann", actor="an")
    change_account(monday, "an", AccountChange(active=False), actor="lan")
    monday.add(Account(id="anh", name="Anh", **of_ann))
    monday.flush()
    with pytest.raises(NotFound):
        linked_days(monday, token, settings, NOON)


def test_a_technician_who_does_not_exist_gets_no_link(monday: Session) -> None:
    for call in (make_link, revoke_link):
        with pytest.raises(NotFound):
            call(monday, "nobody", actor="lan")
    with pytest.raises(NotFound):
        read_link(monday, "nobody")
