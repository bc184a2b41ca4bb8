"""Webhooks over HTTP."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from standardwebhooks import Webhook as Verifier

from dispatch.settings import Settings
from tests.api.conftest import faults
from tests.dispatch.receiving import Target, target
from tests.dispatch.waiting import until


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Targets on this machine are allowed, and what fails is given up at once."""
    return settings.model_copy(
        update={"webhook_private_targets": True, "webhook_retry_seconds": ()}
    )


@pytest.fixture
def receiver() -> Iterator[Target]:
    with target() as receiver:
        yield receiver


@pytest.fixture
def webhook(client: TestClient, receiver: Target) -> dict[str, Any]:
    answer = client.post("/webhooks", json={"url": receiver.url, "types": ["job"]})
    assert answer.status_code == 201
    webhook: dict[str, Any] = answer.json()
    assert answer.headers["Location"] == f"/webhooks/{webhook['id']}"
    return webhook


def deliveries(client: TestClient, webhook: dict[str, Any], **query: str) -> list[dict[str, Any]]:
    answer = client.get(f"/webhooks/{webhook['id']}/deliveries", params=query)
    found: list[dict[str, Any]] = answer.json()["deliveries"]
    return found


def test_what_happens_over_http_arrives_at_the_webhook(
    client: TestClient,
    webhook: dict[str, Any],
    receiver: Target,
    company: None,
    job: dict[str, Any],
) -> None:
    client.post("/jobs", json={**job, "id": "J-1"})
    until(lambda: bool(deliveries(client, webhook, status="delivered")))
    [one] = receiver.received
    event = Verifier(webhook["secret"]).verify(one.body, one.headers)
    assert (event["type"], event["entity_id"]) == ("job.created", "J-1")
    [delivery] = deliveries(client, webhook)
    assert delivery["message_id"] == one.headers["webhook-id"]
    assert (delivery["attempts"], delivery["last_status"]) == (1, 204)


def test_the_secret_is_shown_when_it_is_made_and_never_again(
    client: TestClient, webhook: dict[str, Any]
) -> None:
    secret = webhook.pop("secret")
    webhook.pop("previous_secret_ends_at")
    assert client.get(f"/webhooks/{webhook['id']}").json() == webhook
    assert client.get("/webhooks").json() == {"webhooks": [webhook]}
    rotated = client.post(f"/webhooks/{webhook['id']}/secret").json()
    assert rotated["secret"].startswith("whsec_")
    assert rotated["secret"] != secret


def test_what_was_given_up_is_listed_and_replayed(
    client: TestClient, webhook: dict[str, Any], receiver: Target
) -> None:
    path = f"/webhooks/{webhook['id']}"
    assert client.post(f"{path}/test").json()["status"] == "waiting"
    until(lambda: bool(deliveries(client, webhook, status="delivered")))
    receiver.answer = lambda _: 400
    client.post(f"{path}/test")
    until(lambda: bool(deliveries(client, webhook, status="dead")))
    [dead] = deliveries(client, webhook, status="dead")
    assert dead["last_error"] == "The answer was 400."

    receiver.answer = lambda _: 200
    assert client.post(f"{path}/replay").json() == {"replayed": 1}
    until(lambda: len(deliveries(client, webhook, status="delivered")) == 2)
    again = client.post(f"{path}/deliveries/{dead['id']}/replay")
    assert (again.status_code, again.json()["status"]) == (202, "waiting")
    until(lambda: len(receiver.received) == 4)
    assert len({one.headers["webhook-id"] for one in receiver.received}) == 2


def test_a_webhook_is_changed_and_deleted(client: TestClient, webhook: dict[str, Any]) -> None:
    path = f"/webhooks/{webhook['id']}"
    changed = client.patch(path, json={"active": False, "types": ["plan.published"]}).json()
    assert (changed["active"], changed["types"]) == (False, ["plan.published"])
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404
    assert client.delete(path).status_code == 404


def test_every_fault_of_a_webhook_is_listed(client: TestClient) -> None:
    answer = client.post("/webhooks", json={"url": "https://a:b@example.com", "types": ["jobs"]})
    assert answer.status_code == 422
    assert faults(answer) == {("target_url", "/url"), ("unknown_event_type", "/types/0")}


def test_others_hear_of_messages_that_nobody_understands(
    client: TestClient, receiver: Target
) -> None:
    wanted = {"url": receiver.url, "types": ["dead_letter"]}
    webhook = client.post("/webhooks", json=wanted).json()
    [receipt] = client.post("/alerts", content=b"{").json()["receipts"]
    until(lambda: bool(deliveries(client, webhook, status="delivered")))
    [one] = receiver.received
    event = Verifier(webhook["secret"]).verify(one.body, one.headers)
    assert event["type"] == "dead_letter.receive"
    assert event["entity_id"] == str(receipt["dead_letter_id"])
    assert event["after"]["faults"] == receipt["faults"]
