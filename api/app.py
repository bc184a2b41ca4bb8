"""The HTTP service, put together."""

from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from importlib.metadata import version
from typing import Any

from fastapi import Depends, FastAPI
from fastapi.routing import APIRoute

from api import (
    access,
    accounts,
    alert_rules,
    alerts,
    assets,
    board,
    calendars,
    discretion,
    events,
    explanations,
    health,
    jobs,
    keys,
    log,
    pages,
    placements,
    plan_changes,
    plans,
    problems,
    reports,
    runs,
    sessions,
    sign_ins,
    sites,
    technicians,
    webhooks,
)
from api.limits import BodyLimit, CompressedReading, HeadAsGet, SafeHeaders
from dispatch import store, tokens
from dispatch.feed import Feed
from dispatch.live_days import LiveDays
from dispatch.mqtt import Subscriber
from dispatch.placer import Placer
from dispatch.rates import Rates
from dispatch.runner import Runner
from dispatch.scheduler import Scheduler
from dispatch.sender import Sender
from dispatch.settings import Settings

DESCRIPTION = """
Job requests with required skills and parts go in; each technician's best day comes out.

Moments carry an offset from UTC, such as `2026-11-23T08:00:00+07:00`; days are local days in the
company's time zone. Errors are problem details (RFC 9457) that list every fault. An answer of 2xx
means that the change is stored.
"""

TAGS = [
    {"name": "board", "description": "The plan in force as dispatchers look at it."},
    {"name": "jobs", "description": "Customers' work orders."},
    {"name": "plans", "description": "Routes for a span of days: drafts and published versions."},
    {"name": "runs", "description": "Background solves that make plans."},
    {"name": "technicians", "description": "People and their routes, day by day."},
    {"name": "reports", "description": "The day as it happens: what technicians say of jobs."},
    {"name": "access", "description": "Who may do what, and who did: accounts, keys, the log."},
    {"name": "events", "description": "What happens, as it happens: streams and webhooks."},
    {
        "name": "alerts",
        "description": "What devices say, and what became of it.",
    },
    {"name": "alert rules", "description": "Which alerts become jobs, and what those look like."},
    {"name": "assets", "description": "Machines at sites, and the devices that watch them."},
    {"name": "service", "description": "The service itself."},
]


PARTS = (
    board,
    jobs,
    sites,
    placements,
    plan_changes,
    plans,
    runs,
    technicians,
    calendars,
    reports,
    alerts,
    alert_rules,
    assets,
    sign_ins,
    sessions,
    accounts,
    keys,
    log,
    events,
    explanations,
    webhooks,
    health,
    pages,
)


class _Service(FastAPI):
    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            document = super().openapi()
            document["components"]["schemas"].update(problems.schemas() | alerts.schemas())
            access.describe(document, problems.refusals())
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

    Raises ``InvalidInput`` if the settings have no secret, and ``ValueError`` for a database that
    is not supported.
    """
    tokens.secret_of(settings)
    app = _Service(
        title="Field service dispatch",
        version=version("field-service-dispatch"),
        description=DESCRIPTION.strip(),
        openapi_tags=TAGS,
        webhooks=webhooks.sent,
        lifespan=_lifespan,
        dependencies=[Depends(access.admit)],
        generate_unique_id_function=_operation_id,
        redirect_slashes=False,
        # The framework's pages load their scripts from elsewhere; /openapi.json needs nothing.
        docs_url=None,
        redoc_url=None,
    )
    app.state.settings = settings
    app.state.engine = store.connect(settings.database_url)
    app.state.reading_engine = store.reading(app.state.engine)
    app.state.rates = Rates()
    # Within the others, so that HEAD tells of the same answer as GET. Why the length of what it
    # compresses gives no secret away stands there.
    app.add_middleware(CompressedReading)
    app.add_middleware(BodyLimit)
    app.add_middleware(HeadAsGet)
    app.add_middleware(SafeHeaders)
    problems.install(app)
    discretion.install()
    for part in PARTS:
        app.include_router(part.router)
    access.check_policy(app)
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
        app.state.days = LiveDays(app.state.reading_engine, settings)
        app.state.placer = placer = Placer(settings, app.state.days)
        placer.start()
        started.callback(placer.stop)
        scheduler = Scheduler(settings)
        scheduler.start()
        started.callback(scheduler.stop)
        app.state.feed = feed = Feed(settings)
        feed.start()
        started.callback(feed.stop)
        sender = Sender(settings)
        sender.start()
        started.callback(sender.stop)
        if settings.mqtt_url is not None:
            subscriber = Subscriber(settings, on_accepted=placer.wake)
            subscriber.start()
            started.callback(subscriber.stop)
        yield


def _operation_id(route: APIRoute) -> str:
    return route.name
