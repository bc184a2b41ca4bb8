"""Accounts of people, as administrators keep them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError
from sqlmodel import Session, col, select

from dispatch import log, store
from dispatch.access import passwords
from dispatch.errors import Conflict, InvalidInput, existing
from dispatch.intake import Code, Input, Text
from dispatch.models import Account, CalendarLink, Role, SignIn, Technician
from dispatch.output import Output
from dispatch.paging import page_of
from dispatch.references import Reference, unknown_references
from solver.faults import Fault

RESERVED = frozenset({"api", "demo", "placer", "scheduler", "service", "system", "watchdog"})
"""Under these names the service itself is in the log of changes."""


def folded(value: object) -> object:
    """Upper and lower case make no difference in a user name."""
    return value.strip().lower() if isinstance(value, str) else value


def _not_reserved(name: str) -> str:
    if name in RESERVED:
        raise PydanticCustomError(
            "reserved_name", "is a name of the service's own", {"action": "choose another one"}
        )
    return name


UserName = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]*$", max_length=40),
    BeforeValidator(folded),
]
"""Letters, digits, dots, dashes and underscores; upper and lower case are the same."""


def own_technician(id_: str | None, role: Role | None) -> str | None:
    """Validator's help: a technician's account or key says whose it is, and no other does."""
    if role is not None and (role is Role.TECHNICIAN) == (id_ is None):
        raise PydanticCustomError(
            "whose_technician",
            "there is a technician_id if and only if the role is technician",
            {"action": "give both or none"},
        )
    return id_


OF_MACHINES = (Role.INTEGRATION, Role.SOLVER)


def _for_people(role: Role) -> Role:
    if role in OF_MACHINES:
        raise PydanticCustomError(
            "role_of_machines", "is a role of machines", {"action": "make a key instead"}
        )
    return role


PersonsRole = Annotated[Role, Field(json_schema_extra={"not": {"enum": [*OF_MACHINES]}})]


class NewAccount(Input):
    """A person who is to use the service."""

    id: UserName
    """The user name."""
    name: Text
    role: PersonsRole
    technician_id: Annotated[Code | None, Field(validate_default=True)] = None
    """Who it is, if the role is technician."""

    _free = field_validator("id")(_not_reserved)
    _person = field_validator("role")(_for_people)

    @field_validator("technician_id")
    @classmethod
    def _if_and_only_if_a_technician(cls, id_: str | None, info: ValidationInfo) -> str | None:
        return own_technician(id_, info.data.get("role"))


class AccountChange(Input):
    """What is to change in an account: fields that are absent stay."""

    name: Text = Field(default_factory=str)
    role: PersonsRole = Field(default_factory=lambda: Role.DISPATCHER)
    technician_id: Code | None = None
    active: bool = Field(default_factory=bool, strict=True)
    """False: nobody gets in with it, at once."""

    _person = field_validator("role")(_for_people)


class AccountOut(Output):
    id: str
    """The user name."""
    name: str
    role: Role
    technician_id: str | None
    active: bool
    created_at: datetime
    signed_in_at: datetime | None
    """Last time."""


class NewPassword(Output):
    """An account with a password that the service made up; it is shown this once."""

    account: AccountOut
    password: str


def create_account(
    session: Session, new: NewAccount, *, actor: str, password: str | None = None
) -> NewPassword:
    """With the password given, or one that is made up.

    Raises ``InvalidInput``, or ``Conflict`` if the user name is taken.
    """
    if password is not None:
        passwords.check_strength(password, "password", new.id)
    password = password or passwords.made_up()
    # Before the first query: a SQLite session would keep all others from writing meanwhile.
    password_hash = passwords.hashed(password)
    if session.get(Account, new.id) is not None:
        cause, action = "there is an account of this name", "choose another user name"
        raise Conflict(Fault("already_exists", f"account {new.id}", cause, action))
    check_technician(session, new.technician_id)
    account = Account(**new.model_dump(), password_hash=password_hash)
    session.add(account)
    session.flush()
    out = AccountOut.model_validate(account)
    log.record(session, actor, "create", log.Entity.ACCOUNT, account.id, after=_content(account))
    return NewPassword(account=out, password=password)


def list_accounts(
    session: Session, *, after: str | None = None, limit: int = 50
) -> tuple[Sequence[AccountOut], str | None]:
    """A page of accounts in the order of their ids, and ``after`` for the next (None: last)."""
    page, following = page_of(session, select(Account), after, limit)
    return [AccountOut.model_validate(account) for account in page], following


def read_account(session: Session, account_id: str) -> AccountOut:
    """Raises ``NotFound``."""
    row = existing(session.get(Account, account_id), "account", account_id)
    return AccountOut.model_validate(row)


def change_account(
    session: Session, account_id: str, change: AccountChange, *, actor: str
) -> AccountOut:
    """Raises ``NotFound``, ``InvalidInput``, or ``Conflict`` if no administrator would be left."""
    administrators = _hold_administrators(session)
    account = _hold(session, account_id)
    before = _content(account)
    changes = change.model_dump(exclude_unset=True)
    if "role" in changes and changes["role"] is not Role.TECHNICIAN:
        changes.setdefault("technician_id", None)
    after = {**before, **changes}
    try:
        own_technician(after["technician_id"], Role(after["role"]))
    except PydanticCustomError as error:
        cause, action = error.message(), "give technician_id for technicians only"
        raise InvalidInput(Fault(error.type, "technician_id", cause, action)) from error
    check_technician(session, changes.get("technician_id"))
    stays = after["active"] and after["role"] == Role.ADMINISTRATOR
    if administrators == {account_id} and not stays:
        cause, action = "it is the only active administrator", "make another one first"
        raise Conflict(Fault("last_administrator", f"account {account_id}", cause, action))
    for name, value in changes.items():
        setattr(account, name, value)
    is_disabled = before["active"] and not account.active
    if is_disabled:
        end_sign_ins(session, account)
    session.flush()
    is_another = before["technician_id"] != account.technician_id
    if before["technician_id"] is not None and (is_disabled or is_another):
        _void_calendar_link(session, before["technician_id"], actor)
    if _content(account) != before:
        log.record(
            session,
            actor,
            "change",
            log.Entity.ACCOUNT,
            account_id,
            before=before,
            after=_content(account),
        )
    return AccountOut.model_validate(account)


def reset_password(session: Session, account_id: str, *, actor: str) -> NewPassword:
    """A made-up password instead of a forgotten one. Raises ``NotFound``."""
    password = passwords.made_up()
    return set_password(session, account_id, password, actor=actor, action="reset_password")


def set_password(
    session: Session, account_id: str, password: str, *, actor: str, action: str = "set_password"
) -> NewPassword:
    """Whatever was signed in with the old one has to sign in anew.

    Raises ``NotFound``, and ``InvalidInput`` for a weak one.
    """
    passwords.check_strength(password, "password", account_id)
    password_hash = passwords.hashed(password)
    account = _hold(session, account_id)
    account.password_hash = password_hash
    end_sign_ins(session, account)
    session.flush()
    log.record(session, actor, action, log.Entity.ACCOUNT, account_id)
    return NewPassword(account=AccountOut.model_validate(account), password=password)


def end_sign_ins(session: Session, account: Account) -> None:
    """All tokens of the account are void from now on."""
    account.revision += 1
    store.delete_where(session, SignIn, "account_id", [account.id])


def _void_calendar_link(session: Session, technician_id: str, actor: str) -> None:
    """The person has it, and is not this technician any more, or is gone, whoever gets an account
    for the technician next; who is can make another one."""
    for row in store.rows_where(session, CalendarLink, "technician_id", [technician_id]):
        session.delete(row)
        session.flush()
        log.record(session, actor, "revoke", log.Entity.CALENDAR_LINK, technician_id)


def check_technician(session: Session, technician_id: str | None) -> None:
    """Raises ``InvalidInput`` if there is no such technician."""
    if technician_id is not None:
        reference = Reference("technician_id", (Technician,), technician_id)
        faults = unknown_references(session, [reference])
        if faults:
            raise InvalidInput(*faults)


def _hold_administrators(session: Session) -> set[str]:
    """Those who are active; nobody can change them until this transaction ends."""
    query = (
        select(Account.id)
        .where(Account.role == Role.ADMINISTRATOR, col(Account.active))
        .order_by(Account.id)
        .with_for_update()
    )
    return set(session.exec(query))


def _hold(session: Session, account_id: str) -> Account:
    row = session.get(Account, account_id, with_for_update=True)
    return existing(row, "account", account_id)


def _content(account: Account) -> dict[str, Any]:
    return account.model_dump(mode="json", include={"name", "role", "technician_id", "active"})
