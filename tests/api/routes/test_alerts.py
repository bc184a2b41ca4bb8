"""Alerts over HTTP: forms, signatures, dead letters, people."""

import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from fastapi import FastAPI
from fastapi.testclient import TestClient
from standardwebhooks.webhooks import Webhook

from api.app import create_app
from dispatch.settings import Settings
from tests.api.conftest import failing_commits, faults

OLD, NEW = (f"whsec_{b64encode(bytes([n]) * 32).decode()}" for n in (1, 2))
ALARM = {
    "id": {"entityType": "ALARM", "id": "8e4b"},
    "originator": {"entityType": "DEVICE", "id": "784f394c-42b6-435a-983c-b7beff2784f9"},
    "type": "High temperature",
    "severity": "CRITICAL",
    "status": "ACTIVE_UNACK",
    "startTs": 1_700_000_000_000,
}
HOT = {"device": "D-1", "type": "hot", "severity": "major"}


@pytest.fixture(autouse=True)
def machines(told: dict[str, Any]) -> dict[str, Any]:
    return told


def receipts(answer: Any) -> list[dict[str, Any]]:
    assert answer.status_code == 202, answer.text
    found: list[dict[str, Any]] = answer.json()["receipts"]
    return found


def signed(
    body: bytes, secret: str = OLD, *, id_: str = "msg_1", at: datetime | None = None
) -> dict[str, str]:
    at = at or datetime.now(UTC)
    return {
        "content-type": "application/json",
        "webhook-id": id_,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(id_, at, body.decode()),
    }


@pytest.fixture
def trusted(client: TestClient) -> None:
    """The source is signed with either of two secrets."""
    source = {"name": "TB", "format": "thingsboard", "secrets": [OLD, NEW]}
    assert client.put("/alert-sources/tb", json=source).status_code == 200


def test_an_alert_is_taken_in_and_read_back(client: TestClient) -> None:
    [receipt] = receipts(client.post("/alerts", json={"id": "7", **HOT, "type": "leak"}))
    alert = client.get(f"/alerts/{receipt['alert_id']}").json()
    assert (alert["outcome"], alert["state"]) == ("job", "unacknowledged")
    assert (alert["asset_id"], alert["site_id"]) == ("A-1", "S008")
    assert client.get(f"/jobs/{alert['job_id']}").json()["title"] == "Kho lạnh: leak"
    listed = client.get("/alerts", params={"job_id": alert["job_id"]}).json()
    assert listed == {"alerts": [alert], "next": None}


@pytest.mark.parametrize("path", ["/alerts", "/alert-sources/events/alerts"])
def test_attributes_of_events_come_over_http_with_percent_signs(
    client: TestClient, path: str
) -> None:
    mapping = {"id": "id", "device": "subject", "type": "type"}
    source = {"name": "E", "format": "mapped", "mapping": mapping}
    assert client.put("/alert-sources/events", json=source).is_success
    device = {"asset_id": "A-1", "names": ["Kho lạnh 5%"]}
    assert client.put("/devices/D-1", json=device).is_success
    event = {"specversion": "1.0", "id": "7", "source": "/x", "type": "r%C3%B2%20r%E1%BB%89"}
    headers = {f"ce-{name}": value for name, value in event.items()}
    headers["ce-subject"] = "Kho%20l%e1%ba%a1nh%205%25"
    [receipt] = receipts(client.post(path, json={}, headers=headers))
    assert receipt["faults"] == []
    alert = client.get(f"/alerts/{receipt['alert_id']}").json()
    assert (alert["device_id"], alert["type"]) == ("D-1", "rò rỉ")


def test_a_batch_is_judged_item_by_item(client: TestClient) -> None:
    event = {"specversion": "1.0", "id": "1", "source": "/x", "type": "leak", "subject": "D-1"}
    events = [event, {**event, "subject": "D-9", "id": "2"}, event]
    answer = client.post(
        "/alerts",
        content=json.dumps(events),
        headers={"content-type": "application/cloudevents-batch+json; charset=utf-8"},
    )
    first, second, third = receipts(answer)
    assert first["alert_id"] == third["alert_id"]
    assert (first["is_duplicate"], third["is_duplicate"]) == (False, True)
    assert second["faults"][0]["code"] == "unknown_device"


def test_a_binary_event_is_read_from_its_headers(client: TestClient) -> None:
    headers = {
        "ce-specversion": "1.0",
        "ce-id": "1",
        "ce-source": "/x",
        "ce-type": "leak",
        "ce-subject": "D-1",
    }
    [receipt] = receipts(client.post("/alerts", json={"severity": "critical"}, headers=headers))
    assert receipt["outcome"] == "job"
    assert client.get(f"/alerts/{receipt['alert_id']}").json()["origin"] == "/x"


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 50_000, b'{"type": "\\ud800"}'])
def test_what_cannot_be_understood_is_kept_and_can_be_read(client: TestClient, body: bytes) -> None:
    [receipt] = receipts(client.post("/alerts", content=body))
    letter = client.get(f"/dead-letters/{receipt['dead_letter_id']}").json()
    assert (letter["state"], letter["count"]) == ("waiting", 1)
    assert letter["faults"] == receipt["faults"] != []
    [again] = receipts(client.post("/alerts", content=body))
    assert (again["dead_letter_id"], again["is_duplicate"]) == (letter["id"], True)


def test_a_dead_letter_is_replayed_once_its_device_is_known(client: TestClient) -> None:
    [receipt] = receipts(client.post("/alerts", json={**HOT, "id": "9", "device": "D-77"}))
    replay = f"/dead-letters/{receipt['dead_letter_id']}/replay"
    assert client.post(replay).json()["receipts"][0]["faults"][0]["code"] == "unknown_device"
    client.put("/devices/D-77", json={"asset_id": "A-1"})
    [replayed] = client.post(replay).json()["receipts"]
    assert replayed["outcome"] == "job"
    letter = client.get(f"/dead-letters/{receipt['dead_letter_id']}").json()
    assert (letter["state"], letter["alert_ids"]) == ("replayed", [replayed["alert_id"]])
    assert letter["count"] == 1
    assert client.post(replay).status_code == 409


def test_all_that_waits_is_replayed_and_some_of_it_discarded(client: TestClient) -> None:
    for number in range(3):
        client.post("/alerts", json={**HOT, "id": f"e{number}", "device": f"E-{number}"})
    client.put("/devices/E", json={"asset_id": "A-1", "names": ["E-*"]})
    outcomes = client.post("/dead-letters/replay").json()["receipts"]
    assert [one["outcome"] for one in outcomes] == [None, "job", "folded", "folded"]
    [left] = client.get("/dead-letters", params={"state": "waiting"}).json()["dead_letters"]
    discarded = client.post(f"/dead-letters/{left['id']}/discard").json()
    assert discarded["state"] == "discarded"
    assert client.post("/dead-letters/replay").json() == {"receipts": []}


def test_nothing_is_accepted_that_is_not_committed(app: FastAPI, client: TestClient) -> None:
    with failing_commits(app):
        assert client.post("/alerts", json={"id": "x", **HOT}).status_code == 500
    assert [one["id_at_source"] for one in client.get("/alerts").json()["alerts"]] == ["1"]


def test_dead_letters_are_listed_without_what_they_say(client: TestClient) -> None:
    [receipt] = receipts(client.post("/alerts", content=b"{" + b" " * 200_000))
    [newest, *_] = client.get("/dead-letters").json()["dead_letters"]
    assert (newest["id"], newest["size"]) == (receipt["dead_letter_id"], 200_001)
    whole = client.get(f"/dead-letters/{newest['id']}").json()
    assert whole == {**newest, "body": "{" + " " * 200_000}


def test_bytes_before_an_alert_and_what_it_lacks_do_not_cost_it(client: TestClient) -> None:
    content = {**HOT, "type": "leak", "at": "1970-01-01T00:00:00Z", "readings": {"t": None}}
    body = b"\xef\xbb\xbf" + json.dumps(content).encode()
    headers = {"content-type": "Application/JSON; charset=utf-8"}
    [receipt] = receipts(client.post("/alerts", content=body, headers=headers))
    assert receipt["outcome"] == "job"
    assert [fault["where"] for fault in receipt["faults"]] == ["at", "readings.t"]


# What is asked before

ASKING = {
    "webhook-request-origin": "eventgrid.azure.net",
    "webhook-request-callback": "https://127.0.0.1/never-called",
    "webhook-request-rate": "120",
}


@pytest.mark.parametrize("path", ["/alerts", "/alert-sources/tb/alerts"])
def test_who_asks_whether_events_may_come_is_agreed_with_without_credentials(
    app: FastAPI, path: str
) -> None:
    with TestClient(app) as nobody:
        answer = nobody.options(path, headers=ASKING)
        assert (answer.status_code, answer.content) == (200, b"")
        assert answer.headers["webhook-allowed-origin"] == "eventgrid.azure.net"
        assert answer.headers["webhook-allowed-rate"].isdigit()
        assert "POST" in answer.headers["allow"]
        assert "webhook-allowed-origin" not in nobody.options(path).headers
        # Agreeing lets nobody in.
        assert nobody.post(path, json=HOT, headers=ASKING).status_code == 401


def test_only_a_source_that_takes_alerts_agrees(client: TestClient) -> None:
    assert client.options("/alert-sources/nobody/alerts", headers=ASKING).status_code == 404
    client.put("/alert-sources/tb", json={"name": "TB", "format": "thingsboard", "active": False})
    answer = client.options("/alert-sources/tb/alerts", headers=ASKING)
    assert answer.status_code == 409
    assert "webhook-allowed-origin" not in answer.headers


def test_who_asks_too_often_has_to_wait(settings: Settings) -> None:
    app = create_app(settings.model_copy(update={"solver_processes": 0, "requests_per_minute": 3}))
    with TestClient(app) as nobody:
        answers = [nobody.options("/alert-sources/no/alerts") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [404, 404, 404, 429]


@pytest.mark.parametrize("path", ["/alerts", "/alert-sources/tb/alerts"])
def test_event_grid_gets_its_code_back_from_those_who_let_it_in(
    client: TestClient, app: FastAPI, path: str
) -> None:
    kind = "Microsoft.EventGrid.SubscriptionValidationEvent"
    question = [{"id": "1", "eventType": kind, "data": {"validationCode": "512d38b6"}}]
    before = client.get("/dead-letters").json()
    answer = client.post(path, json=question)
    assert (answer.status_code, answer.json()) == (200, {"validationResponse": "512d38b6"})
    assert client.get("/dead-letters").json() == before
    with TestClient(app) as nobody:
        assert nobody.post(path, json=question).status_code == 401


# Signatures


def test_a_signed_message_is_its_sources_and_sent_again_changes_nothing(
    client: TestClient, trusted: None
) -> None:
    body = json.dumps(ALARM).encode()
    for secret in (OLD, NEW):
        answer = client.post("/alert-sources/tb/alerts", content=body, headers=signed(body, secret))
        [receipt] = receipts(answer)
        assert (receipt["outcome"], receipt["is_duplicate"]) == ("job", secret == NEW)
    assert client.get(f"/alerts/{receipt['alert_id']}").json()["source_id"] == "tb"


def forged(body: bytes) -> dict[str, dict[str, str]]:
    stranger = f"whsec_{b64encode(bytes(32)).decode()}"
    good = signed(body)
    return {
        "another secret": signed(body, stranger),
        "another body": signed(body + b" "),
        "another id": {**good, "webhook-id": "msg_2"},
        "replayed": signed(body, at=datetime.now(UTC) - timedelta(minutes=6)),
        "from the future": signed(body, at=datetime.now(UTC) + timedelta(minutes=6)),
        "no signature": {k: v for k, v in good.items() if k != "webhook-signature"},
        "only a signature": {"webhook-signature": good["webhook-signature"]},
        "nonsense": {**good, "webhook-signature": "v1"},
        "not base64": {**good, "webhook-signature": "v1,%%%"},
        "another version": {
            **good,
            "webhook-signature": good["webhook-signature"].replace("1", "2"),
        },
        "no time": {**good, "webhook-timestamp": "nan"},
    }


@pytest.mark.parametrize("kind", forged(b"{}"))
def test_a_forged_or_replayed_signature_is_refused(
    client: TestClient, trusted: None, kind: str
) -> None:
    body = json.dumps(ALARM).encode()
    answer = client.post("/alert-sources/tb/alerts", content=body, headers=forged(body)[kind])
    assert answer.status_code == 401, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(client.get("/alerts").json()["alerts"]) == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_forged_signatures_come_to_an_end_and_use_up_nothing_of_the_source(
    app: FastAPI, client: TestClient, trusted: None
) -> None:
    app.state.settings = app.state.settings.model_copy(
        update={"requests_per_minute": 3, "alerts_per_minute": 1}
    )
    body = json.dumps(ALARM).encode()
    path, wrong = "/alert-sources/tb/alerts", signed(body + b" ")
    del client.headers["Authorization"]
    found = [client.post(path, content=body, headers=wrong).status_code for _ in range(4)]
    assert found == [401, 401, 401, 429]
    assert client.post(path, content=body, headers=signed(body)).status_code == 202
    assert client.post(path, content=body, headers=signed(body)).status_code == 429


def test_a_signature_wears_out(client: TestClient, trusted: None) -> None:
    body = json.dumps(ALARM).encode()
    headers = signed(body)
    assert client.post("/alert-sources/tb/alerts", content=body, headers=headers).status_code == 202
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=6)):
        answer = client.post("/alert-sources/tb/alerts", content=body, headers=headers)
    assert answer.status_code == 401


def test_a_source_may_insist_on_signatures(client: TestClient, trusted: None) -> None:
    source = {"name": "TB", "format": "thingsboard", "require_signature": True}
    kept = client.put("/alert-sources/tb", json=source).json()
    assert (kept["secret_count"], "secrets" in kept) == (2, False)
    assert client.post("/alert-sources/tb/alerts", json=ALARM).status_code == 401
    body = json.dumps(ALARM).encode()
    answer = client.post("/alert-sources/tb/alerts", content=body, headers=signed(body))
    assert answer.status_code == 202


def test_a_signature_needs_a_source_that_can_know_it(client: TestClient) -> None:
    body = json.dumps(HOT).encode()
    for path in ("/alerts", "/alert-sources/tb/alerts"):
        assert client.post(path, content=body, headers=signed(body)).status_code == 401


def test_a_source_that_is_unknown_or_off_takes_nothing(client: TestClient) -> None:
    assert client.post("/alert-sources/nobody/alerts", json=ALARM).status_code == 404
    client.put("/alert-sources/tb", json={"name": "TB", "format": "thingsboard", "active": False})
    assert client.post("/alert-sources/tb/alerts", json=ALARM).status_code == 409


def test_secrets_are_strong_and_never_in_the_log(client: TestClient, app: FastAPI) -> None:
    source = {"name": "TB", "format": "thingsboard", "secrets": ["whsec_c2hvcnQ="]}
    answer = client.put("/alert-sources/tb", json=source)
    assert faults(answer) == {("weak_secret", "/secrets/0")}
    client.put("/alert-sources/tb", json={**source, "secrets": [OLD]})
    with app.state.engine.connect() as connection:
        entries = connection.exec_driver_sql("SELECT before, after FROM log_entry").all()
    assert OLD not in str(entries)


# Rules and machines


def test_what_is_kept_is_put_read_listed_and_removed(client: TestClient) -> None:
    rule = {"name": "Nóng", "template_id": "cooling", "type_pattern": "hot*", "position": 5}
    assert client.put("/alert-rules/hot", json=rule).status_code == 201
    assert client.put("/alert-rules/hot", json=rule).status_code == 200
    assert client.get("/alert-rules/hot").json()["type_pattern"] == "hot*"
    assert [one["id"] for one in client.get("/alert-rules").json()["alert_rules"]] == ["all", "hot"]
    assert client.get("/alert-rules", params={"limit": 1}).json()["next"] == "all"
    assert client.delete("/job-templates/cooling").status_code == 409
    assert client.delete("/alert-rules/hot").status_code == 204
    assert client.get("/alert-rules/hot").status_code == 404


def test_what_is_kept_may_not_refer_to_what_is_not_there(client: TestClient) -> None:
    rule = {"name": "x", "template_id": "coling"}
    assert faults(client.put("/alert-rules/x", json=rule)) == {
        ("unknown_reference", "/template_id")
    }
    template = {"title": "{nonsense}", "duration_minutes": 5}
    answer = client.put("/job-templates/x", json=template)
    assert faults(answer) == {("unknown_placeholder", "/title")}
    template = {
        "title": "x",
        "duration_minutes": 5,
        "checklist": ["Clean it", "Clean it"],
        "readings": [{"name": "Amps", "least": 2, "most": 1}],
    }
    answer = client.put("/job-templates/x", json=template)
    assert faults(answer) == {
        ("duplicate", "/checklist"),
        ("least_above_most", "/readings/0/most"),
    }
    source = {"name": "x", "format": "mapped", "mapping": {"type": "a b"}}
    answer = client.put("/alert-sources/x", json=source)
    assert faults(answer) == {("not_jmespath", "/mapping/type")}


def test_a_name_belongs_to_one_device(client: TestClient) -> None:
    taken = {"asset_id": "A-1", "names": ["D-1", "y"]}
    answer = client.put("/devices/D-3", json=taken)
    assert (answer.status_code, faults(answer)) == (409, {("name_taken", "/names")})
    assert client.put("/devices/D-3", json={"asset_id": "A-1", "names": ["y"]}).status_code == 201
    assert client.put("/devices/D-3", json={"asset_id": "A-1", "names": []}).status_code == 200
    assert client.put("/devices/D-4", json={"asset_id": "A-1", "names": ["y"]}).status_code == 201
    assert client.delete("/devices/D-4").status_code == 204


def test_rules_are_tried_on_past_alerts_and_nothing_changes(client: TestClient) -> None:
    client.post("/alerts", json={"id": "2", **HOT, "severity": "minor", "type": "leak"})
    before = client.get("/alerts").json()
    rules = [{"id": "leaks", "name": "x", "type_pattern": "leak", "template_id": "cooling"}]
    trial = client.post("/alert-rules/dry-run", json={"rules": rules}).json()
    assert trial["visits"] == 1
    assert [(one["type"], one["outcome"], one["was"]) for one in trial["alerts"]] == [
        ("hot", "received", "job"),
        ("leak", "job", "received"),
    ]
    assert client.get("/alerts").json() == before
    kept = client.post("/alert-rules/dry-run", json={}).json()
    assert [one["outcome"] for one in kept["alerts"]] == ["job", "received"]


def test_an_alert_is_acknowledged(client: TestClient, machines: dict[str, Any]) -> None:
    path = f"/alerts/{machines['alert_id']}/acknowledge"
    first = client.post(path).json()
    assert first["state"] == "acknowledged"
    assert first["acknowledged_by"].startswith("key:")
    assert client.post(path).json() == first
