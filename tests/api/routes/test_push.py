"""Telling a technician's device when the day changes, over HTTP."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlmodel import Session, select

from dispatch.models import PushSubscription, Role
from dispatch.push.sealing import as_bytes
from tests.api.conftest import PASSWORD, faults, tokens_of
from tests.dispatch.devices import PhoneKeys

pytestmark = [pytest.mark.any_database, pytest.mark.usefixtures("company")]

PATH = "/technicians/T01/push-subscription"
ENDPOINT = "https://push.example/send/1"


@pytest.fixture
def service_settings() -> dict[str, object]:
    return {"push_contact": "mailto:office@dispatch.example"}


@pytest.fixture
def phone(app: FastAPI) -> Iterator[TestClient]:
    """Hùng's, signed in by cookie."""
    with TestClient(app, raise_server_exceptions=False) as client:
        tokens_of(app, "hung", Role.TECHNICIAN, "T01")
        given = {"user_name": "hung", "password": PASSWORD}
        assert client.post("/session", json=given).status_code == 200
        client.headers["X-CSRF-Token"] = client.cookies["dispatch_csrf"]
        yield client


def body(**changed: Any) -> Any:
    return PhoneKeys().subscription(ENDPOINT, "vi").model_dump() | changed


def count(app: FastAPI) -> int:
    with Session(app.state.engine) as session:
        return len(session.exec(select(PushSubscription)).all())


def test_a_device_is_switched_on_and_off(phone: TestClient, app: FastAPI) -> None:
    before = phone.get(PATH).json()
    assert (before["created_at"], before["language"]) == (None, None)
    assert len(as_bytes(before["public_key"])) == 65
    for _ in range(2):
        answer = phone.put(PATH, json=body())
        assert answer.status_code == 200, answer.text
    assert answer.json()["public_key"] == before["public_key"]
    after = phone.get(PATH).json()
    assert after["created_at"] is not None
    assert after["language"] == "vi"
    assert "endpoint" not in after
    assert phone.delete(PATH).status_code == 204
    assert phone.get(PATH).json()["created_at"] is None
    assert count(app) == 0


def test_signing_out_takes_the_device_along(phone: TestClient, app: FastAPI) -> None:
    phone.put(PATH, json=body())
    assert count(app) == 1
    assert phone.delete("/session").status_code == 204
    assert count(app) == 0


def test_a_device_is_for_the_own_days_alone(phone: TestClient, app: FastAPI) -> None:
    other = PATH.replace("T01", "T02")
    assert [phone.get(other).status_code, phone.put(other, json=body()).status_code] == [403, 403]
    boss = tokens_of(app, "boss")
    headers = {"Authorization": f"Bearer {boss.access_token}"}
    answer = TestClient(app).put(PATH, json=body(), headers=headers)
    assert answer.status_code == 409
    assert faults(answer) == {("not_own_device", "technician T01")}


def test_what_is_no_subscription_is_refused_with_its_faults(phone: TestClient) -> None:
    answer = phone.put(PATH, json=body(p256dh="AAAA", endpoint="https://a:b@push.example"))
    assert answer.status_code == 422
    assert faults(answer) == {("push_key", "/p256dh"), ("target_url", "/endpoint")}
    answer = phone.put(PATH, json=body(endpoint="https://192.168.1.1/"))
    assert faults(answer) == {("private_target", "/endpoint")}
