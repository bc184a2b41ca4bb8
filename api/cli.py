"""The whole ``dispatch`` command: what ``dispatch.cli.app`` has, and the service."""

import gc
import logging
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dispatch.cli.app import DATABASE, app
from dispatch.cli.plans import executed
from dispatch.cli.terminal import compile_first, database, fail, refuse, settings_of_environment
from solver.faults import Fault
from solver.wording import counted

if TYPE_CHECKING:
    from dispatch.settings import Settings

LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
LOG_MOMENT = "%Y-%m-%dT%H:%M:%S%z"
"""Of every line, requests included; with the offset, since servers' clocks are in any zone."""
DEMO_CONTACT = "mailto:demo@dispatch.example"
"""Whom push services would turn to; nobody reads it, as nobody works with the demo."""

HostOption = Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 is all of them.")]
PortOption = Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")]


@app.command(rich_help_panel=DATABASE)
def serve(host: HostOption = "127.0.0.1", port: PortOption = 8000) -> None:
    """Run the HTTP service until Ctrl-C; it also solves, and plans the night.

    The database is created or brought up to date. Where there was one and
    is none, or is one of a later version, the service says so (GET /ready)
    and begins once that is otherwise. Several services may
    share a PostgreSQL database. DISPATCH_SECRET must be set, to the same
    for all of them; [bold]dispatch account add[/bold] makes the first account.

    Exit status: 0 stopped; 1 the port or the database is not to be had;
    2 invalid settings, or no secret.

    Examples:

      [bold]DISPATCH_SECRET=$(cat secret) dispatch serve[/bold]

      [bold]DISPATCH_NIGHTLY_PLAN_AT=03:00 dispatch serve --host 0.0.0.0 --port 80[/bold]
    """
    from sqlmodel import Session

    from dispatch.access.accounts import list_accounts
    from dispatch.access.tokens import secret_of
    from dispatch.errors import InvalidInput

    settings = settings_of_environment()
    try:
        secret_of(settings)
    except InvalidInput as error:
        refuse(error.faults)
    if _is_prepared(settings):
        with database(settings, create=True) as engine, Session(engine) as session:
            if not list_accounts(session, limit=1)[0]:
                typer.echo(
                    "There are no accounts; make the first one in another terminal: "
                    "dispatch account add USER --role administrator",
                    err=True,
                )
    _serve(settings, host, port)


def _is_prepared(settings: "Settings") -> bool:
    """Whether the service can begin at once; if not, it says why, and waits for the database to be
    what it should be. What cannot be reached at all is not waited for."""
    from sqlalchemy.exc import ArgumentError, DBAPIError

    from dispatch.errors import Unavailable
    from dispatch.service import readiness

    try:
        readiness.prepare(settings)
    except Unavailable as error:
        for fault in error.faults:
            typer.echo(str(fault), err=True)
        return False
    except (ValueError, ArgumentError, DBAPIError):
        with database(settings, create=True):
            pass  # it says what is wrong, and ends the program
    return True


def _serve(settings: "Settings", host: str, port: int) -> None:
    from api import server
    from api.app import create_app
    from dispatch.processes import preload
    from dispatch.service.troubles import ToldOnce

    preload(__name__)  # each process of the service imports what the service was started with

    logging.basicConfig(level=logging.INFO, format=LOG_FORMAT, datefmt=LOG_MOMENT)
    told_once = ToldOnce()
    for handler in logging.getLogger().handlers:
        handler.addFilter(told_once)
    for talkative in ("alembic", "apscheduler", "httpx2"):
        logging.getLogger(talkative).setLevel(logging.WARNING)
    service = create_app(settings)
    if settings.solver_processes:
        compile_first()
    # A day kept in memory is a hundred thousand objects, and looking through them for garbage as
    # often as by default doubles the time of one answer in twenty.
    gc.set_threshold(20_000, 20, 100)
    # Once it has shut down, uvicorn raises the signal that stopped it again; by default this one
    # would end the process before it has tidied up.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        server.run(service, host, port)
    except SystemExit as end:
        raise typer.Exit(1 if end.code else 0) from end


@app.command(rich_help_panel=DATABASE)
def demo(
    folders: Annotated[
        list[Path],
        typer.Argument(metavar="FOLDER...", help="Folders of CSV files, the company first."),
    ],
    host: HostOption = "127.0.0.1",
    port: PortOption = 8000,
) -> None:
    """Serve a company to look at: import it, plan today, publish, and serve.

    Only an empty database is filled; one that has data is served as it is.
    The whole of today is planned, at whatever hour. Throw-away accounts are
    made, kept beside the database and shown at each start.

    Exit status: as for [bold]serve[/bold].

    Example, which is what [bold]make run[/bold] does:

      [bold]dispatch demo fixtures/hanoi fixtures/hanoi/day[/bold]
    """
    from pydantic import SecretStr
    from sqlmodel import Session

    from dispatch.demo.accounts import KEY, SECRET, accounts_file, provide_accounts
    from dispatch.demo.demo import ACTOR, planned_routes, set_up
    from dispatch.models import now

    settings = settings_of_environment()
    at = now()
    today = at.astimezone(settings.zone).date()
    with database(settings, create=True) as engine:
        with Session(engine) as session:
            run = set_up(session, folders, settings=settings, at=at)
            shown = provide_accounts(session, accounts_file(settings), actor=ACTOR)
            session.commit()
        if run is not None:
            typer.echo(f"The company is imported; its day is {today}, today.")
            run = executed(engine, run.id, settings)
        with Session(engine) as session:
            routes = planned_routes(session, settings, at)
    if run is not None and run.failure is not None:
        fail([Fault("run_failed", run.id, run.failure.rstrip("."), "see above")])
    if routes:
        typer.echo(f"{counted(routes, 'route is', 'routes are')} in force for today, {today}.")
    else:
        typer.echo(
            f"The data are kept as they are; nothing is planned for today, {today}. "
            "dispatch plan --publish plans it; without the database, it starts anew with the demo."
        )
    secret = SecretStr(shown.pop(SECRET))
    key = shown.pop(KEY)
    typer.echo(f"Throw-away accounts, kept in {accounts_file(settings)}:")
    for user, password in shown.items():
        typer.echo(f"  {user:15} {password}")
    typer.echo(f"  {'(alerts)':15} {key}")
    here = f"http://{'localhost' if host in ('0.0.0.0', '::') else host}:{port}"  # noqa: S104
    typer.echo(f"The board is at {here}/ and a technician's own day at {here}/my-day.")
    given = {
        "secret": settings.secret or secret,
        "push_contact": settings.push_contact or DEMO_CONTACT,
    }
    _serve(settings.model_copy(update=given), host, port)
