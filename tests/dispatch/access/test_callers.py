"""Whether what somebody has shown still holds, asked again later."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from pydantic import SecretStr
from sqlmodel import Session, select

from dispatch.access import accounts, sign_ins
from dispatch.access.accounts import AccountChange
from dispatch.access.browser_sessions import caller_by_cookie, start_session
from dispatch.access.callers import Caller, caller_of, turned_away
from dispatch.access.keys import NewKey, create_key, revoke_key
from dispatch.access.passwords import hashed
from dispatch.access.sign_ins import Credentials, open_sign_in
from dispatch.access.tokens import LEEWAY, read_token
from dispatch.models import Account, ApiKey, Role, SignIn, now
from dispatch.settings import Settings
from tests.dispatch.crew import add_technician

PASSWORD = "ba con mèo trên mái"


@pytest.fixture
def lan(session: Session) -> Account:
    for id_ in ("lan", "boss"):
        role = Role.DISPATCHER if id_ == "lan" else Role.ADMINISTRATOR
        session.add(Account(id=id_, name=id_, role=role, password_hash=hashed(PASSWORD)))
    session.commit()
    return session.get_one(Account, "lan")


def by_token(session: Session, account: Account, settings: Settings) -> Caller:
    tokens = open_sign_in(session, account, settings)
    session.commit()
    caller = caller_of(session, tokens.access_token, settings)
    assert caller is not None
    return caller


def by_cookie(session: Session, account: Account, settings: Settings) -> Caller:
    given = Credentials(user_name=account.id, password=PASSWORD)
    token, _ = start_session(session, session, given, settings)
    session.commit()
    caller = caller_by_cookie(session, token, settings)
    assert caller is not None
    return caller


def by_key(session: Session, role: Role = Role.DISPATCHER, **more: object) -> Caller:
    made = create_key(session, NewKey(name="x", role=role, **more), actor="boss")
    session.commit()
    caller = caller_of(session, made.key, Settings())
    assert caller is not None
    return caller


def change(session: Session, **changes: object) -> None:
    accounts.change_account(session, "lan", AccountChange(**changes), actor="boss")


def sign_out(session: Session) -> None:
    for row in session.exec(select(SignIn).where(SignIn.account_id == "lan")).all():
        sign_ins.sign_out(session, row.id, row.account_id)


def change_own_password(session: Session) -> None:
    new = sign_ins.PasswordChange(password=PASSWORD, new_password="bốn chiếc thuyền giấy")
    settings = Settings(secret=SecretStr("9f2c41d07be65a83c0d14f7e92ab36581d7cf0e4a9b2635c8e17d"))
    sign_ins.change_own_password(session, session, "lan", new, settings)


def remove(session: Session) -> None:
    for row in session.exec(select(SignIn).where(SignIn.account_id == "lan")).all():
        session.delete(row)
    session.flush()
    session.delete(session.get_one(Account, "lan"))


ENDS: dict[str, Callable[[Session], object]] = {
    "signed out": sign_out,
    "disabled": lambda session: change(session, active=False),
    "removed": remove,
    "another role": lambda session: change(session, role=Role.ADMINISTRATOR),
    "password reset": lambda session: accounts.reset_password(session, "lan", actor="boss"),
    "password changed": change_own_password,
    "became a technician": lambda session: change(
        session, role=Role.TECHNICIAN, technician_id="ann"
    ),
}


@pytest.mark.parametrize("way", [by_token, by_cookie])
@pytest.mark.parametrize("end", ENDS)
def test_whatever_ends_a_sign_in_turns_its_caller_away(
    session: Session,
    settings: Settings,
    lan: Account,
    way: Callable[[Session, Account, Settings], Caller],
    end: str,
) -> None:
    add_technician(session, "ann")
    boss = by_token(session, session.get_one(Account, "boss"), settings)
    caller = way(session, lan, settings)
    assert turned_away(session, {caller, boss}, now()) == set()
    ENDS[end](session)
    session.flush()
    assert turned_away(session, {caller, boss}, now()) == {caller}


def test_another_technician_in_the_account_is_somebody_else(
    session: Session, settings: Settings, lan: Account
) -> None:
    for id_ in ("ann", "bob"):
        add_technician(session, id_)
    change(session, role=Role.TECHNICIAN, technician_id="ann")
    caller = by_token(session, lan, settings)
    assert turned_away(session, {caller}, now()) == set()
    change(session, technician_id="bob")
    assert turned_away(session, {caller}, now()) == {caller}


def test_a_new_name_turns_nobody_away(session: Session, settings: Settings, lan: Account) -> None:
    caller = by_token(session, lan, settings)
    change(session, name="Lan Anh")
    assert turned_away(session, {caller}, now()) == set()


def test_a_revoked_key_is_turned_away_and_another_is_not(session: Session) -> None:
    caller, other = by_key(session), by_key(session)
    revoke_key(session, caller.key_id or "", actor="boss")
    assert turned_away(session, {caller, other}, now()) == {caller}
    session.get_one(ApiKey, other.key_id).role = Role.INTEGRATION
    session.flush()
    assert turned_away(session, {other}, now()) == {other}


def test_what_has_an_end_of_its_own_is_turned_away_then(
    session: Session, settings: Settings, lan: Account
) -> None:
    at = now()
    key = by_key(session, expires_at=at + timedelta(hours=1))
    token = by_token(session, lan, settings)
    cookie = by_cookie(session, lan, settings)
    callers = {key, token, cookie}
    assert turned_away(session, callers, at + timedelta(minutes=14)) == set()
    assert turned_away(session, callers, at + timedelta(minutes=17)) == {token}
    assert turned_away(session, callers, at + timedelta(minutes=61)) == {key, token}
    assert turned_away(session, callers, at + timedelta(days=31)) == callers


@pytest.mark.parametrize("apart", [-1, 1])
def test_a_token_is_taken_by_a_service_whose_clock_differs_by_seconds(
    session: Session, settings: Settings, lan: Account, apart: int
) -> None:
    """As if the other service had signed it: its clock is ahead, or ours is at the token's end."""
    life = timedelta(minutes=settings.token_minutes)
    little, much = LEEWAY - timedelta(seconds=5), LEEWAY + timedelta(seconds=5)

    def signed(ahead: timedelta) -> str:
        at = now() + ahead if apart > 0 else now() - life - ahead
        return open_sign_in(session, lan, settings, at=at).access_token

    assert read_token(signed(little), settings) is not None
    assert read_token(signed(much), settings) is None
