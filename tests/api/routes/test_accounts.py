"""Accounts, keys and the log of changes, as administrators see them."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from dispatch.models import Role, now
from tests.api.conftest import PASSWORD, faults, tokens_of

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

MINH = {"id": "minh", "name": "Phạm Quang Minh", "role": "dispatcher"}


@pytest.fixture
def lan(app: FastAPI, company: None) -> Iterator[TestClient]:
    """The administrator Lan."""
    with TestClient(app, raise_server_exceptions=False) as client:
        client.headers["Authorization"] = f"Bearer {tokens_of(app, 'lan').access_token}"
        yield client


def sign_in(client: TestClient, user_name: str, password: str) -> Any:
    return client.post("/sign-in", json={"user_name": user_name, "password": password})


def test_an_account_is_created_with_a_password_shown_once(lan: TestClient) -> None:
    made = lan.post("/accounts", json=MINH)
    assert made.status_code == 201
    assert made.headers["location"] == "/accounts/minh"
    assert made.headers["cache-control"] == "no-store"
    password = made.json()["password"]
    assert sign_in(lan, "minh", password).status_code == 200
    read = lan.get("/accounts/minh")
    assert password not in read.text
    assert password not in lan.get("/accounts").text
    assert password not in lan.get("/log").text
    assert "argon2" not in lan.get("/log").text
    assert lan.post("/accounts", json={**MINH, "id": "MINH"}).status_code == 409


@on_sqlite
@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({"role": "boss"}, ("enum", "/role")),
        ({"role": "integration"}, ("role_of_machines", "/role")),
        ({"role": "solver"}, ("role_of_machines", "/role")),
        ({"role": "technician"}, ("whose_technician", "/technician_id")),
        ({"technician_id": "T01"}, ("whose_technician", "/technician_id")),
        ({"role": "technician", "technician_id": "T1"}, ("unknown_reference", "/technician_id")),
        ({"id": "scheduler"}, ("reserved_name", "/id")),
        ({"id": "key:1"}, ("string_pattern_mismatch", "/id")),
        ({"password": "mine"}, ("extra_forbidden", "/password")),
        ({"active": False}, ("extra_forbidden", "/active")),
    ],
)
def test_an_account_that_makes_no_sense_is_refused(
    lan: TestClient, body: dict[str, Any], fault: tuple[str, str]
) -> None:
    answer = lan.post("/accounts", json={**MINH, **body})
    assert answer.status_code == 422
    assert faults(answer) == {fault}


def test_a_disabled_account_is_out_at_once_and_stays_out_when_it_is_enabled_again(
    lan: TestClient,
) -> None:
    password = lan.post("/accounts", json=MINH).json()["password"]
    tokens = sign_in(lan, "minh", password).json()
    minh = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert lan.get("/jobs", headers=minh).status_code == 200

    def is_out() -> bool:
        renewal = {"refresh_token": tokens["refresh_token"]}
        statuses = {lan.get("/jobs", headers=minh).status_code}
        statuses.add(lan.post("/token/refresh", json=renewal).status_code)
        return statuses == {401}

    assert lan.patch("/accounts/minh", json={"active": False}).json()["active"] is False
    assert is_out()
    assert sign_in(lan, "minh", password).status_code == 401
    lan.patch("/accounts/minh", json={"active": True})
    assert is_out()
    assert sign_in(lan, "minh", password).status_code == 200


def test_a_reset_password_replaces_the_old_one(lan: TestClient) -> None:
    old = lan.post("/accounts", json=MINH).json()["password"]
    new = lan.post("/accounts/minh/reset-password").json()["password"]
    assert [sign_in(lan, "minh", one).status_code for one in (old, new)] == [401, 200]


def test_the_last_administrator_stays_one(lan: TestClient, app: FastAPI) -> None:
    for change in ({"active": False}, {"role": "dispatcher"}):
        answer = lan.patch("/accounts/lan", json=change)
        assert answer.status_code == 409
        assert faults(answer) == {("last_administrator", "account lan")}
    tokens_of(app, "hoa")
    assert lan.patch("/accounts/lan", json={"role": "dispatcher"}).status_code == 200


@on_sqlite
def test_a_changed_role_has_a_technician_or_not(lan: TestClient) -> None:
    lan.post("/accounts", json=MINH)
    half = lan.patch("/accounts/minh", json={"role": "technician"})
    assert faults(half) == {("whose_technician", "/technician_id")}
    whole = lan.patch("/accounts/minh", json={"role": "technician", "technician_id": "T01"})
    assert whole.json()["technician_id"] == "T01"
    assert lan.patch("/accounts/minh", json={"role": "dispatcher"}).json()["technician_id"] is None
    for change in ({"role": "integration"}, {"role": None}, {"active": None}, {"id": "x"}):
        assert lan.patch("/accounts/minh", json=change).status_code == 422
    assert lan.patch("/accounts/nobody", json={"name": "x"}).status_code == 404


def test_a_key_is_shown_once_and_revoked_for_good(lan: TestClient) -> None:
    made = lan.post("/keys", json={"name": "Portal", "role": "dispatcher"}).json()
    machine = {"Authorization": f"Bearer {made['key']}"}
    assert lan.get("/jobs", headers=machine).status_code == 200
    [listed] = lan.get("/keys").json()["keys"]
    assert listed["used_at"] is not None
    assert made["key"].split("_")[2] not in lan.get("/keys").text + lan.get("/log").text

    revoked = lan.post(f"/keys/{made['id']}/revoke").json()["revoked_at"]
    assert lan.post(f"/keys/{made['id']}/revoke").json()["revoked_at"] == revoked
    assert lan.get("/jobs", headers=machine).status_code == 401
    assert lan.post("/keys/k-404/revoke").status_code == 404


@on_sqlite
def test_a_key_that_makes_no_sense_is_refused(lan: TestClient) -> None:
    past = (now() - timedelta(minutes=1)).isoformat()
    for body, fault in (
        ({"role": "technician"}, ("whose_technician", "/technician_id")),
        ({"role": "technician", "technician_id": "T1"}, ("unknown_reference", "/technician_id")),
        ({"expires_at": past}, ("in_the_past", "/expires_at")),
        ({"requests_per_minute": 0}, ("greater_than_equal", "/requests_per_minute")),
        ({"secret_hash": "x"}, ("extra_forbidden", "/secret_hash")),
    ):
        answer = lan.post("/keys", json={"name": "Portal", **body})
        assert faults(answer) == {fault}


@on_sqlite
def test_accounts_and_keys_come_in_pages(lan: TestClient) -> None:
    for number in range(3):
        lan.post("/accounts", json={**MINH, "id": f"minh{number}"})
        lan.post("/keys", json={"name": f"Key {number}"})
    first = lan.get("/accounts?limit=3").json()
    rest = lan.get(f"/accounts?limit=3&after={first['next']}").json()
    ids = [one["id"] for one in (*first["accounts"], *rest["accounts"])]
    assert ids == ["lan", "minh0", "minh1", "minh2"]
    assert rest["next"] is None
    first = lan.get("/keys?limit=2").json()
    rest = lan.get(f"/keys?limit=2&after={first['next']}").json()
    assert len({one["id"] for one in (*first["keys"], *rest["keys"])}) == 3


# The log of changes


def test_the_log_says_who_did_what_the_newest_first(
    lan: TestClient, app: FastAPI, job: dict[str, Any]
) -> None:
    tokens_of(app, "mai", Role.DISPATCHER)
    mai = {"Authorization": f"Bearer {sign_in(lan, 'mai', PASSWORD).json()['access_token']}"}
    key = lan.post("/keys", json={"name": "Portal", "role": "dispatcher"}).json()
    portal = {"X-API-Key": key["key"], "Authorization": f"Bearer {key['key']}"}
    lan.post("/jobs", json={**job, "id": "J-1"}, headers=mai)
    lan.patch("/jobs/J-1", json={"title": "Máy giặt"}, headers=portal)
    lan.post("/jobs/J-1/cancel")

    entries = lan.get("/log?entity=job&id=J-1").json()["entries"]
    assert [(entry["actor"], entry["action"]) for entry in entries] == [
        ("lan", "cancel"),
        (f"key:{key['id']}", "change"),
        ("mai", "create"),
    ]
    assert entries[1]["after"]["title"] == "Máy giặt"
    assert all(entry["at"].endswith("Z") for entry in entries)
    by_mai = lan.get("/log?actor=mai").json()["entries"]
    assert [entry["action"] for entry in by_mai] == ["create", "sign_in"]

    seen, after = [], ""
    while after is not None:
        page = lan.get(f"/log?limit=2{after and f'&after={after}'}").json()
        seen += [entry["id"] for entry in page["entries"]]
        after = page["next"]
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == len(set(seen)) == len(lan.get("/log").json()["entries"])
