"""Much goes wrong on a morning, over HTTP: each trouble becomes an issue, none twice, and none is
left once what caused it is gone, be it by itself or by a repair that was proposed."""

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import pytest
import time_machine
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from sqlmodel import Session

from dispatch import log
from dispatch.models import DepotStock
from tests.api.conftest import key_of
from tests.dispatch.crew import (
    add_depot,
    add_job,
    add_live_route,
    add_technician,
    depot_call,
    hanoi,
)
from tests.dispatch.waiting import until

Trouble = Callable[["Morning"], None]


class Morning:
    """The service from eight o'clock on, and what it says has to be settled."""

    def __init__(self, client: TestClient, engine: Engine, clock: Any) -> None:
        self.client, self.engine, self.clock = client, engine, clock

    def issues(self) -> dict[str, dict[str, Any]]:
        answer = self.client.get("/issues")
        assert answer.status_code == 200, answer.text
        found = answer.json()["issues"]
        by_id = {issue["id"]: issue for issue in found}
        assert len(by_id) == len(found)
        about = [(issue["kind"], *issue["job_ids"]) for issue in found if issue["job_ids"]]
        assert len({*about}) == len(about)
        return by_id

    def comes(self, id_: str) -> dict[str, Any]:
        until(lambda: id_ in self.issues(), 60)
        return self.issues()[id_]

    def goes(self, id_: str) -> None:
        until(lambda: id_ not in self.issues(), 60)

    def send(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.client.request(method, path, json=body)
        assert answer.is_success, (path, body, answer.text)
        return answer.json() if answer.content else None

    def report(self, technician_id: str, kind: str, job_id: str, clock: str, **more: Any) -> None:
        said = {"id": f"{job_id}-{kind}", "job_id": job_id, "kind": kind}
        path = f"/technicians/{technician_id}/reports"
        self.send("POST", path, {**said, "at": hanoi(clock).isoformat(), **more})

    def repair(self, id_: str, kind: str) -> None:
        """Carry out what is proposed, just as it is."""
        found = self.send("GET", f"/issues/{id_}/repairs")["repairs"]
        one = next(repair for repair in found if repair["kind"] == kind)
        self.send(one["method"], one["path"], one["body"])
        self.goes(id_)


def somebody_falls_ill(morning: Morning) -> None:
    """And nobody else can do what they had, before somebody else is qualified for it."""
    ill = {"starts_at": hanoi("08:00").isoformat(), "ends_at": hanoi("17:00").isoformat()}
    absence = morning.send("POST", "/technicians/ann/absences", ill)
    issue = morning.comes("no_place:a1")
    assert issue["cause"]["code"] == "technician_absent"
    assert morning.send("GET", "/issues/no_place:a1/repairs")["repairs"] == []
    morning.send("DELETE", f"/technicians/ann/absences/{absence['id']}")
    morning.repair("no_place:a1", "reassign")


def nobody_is_at_home(morning: Morning) -> None:
    morning.report("bob", "cannot_complete", "b1", "08:00", reason="customer_absent")
    assert morning.comes("failed_visit:b1")["technician_id"] == "bob"
    morning.repair("failed_visit:b1", "follow_up")
    morning.report("bob", "cannot_complete", "b2", "08:00", reason="unsafe")
    morning.comes("failed_visit:b2")
    morning.repair("failed_visit:b2", "close")


def one_visit_takes_long(morning: Morning) -> None:
    morning.report("cal", "on_site", "c1", "08:00")
    morning.clock.move_to(hanoi("09:50"))
    issue = morning.comes("late:c2")
    assert issue["cause"]["code"] == "misses_time_window"
    morning.report("cal", "completed", "c1", "09:50")
    morning.report("cal", "on_site", "c2", "09:50")
    morning.goes("late:c2")


def a_part_is_gone(morning: Morning) -> None:
    morning_stock(morning, 0)
    until(lambda: any("d1" in one["job_ids"] for one in morning.issues().values()), 60)
    until(lambda: not waits(morning), 60)
    ids = [id_ for id_, one in morning.issues().items() if "d1" in one["job_ids"]]
    morning_stock(morning, 5)
    for id_ in ids:
        if id_.startswith("no_place"):
            morning.repair(id_, "reassign")
        morning.goes(id_)


def morning_stock(morning: Morning, number: int) -> None:
    with Session(morning.engine) as session:
        session.get_one(DepotStock, ("depot", "pump")).quantity = number
        log.record(session, "lan", "import", log.Entity.DEPOT_STOCK, "depot")
        session.commit()


def waits(morning: Morning) -> bool:
    return bool(morning.send("GET", "/placements?status=waiting")["placements"])


def a_machine_talks_nonsense(morning: Morning) -> None:
    answer = morning.client.post(
        "/alerts", content=b"{", headers={"content-type": "application/json"}
    )
    letter = answer.json()["receipts"][0]["dead_letter_id"]
    issue = next(one for one in morning.issues().values() if one["kind"] == "dead_letter")
    assert issue["cause"]["values"]["count"] == 1
    morning.send("POST", f"/dead-letters/{letter}/discard")
    morning.goes(issue["id"])


TROUBLES: tuple[Trouble, ...] = (
    somebody_falls_ill,
    nobody_is_at_home,
    a_part_is_gone,
    a_machine_talks_nonsense,
)


@pytest.fixture
def morning(engine: Engine, app: FastAPI) -> Iterator[Morning]:
    with Session(engine) as session:
        add_technician(session, "ann", at=1, skills={"gas": 1})
        add_technician(session, "bob", at=10)
        add_technician(session, "cal", at=20)
        add_technician(session, "dan", at=30)
        add_depot(session, "depot", at=30, stock={"pump": 5})
        add_job(session, "a1", at=2, skills={"gas": 1}, windows=[(hanoi("12:00"), hanoi("15:00"))])
        for name, at in (("b1", 11), ("b2", 12)):
            add_job(session, name, at=at)
        add_job(session, "c1", at=21)
        add_job(session, "c2", at=21, windows=[(hanoi("09:00"), hanoi("09:30"))])
        add_job(session, "d1", at=31, parts={"pump": 1}, windows=[(hanoi("12:00"), hanoi("16:00"))])
        add_live_route(session, "ann", [("a1", "12:00")])
        add_live_route(session, "bob", [("b1", "09:00"), ("b2", "11:00")])
        add_live_route(session, "cal", [("c1", "08:00"), ("c2", "09:00")])
        add_live_route(session, "dan", [depot_call("depot", "11:00", {"pump": 1}), ("d1", "12:00")])
        session.commit()
    with (
        time_machine.travel(hanoi("08:00"), tick=False) as clock,
        TestClient(app, raise_server_exceptions=False) as client,
    ):
        client.headers["Authorization"] = f"Bearer {key_of(app)}"
        yield Morning(client, engine, clock)


@pytest.mark.parametrize("seed", [1, 2])
def test_each_trouble_is_an_issue_once_and_as_long_as_it_lasts(morning: Morning, seed: int) -> None:
    assert morning.issues() == {}
    troubles = Random(seed).sample(TROUBLES, len(TROUBLES))
    # The clock goes on while it lasts, so it comes last.
    for trouble in (*troubles, one_visit_takes_long):
        trouble(morning)
        assert morning.issues() == {}, trouble.__name__
