"""The service over a fresh database with a small company, without processes that solve."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine, event
from sqlmodel import Session
from starlette.routing import BaseRoute

from api.app import _Service, create_app
from dispatch.access import passwords
from dispatch.access.keys import NewKey, create_key
from dispatch.access.sign_ins import Tokens, open_sign_in
from dispatch.models import (
    Account,
    Part,
    Role,
    Site,
    Skill,
    Technician,
    TechnicianSkill,
    Tool,
    VanStock,
    WorkingHours,
)
from dispatch.runs.execution import execute_run
from dispatch.service.issue_watch import CurrentIssues
from dispatch.settings import Settings
from tests.dispatch.running import by_iterations

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")


@pytest.fixture(scope="session", autouse=True)
def operations_once() -> Iterator[None]:
    """What operations take is worked out once, and not for every test's own service, which would
    take most of the time of tests over HTTP."""
    usual = FastAPI.include_router
    known: dict[int, BaseRoute] = {}  # by the router's identity: each is a module's
    overrides: dict[Callable[..., Any], Callable[..., Any]] = {}

    def include_router(service: FastAPI, router: APIRouter) -> None:
        service.dependency_overrides = overrides
        if id(router) not in known:
            usual(service, router)
            known[id(router)] = service.router.routes.pop()
        service.router.routes.append(known[id(router)])

    with patch.object(_Service, "include_router", include_router):
        yield


@pytest.fixture(scope="session", autouse=True)
def issues_when_asked_for() -> Iterator[None]:
    """And not at every start of every test's own service."""
    with patch.object(CurrentIssues, "start", lambda _: None):
        yield


@pytest.fixture
def service_settings() -> dict[str, object]:
    """What differs from the defaults; for a module to override."""
    return {}


@pytest.fixture
def app(settings: Settings, service_settings: dict[str, object]) -> FastAPI:
    changed = {"solver_processes": 0, "solve_seconds": 0.5, **service_settings}
    return create_app(settings.model_copy(update=changed))


PASSWORD = "ba con mèo trên mái"


def tokens_of(
    app: FastAPI, user_name: str, role: Role = Role.ADMINISTRATOR, technician_id: str | None = None
) -> Tokens:
    """What a new account, with the password ``PASSWORD``, has got by signing in."""
    with Session(app.state.engine) as session:
        account = Account(
            id=user_name,
            name=user_name,
            role=role,
            technician_id=technician_id,
            password_hash=passwords.hashed(PASSWORD),
        )
        session.add(account)
        session.flush()
        tokens = open_sign_in(session, account, app.state.settings)
        session.commit()
    return tokens


def key_of(
    app: FastAPI,
    role: Role = Role.ADMINISTRATOR,
    technician_id: str | None = None,
    **more: Any,
) -> str:
    """A new key, which holds at whatever time a test travels to, unless ``more`` says otherwise."""
    with Session(app.state.engine) as session:
        new = NewKey.model_validate(
            {"name": "test", "role": role, "technician_id": technician_id, **more}
        )
        made = create_key(session, new, actor="test")
        session.commit()
    return made.key


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    """An administrator."""
    with TestClient(app, raise_server_exceptions=False) as client:
        client.headers["Authorization"] = f"Bearer {key_of(app)}"
        yield client


@contextmanager
def failing_commits(app: FastAPI) -> Iterator[None]:
    """No request gets its changes committed, as when the disk is full."""

    def fail(session: Session) -> None:
        if session.get_bind() is app.state.engine and not session.in_nested_transaction():
            raise RuntimeError("the disk is full")

    event.listen(Session, "before_commit", fail)
    try:
        yield
    finally:
        event.remove(Session, "before_commit", fail)


@pytest.fixture
def day() -> date:
    """A local day to come."""
    return datetime.now(HANOI).date() + timedelta(days=7)


def at(day: date, clock: str) -> str:
    return datetime.combine(day, time.fromisoformat(clock), HANOI).isoformat()


def faults(answer: Any) -> set[tuple[str, str]]:
    assert answer.headers["content-type"] == "application/problem+json"
    assert all(fault["cause"] and fault["action"] for fault in answer.json()["faults"])
    return {(fault["code"], fault["where"]) for fault in answer.json()["faults"]}


def stored(client: TestClient) -> int:
    return len(client.get("/jobs").json()["jobs"])


@pytest.fixture
def job(day: date) -> dict[str, Any]:
    """A job that Hùng, and nobody else, can do in the morning."""
    return {
        "site_id": "S008",
        "title": "Điều hoà không lạnh",
        "duration_minutes": 60,
        "windows": [{"starts_at": at(day, "08:00"), "ends_at": at(day, "11:00")}],
        "skills": [{"skill_id": "air-conditioning", "level": 2}],
        "parts": [{"part_id": "CAP-35UF", "quantity": 1}],
    }


@pytest.fixture
def company(engine: Engine) -> None:
    """Two technicians who work from eight to five every day, and two customers, in Hanoi."""
    with Session(engine) as session:
        session.add_all(
            [
                Skill(id="air-conditioning", name="Điều hoà"),
                Part(id="CAP-35UF", name="Tụ 35 µF"),
                Tool(id="ladder", name="Thang"),
                Site(
                    id="S008",
                    name="Nhà hàng Sen Tây Hồ",
                    address="614 Lạc Long Quân, Tây Hồ, Hà Nội",
                    latitude=21.0757,
                    longitude=105.8155,
                    territory="Tây Hồ",
                ),
                Site(id="S009", name="Chị Hạnh", address="12 Hàng Bông, Hoàn Kiếm, Hà Nội"),
                Technician(
                    id="T01",
                    name="Trần Văn Hùng",
                    phone="+84 90 000 0001",
                    address="Cầu Giấy, Hà Nội",
                    latitude=21.0362,
                    longitude=105.7906,
                ),
                Technician(
                    id="T02",
                    name="Lê Thị Mai",
                    address="Đống Đa, Hà Nội",
                    latitude=21.0181,
                    longitude=105.8292,
                ),
            ]
        )
        session.flush()
        session.add(TechnicianSkill(technician_id="T01", skill_id="air-conditioning", level=2))
        session.add(VanStock(technician_id="T01", part_id="CAP-35UF", quantity=3))
        session.add_all(
            WorkingHours(technician_id=id_, weekday=weekday, starts=time(8), ends=time(17))
            for id_ in ("T01", "T02")
            for weekday in range(7)
        )
        session.commit()


@pytest.fixture
def planned(
    company: None, client: TestClient, job: dict[str, Any], day: date, settings: Settings
) -> dict[str, Any]:
    """A finished run with a draft in which T01 does the job J-1, and J-2 is unassigned."""
    client.post("/jobs", json={**job, "id": "J-1"})
    client.post("/jobs", json={**job, "id": "J-2", "skills": [], "tools": ["ladder"]})
    queued = client.post("/plans", json={"starts_on": str(day), "seconds": 0.2}).json()
    with by_iterations():
        execute_run(settings.database_url, queued["id"], settings)
    run: dict[str, Any] = client.get(f"/runs/{queued['id']}").json()
    assert (run["status"], run["failure"]) == ("finished", None)
    return run


@pytest.fixture
def told(company: None, client: TestClient) -> dict[str, Any]:
    """A device that watches a machine, an alert that became a job, and one dead letter.

    Returned are their ids, by the names of the paths' parameters.
    """
    asset = {"site_id": "S008", "name": "Kho lạnh", "model": "RX-700"}
    device = {"asset_id": "A-1", "names": ["784f394c-42b6-435a-983c-b7beff2784f9"]}
    template = {
        "title": "{asset}: {type}",
        "duration_minutes": 60,
        "priorities": {"critical": "urgent"},
    }
    rule = {"name": "Tất cả", "template_id": "cooling", "least_severity": "major"}
    source = {"name": "ThingsBoard", "format": "thingsboard"}
    for path, content in (
        ("/assets/A-1", asset),
        ("/devices/D-1", device),
        ("/job-templates/cooling", template),
        ("/alert-rules/all", rule),
        ("/alert-sources/tb", source),
    ):
        assert client.put(path, json=content).status_code == 201
    alert = {"id": "1", "device": "D-1", "type": "hot", "severity": "critical"}
    first, second = (
        client.post("/alerts", json=one).json()["receipts"][0]
        for one in (alert, {**alert, "device": "D-2"})
    )
    assert first["outcome"] == "job"
    return {
        "asset_id": "A-1",
        "template_id": "cooling",
        "rule_id": "all",
        "source_id": "tb",
        "alert_id": first["alert_id"],
        "dead_letter_id": second["dead_letter_id"],
        "device_id": "D-1",
    }
