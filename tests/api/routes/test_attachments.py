"""Photos and signatures over HTTP: by whom, how large, and how they are handed out."""

import socket
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.app import create_app
from dispatch.models import Role
from dispatch.settings import Settings
from tests.api.conftest import at, faults, key_of
from tests.api.serving import served
from tests.dispatch.pictures import jpeg, opened, picture

PHOTOS = "/jobs/J-1/attachments"
JPEG = {"Content-Type": "image/jpeg"}


@pytest.fixture
def published(client: TestClient, planned: dict[str, Any]) -> None:
    """T01 has the job J-1 on a route in force."""
    assert client.post(f"/plans/{planned['plan_id']}/publish").status_code == 200


def shown_by(app: FastAPI, technician_id: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key_of(app, Role.TECHNICIAN, technician_id)}"}


def send(client: TestClient, content: bytes, query: str = "kind=photo", **headers: str) -> Any:
    return client.post(f"{PHOTOS}?{query}", content=content, headers={**JPEG, **headers})


def files(settings: Settings) -> list[Path]:
    return [file for file in settings.attachments_folder.rglob("*") if file.is_file()]


def test_a_technician_sends_a_photo_and_the_office_sees_it(
    app: FastAPI, client: TestClient, published: None, settings: Settings
) -> None:
    own = shown_by(app, "T01")
    query = "kind=photo&id=P-1&taken_at=2026-11-20T08:00:00%2B07:00"
    first = send(client, jpeg(), query, **own)
    again = send(client, jpeg(), query, **own)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.headers["Location"] == f"{PHOTOS}/P-1"
    assert first.json() == again.json()
    assert (first.json()["technician_id"], first.json()["width"]) == ("T01", 64)
    signature = send(client, picture("PNG"), "kind=signature", **{"Content-Type": "image/png"})
    assert signature.json()["technician_id"] is None
    listed = client.get(PHOTOS).json()["attachments"]
    assert [one["kind"] for one in listed] == ["photo", "signature"]
    read = client.get(f"{PHOTOS}/P-1", headers={"Accept-Encoding": "gzip"})
    assert opened(read.content).size == (64, 48)
    assert read.headers["Content-Type"] == "image/jpeg"
    assert read.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in read.headers["Content-Security-Policy"]
    assert read.headers["Content-Disposition"] == 'inline; filename="photo-P-1.jpg"'
    assert read.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "Content-Encoding" not in read.headers
    held = client.get(f"{PHOTOS}/P-1", headers={"If-None-Match": read.headers["ETag"]})
    assert (held.status_code, held.content) == (304, b"")
    assert len(files(settings)) == 2


def test_others_see_and_send_nothing(app: FastAPI, client: TestClient, published: None) -> None:
    assert send(client, jpeg(), "kind=photo&id=P-1").status_code == 201
    other = shown_by(app, "T02")
    for method, path in (
        ("GET", PHOTOS),
        ("GET", f"{PHOTOS}/P-1"),
        ("DELETE", f"{PHOTOS}/P-1"),
        ("POST", f"{PHOTOS}?kind=photo"),
    ):
        refused = client.request(method, path, content=b"x", headers={**JPEG, **other})
        assert refused.status_code == 403, (method, path)
    # What is one's own is no way to what is another's.
    own = client.get("/jobs/J-2/attachments/P-1")
    assert own.status_code == 404
    key = {"Authorization": f"Bearer {key_of(app, Role.INTEGRATION)}"}
    assert send(client, jpeg(), **key).status_code == 403


def test_of_a_job_that_is_called_off_the_office_alone_has_them(
    app: FastAPI, client: TestClient, published: None, day: date
) -> None:
    own = shown_by(app, "T01")
    assert send(client, jpeg(), "kind=photo&id=P-1", **own).status_code == 201
    assert client.post("/jobs/J-1/cancel").status_code == 200
    assert client.get(f"{PHOTOS}/P-1", headers=own).status_code == 403
    assert send(client, jpeg(), "kind=photo&id=P-2", **own).status_code == 403
    assert client.get(f"{PHOTOS}/P-1").status_code == 200
    # Who was there has it still, and what was taken there gets in.
    with time_machine.travel(at(day, "09:01"), tick=False):
        body = {"id": "r-1", "job_id": "J-1", "kind": "on_site", "at": at(day, "09:00")}
        assert client.post("/technicians/T01/reports", json=body).status_code == 201
    assert send(client, jpeg(), "kind=photo&id=P-2", **own).status_code == 201


@pytest.mark.usefixtures("planned")
def test_what_is_no_picture_is_refused(client: TestClient, settings: Settings) -> None:
    page = b"<html><script>alert(1)</script></html>"
    refused = send(client, page)
    assert (refused.status_code, faults(refused)) == (422, {("no_picture", "/body")})
    assert faults(send(client, jpeg()[:-300])) == {("no_picture", "/body")}
    assert send(client, page, **{"Content-Type": "text/html"}).status_code == 415
    assert files(settings) == []
    assert send(client, jpeg(), "kind=video").status_code == 422
    assert client.get(PHOTOS).json() == {"attachments": []}
    # It is what is in it, whatever it is called.
    called = send(client, picture("PNG"), "kind=photo&id=P-1")
    assert called.json()["media_type"] == "image/png"


@pytest.mark.usefixtures("planned")
def test_names_lead_nowhere(client: TestClient, settings: Settings) -> None:
    for name in ("../../x", "..", ".hidden", "a/b", "a%00b", "x" * 41):
        refused = client.post(
            PHOTOS, params={"kind": "photo", "id": name}, content=jpeg(), headers=JPEG
        )
        assert refused.status_code == 422, name
    for name in ("..%2f..%2fx", ".hidden", "%00", "x" * 41):
        assert client.get(f"{PHOTOS}/{name}").status_code in (404, 422)
    assert all(len(file.name) == 64 for file in files(settings))


@pytest.mark.usefixtures("planned")
def test_what_is_too_large_is_refused_unread(app: FastAPI, client: TestClient) -> None:
    most = app.state.settings.attachment_bytes
    assert most == 10_000_000
    refused = send(client, bytes(most + 1))
    assert refused.status_code == 413
    assert send(client, bytes(2_000_000)).status_code == 422
    # Elsewhere as little as ever.
    assert client.post("/jobs", content=bytes(2_000_000)).status_code == 413


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_breaks_off_is_not_kept(
    app: FastAPI, client: TestClient, planned: dict[str, Any], settings: Settings
) -> None:
    key, content = key_of(app), jpeg()
    with served(create_app(settings)) as (address, _):
        to = urlsplit(address)
        head = (
            f"POST {PHOTOS}?kind=photo HTTP/1.1\r\nHost: {to.netloc}\r\nX-API-Key: {key}\r\n"
            f"Content-Type: image/jpeg\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        with socket.create_connection((to.hostname or "", to.port or 0)) as connection:
            connection.sendall(head.encode() + content[:-100])
        # The next one finds the service well, and nothing of it.
        with socket.create_connection((to.hostname or "", to.port or 0)) as connection:
            connection.sendall(head.replace("kind=photo", "kind=photo&id=P-2").encode() + content)
            assert connection.recv(12) == b"HTTP/1.1 201"
    assert [one["id"] for one in client.get(PHOTOS).json()["attachments"]] == ["P-2"]
    assert len(files(settings)) == 1


@pytest.mark.usefixtures("planned")
def test_it_is_taken_back(client: TestClient) -> None:
    assert send(client, jpeg(), "kind=photo&id=P-1").status_code == 201
    assert client.delete(f"{PHOTOS}/P-1").status_code == 204
    assert client.delete(f"{PHOTOS}/P-1").status_code == 404
    assert client.get(f"{PHOTOS}/P-1").status_code == 404
    assert send(client, jpeg(), "kind=photo&id=P-1").status_code == 200
    assert client.get(PHOTOS).json() == {"attachments": []}
