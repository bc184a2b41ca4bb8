"""The HTTP service, put together."""

from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from api import (
    alert_rules,
    alerts,
    assets,
    health,
    jobs,
    plans,
    problems,
    reports,
    runs,
    technicians,
)
from api.limits import BodyLimit, HeadAsGet
from dispatch import store
from dispatch.mqtt import Subscriber
from dispatch.runner import Runner
from dispatch.scheduler import Scheduler
from dispatch.settings import Settings

DESCRIPTION = """
Job requests with required skills and parts go in; each technician's best day comes out.

Moments carry an offset from UTC, such as `2026-11-23T08:00:00+07:00`; days are local days in the
company's time zone. Errors are problem details (RFC 9457) that list every fault. An answer of 2xx
means that the change is stored.
"""

TAGS = [
    {"name": "jobs", "description": "Customers' work orders."},
    {"name": "plans", "description": "Routes for a span of days: drafts and published versions."},
    {"name": "runs", "description": "Background solves that make plans."},
    {"name": "technicians", "description": "People and their routes, day by day."},
    {"name": "reports", "description": "The day as it happens: what technicians say of jobs."},
    {
        "name": "alerts",
        "description": "What devices say, and what became of it.",
    },
    {"name": "alert rules", "description": "Which alerts become jobs, and what those look like."},
    {"name": "assets", "description": "Machines at sites, and the devices that watch them."},
    {"name": "service", "description": "The service itself."},
]


class _Service(FastAPI):
    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            document = super().openapi()
            document["components"]["schemas"].update(problems.schemas() | alerts.schemas())
            for path in document["paths"].values():
                for operation in path.values():
                    for parameter in operation.get("parameters", ()):
                        _forbid_null(parameter["schema"])
        return super().openapi()


def _forbid_null(schema: dict[str, Any]) -> None:
    """A parameter is left out rather than null; the framework describes it like a body's field."""
    if len(kinds := schema.get("anyOf", ())) == 2 and {"type": "null"} in kinds:
        kinds.remove({"type": "null"})
        schema.update(*schema.pop("anyOf"))


def create_app(settings: Settings) -> FastAPI:
    """The service on the settings' database, which is brought up to date when it starts.

    While it runs, it also solves in the background and does what is due by the clock.

    Raises ``ValueError`` for a database that is not supported.
    """
    app = _Service(
        title="Field service dispatch",
        version=version("field-service-dispatch"),
        description=DESCRIPTION.strip(),
        openapi_tags=TAGS,
        lifespan=_lifespan,
        generate_unique_id_function=_operation_id,
        redirect_slashes=False,
        # The framework's pages load their scripts from elsewhere; /openapi.json needs nothing.
        docs_url=None,
        redoc_url=None,
    )
    app.state.settings = settings
    app.state.engine = store.connect(settings.database_url)
    app.state.reading_engine = store.reading(app.state.engine)
    app.add_middleware(BodyLimit)
    app.add_middleware(HeadAsGet)
    problems.install(app)
    for part in (jobs, plans, runs, technicians, reports, alerts, alert_rules, assets, health):
        app.include_router(part.router)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    settings: Settings = app.state.settings
    with ExitStack() as started:
        started.callback(app.state.engine.dispose)
        store.migrate(settings.database_url)
        app.state.runner = runner = Runner(settings)
        started.callback(runner.stop)
        runner.start()
        scheduler = Scheduler(settings)
        scheduler.start()
        started.callback(scheduler.stop)
        if settings.mqtt_url is not None:
            subscriber = Subscriber(settings)
            subscriber.start()
            started.callback(subscriber.stop)
        yield


def _operation_id(route: APIRoute) -> str:
    return route.name
