"""The HTTP service, put together."""

from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from importlib.metadata import version
from typing import Any

from fastapi import Depends, FastAPI
from fastapi.routing import APIRoute

from api import pages
from api.http import access, discretion, limits, parameters, problems, work
from api.http.background import Background, refuse_until_prepared
from api.http.known_callers import KnownCallers
from api.http.limits import BodyLimit, CompressedReading, HeadAsGet, SafeHeaders, TurnedAway
from api.http.lines import WRITERS, Lines
from api.http.polls import Polls
from api.http.unchanged import Answers, Looks
from api.routes import (
    accounts,
    alert_rules,
    alerts,
    assets,
    attachments,
    backlog,
    board,
    calendars,
    dead_letters,
    depots,
    events,
    explanations,
    health,
    issues,
    job_links,
    jobs,
    keys,
    log,
    placements,
    plan_changes,
    plans,
    push,
    reports,
    runs,
    search,
    sessions,
    sign_ins,
    sites,
    solving,
    stock,
    technicians,
    webhooks,
)
from dispatch import engines, store
from dispatch.access import tokens
from dispatch.access.rates import Rates
from dispatch.planning.conflicts import Conflicts
from dispatch.service.watch import Watch
from dispatch.settings import Settings
from dispatch.solving.solvers import Solvers
from dispatch.views.calendars import Unkept

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
    {"name": "stock", "description": "What vans have, and where parts are to be had."},
    {"name": "access", "description": "Who may do what, and who did: accounts, keys, the log."},
    {"name": "events", "description": "What happens, as it happens: streams and webhooks."},
    {
        "name": "alerts",
        "description": "What devices say, and what became of it.",
    },
    {"name": "alert rules", "description": "Which alerts become jobs, and what those look like."},
    {"name": "assets", "description": "Machines at sites, and the devices that watch them."},
    {"name": "solving", "description": "Problems solved for others, with nothing stored."},
    {"name": "service", "description": "The service itself."},
]


PARTS = (
    # What is asked for most comes first: paths are tried in this order.
    board,
    issues,
    technicians,
    search,
    backlog,
    jobs,
    attachments,
    job_links,
    sites,
    placements,
    plan_changes,
    plans,
    runs,
    calendars,
    push,
    reports,
    stock,
    depots,
    alerts,
    dead_letters,
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
    solving,
    health,
    pages,
)


class _Service(FastAPI):
    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            document = super().openapi()
            document["components"]["schemas"].update(problems.schemas() | alerts.schemas())
            parameters.describe(document, problems.documented(422)[422])
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
        dependencies=[
            Depends(refuse_until_prepared),
            Depends(access.admit),
            Depends(parameters.only_declared),
        ],
        generate_unique_id_function=_operation_id,
        redirect_slashes=False,
        # The framework's pages load their scripts from elsewhere; /openapi.json needs nothing.
        docs_url=None,
        redoc_url=None,
    )
    app.state.settings = settings
    app.state.engine = engines.connect(settings.database_url)
    app.state.reading_engine = store.reading(app.state.engine)
    app.state.conflicts = Conflicts(app.state.reading_engine, settings)
    app.state.lines = Lines(
        writers=WRITERS[app.state.engine.dialect.name], solvers=settings.solves_at_once
    )
    app.state.solvers = Solvers()
    watch = Watch(app.state.reading_engine)
    app.state.watch = watch
    app.state.looks, app.state.answers = Looks(watch), Answers(watch)
    app.state.callers = KnownCallers()
    app.state.rates, app.state.unkept = Rates(), Unkept()
    app.state.background = Background(app)
    # Within the others, so that HEAD tells of the same answer as GET. Why the length of what it
    # compresses gives no secret away stands there.
    app.add_middleware(CompressedReading)
    app.add_middleware(BodyLimit)
    app.add_middleware(TurnedAway)
    app.add_middleware(HeadAsGet)
    app.add_middleware(SafeHeaders)
    app.add_middleware(Polls, service=app)
    problems.install(app)
    discretion.install()
    app.router.routes.insert(0, pages.PAGE_FILES)
    for part in PARTS:
        limits.take_json_only(part.router)
        work.in_one_thread(part.router)
        app.include_router(part.router)
    access.check_policy(app)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    with ExitStack() as started:
        started.callback(app.state.engine.dispose)
        started.callback(app.state.watch.close)
        started.callback(app.state.solvers.stop)
        started.callback(app.state.background.stop)
        app.state.background.start()
        yield


def _operation_id(route: APIRoute) -> str:
    return route.name
