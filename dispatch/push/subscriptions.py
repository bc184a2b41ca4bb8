"""Devices that are told when a day changes: switched on and off, and what ends it by itself.

A subscription belongs to the sign-in of the page on which it was switched on, and holds for as long
as that does, and as the account is the technician's.
"""

import secrets
from datetime import datetime
from typing import Annotated, cast

from pydantic import AfterValidator, StringConstraints
from pydantic_core import PydanticCustomError
from sqlalchemy import ColumnElement, exists
from sqlmodel import Session, and_, col, delete, not_, or_, select

from dispatch import log, store
from dispatch.calendar_texts import Language
from dispatch.company.technicians import read_technician
from dispatch.errors import Conflict, InvalidInput
from dispatch.events.events import newest_entry
from dispatch.events.targets import TargetUrl, names_private_address
from dispatch.intake import Input
from dispatch.models import (
    Account,
    PushMessage,
    PushSource,
    PushSubscription,
    Role,
    SignIn,
    Technician,
    now,
)
from dispatch.output import Output
from dispatch.push.known_days import days_now
from dispatch.push.sealing import (
    SECRET_BYTES,
    as_bytes,
    is_public_key,
    made_up_key,
    public_half,
)
from dispatch.settings import Settings
from solver.faults import Fault


def _on_the_curve(text: str) -> str:
    if not is_public_key(text):
        raise _not_from_a_browser("is no point on the curve P-256")
    return text


def _secret(text: str) -> str:
    try:
        size = len(as_bytes(text))
    except ValueError:
        size = 0
    if size != SECRET_BYTES:
        raise _not_from_a_browser(f"is not {SECRET_BYTES} bytes in base64url")
    return text


def _not_from_a_browser(cause: str) -> PydanticCustomError:
    action = "give it as the browser's PushSubscription has it"
    return PydanticCustomError("push_key", cause, {"action": action})


Base64Url = StringConstraints(pattern=r"^[\w-]+=*$", max_length=200)


class NewPushSubscription(Input):
    """A device's subscription, as its browser has it (``PushSubscription``)."""

    endpoint: TargetUrl
    """Where its push service takes messages for it."""
    p256dh: Annotated[str, Base64Url, AfterValidator(_on_the_curve)]
    """The device's public key."""
    auth: Annotated[str, Base64Url, AfterValidator(_secret)]
    """The secret beside it."""
    language: Language
    """In which it is told: that of the page."""


class PushSubscriptionOut(Output):
    """Whether the device that is signed in is told when the day changes."""

    technician_id: str
    public_key: str | None
    """What to subscribe to at the browser's push service (``applicationServerKey``); null: this
    service tells devices nothing."""
    created_at: datetime | None
    """Since when the device is told; null: it is not."""
    language: Language | None


def provide_source(session: Session) -> None:
    """Make the service's key, once for each database."""
    store.hold_idempotency_key(session, "push source")
    if session.get(PushSource, 1) is None:
        session.add(PushSource(private_key=made_up_key(), cursor=newest_entry(session)))
        session.flush()


def read_subscription(
    session: Session, technician_id: str, sign_in_id: str, settings: Settings
) -> PushSubscriptionOut:
    """Of the sign-in's device. Raises ``NotFound`` for the technician."""
    read_technician(session, technician_id)
    return _out(session, technician_id, _of_sign_in(session, sign_in_id), settings)


def subscribe(
    session: Session,
    technician_id: str,
    new: NewPushSubscription,
    sign_in_id: str,
    settings: Settings,
    *,
    actor: str,
    at: datetime | None = None,
) -> PushSubscriptionOut:
    """Have the sign-in's device told from now on; again is as once.

    Raises ``NotFound`` for the technician, ``InvalidInput``, or ``Conflict`` if the service tells
    devices nothing, or whoever is signed in is not the technician.
    """
    at = at or now()
    _check_endpoint(new.endpoint, settings)
    technician = read_technician(session, technician_id)
    sign_in = session.get_one(SignIn, sign_in_id)
    account = session.get_one(Account, sign_in.account_id)
    _check_holder(account, technician, settings)
    # A device that signs in anew may come twice, under both of its sign-ins.
    store.hold_idempotency_key(session, "push subscriptions")
    mine = or_(
        col(PushSubscription.endpoint) == new.endpoint,
        col(PushSubscription.sign_in_id) == sign_in_id,
    )
    found = session.exec(select(PushSubscription).where(mine).with_for_update()).all()
    kept = None
    for row in found:
        if row.endpoint == new.endpoint and row.technician_id == technician_id:
            kept = row
        else:
            session.delete(row)
    session.flush()
    if kept is None:
        today = at.astimezone(settings.zone).date()
        kept = PushSubscription(
            id=f"P-{secrets.token_hex(6)}",
            sign_in_id=sign_in_id,
            technician_id=technician_id,
            **new.model_dump(),
            created_at=at,
            known=days_now(session, [technician_id], today, settings, at)[technician_id],
            known_on=today,
        )
        session.add(kept)
        log.record(session, actor, "create", log.Entity.PUSH_SUBSCRIPTION, technician_id)
    else:
        kept.sign_in_id = sign_in_id
        for name, value in new.model_dump().items():
            setattr(kept, name, value)
    session.flush()
    return _out(session, technician_id, kept, settings)


def unsubscribe(session: Session, technician_id: str, sign_in_id: str, *, actor: str) -> None:
    """The sign-in's device is told nothing any more; again is as once. Raises ``NotFound`` for the
    technician."""
    read_technician(session, technician_id)
    row = _of_sign_in(session, sign_in_id)
    if row is not None:
        remove(session, row, actor=actor)


def remove(session: Session, row: PushSubscription, *, actor: str) -> None:
    """With what is on its way to it."""
    session.delete(row)
    session.flush()
    log.record(session, actor, "remove", log.Entity.PUSH_SUBSCRIPTION, row.technician_id)


def _check_endpoint(url: str, settings: Settings) -> None:
    if settings.push_private_targets:
        return
    if not url.startswith("https:"):
        cause, action = "begins with http:", "push services are reached by https: alone"
        raise InvalidInput(Fault("not_https", "endpoint", cause, action))
    if names_private_address(url):
        cause, action = "the internet does not reach this address", "give the push service's"
        raise InvalidInput(Fault("private_target", "endpoint", cause, action))


def _check_holder(account: Account, technician: Technician, settings: Settings) -> None:
    where = f"technician {technician.id}"
    if settings.push_subject is None:
        cause = "this service tells devices nothing"
        raise Conflict(Fault("no_push", where, cause, "set DISPATCH_PUSH_CONTACT"))
    is_own = account.role is Role.TECHNICIAN and account.technician_id == technician.id
    if not is_own or not technician.active:
        cause = "only an active technician's own device is told of the day"
        raise Conflict(Fault("not_own_device", where, cause, "sign in as that technician"))


def _of_sign_in(session: Session, sign_in_id: str) -> PushSubscription | None:
    query = select(PushSubscription).where(PushSubscription.sign_in_id == sign_in_id)
    return session.exec(query).one_or_none()


def _out(
    session: Session, technician_id: str, row: PushSubscription | None, settings: Settings
) -> PushSubscriptionOut:
    source = None if settings.push_subject is None else session.get(PushSource, 1)
    return PushSubscriptionOut(
        technician_id=technician_id,
        public_key=None if source is None else public_half(source.private_key),
        created_at=None if row is None else row.created_at,
        language=None if row is None else cast(Language, row.language),
    )


# What ends by itself


def _is_in_order(at: datetime) -> ColumnElement[bool]:
    """Of a subscription with its sign-in, account and technician."""
    return and_(
        col(SignIn.expires_at) > at,
        col(Account.active),
        col(Account.revision) == col(SignIn.account_revision),
        col(Account.role) == Role.TECHNICIAN,
        col(Account.technician_id).is_not_distinct_from(col(PushSubscription.technician_id)),
        col(Technician.active),
    )


def holds(at: datetime) -> ColumnElement[bool]:
    """Whether a subscription's device is still to be told: it is signed in, with an active account
    of the technician's, who is active too."""
    return (
        exists()
        .where(
            col(SignIn.id) == col(PushSubscription.sign_in_id),
            col(Account.id) == col(SignIn.account_id),
            col(Technician.id) == col(PushSubscription.technician_id),
            _is_in_order(at),
        )
        .correlate(PushSubscription)
    )


def is_over(at: datetime) -> ColumnElement[bool]:
    """Whether a subscription does not hold any more."""
    # Not "not exists": PostgreSQL would go through all sign-ins.
    over = (
        select(PushSubscription.id)
        .join(SignIn, col(SignIn.id) == PushSubscription.sign_in_id)
        .join(Account, col(Account.id) == SignIn.account_id)
        .join(Technician, col(Technician.id) == PushSubscription.technician_id)
        .where(not_(_is_in_order(at)))
    )
    return col(PushSubscription.id).in_(over)


def is_any_over(session: Session, at: datetime) -> bool:
    """Whether there is something for ``remove_over``."""
    subscription = select(PushSubscription.id).where(is_over(at))
    message = select(PushMessage.id).where(col(PushMessage.expires_at) <= at)
    return session.exec(select(exists(subscription) | exists(message))).one()


def remove_over(session: Session, at: datetime) -> None:
    """Remove the subscriptions that do not hold any more, and the messages that are too old to be
    worth telling."""
    over = select(PushSubscription).where(is_over(at))
    for row in session.exec(over.with_for_update(of=PushSubscription, skip_locked=True)).all():
        remove(session, row, actor="sender")
    session.exec(delete(PushMessage).where(col(PushMessage.expires_at) <= at))
