"""The description of the interface, and that the service keeps to it whatever is sent."""

import os
import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import date, time
from typing import Any

import pytest
import schemathesis
import time_machine
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.python.asgi import get_client
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from sqlmodel import Session

from api.app import create_app
from api.http.access import POLICY
from dispatch.models import Depot, DepotStock, DepotTool, Role, Tool, VanStock
from dispatch.settings import Settings
from tests.api.conftest import PASSWORD, key_of, tokens_of
from tests.conftest import SECRET
from tests.dispatch.pictures import jpeg

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]
EXAMPLES_EACH = int(os.environ.get("API_EXAMPLES", "0"))
"""``API_EXAMPLES=300`` asks for so many, others each time; else it is the same few."""
DOCUMENT = create_app(
    Settings(database_url="sqlite:///unused.db", secret=SecretStr(SECRET))
).openapi()
OPERATIONS = [
    (path, method, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]


EXAMPLES = [
    (path, method, media_type, name, example["value"])
    for path, method, operation in OPERATIONS
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items()
    if "json" in media_type  # a picture is none of those
    for name, example in content["examples"].items()
]
TAKES_WHATEVER_COMES = ("/alerts", "/alert-sources/{source_id}/alerts")
"""What is wrong with a body there, the answer says; the body is kept."""


@pytest.fixture(scope="module")
def described() -> Any:
    return schemathesis.openapi.from_dict(DOCUMENT)


def credentials(app: FastAPI, path: str, method: str) -> dict[str, str]:
    """What an administrator shows to call the operation, and a technician for the own device."""
    if path.endswith("/push-subscription"):
        shown = tokens_of(app, "hung", Role.TECHNICIAN, "T01").access_token
        return {"Authorization": f"Bearer {shown}"}
    people_only = POLICY[DOCUMENT["paths"][path][method]["operationId"]].people_only
    shown = tokens_of(app, "hoa").access_token if people_only else key_of(app)
    return {"Authorization": f"Bearer {shown}"}


@pytest.fixture
def service_settings() -> dict[str, object]:
    return {"push_contact": "mailto:office@dispatch.example"}


@dataclass
class Filled:
    """A database in which there is something of every kind, and what it is called."""

    copy: sqlite3.Connection
    ids: dict[str, Any]


@pytest.fixture(scope="module")
def filled() -> list[Filled]:
    """The one that the first test fills, for all others to copy."""
    return []


@pytest.fixture
def there(
    filled: list[Filled], app: FastAPI, database_url: str, request: pytest.FixtureRequest
) -> dict[str, Any]:
    """Parameters of paths that name what exists. To be asked for before any client, whose key would
    be overwritten."""
    with closing(sqlite3.connect(database_url.removeprefix("sqlite:///"))) as database:
        if filled:
            filled[0].copy.backup(database)
        else:
            ids = request.getfixturevalue("everything")
            filled.append(Filled(sqlite3.connect(":memory:"), ids))
            database.backup(filled[0].copy)
    return filled[0].ids


@pytest.fixture
def everything(
    planned: dict[str, Any],
    day: date,
    app: FastAPI,
    client: TestClient,
    told: dict[str, Any],
) -> dict[str, Any]:
    tokens_of(app, "mai", Role.DISPATCHER)
    webhook = client.post("/webhooks", json={"url": "https://hook.invalid/"}).json()["id"]
    client.patch(f"/webhooks/{webhook}", json={"active": False})  # so that nobody is called
    delivery = client.post(f"/webhooks/{webhook}/test").json()["id"]
    for name in ("WO-30", "WO-40", "WO-41"):
        job = {"id": name, "site_id": "S008", "title": name, "duration_minutes": 30}
        assert client.post("/jobs", json=job).status_code == 201
    link = {"kind": "apart", "job_ids": ["WO-40", "WO-41"]}
    assert client.put("/job-links/L-1", json=link).status_code == 201
    photo = client.post(
        "/jobs/J-1/attachments?kind=photo&id=P-1",
        content=jpeg(),
        headers={"Content-Type": "image/jpeg"},
    )
    assert photo.status_code == 201, photo.text
    with Session(app.state.engine) as session:
        place = {"address": "1 Láng", "latitude": 21.01, "longitude": 105.8}
        session.add(Depot(id="K01", name="Kho Láng", opens=time(7), closes=time(18), **place))
        session.flush()
        session.add(DepotStock(depot_id="K01", part_id="CAP-35UF", quantity=5))
        session.add(VanStock(technician_id="T02", part_id="CAP-35UF", quantity=2))
        session.add_all(Tool(id=name, name=name) for name in ("oscilloscope", "stair-trolley"))
        session.add(DepotTool(depot_id="K01", tool_id="ladder", number=2))
        session.commit()
    return {
        **told,
        "part_id": "CAP-35UF",
        "depot_id": "K01",
        "attachment_id": "P-1",
        "link_id": "L-1",
        "account_id": "mai",
        "key_id": key_of(app).split("_")[1],
        "webhook_id": webhook,
        "delivery_id": delivery,
        "job_id": "J-1",
        "site_id": "S008",
        "technician_id": "T01",
        "day": str(day),
        "run_id": planned["id"],
        "plan_id": planned["plan_id"],
        "plan_version": 1,
        "absence_id": "none",
        "token": client.post("/technicians/T01/calendar-link").json()["url"][-64:-4],
    }


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("path", "method"), [one[:2] for one in OPERATIONS], ids=lambda one: str(one)
)
def test_the_service_keeps_to_its_description(
    path: str,
    method: str,
    app: FastAPI,
    described: Any,
    there: dict[str, Any],
    client: TestClient,  # with which the service runs
) -> None:
    operation = described[path][method]
    shown = credentials(app, path, method)
    if path == "/events":
        app.state.feed.close()  # or the stream would not end
    there = {name: id_ for name, id_ in there.items() if f"{{{name}}}" in path}
    strategies = [operation.as_strategy()]
    if DOCUMENT["paths"][path][method].get("parameters") or method in ("post", "patch", "put"):
        strategies.append(operation.as_strategy(GenerationMode.NEGATIVE))
    if there:
        strategies.append(operation.as_strategy(path_parameters=there))

    @settings(
        max_examples=EXAMPLES_EACH or 15,
        derandomize=not EXAMPLES_EACH,
        deadline=None,
        database=None,
    )
    @given(case=st.one_of(strategies))
    def keep_to_it(case: Any) -> None:
        answer = case.call(
            session=get_client(app), app=app, base_url="http://testserver", headers=shown
        )
        case.validate_response(answer, checks=CHECKS)

    keep_to_it()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("path", "method", "media_type", "body"),
    [(path, method, media_type, body) for path, method, media_type, _, body in EXAMPLES],
    ids=[name for *_, name, _ in EXAMPLES],
)
def test_every_example_does_what_it_shows(
    path: str,
    method: str,
    media_type: str,
    body: dict[str, Any],
    app: FastAPI,
    there: dict[str, Any],
    client: TestClient,
) -> None:
    if path.endswith(("/reports", "/pin", "/plan-changes")) or "/several" in path:
        client.post(f"/plans/{there['plan_id']}/publish")
    if path.endswith("/place"):
        body = {**body, "day": there["day"]}
    if path.startswith("/plan-changes"):
        body = {**body, "day": there["day"]}
        if "start_at" in body:
            body["start_at"] = f"{there['day']}T{body['start_at'].split('T')[1]}"
    if "/several" in path:
        # Both technicians have something to come that the other can do.
        first = client.patch("/jobs/J-1", json={"skills": [], "parts": [], "tools": []}).json()
        job = {"id": "J-9", "title": "Thêm", "site_id": first["site_id"], "duration_minutes": 30}
        assert client.post("/jobs", json=job).status_code == 201
        wanted = {"technician_id": "T02", "day": there["day"]}
        placed = client.post("/jobs/J-9/place", json=wanted)
        assert placed.status_code == 200, placed.text
        if "job_ids" in body:
            body["job_ids"] = ["J-1", "J-9"]
        if "from_at" in body:
            body["from_at"] = f"{there['day']}T06:00:00+07:00"
    today = "2026-11-20"
    if path.endswith("/reports"):
        # Nothing is reported of a day to come.
        today = there["day"]
        body = {**body, "at": f"{today}T{body['at'].split('T')[1]}"}
    with time_machine.travel(f"{today}T08:00:00+07:00"):
        if path in ("/sign-in", "/session", "/token/refresh"):
            given = {"password": PASSWORD, "refresh_token": tokens_of(app, "lan").refresh_token}
            body = {**body, **{name: given[name] for name in body.keys() & given.keys()}}
        headers = {**credentials(app, path, method), "content-type": media_type}
        answer = client.request(method, path.format(**there), json=body, headers=headers)
    assert answer.status_code in (200, 201, 202), answer.text
    for receipt in answer.json().get("receipts", ()):
        assert receipt["faults"] == []


def test_the_description_is_sound_and_its_names_make_class_names(described: Any) -> None:
    described.validate()
    assert all(re.fullmatch("[A-Za-z]+", name) for name in DOCUMENT["components"]["schemas"])


def test_every_operation_has_a_short_name_of_its_own_a_summary_and_a_known_tag() -> None:
    names = [operation["operationId"] for *_, operation in OPERATIONS]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch("[a-z]+(_[a-z]+)+", name) for name in names)
    tags = {tag["name"] for tag in DOCUMENT["tags"]}
    for *_, operation in OPERATIONS:
        assert operation["summary"]
        assert set(operation["tags"]) <= tags


def test_every_error_is_described_as_a_problem() -> None:
    for path, method, operation in OPERATIONS:
        errors = {status: one for status, one in operation["responses"].items() if status >= "4"}
        assert path in ("/", "/health") or {"500", "503"} <= errors.keys(), (path, method)
        for status, answer in errors.items():
            assert list(answer["content"]) == ["application/problem+json"], (path, method, status)
    assert "HTTPValidationError" not in DOCUMENT["components"]["schemas"]


def test_every_operation_that_takes_a_body_says_how_bodies_are_refused() -> None:
    for path, method, operation in OPERATIONS:
        if "requestBody" in operation and path not in TAKES_WHATEVER_COMES:
            assert {"400", "413", "415", "422"} <= operation["responses"].keys(), (path, method)
