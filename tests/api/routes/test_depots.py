"""Depots over HTTP: what they lend, read and changed."""

from datetime import time
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from sqlmodel import Session, select

from dispatch.models import Depot, DepotTool, LogEntry, Tool
from tests.api.conftest import faults

pytestmark = [
    pytest.mark.usefixtures("depot"),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]


@pytest.fixture
def depot(company: None, engine: Engine) -> None:
    """One that lends its only ladder."""
    with Session(engine) as session:
        session.add(Tool(id="hoist", name="Tời"))
        session.add(
            Depot(
                id="K1",
                name="Kho Cầu Giấy",
                address="88 Duy Tân",
                latitude=21.03,
                longitude=105.78,
                opens=time(7),
                closes=time(19),
            )
        )
        session.flush()
        session.add(DepotTool(depot_id="K1", tool_id="ladder"))
        session.commit()


def lent(client: TestClient) -> dict[str, int]:
    answer = client.get("/depots/K1")
    assert answer.status_code == 200
    return {tool["tool_id"]: tool["number"] for tool in answer.json()["tools"]}


def tools(**numbers: Any) -> dict[str, Any]:
    return {"tools": [{"tool_id": tool, "number": number} for tool, number in numbers.items()]}


def test_numbers_are_changed_and_tools_come_and_go(client: TestClient, engine: Engine) -> None:
    assert lent(client) == {"ladder": 1}
    answer = client.patch("/depots/K1", json=tools(ladder=3, hoist=0))
    assert answer.status_code == 200
    assert answer.json() == client.get("/depots/K1").json()
    assert lent(client) == {"ladder": 3, "hoist": 0}
    assert client.patch("/depots/K1", json=tools(hoist=1)).status_code == 200
    assert lent(client) == {"hoist": 1}
    assert client.patch("/depots/K1", json={"handling_minutes": 20}).status_code == 200
    assert client.patch("/depots/K1", json=tools(hoist=1)).status_code == 200
    [page] = client.get("/depots").json()["depots"]
    hoist = {"tool_id": "hoist", "name": "Tời", "number": 1}
    assert (page["handling_minutes"], page["tools"]) == (20, [hoist])
    with Session(engine) as session:
        entries = session.exec(select(LogEntry).where(LogEntry.entity == "depot")).all()
    # What changes nothing is in no log.
    assert [entry.before for entry in entries] == [
        tools(ladder=1),
        tools(hoist=0, ladder=3),
        {"handling_minutes": 10},
    ]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (tools(ladder=-1), ("greater_than_equal", "/tools/0/number")),
        (tools(ladder=1_000_001), ("less_than_equal", "/tools/0/number")),
        (tools(ladder="2"), ("int_type", "/tools/0/number")),
        (tools(lader=1), ("unknown_reference", "/tools")),
        ({"tools": [*tools(ladder=1)["tools"]] * 2}, ("duplicate", "/tools")),
        ({"tools": None}, ("list_type", "/tools")),
        ({"name": "x"}, ("extra_forbidden", "/name")),
        ({"handling_minutes": 0.5}, ("int_type", "/handling_minutes")),
    ],
)
def test_what_makes_no_sense_is_refused(
    client: TestClient, change: dict[str, Any], fault: tuple[str, str]
) -> None:
    answer = client.patch("/depots/K1", json=change)
    assert (answer.status_code, faults(answer)) == (422, {fault})
    assert lent(client) == {"ladder": 1}


def test_a_depot_that_is_not_there_is_not_found(client: TestClient) -> None:
    assert client.get("/depots/K9").status_code == 404
    assert client.patch("/depots/K9", json={"handling_minutes": 3}).status_code == 404
