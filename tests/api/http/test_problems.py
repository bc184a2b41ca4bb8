"""What every operation does with requests that are malformed, and when something fails."""

import json
import logging
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from api.http.limits import MAX_BODY_BYTES
from dispatch import engines
from dispatch.jobs import jobs
from tests.api.conftest import failing_commits, stored

pytestmark = pytest.mark.usefixtures("company")
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

JSON = {"Content-Type": "application/json"}


def is_problem(answer: Any, status: int) -> dict[str, Any]:
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert answer.status_code == body["status"] == status
    assert body["type"] == "about:blank"
    assert body["title"]
    assert body["detail"]
    return body


@on_sqlite
@pytest.mark.parametrize("path", ["/nowhere", "/jobs/", "/jobs/a/b/c", "/docs"])
def test_an_unknown_path_is_a_404_problem(client: TestClient, path: str) -> None:
    is_problem(client.get(path, follow_redirects=False), 404)


@on_sqlite
def test_a_bound_that_was_passed_is_named_with_its_number(client: TestClient) -> None:
    answer = client.post("/jobs", json={"title": "x" * 201, "duration_minutes": 0})
    faults = {one["where"]: one for one in is_problem(answer, 422)["faults"]}
    assert faults["/title"]["values"] == {"max_length": 200}
    assert faults["/duration_minutes"]["values"]
    assert all("values" not in one for one in faults.values() if one["code"] == "missing")


@on_sqlite
@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/health", "GET, HEAD"),
        ("DELETE", "/jobs", "GET, POST, HEAD"),
        ("PUT", "/jobs/HN-1", "GET, PATCH, HEAD"),
        ("GET", "/jobs/HN-1/cancel", "POST"),
        ("HEAD", "/jobs/HN-1/cancel", "POST"),
    ],
)
def test_a_wrong_method_is_a_405_problem_that_lists_the_right_ones(
    client: TestClient, method: str, path: str, allowed: str
) -> None:
    answer = client.request(method, path)
    assert answer.status_code == 405
    assert answer.headers["allow"] == allowed
    if method == "HEAD":
        assert answer.content == b""
    else:
        is_problem(answer, 405)


@on_sqlite
def test_head_answers_as_get_does_but_without_the_body(client: TestClient) -> None:
    got, asked = client.get("/jobs"), client.head("/jobs")
    assert (asked.status_code, asked.content) == (200, b"")
    assert asked.headers == got.headers


# Bodies


@on_sqlite
def test_a_body_of_ten_megabytes_is_refused_unread(client: TestClient, job: dict[str, Any]) -> None:
    is_problem(client.post("/jobs", json={**job, "title": "x" * 10_000_000}), 413)
    assert stored(client) == 0


@on_sqlite
def test_a_streamed_body_is_cut_off_at_the_limit(client: TestClient) -> None:
    """Sent in pieces, it does not say how long it is."""
    pieces = (b" " * 100_000 for _ in range(11))
    is_problem(client.post("/jobs", content=pieces, headers=JSON), 413)


@on_sqlite
def test_a_body_at_the_limit_is_read(client: TestClient, job: dict[str, Any]) -> None:
    body = json.dumps(job).encode().ljust(MAX_BODY_BYTES)
    assert client.post("/jobs", content=body, headers=JSON).status_code == 201


@on_sqlite
@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml", "json", ""]
)
def test_a_body_that_does_not_say_it_is_json_is_a_415_problem(
    client: TestClient, job: dict[str, Any], media_type: str
) -> None:
    content = json.dumps(job)
    is_problem(client.post("/jobs", content=content, headers={"Content-Type": media_type}), 415)


@on_sqlite
@pytest.mark.parametrize(
    "content",
    [b"{", b"{'title': 1}", b'{"title": "\xff\xfe"}', b"[" * 100_000, b"9" * 5_000, b"\x00"],
    ids=lambda content: repr(content[:12]),
)
def test_a_body_that_is_not_json_is_a_400_problem(client: TestClient, content: bytes) -> None:
    is_problem(client.post("/jobs", content=content, headers=JSON), 400)


@on_sqlite
@pytest.mark.parametrize("content", [b"", b"[]", b"null", b"7", b'"job"', b"NaN"])
def test_a_body_that_is_no_job_is_a_422_problem(client: TestClient, content: bytes) -> None:
    assert is_problem(client.post("/jobs", content=content, headers=JSON), 422)["faults"]


@on_sqlite
@pytest.mark.parametrize("name", ["title", "\\ud800", "a/b~c"])
def test_lone_surrogates_in_texts_and_names_are_refused(client: TestClient, name: str) -> None:
    content = f'{{"{name}": "\\ud800", "site_id": "\\udfff"}}'
    is_problem(client.post("/jobs", content=content, headers=JSON), 422)


@on_sqlite
def test_a_fault_points_to_a_name_with_slashes_as_rfc_6901_says(client: TestClient) -> None:
    found = is_problem(client.post("/jobs", json={"a/b~c": 1}), 422)["faults"]
    assert "/a~1b~0c" in {fault["where"] for fault in found}


# Parameters


@on_sqlite
@pytest.mark.parametrize(
    "path",
    [
        "/jobs/%00",
        "/jobs/a%00b",
        "/jobs/%ff%fe",
        "/jobs/" + "x" * 41,
        "/jobs/ ",
        "/jobs/%ED%A0%80",
        "/jobs?limit=0",
        "/jobs?limit=201",
        "/jobs?limit=99999999999999999999999",
        "/jobs?limit=ten",
        "/jobs?after=%00",
        "/jobs?territory=%00",
        "/jobs?territory=",
        "/jobs?status=lost",
        "/jobs?day=0001-01-01",
        "/jobs?day=9999-12-31",
        "/jobs?day=2026-02-30",
        "/jobs?day=1800000000",
    ],
)
def test_a_parameter_out_of_its_range_is_a_422_problem(client: TestClient, path: str) -> None:
    for fault in is_problem(client.get(path), 422)["faults"]:
        assert fault["where"].startswith(("path parameter", "query parameter"))


@on_sqlite
@pytest.mark.parametrize(
    "key",
    ["x" * 201, "café", "", "two words"],
)
def test_an_idempotency_key_that_is_none_is_a_422_problem(
    client: TestClient, job: dict[str, Any], key: str
) -> None:
    headers = {"Idempotency-Key": key.encode("latin-1")}
    [fault] = is_problem(client.post("/jobs", json=job, headers=headers), 422)["faults"]
    assert fault["where"] == "header parameter Idempotency-Key"


@on_sqlite
@pytest.mark.parametrize(
    "tag", ["1", 'W/"1"', '"one"', '"2", "3"', '"99999999999"', '""', "", "*, "]
)
@pytest.mark.parametrize("kind", ["job", "site"])
def test_an_if_match_that_names_nothing_that_is_there_is_a_412_problem(
    client: TestClient, job: dict[str, Any], tag: str, kind: str
) -> None:
    path = client.post("/jobs", json=job).headers["location"] if kind == "job" else "/sites/S008"
    change = {"title" if kind == "job" else "name": "x"}
    answer = client.patch(path, json=change, headers={"If-Match": tag})
    [fault] = is_problem(answer, 412)["faults"]
    assert fault["code"] == "stale_revision"
    assert fault["cause"]
    assert fault["action"]


@on_sqlite
@pytest.mark.parametrize("kind", ["job", "site"])
@pytest.mark.parametrize("listed", ["{0}", '"other",{0} , "more"', "*"])
def test_an_if_match_may_list_several_etags(
    client: TestClient, job: dict[str, Any], listed: str, kind: str
) -> None:
    path = client.post("/jobs", json=job).headers["location"] if kind == "job" else "/sites/S008"
    tag = client.get(path).headers["ETag"]
    change = {"title" if kind == "job" else "name": "x"}
    answer = client.patch(path, json=change, headers={"If-Match": listed.format(tag)})
    assert answer.status_code == 200


# Failures


def test_an_answer_of_201_means_committed(
    client: TestClient, app: FastAPI, job: dict[str, Any]
) -> None:
    with failing_commits(app):
        answer = client.post("/jobs", json=job)
    is_problem(answer, 500)
    assert stored(client) == 0
    assert client.post("/jobs", json=job).status_code == 201


@on_sqlite
def test_a_failure_tells_nothing_of_the_inside_but_the_name_in_the_log(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(jobs, "read_job", fail)
    with caplog.at_level(logging.ERROR):
        answer = client.get("/jobs/HN-1")
    body = is_problem(answer, 500)
    assert "secret" not in answer.text
    assert body["instance"].startswith("urn:uuid:")
    assert body["instance"] in caplog.text
    assert "secret" in caplog.text


@on_sqlite
def test_a_locked_database_is_a_503_problem_and_reading_goes_on(
    client: TestClient, job: dict[str, Any], engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "BUSY_SECONDS", 0.05)
    with engine.begin() as connection:
        connection.execute(text("SELECT 1"))
        answer = client.post("/jobs", json=job)
        assert client.get("/jobs").status_code == 200
    is_problem(answer, 503)
    assert int(answer.headers["retry-after"]) > 0
    assert client.post("/jobs", json=job).status_code == 201


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_database_that_cannot_be_reached_is_a_503_problem(
    client: TestClient, app: FastAPI
) -> None:
    gone = engines.connect(app.state.engine.url.set(database="gone").render_as_string(False))
    app.state.engine = app.state.reading_engine = gone
    is_problem(client.get("/jobs"), 503)
    assert client.get("/health").status_code == 200
