"""Health, readiness and the root."""

import asyncio
import threading

import httpx2
import pytest
from anyio.to_thread import current_default_thread_limiter, run_sync
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text


def test_a_service_on_a_migrated_database_is_ready(client: TestClient) -> None:
    assert client.get("/health").json() == {"status": "alive"}
    assert client.get("/ready").json() == {"status": "ready"}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_service_on_another_schema_is_alive_but_not_ready(
    client: TestClient, engine: Engine
) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'older'"))
    assert client.get("/ready").status_code == 503
    assert client.get("/health").status_code == 200


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_service_that_has_stopped_placing_jobs_is_alive_but_not_ready(
    app: FastAPI, client: TestClient
) -> None:
    app.state.placer.stop()
    assert client.get("/ready").status_code == 503
    assert client.get("/health").status_code == 200


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_service_is_alive_although_all_of_its_threads_wait_for_the_database(app: FastAPI) -> None:
    database = threading.Event()

    async def ask() -> int:
        current_default_thread_limiter().total_tokens = 1
        waiting = asyncio.create_task(run_sync(database.wait))
        transport = httpx2.ASGITransport(app)
        try:
            async with httpx2.AsyncClient(transport=transport, base_url="http://there") as web:
                return (await asyncio.wait_for(web.get("/health"), 5)).status_code
        finally:
            database.set()
            await waiting

    assert asyncio.run(ask()) == 200
