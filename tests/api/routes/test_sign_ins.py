"""Signing in, staying signed in, signing out, and changing one's password."""

import unicodedata
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import Engine
from sqlmodel import Session, select

from api.routes.sign_ins import ATTEMPTS_BY_ADDRESS, FAILURES_BY_BROWSER, FAILURES_BY_NAME
from dispatch.access import passwords
from dispatch.access.known_browsers import KEPT, known_as, with_mark
from dispatch.access.sign_ins import LOST_ANSWER
from dispatch.models import Account, LogEntry, Role, SignIn, now
from dispatch.settings import Settings
from tests.api.conftest import PASSWORD, faults, tokens_of

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
NEW = "bốn chiếc thuyền giấy"


@pytest.fixture
def door(app: FastAPI) -> Iterator[TestClient]:
    """A client that shows nothing of itself; there is the dispatcher Mai."""
    tokens_of(app, "mai", Role.DISPATCHER)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def sign_in(door: TestClient, user_name: str = "mai", password: str = PASSWORD) -> Any:
    return door.post("/sign-in", json={"user_name": user_name, "password": password})


def renew(door: TestClient, refresh_token: str) -> Any:
    return door.post("/token/refresh", json={"refresh_token": refresh_token})


def status_with(door: TestClient, tokens: dict[str, Any]) -> int:
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    return door.get("/jobs", headers=headers).status_code


def test_who_signs_in_gets_a_token_that_opens(door: TestClient, engine: Engine) -> None:
    answer = sign_in(door, " Mai ")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    tokens = answer.json()
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 900)
    assert status_with(door, tokens) == 200
    me = door.get("/me", headers={"Authorization": f"Bearer {tokens['access_token']}"}).json()
    assert (me["id"], me["role"]) == ("mai", "dispatcher")
    assert me["signed_in_at"] is not None
    assert "password" not in str(me)
    with Session(engine) as session:
        [entry] = session.exec(select(LogEntry))
        assert (entry.actor, entry.action, entry.entity_id) == ("mai", "sign_in", "mai")


@on_sqlite
def test_nobody_learns_which_user_names_there_are(door: TestClient, engine: Engine) -> None:
    with Session(engine) as session:
        gone = Account(
            id="gone", name="x", role=Role.DISPATCHER, active=False, password_hash="none"
        )
        gone.password_hash = passwords.hashed(PASSWORD)
        session.add(gone)
        session.commit()
    answers = [
        sign_in(door, "mai", "wrong"),
        sign_in(door, "nobody", PASSWORD),
        sign_in(door, "gone", PASSWORD),
        sign_in(door, "mai", PASSWORD + " "),
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1


@on_sqlite
def test_an_unknown_user_name_takes_as_long_as_a_wrong_password(
    door: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashes: list[str] = []

    class Watched:
        def __getattr__(self, name: str) -> Any:
            return getattr(usual, name)

        def verify(self, password_hash: str, password: str) -> bool:
            hashes.append(password_hash)
            return usual.verify(password_hash, password)

    usual = passwords.hasher
    monkeypatch.setattr(passwords, "hasher", Watched())
    sign_in(door, "mai", "wrong")
    sign_in(door, "nobody", "wrong")
    parameters = [password_hash.split("$")[:4] for password_hash in hashes]
    assert len(hashes) == 2
    assert parameters[0] == parameters[1]


@on_sqlite
def test_a_password_that_was_composed_in_another_way_is_the_same(door: TestClient) -> None:
    decomposed = unicodedata.normalize("NFD", PASSWORD)
    assert decomposed != PASSWORD
    assert sign_in(door, password=decomposed).status_code == 200


@on_sqlite
def test_after_ten_failures_a_user_name_has_to_wait_and_others_have_not(
    app: FastAPI, door: TestClient
) -> None:
    tokens = sign_in(door).json()
    for _ in range(FAILURES_BY_NAME.amount):
        assert sign_in(door, password="wrong").status_code == 401
    refused = sign_in(door)
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["retry-after"]) <= FAILURES_BY_NAME.minutes * 60
    assert sign_in(door, "MAI").status_code == 429
    assert status_with(door, tokens) == 200
    tokens_of(app, "hoa")
    assert sign_in(door, "hoa").status_code == 200


@on_sqlite
def test_a_success_ends_a_row_of_failures(door: TestClient) -> None:
    for _ in range(3):
        for _ in range(FAILURES_BY_NAME.amount - 1):
            assert sign_in(door, password="wrong").status_code == 401
        assert sign_in(door).status_code == 200


@on_sqlite
def test_guessing_user_names_from_one_address_comes_to_an_end(door: TestClient) -> None:
    for number in range(ATTEMPTS_BY_ADDRESS.amount):
        assert sign_in(door, f"nobody{number}").status_code == 401
    assert sign_in(door).status_code == 429


def stranger(app: FastAPI) -> TestClient:
    """At the same address, as tests are all, but with cookies of its own."""
    return TestClient(app, raise_server_exceptions=False)


@on_sqlite
def test_strangers_failures_do_not_keep_out_who_has_signed_in_there_before(
    app: FastAPI, door: TestClient
) -> None:
    assert sign_in(door).status_code == 200
    other = stranger(app)
    for _ in range(FAILURES_BY_NAME.amount):
        assert sign_in(other, password="wrong").status_code == 401
    assert sign_in(other).status_code == 429
    assert sign_in(door, " MAI ").status_code == 200
    # Nor does the owner's success give the strangers another ten.
    assert sign_in(other, password="wrong").status_code == 429
    for number in range(ATTEMPTS_BY_ADDRESS.amount):
        sign_in(other, f"nobody{number}")
    assert sign_in(stranger(app), "hoa").status_code == 429
    assert sign_in(door).status_code == 200


@on_sqlite
def test_a_known_browser_is_no_place_to_guess_from_and_known_for_its_accounts_only(
    app: FastAPI, door: TestClient
) -> None:
    for name in ("hoa", "bob"):
        tokens_of(app, name)
    assert sign_in(door).status_code == sign_in(door, "hoa").status_code == 200
    for _ in range(FAILURES_BY_BROWSER.amount):
        assert sign_in(door, password="wrong").status_code == 401
    assert sign_in(door).status_code == 429
    assert sign_in(door, "hoa").status_code == 200
    # Elsewhere the name has its own ten.
    assert sign_in(stranger(app)).status_code == 200
    other = stranger(app)
    for _ in range(FAILURES_BY_NAME.amount):
        assert sign_in(other, "bob", "wrong").status_code == 401
    assert sign_in(door, "bob").status_code == 429


@on_sqlite
def test_a_mark_that_is_forged_or_of_another_secret_makes_no_browser_known(
    app: FastAPI, door: TestClient, settings: Settings
) -> None:
    sign_in(door)
    mark = door.cookies["dispatch_browser"]
    account, name, signature = mark.split(":")
    other = settings.model_copy(update={"secret": SecretStr("0" * 16 + "f" * 24)})
    assert known_as(mark, "mai", settings) == f"mai:{name}"
    for forged in (
        None,
        "",
        "~",
        f"hoa:{name}:{signature}",
        f"mai:{'0' * 16}:{signature}",
        f"{account}:{name}:{'0' * 64}",
        mark.upper(),
        mark + " ",
        with_mark(None, "mai", other),
    ):
        assert known_as(forged, "mai", settings) is None
    assert known_as(mark, "hoa", settings) is None


@on_sqlite
def test_a_browser_is_known_for_its_last_few_accounts_under_the_same_names(
    settings: Settings,
) -> None:
    marks: str | None = None
    for number in range(KEPT + 1):
        marks = with_mark(marks, f"a{number}", settings)
    known = [known_as(marks, f"a{number}", settings) for number in range(KEPT + 1)]
    assert known[0] is None
    assert None not in known[1:]
    again = with_mark(marks, "a3", settings)
    assert known_as(again, "a3", settings) == known[3]
    assert len(again) == len(marks or "") < 1_000


@on_sqlite
def test_strangers_failures_do_not_keep_anybody_from_changing_their_password(
    app: FastAPI, door: TestClient
) -> None:
    tokens = sign_in(door).json()
    for _ in range(FAILURES_BY_NAME.amount + 1):
        sign_in(stranger(app), password="wrong")
    assert change(door, tokens, PASSWORD, NEW).status_code == 200


# Staying signed in


@on_sqlite
def test_a_token_is_over_after_its_time_and_can_be_renewed(door: TestClient) -> None:
    tokens = sign_in(door).json()
    with time_machine.travel(now() + timedelta(minutes=16)):
        assert status_with(door, tokens) == 401
        renewed = renew(door, tokens["refresh_token"])
        assert renewed.status_code == 200
        assert status_with(door, renewed.json()) == 200
    with time_machine.travel(now() + timedelta(days=31)):
        assert renew(door, renewed.json()["refresh_token"]).status_code == 401


def test_a_refresh_token_that_turns_up_again_ends_the_sign_in(door: TestClient) -> None:
    first = sign_in(door).json()
    elsewhere = sign_in(door).json()
    second = renew(door, first["refresh_token"]).json()
    with time_machine.travel(now() + LOST_ANSWER + timedelta(seconds=1)):
        assert renew(door, first["refresh_token"]).status_code == 401
        assert renew(door, second["refresh_token"]).status_code == 401
        assert status_with(door, second) == 401
        assert status_with(door, elsewhere) == 200


@on_sqlite
def test_a_renewal_whose_answer_was_lost_may_be_repeated(door: TestClient) -> None:
    first = sign_in(door).json()
    renew(door, first["refresh_token"])
    again = renew(door, first["refresh_token"])
    assert again.status_code == 200
    assert renew(door, again.json()["refresh_token"]).status_code == 200


@on_sqlite
@pytest.mark.parametrize("token", ["x", "x.y", ".", "\u0000", "' OR 1=1 --", "ü" * 200])
def test_a_refresh_token_that_is_none_is_refused(door: TestClient, token: str) -> None:
    assert renew(door, token).status_code in (401, 422)
    tokens = sign_in(door).json()
    id_ = tokens["refresh_token"].split(".")[0]
    assert renew(door, f"{id_}.{token}").status_code in (401, 422)


@on_sqlite
def test_signing_out_is_for_this_device_and_at_once(door: TestClient, engine: Engine) -> None:
    here, there = sign_in(door).json(), sign_in(door).json()
    headers = {"Authorization": f"Bearer {here['access_token']}"}
    assert door.post("/sign-out", headers=headers).status_code == 204
    assert (status_with(door, here), status_with(door, there)) == (401, 200)
    assert renew(door, here["refresh_token"]).status_code == 401
    with Session(engine) as session:
        assert [entry.action for entry in session.exec(select(LogEntry))][-1] == "sign_out"


@on_sqlite
def test_sign_ins_that_are_over_are_cleared_away(door: TestClient, engine: Engine) -> None:
    sign_in(door)
    with time_machine.travel(now() + timedelta(days=31)):
        sign_in(door)
    with Session(engine) as session:
        assert len(session.exec(select(SignIn)).all()) == 1


# One's own password


def change(door: TestClient, tokens: dict[str, Any], old: str, new: str) -> Any:
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    return door.post("/me/password", json={"password": old, "new_password": new}, headers=headers)


def test_a_changed_password_signs_everyone_else_out(door: TestClient, engine: Engine) -> None:
    here, there = sign_in(door).json(), sign_in(door).json()
    answer = change(door, here, PASSWORD, NEW)
    assert answer.status_code == 200
    assert status_with(door, answer.json()) == 200
    assert (status_with(door, here), status_with(door, there)) == (401, 401)
    assert renew(door, there["refresh_token"]).status_code == 401
    assert sign_in(door).status_code == 401
    assert sign_in(door, password=NEW).status_code == 200
    with Session(engine) as session:
        entries = session.exec(select(LogEntry).where(LogEntry.action == "change_password")).all()
        assert [(entry.actor, entry.entity_id) for entry in entries] == [("mai", "mai")]
        assert all(NEW not in entry.model_dump_json() for entry in session.exec(select(LogEntry)))


@on_sqlite
def test_a_new_password_needs_the_old_one_and_must_be_hard_to_guess(door: TestClient) -> None:
    tokens = sign_in(door).json()
    assert change(door, tokens, "wrong", NEW).status_code == 409
    assert faults(change(door, tokens, PASSWORD, PASSWORD)) == {("same_password", "/new_password")}
    for weak in (
        "short",
        "password-password",
        "mai-mai-mai-mai",
        "aaaaaaaaaaaaaaaaa",
        "123456789012",
    ):
        assert faults(change(door, tokens, PASSWORD, weak)) == {("weak_password", "/new_password")}
    assert sign_in(door).status_code == 200


@on_sqlite
def test_a_stolen_token_is_no_means_of_guessing_the_password(door: TestClient) -> None:
    tokens = sign_in(door).json()
    for _ in range(FAILURES_BY_NAME.amount):
        assert change(door, tokens, "wrong", NEW).status_code == 409
    assert change(door, tokens, PASSWORD, NEW).status_code == 429


@on_sqlite
def test_who_signs_in_while_the_password_changes_is_not_let_in(
    door: TestClient, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change_meanwhile(password: str, password_hash: str | None) -> bool:
        with Session(engine) as session:
            account = session.get_one(Account, "mai")
            account.revision += 1
            session.commit()
        return usual(password, password_hash)

    usual = passwords.matches
    monkeypatch.setattr(passwords, "matches", change_meanwhile)
    assert sign_in(door).status_code == 401


@on_sqlite
def test_a_hash_that_has_grown_too_cheap_is_renewed(door: TestClient, engine: Engine) -> None:
    def kept() -> str:
        with Session(engine) as session:
            return session.get_one(Account, "mai").password_hash

    cheap = passwords.hasher
    before = kept()
    passwords.hasher = type(cheap)(time_cost=2, memory_cost=8, parallelism=1)
    try:
        assert sign_in(door).status_code == 200
        assert kept() != before
        assert sign_in(door).status_code == 200
    finally:
        passwords.hasher = cheap
