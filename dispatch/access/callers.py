"""Who is asking, from what they show, whether that still holds, and which jobs are a technician's
own."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from sqlmodel import Session, col, exists, select

from dispatch import store
from dispatch.access import keys
from dispatch.access.tokens import read_token
from dispatch.models import Account, ApiKey, Report, Role, Route, SignIn, Stop, now
from dispatch.settings import Settings


@dataclass(frozen=True, slots=True)
class Caller:
    """A person or a machine that has shown who it is."""

    actor: str
    """Its name in the log of changes: a user name, or ``key:`` and the key's id."""
    role: Role
    technician_id: str | None
    requests_per_minute: int
    account_id: str | None = None
    """None: a machine."""
    sign_in_id: str | None = None
    key_id: str | None = None
    """None: a person."""
    by_cookie: bool = False
    """Whether a browser shows for them who they are, with every request."""
    is_to_be_noted: bool = False
    """Whether that they were here is to be kept, which is done now and then."""
    ends_at: datetime | None = None
    """When what they have shown is over by itself; None: never, or later each time they come."""

    def is_over(self, at: datetime) -> bool:
        """Whether what they have shown is good for nothing any more."""
        return self.ends_at is not None and self.ends_at <= at


def caller_of(
    session: Session, credential: str, settings: Settings, *, at: datetime | None = None
) -> Caller | None:
    """Who shows this key or token; None if it is good for nothing (any more)."""
    if credential.startswith("fsd_"):
        return _machine(session, credential, settings, at or now())
    return _person(session, credential, settings)


def _machine(session: Session, key: str, settings: Settings, at: datetime) -> Caller | None:
    row = keys.key_of(session, key, at)
    if row is None:
        return None
    alerts = row.role is Role.INTEGRATION
    usual = settings.alerts_per_minute if alerts else settings.requests_per_minute
    return Caller(
        actor=f"key:{row.id}",
        role=row.role,
        technician_id=row.technician_id,
        requests_per_minute=row.requests_per_minute or usual,
        key_id=row.id,
        is_to_be_noted=not keys.is_noted(row, at),
        ends_at=row.expires_at,
    )


def _person(session: Session, token: str, settings: Settings) -> Caller | None:
    claims = read_token(token, settings)
    if claims is None:
        return None
    # Whether it still holds, and for which role, the account says and not the token.
    account = session.exec(
        select(Account)
        .join(SignIn, col(SignIn.account_id) == Account.id)
        .where(
            Account.id == claims.account_id,
            SignIn.id == claims.sign_in_id,
            col(Account.active),
        )
    ).one_or_none()
    if account is None or account.revision != claims.account_revision:
        return None
    return replace(signed_in(account, claims.sign_in_id, settings), ends_at=claims.ends_at)


def signed_in(account: Account, sign_in_id: str, settings: Settings) -> Caller:
    """The person with this account, whose sign-in holds."""
    return Caller(
        actor=account.id,
        role=account.role,
        technician_id=account.technician_id,
        requests_per_minute=settings.requests_per_minute,
        account_id=account.id,
        sign_in_id=sign_in_id,
    )


def turned_away(session: Session, callers: Collection[Caller], at: datetime) -> set[Caller]:
    """Those of ``callers``, who were let in before, that would not be let in as the same any more:
    signed out, revoked, over, or of another role or technician by now.

    A few queries for any number of them: whoever keeps doors open asks again and again.
    """
    sign_ins = _rows(session, SignIn, {one.sign_in_id for one in callers})
    accounts = _rows(session, Account, {one.account_id for one in callers})
    machines = _rows(session, ApiKey, {one.key_id for one in callers})

    def holds(caller: Caller) -> bool:
        if caller.ends_at is not None and caller.ends_at <= at:
            return False
        if caller.key_id is not None:
            key = machines.get(caller.key_id)
            return key is not None and key.revoked_at is None and _is_still(caller, key)
        if caller.sign_in_id is None or caller.account_id is None:
            return True
        sign_in, account = sign_ins.get(caller.sign_in_id), accounts.get(caller.account_id)
        return (
            sign_in is not None
            and account is not None
            and account.active
            and account.revision == sign_in.account_revision
            and (sign_in.expires_at > at or not caller.by_cookie)
            and _is_still(caller, account)
        )

    return {caller for caller in callers if not holds(caller)}


Kept = TypeVar("Kept", SignIn, Account, ApiKey)


def _rows(session: Session, table: type[Kept], ids: set[str | None]) -> dict[str, Kept]:
    known = {id_ for id_ in ids if id_ is not None}
    return {row.id: row for row in store.rows_where(session, table, "id", known)}


def _is_still(caller: Caller, row: Account | ApiKey) -> bool:
    return (row.role, row.technician_id) == (caller.role, caller.technician_id)


def is_own_job(session: Session, technician_id: str, job_id: str) -> bool:
    """Whether the job is on a route in force of the technician, or was reported on by them."""
    on_route = (
        select(Stop.job_id)
        .join(Route, col(Route.id) == Stop.route_id)
        .where(
            Stop.job_id == job_id,
            col(Stop.live),
            Route.technician_id == technician_id,
        )
    )
    reported = select(Report.id).where(
        Report.job_id == job_id, Report.technician_id == technician_id
    )
    return session.exec(select(exists(on_route) | exists(reported))).one()
