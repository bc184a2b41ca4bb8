"""Health, readiness and the root."""

import pytest
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
def test_every_link_of_the_root_leads_somewhere(client: TestClient) -> None:
    for path in client.get("/").json()["links"].values():
        assert client.get(path).status_code == 200, path
