"""A database with a made-up past, and the service on it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import Engine, make_url
from sqlalchemy import text as sql

from api.app import create_app
from benchmarks.service.past import Past
from benchmarks.service.questions import Questions, questions_of
from dispatch import engines, store
from dispatch.models import now
from dispatch.settings import Settings
from tests.conftest import SECRET, administration


@dataclass(frozen=True)
class Found:
    engine: Engine
    settings: Settings
    app: FastAPI
    questions: Questions


@contextmanager
def found(url: str, past: Past) -> Iterator[Found]:
    settings = Settings(database_url=url, secret=SecretStr(SECRET), solver_processes=0)
    store.migrate(url)
    engine = engines.connect(url)
    today = now().astimezone(settings.zone).date()
    past.fill(engine, today, settings.zone)
    yield Found(engine, settings, create_app(settings), questions_of(engine, past, today))
    engine.dispose()


@contextmanager
def found_on_server(server: str, past: Past) -> Iterator[Found]:
    """In a new database of the PostgreSQL server, which is gone afterwards."""
    with administration(server) as connection:
        connection.execute(sql("CREATE DATABASE past"))
    url = make_url(server).set(database="past").render_as_string(hide_password=False)
    with found(url, past) as made:
        yield made
    with administration(server) as connection:
        connection.execute(sql("DROP DATABASE past WITH (FORCE)"))


@contextmanager
def asked(made: Found) -> Iterator[TestClient]:
    with TestClient(made.app) as web:
        web.headers["X-API-Key"] = made.questions.key
        yield web
