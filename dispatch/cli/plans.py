"""``dispatch plan`` and ``route``: days are planned, and a technician's day is shown.

A command imports what it needs when it runs: to load it all takes seconds that ``dispatch solve``
has no use for.
"""

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from dispatch.cli import terminal
from dispatch.cli.terminal import (
    ACTOR,
    JsonOption,
    compile_first,
    database,
    day_of,
    fail,
    interruptible,
    refuse,
    settings_of_environment,
)
from solver.faults import Fault
from solver.wording import counted

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from dispatch.plans.contents import PlanOut
    from dispatch.runs.runs import RunOut
    from dispatch.settings import Settings
    from dispatch.views.itinerary import DailyRoute, RouteStop, ShiftRoute

LOOK_EVERY_SECONDS = 0.25
FARTHEST_BETWEEN_LINES = 0.25
"""Share of the solving time between two lines of progress in a file or a pipe."""


def plan(
    from_: Annotated[
        str, typer.Option("--from", metavar="DATE|today", help="First day to plan.")
    ] = "today",
    to: Annotated[
        str | None,
        typer.Option(metavar="DATE|today", help="Last day to plan; the first one if not given."),
    ] = None,
    territory: Annotated[
        str | None, typer.Option(help="Plan only this territory; all of them if not given.")
    ] = None,
    seconds: Annotated[
        float | None,
        typer.Option(help="Solving time; DISPATCH_PLAN_SECONDS if not given.", show_default=False),
    ] = None,
    seed: Annotated[int, typer.Option(help="Another seed is another search.")] = 0,
    publish: Annotated[
        bool, typer.Option("--publish", help="Put the plan in force at once.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Plan days, see how far it is, and get the plan as a draft or published.

    Ctrl-C stops early and keeps the best plan so far as a draft. A draft
    changes nothing until it is published: here with [bold]--publish[/bold],
    or over HTTP (docs/api.md).

    Exit status: 0 planned; 1 the run failed, or its plan could not be
    published; 2 invalid input, with every fault listed.

    Examples:

      [bold]dispatch plan --publish[/bold]

      [bold]dispatch plan --from 2026-11-23 --to 2026-11-27 --seconds 60[/bold]

      [bold]dispatch plan --territory north --json > plan.json[/bold]
    """
    from pydantic import ValidationError
    from sqlmodel import Session

    from dispatch.input_faults import faults_of
    from dispatch.plans.contents import read_plan
    from dispatch.runs.runs import PlanRequest, request_run
    from dispatch.store import reading

    settings = settings_of_environment()
    first = day_of(from_, settings, "--from")
    last = first if to is None else day_of(to, settings, "--to")
    try:
        request = PlanRequest(
            starts_on=first,
            ends_on=last,
            territory=territory,
            seconds=seconds,
            seed=seed,
            publish=publish,
        )
    except ValidationError as error:
        refuse(faults_of(error.errors()))
    with database(settings) as engine:
        with Session(engine) as session:
            run = request_run(session, request, actor=ACTOR, settings=settings)
            session.commit()
        run = executed(engine, run.id, settings)
        found = None
        if run.plan_id is not None:
            with Session(reading(engine)) as session:
                found = read_plan(session, run.plan_id)
    if found is not None and as_json:
        typer.echo(found.model_dump_json(indent=2))
    elif found is not None:
        print_plan(found, settings)
    if run.failure is not None:
        fail([Fault("run_failed", run.id, run.failure.rstrip("."), "nothing was published")])
    if found is None or (publish and found.version is None):
        fail([Fault("cancelled", run.id, "it was stopped", "what it had found is a draft")])


def executed(engine: "Engine", run_id: str, settings: "Settings") -> "RunOut":
    """The run once it is over, solved here with progress shown.

    A service on the same database may take it up first; then it is followed. Ctrl-C stops it.
    """
    from sqlmodel import Session

    from dispatch.models import RunStatus
    from dispatch.runs.execution import execute_run
    from dispatch.runs.runs import cancel_run, read_run
    from dispatch.store import reading

    def work() -> None:
        execute_run(settings.database_url, run_id, settings)

    compile_first()
    asked_to_stop, pause = False, threading.Event()
    with ThreadPoolExecutor(1) as pool, _progress() as show, interruptible() as interrupted:
        working = pool.submit(work)
        while True:
            pause.wait(LOOK_EVERY_SECONDS)
            if working.done():
                working.result()
            with Session(reading(engine)) as session:
                run = read_run(session, run_id)
            if run.finished_at is not None:
                return run
            show(run)
            if working.done() and run.status == RunStatus.QUEUED:
                working = pool.submit(work)
            if interrupted() and not asked_to_stop:
                asked_to_stop = True
                with Session(engine) as session:
                    cancel_run(session, run_id, actor=ACTOR)
                    session.commit()


@contextmanager
def _progress() -> Iterator[Callable[["RunOut"], None]]:
    """A line on standard error that tells how far a run is."""
    console = Console(stderr=True, markup=False, highlight=False)
    if console.is_terminal:
        with console.status("Planning …") as status:
            yield lambda run: status.update(f"{_standing(run)} · Ctrl-C stops")
        return
    shown = -1.0

    def show(run: "RunOut") -> None:
        nonlocal shown
        if run.progress >= shown + FARTHEST_BETWEEN_LINES:
            shown = run.progress
            console.print(_standing(run), soft_wrap=True)

    yield show


def _standing(run: "RunOut") -> str:
    cost = "" if run.objective is None else f" · cost {run.objective / 100:,.0f}"
    return f"Planning {run.starts_on} to {run.ends_on}: {run.progress:.0%}{cost}"


def print_plan(found: "PlanOut", settings: "Settings") -> None:
    """Routes, what is left out and why, and what it costs."""
    console = terminal.output()
    if found.routes:
        console.print(_routes_table(found, settings))
    if found.unassigned:
        table = Table("Job", "Title", "Priority", "Why", title="Unassigned", title_justify="left")
        for job in found.unassigned:
            why = "\n".join(reason.message for reason in job.reasons)
            table.add_row(job.job_id, job.title, job.priority.name.lower(), why)
        console.print(table)
    totals = found.totals
    table = Table("Rule", title="Cost", title_justify="left", show_footer=True)
    table.columns[0].footer = "all"
    table.add_column("Cost", footer=f"{totals.objective / 100:,.0f}", justify="right")
    for rule, cost in totals.cost.items():
        if cost:
            table.add_row(rule.replace("_", " "), f"{cost / 100:,.0f}")
    console.print(table)
    state = found.status.value
    if found.version is not None:
        state += f" as version {found.version}"
    per_job = totals.travel_minutes_per_job
    console.print(
        f"Plan {found.id}, {state}: {counted(totals.jobs_placed, 'job', spec=',')}"
        f" on {counted(len(found.routes), 'route', spec=',')}"
        f" · {totals.jobs_unassigned:,} unassigned"
        + ("" if per_job is None else f" · {per_job:.1f} minutes of travel per job")
        + f" · {totals.distance_metres / 1000:,.0f} km"
    )


def _routes_table(found: "PlanOut", settings: "Settings") -> Table:
    from solver.solution import StopKind

    several_days = found.ends_on > found.starts_on
    table = Table("Technician", "", title="Routes", title_justify="left")
    if several_days:
        table.add_column("Day")
    for heading in ("Leaves", "Returns", "Jobs", "Depot", "Travel", "km"):
        table.add_column(heading, justify="right")
    for route in sorted(found.routes, key=lambda route: (route.day, route.technician_id)):
        kinds = [stop.kind for stop in route.stops]
        table.add_row(
            route.technician_id,
            route.technician,
            *([f"{route.day:%a %d %b}"] if several_days else []),
            f"{route.start_at.astimezone(settings.zone):%H:%M}",
            f"{route.end_at.astimezone(settings.zone):%H:%M}",
            str(kinds.count(StopKind.VISIT)),
            str(kinds.count(StopKind.DEPOT) or ""),
            _duration(route.travel_seconds),
            f"{route.distance_metres / 1000:.1f}",
        )
    return table


def route(
    technician: Annotated[
        str, typer.Argument(metavar="TECHNICIAN", help="The technician's id, such as T05.")
    ],
    date: Annotated[str, typer.Option(metavar="DATE|today", help="Which day.")] = "today",
    as_json: JsonOption = False,
    as_calendar: Annotated[
        bool, typer.Option("--ics", help="Print an iCalendar file, and nothing else.")
    ] = False,
    as_geojson: Annotated[
        bool, typer.Option("--geojson", help="Print GeoJSON, and nothing else.")
    ] = False,
) -> None:
    """Show a technician's day as it is in force: stops, times, places, parts and tools.

    Exit status: 0 shown, also if the day is free; 1 the database does not
    answer; 2 no such technician, or an invalid date.

    Examples:

      [bold]dispatch route T05[/bold]

      [bold]dispatch route T05 --date 2026-11-23 --ics > T05.ics[/bold]
    """
    from sqlmodel import Session

    from dispatch.models import now
    from dispatch.store import reading
    from dispatch.views import calendars, itinerary

    if as_json + as_calendar + as_geojson > 1:
        raise typer.BadParameter("choose one of --json, --ics and --geojson")
    settings = settings_of_environment()
    day = day_of(date, settings, "--date")
    with database(settings) as engine, Session(reading(engine)) as session:
        found = itinerary.daily_route(session, technician, day, settings)
    if as_json:
        typer.echo(found.model_dump_json(indent=2))
    elif as_calendar:
        with database(settings) as engine, Session(engine) as session:
            told = calendars.published(
                session, [found], settings, now(), language=settings.language
            )
            session.commit()
        typer.echo(told.content, nl=False)
    elif as_geojson:
        typer.echo(json.dumps(itinerary.as_geojson(found), ensure_ascii=False, indent=2))
    else:
        _print_route(found)


def _print_route(found: "DailyRoute") -> None:
    console = terminal.output()
    console.print(f"{found.technician_id} {found.technician} · {found.day:%A %d %B %Y}")
    if not found.routes:
        console.print("Nothing is planned for this day.")
    for shift in found.routes:
        load = [f"{part.quantity} × {part.name}" for part in shift.load_parts]
        load += [tool.name for tool in shift.load_tools]
        if load:
            console.print(f"To load: {', '.join(load)}")
        console.print(_stops_table(shift, found.address))
        console.print(
            f"{_duration(shift.travel_seconds)} of travel, {shift.distance_metres / 1000:.1f} km"
            f" · plan version {shift.plan_version}"
        )


def _stops_table(shift: "ShiftRoute", home: str) -> Table:
    table = Table("Time", "What", "Where", "With", show_lines=True)
    table.add_row(f"{shift.leaves_at:%H:%M}", "Leave", home, "")
    for stop in shift.stops:
        work = "\n".join(filter(None, (stop.title, stop.job_id)))
        where = "\n".join(filter(None, (stop.name, stop.address, stop.phone)))
        time = f"{stop.start_at:%H:%M}–{stop.departure_at:%H:%M}"
        table.add_row(time, work, where, "\n".join(_with(stop)))
    table.add_row(f"{shift.returns_at:%H:%M}", "Return", home, "")
    return table


def _with(stop: "RouteStop") -> Iterator[str]:
    for part in stop.parts:
        yield f"{part.quantity} × {part.name}"
    for tool in stop.tools:
        yield tool.name


def _duration(seconds: int) -> str:
    minutes = round(timedelta(seconds=seconds) / timedelta(minutes=1))
    return f"{minutes // 60}:{minutes % 60:02}"
