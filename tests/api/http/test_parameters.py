"""An operation takes the query parameters that it declares, each of them once."""

from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.http.access import POLICY
from api.http.parameters import TAKE_ANYTHING
from tests.api.conftest import at, faults, tokens_of
from tests.api.test_openapi import OPERATIONS

pytestmark = [
    pytest.mark.usefixtures("company"),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]


def test_no_operation_takes_a_parameter_that_it_does_not_know(
    app: FastAPI, client: TestClient
) -> None:
    person = {"Authorization": f"Bearer {tokens_of(app, 'hoa').access_token}"}
    for path, method, operation in OPERATIONS:
        name = operation["operationId"]
        headers = person if POLICY[name].people_only else {}
        answer = client.request(
            method, path.format_map(_Names()), params={"limt": 1}, headers=headers
        )
        if name in TAKE_ANYTHING:
            assert answer.status_code in (200, 202, 400, 404), (name, answer.text)
        else:
            assert answer.status_code == 422, name
            assert ("extra_forbidden", "query parameter limt") in faults(answer)
            assert "422" in operation["responses"], name


class _Names(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return "1"


def test_each_parameter_that_is_wrong_is_named(client: TestClient) -> None:
    answer = client.get("/jobs?limt=5&stat%00us=&limit=2&limit=3&%ED%A0%80=1&limit%20=1&day=1")
    found = {fault["where"]: fault for fault in answer.json()["faults"]}
    assert {where: fault["code"] for where, fault in found.items()} == {
        "query parameter limt": "extra_forbidden",
        "query parameter stat\0us": "extra_forbidden",
        "query parameter limit": "duplicate",
        "query parameter ���": "extra_forbidden",
        "query parameter limit ": "extra_forbidden",
        "query parameter day": "date_format",
    }
    assert found["query parameter limt"]["action"] == "did you mean limit?"


def test_a_misspelt_filter_changes_nothing(client: TestClient, job: dict[str, Any]) -> None:
    path = client.post("/jobs", json=job).headers["location"]
    assert client.post(f"{path}/cancel?dry_run=true").status_code == 422
    assert client.get(path).json()["status"] == "open"
    assert client.post("/jobs?priority=emergency", json=job).status_code == 422


def test_a_list_may_have_several_entries(client: TestClient, day: Any) -> None:
    answer = client.get(f"/board/{day}?technician_id=T01&technician_id=T02&days=2")
    assert answer.status_code == 200
    assert client.get(f"/board/{day}?days=2&days=3").status_code == 422


def test_who_may_not_come_in_is_told_nothing_of_parameters(client: TestClient) -> None:
    assert client.get("/jobs?limt=1", headers={"Authorization": "Bearer x"}).status_code == 401


@pytest.mark.parametrize(
    "path",
    [
        "/?day=2026-11-23&view=week&fbclid=1",
        "/my-day?technician=T01&day=2026-11-23&utm_source=sms",
        "/sign-in?next=%2Fmy-day%3Fday%3D2026-11-23&next=",
        "/pages/scripts/first.js?v=1",
        "/openapi.json?v=1",
    ],
)
def test_what_stands_in_the_address_of_a_page_is_its_scripts_to_read(
    client: TestClient, path: str
) -> None:
    assert client.get(path).status_code == 200
    assert client.head(path).status_code == 200


def test_head_refuses_as_get_does(client: TestClient) -> None:
    assert client.head("/jobs?limt=1").status_code == 422


def test_an_alert_is_taken_whatever_the_address_says(
    client: TestClient, told: dict[str, Any], day: Any
) -> None:
    alert = {"id": "9", "device": "D-1", "type": "smoke", "at": at(day, "08:00")}
    assert client.post("/alerts?access_token=x&x=1", json=alert).status_code == 202
