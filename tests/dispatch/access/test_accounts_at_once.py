"""Changes of accounts that happen at the same moment."""

import threading
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import Engine
from sqlmodel import Session, select

from dispatch.access.accounts import AccountChange, change_account
from dispatch.access.sign_ins import Renewal, open_sign_in, renew
from dispatch.errors import Conflict
from dispatch.models import Account, Role, SignIn
from dispatch.settings import Settings


def add_administrator(session: Session, user_name: str) -> Account:
    account = Account(id=user_name, name=user_name, role=Role.ADMINISTRATOR, password_hash="none")
    session.add(account)
    session.flush()
    return account


def test_administrators_who_disable_each_other_leave_one(engine: Engine) -> None:
    names = ["an", "binh", "chi", "dung"]
    with Session(engine) as session:
        for name in names:
            add_administrator(session, name)
        session.commit()
    start = threading.Barrier(len(names))

    def disable(name: str) -> None:
        start.wait()
        with Session(engine) as session:
            change_account(session, name, AccountChange(active=False), actor="test")
            session.commit()

    with ThreadPoolExecutor(len(names)) as pool:
        errors = [done.exception() for done in [pool.submit(disable, name) for name in names]]

    [refused] = [error for error in errors if error is not None]
    assert isinstance(refused, Conflict)
    with Session(engine) as session:
        assert [one.active for one in session.exec(select(Account))].count(True) == 1


def test_of_renewals_at_once_the_last_one_counts(engine: Engine, settings: Settings) -> None:
    with Session(engine) as session:
        first = open_sign_in(session, add_administrator(session, "an"), settings)
        session.commit()
    start = threading.Barrier(4)

    def renewed() -> str | None:
        start.wait()
        with Session(engine) as session:
            tokens = renew(session, Renewal(refresh_token=first.refresh_token), settings)
            session.commit()
        return tokens.refresh_token if tokens else None

    with ThreadPoolExecutor(4) as pool:
        tokens = [done.result() for done in [pool.submit(renewed) for _ in range(4)]]

    assert len(set(tokens)) == 4
    assert None not in tokens
    with Session(engine) as session:
        assert len(session.exec(select(SignIn)).all()) == 1
