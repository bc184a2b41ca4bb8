"""Stock of vans over HTTP: read, looked for, and taken."""

from datetime import date
from typing import Any

import pytest
import time_machine
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from sqlmodel import Session

from dispatch.models import Role, VanStock
from tests.api.conftest import at, faults, key_of


@pytest.fixture
def vans(company: None, engine: Engine) -> None:
    """T02 has two capacitors, of which nobody else has any."""
    with Session(engine) as session:
        session.merge(VanStock(technician_id="T01", part_id="CAP-35UF", quantity=0))
        session.merge(VanStock(technician_id="T02", part_id="CAP-35UF", quantity=2))
        session.commit()


@pytest.fixture
def phone(app: FastAPI, client: TestClient, vans: None) -> TestClient:
    """T01's."""
    client.headers["Authorization"] = f"Bearer {key_of(app, Role.TECHNICIAN, 'T01')}"
    return client


def body(day: date, **fields: Any) -> dict[str, Any]:
    taken = {"id": "t-1", "part_id": "CAP-35UF", "quantity": 1, "at": at(day, "09:00")}
    return {**taken, "from_technician_id": "T02", **fields}


def capacitors(client: TestClient, technician: str = "T01") -> int:
    answer = client.get(f"/technicians/{technician}/stock")
    assert answer.status_code == 200
    parts = {part["id"]: part["quantity"] for part in answer.json()["parts"]}
    return int(parts.get("CAP-35UF", 0))


def test_a_part_is_found_looked_for_and_taken_once(phone: TestClient, day: date) -> None:
    with time_machine.travel(at(day, "09:01"), tick=False):
        [part] = phone.get("/parts", params={"search": "cap"}).json()["parts"]
        found = phone.get(f"/technicians/T01/parts/{part['id']}/sources").json()
        assert [(one["id"], one["to_spare"]) for one in found["colleagues"]] == [("T02", 2)]
        first = phone.post("/technicians/T01/stock-transfers", json=body(day))
        again = phone.post("/technicians/T01/stock-transfers", json=body(day))
        assert (first.status_code, again.status_code) == (201, 200)
        assert first.json() == again.json()
        assert capacitors(phone) == 1
        assert phone.get("/technicians/T01/stock").json()["transfers"] == [first.json()]


def test_what_is_not_there_is_refused_with_its_fault(phone: TestClient, day: date) -> None:
    with time_machine.travel(at(day, "09:01"), tick=False):
        much = phone.post("/technicians/T01/stock-transfers", json=body(day, quantity=3))
        vague = phone.post("/technicians/T01/stock-transfers", json=body(day, depot_id="K01"))
        own = body(day, from_technician_id="T01")
        mine = phone.post("/technicians/T01/stock-transfers", json=own)
    assert (much.status_code, faults(much)) == (409, {("not_in_stock", "/quantity")})
    assert (vague.status_code, faults(vague)) == (422, {("one_source", "/from_technician_id")})
    assert (mine.status_code, faults(mine)) == (422, {("own_van", "/from_technician_id")})
    assert capacitors(phone) == 0


def test_who_has_the_van_as_it_is_is_told_so_without_its_being_read_again(
    phone: TestClient, day: date
) -> None:
    with time_machine.travel(at(day, "09:01"), tick=False):
        etag = phone.get("/technicians/T01/stock").headers["ETag"]
        known = {"If-None-Match": etag}
        assert phone.get("/technicians/T01/stock", headers=known).status_code == 304
        phone.post("/technicians/T01/stock-transfers", json=body(day))
        assert phone.get("/technicians/T01/stock", headers=known).status_code == 200


def test_the_office_reads_and_takes_for_anybody_and_a_colleagues_van_is_nobodys_business(
    app: FastAPI, client: TestClient, vans: None, day: date
) -> None:
    with time_machine.travel(at(day, "09:01"), tick=False):
        assert capacitors(client, "T02") == 2
        assert client.post("/technicians/T01/stock-transfers", json=body(day)).is_success
        [told] = client.get("/technicians/T02/stock").json()["transfers"]
        assert (told["technician_id"], told["from_technician_id"]) == ("T01", "T02")
        [entry] = client.get("/log", params={"entity": "stock_transfer"}).json()["entries"]
        assert (entry["action"], entry["entity_id"]) == ("book", "t-1")
        client.headers["Authorization"] = f"Bearer {key_of(app, Role.TECHNICIAN, 'T01')}"
        refused = [
            client.get("/technicians/T02/stock"),
            client.get("/technicians/T02/parts/CAP-35UF/sources"),
            client.post("/technicians/T02/stock-transfers", json=body(day)),
        ]
    assert {answer.status_code for answer in refused} == {403}
