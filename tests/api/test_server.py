"""What the server itself does: says when things were asked for, and believes the right proxies."""

import io
import logging
import re

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.cli import LOG_FORMAT, LOG_MOMENT
from api.http.limits import ONLY_HTTPS
from api.server import Server
from tests.api.serving import served

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
HSTS = "strict-transport-security"


def test_every_request_is_in_the_log_with_its_moment(app: FastAPI) -> None:
    lines = io.StringIO()
    handler = logging.StreamHandler(lines)
    handler.setFormatter(logging.Formatter(LOG_FORMAT, LOG_MOMENT))
    logging.getLogger().addHandler(handler)
    try:
        with served(app) as (address, _):
            httpx2.get(f"{address}/health", trust_env=False)
    finally:
        logging.getLogger().removeHandler(handler)
    moment = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4}"
    written = [line for line in lines.getvalue().splitlines() if "uvicorn" in line]
    assert all(re.match(rf"{moment} INFO uvicorn\.\w+: ", line) for line in written)
    assert any('"GET /health HTTP/1.1" 200' in line for line in written)


def test_who_comes_by_https_is_told_to_stay_with_it(app: FastAPI) -> None:
    with TestClient(app, base_url="https://testserver") as secure:
        for path in ("/health", "/jobs", "/sign-in", "/nowhere"):
            assert secure.get(path).headers[HSTS] == ONLY_HTTPS
    with TestClient(app) as plain:
        assert HSTS not in plain.get("/health").headers


@pytest.mark.parametrize(("trusted", "is_believed"), [("127.0.0.1", True), ("10.0.0.1", False)])
def test_only_a_trusted_proxy_says_that_it_was_https(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch, trusted: str, is_believed: bool
) -> None:
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", trusted)
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7"}
    with served(app) as (address, _):
        answer = httpx2.get(f"{address}/health", headers=forwarded, trust_env=False)
    assert (HSTS in answer.headers) == is_believed


def test_the_server_leaves_the_log_to_the_program(app: FastAPI) -> None:
    Server(app, "127.0.0.1", 0)
    for name in ("uvicorn", "uvicorn.access", "uvicorn.error"):
        assert not logging.getLogger(name).handlers
        assert logging.getLogger(name).propagate
