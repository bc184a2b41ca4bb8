"""Throw-away accounts of the demo: random passwords and a secret, in a file beside the database."""

import os
import secrets
from pathlib import Path

from sqlalchemy import make_url
from sqlmodel import Session, select

from dispatch.access import passwords
from dispatch.access.accounts import NewAccount, create_account, set_password
from dispatch.access.keys import NewKey, add_key, made_up_key, row_of
from dispatch.models import Account, ApiKey, Role, Technician
from dispatch.settings import Settings

HEADER = "# Throw-away accounts of the demo. Use neither them nor the secret for anything else."
SECRET, KEY = "secret", "key"


def accounts_file(settings: Settings) -> Path:
    """Beside a SQLite database; in the working directory for others."""
    url = make_url(settings.database_url)
    if url.get_backend_name() == "sqlite" and url.database:
        return Path(f"{url.database}.accounts")
    return Path("demo.accounts")


def provide_accounts(session: Session, file: Path, *, actor: str) -> dict[str, str]:
    """The demo's secret, its integration's key, and its passwords by user name.

    They are made once and kept in ``file``, for its owner alone; accounts and key that the database
    lacks are made from them.
    """
    kept = _read(file)
    content = {
        SECRET: kept.get(SECRET) or secrets.token_hex(32),
        KEY: kept.get(KEY) or made_up_key(),
    }
    for new in _accounts(session):
        password = content[new.id] = kept.get(new.id) or passwords.made_up()
        if session.get(Account, new.id) is None:
            create_account(session, new, actor=actor, password=password)
        elif new.id not in kept:
            set_password(session, new.id, password, actor=actor)
    row = row_of(content[KEY], NewKey(name="Demo", role=Role.INTEGRATION))
    if session.get(ApiKey, row.id) is None:
        add_key(session, row, actor=actor)
    if content != kept:
        _write(file, content)
    return content


def _accounts(session: Session) -> list[NewAccount]:
    """One for each role of people; the technician is the company's first."""
    found = [
        NewAccount(id=role.value, name=f"Demo {role.value}", role=role)
        for role in (Role.ADMINISTRATOR, Role.DISPATCHER)
    ]
    first = session.exec(select(Technician).order_by(Technician.id).limit(1)).one_or_none()
    if first is not None:
        found.append(
            NewAccount(id=first.id, name=first.name, role=Role.TECHNICIAN, technician_id=first.id)
        )
    return found


def _read(file: Path) -> dict[str, str]:
    if not file.exists():
        return {}
    lines = file.read_text(encoding="utf-8").splitlines()
    return dict(line.split(" ", 1) for line in lines if " " in line and not line.startswith("#"))


def _write(file: Path, content: dict[str, str]) -> None:
    new = file.with_name(f"{file.name}.new")
    new.unlink(missing_ok=True)
    lines = [HEADER, *(f"{name} {value}" for name, value in content.items())]
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
        opened.write("\n".join(lines) + "\n")
    new.replace(file)
