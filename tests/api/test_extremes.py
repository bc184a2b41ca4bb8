"""The far ends of what can be written: every operation takes them or says no, and never breaks."""

import json
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.http.access import POLICY
from dispatch.access.rates import Rates
from tests.api.conftest import at, faults, tokens_of
from tests.api.test_openapi import OPERATIONS
from tests.api.test_security import IDS

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

IN_ADDRESSES = (
    *("", "0", "-1", "9223372036854775808", "1" * 400, "1e3", "NaN", "true", "null", "١", "+1"),
    *("0001-01-01", "2000-01-01", "2199-12-31", "9999-12-31", "2026-02-30"),
    *("%00", "a%00b", "%ED%A0%80", "%E2%80%AE", "x" * 5000, "..", "*", "'", "[]"),
)
IN_BODIES = {
    "NUL": '"\\u0000"',
    "a half character": '"\\ud800"',
    "an invisible text": '"\\u200b\\u202e"',
    "401 digits": "1" + "0" * 400,
    "beyond all floats": "1e400",
    "no number": "NaN",
    "true": "true",
    "the last second": '"2199-12-31T23:59:59Z"',
}
ENDS_BEING_SIGNED_IN = {"sign_out", "end_session", "change_own_password"}


@pytest.fixture(autouse=True)
def unhurried() -> Iterator[None]:
    with patch.object(Rates, "take", lambda *_: True):
        yield


@pytest.fixture
def person(app: FastAPI, company: None) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens_of(app, 'hoa').access_token}"}


@pytest.fixture
def there(planned: dict[str, Any], told: dict[str, Any], client: TestClient) -> dict[str, Any]:
    """Names of what exists, for paths."""
    client.post(f"/plans/{planned['plan_id']}/publish")
    return {**IDS, **told, "site_id": "S008", "plan_id": planned["plan_id"]}


def test_whatever_stands_in_an_address(
    client: TestClient, person: dict[str, str], there: dict[str, Any]
) -> None:
    for path, method, operation in OPERATIONS:
        if method != "get" or path == "/events":
            continue
        shown = person if POLICY[operation["operationId"]].people_only else {}
        for parameter in operation.get("parameters", ()):
            for value in IN_ADDRESSES:
                url = path.format(**there) + f"?{parameter['name']}={value}"
                if parameter["in"] == "path":
                    url = path.format(**{**there, parameter["name"]: value})
                answer = client.get(url, headers=shown)
                assert answer.status_code < 500, (url[:200], answer.text)


@pytest.mark.parametrize("value", IN_BODIES.values(), ids=IN_BODIES.keys())
def test_whatever_stands_in_a_body(
    client: TestClient, person: dict[str, str], there: dict[str, Any], value: str
) -> None:
    for path, method, operation in OPERATIONS:
        if operation["operationId"] in ENDS_BEING_SIGNED_IN or "requestBody" not in operation:
            continue
        headers = {"Content-Type": "application/json"}
        if POLICY[operation["operationId"]].people_only:
            headers |= person
        [media_type, *_] = operation["requestBody"]["content"]
        if media_type.startswith("image/"):
            continue  # what stands in pictures is looked at with them
        content = operation["requestBody"]["content"][media_type]
        [example, *_] = (one["value"] for one in content["examples"].values())
        for name in example:
            body = json.dumps({**example, name: "@"}).replace('"@"', value)
            answer = client.request(method, path.format(**there), content=body, headers=headers)
            assert answer.status_code < 500, (path, name, answer.text)
            json.loads(answer.text or "null", parse_constant=pytest.fail)


def test_an_alert_with_half_a_character_is_no_failure(
    client: TestClient, told: dict[str, Any]
) -> None:
    """It names the device well enough, or is kept with its faults."""
    alarm = {"originator": {"id": "D-1"}, "originatorName": "@", "type": "hot", "id": "7"}
    for more in ({}, {"startTs": "@"}):
        body = json.dumps(alarm | more).replace("@", "\\ud800")
        headers = {"Content-Type": "application/json"}
        answer = client.post("/alert-sources/tb/alerts", content=body, headers=headers)
        assert answer.status_code == 202
        [receipt] = answer.json()["receipts"]
        assert bool(receipt["faults"]) == bool(more)


@pytest.mark.usefixtures("company")
def test_a_title_shows_what_it_says(client: TestClient, job: dict[str, Any], day: Any) -> None:
    made = client.post("/jobs", json={**job, "title": "\u202eMáy\u200b giặt 👩\u200d🔧"})
    assert made.json()["title"] == "Máy giặt 👩\u200d🔧"
    path = made.headers["location"]
    refused = client.patch(path, json={"title": "\u200b\u3164", "due_at": at(day, "08:00")})
    assert faults(refused) == {("string_too_short", "/title")}
