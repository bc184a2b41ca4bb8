"""``dispatch solve`` and ``dispatch check``: the solver on files, without a database."""

import json
import time as clock
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from dispatch.cli import terminal
from dispatch.cli.terminal import compile_first, interruptible, refuse
from dispatch.cores import available_cores
from solver.draft.draft import Draft
from solver.explain.linked import with_reasons
from solver.faults import Fault
from solver.files.decode import UnreadableFile, parse_json, read_text
from solver.files.plans import WrittenPlan, false_claims, plan_as_json, plan_from_json
from solver.files.read import Format, ProblemFile, read_problem
from solver.files.vroom.read import VroomProblem
from solver.files.vroom.travel import DETOUR_FACTOR, SPEED_KMH
from solver.files.vroom.write import write_vroom
from solver.files.write import InvalidSolution
from solver.judge.check import check as violations_of
from solver.problem import InvalidProblem, Problem
from solver.solution import Route, Rule, Solution, StopKind
from solver.solve import ENGINES, Limit, Progress
from solver.solve import solve as solution_of
from solver.start import Start, start_from
from solver.wording import counted

DEFAULT_SECONDS = 10.0
ESTIMATED = (
    f"Travel is estimated: great circles × {DETOUR_FACTOR:g} at {SPEED_KMH:g} km/h; give matrices "
    "to have it as it is"
)

ProblemPath = Annotated[Path, typer.Argument(metavar="PROBLEM", help="Problem file.")]
FormatOption = Annotated[
    Format | None,
    typer.Option(help="Format of the problem file; guessed from its content if not given."),
]


def solve(
    problem: ProblemPath,
    format: FormatOption = None,  # noqa: A002 - the option's name
    time: Annotated[
        float | None,
        typer.Option(
            min=0,
            metavar="SECONDS",
            help=f"Stop after this long; {DEFAULT_SECONDS:g} s if there is no other limit.",
            show_default=False,
        ),
    ] = None,
    iterations: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Stop after this many steps on each core: same result on every machine.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Another seed is another search.")] = 0,
    engine: Annotated[
        str,
        typer.Option(help="Search engine: kernel, or routing for OR-Tools alone, on one core."),
    ] = ENGINES[0],
    cores: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Processor cores to search on; all of them if not given, one with --iterations. "
            "Another number is another search.",
            show_default=False,
        ),
    ] = None,
    start: Annotated[
        Path | None,
        typer.Option(
            metavar="SOLUTION",
            help="Improve this plan, as --output writes it; the answer costs no more. Stops that "
            "are not possible any more are left out, and listed.",
        ),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Write the solution as JSON; - is standard output."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the solution as JSON, and nothing else.")
    ] = False,
) -> None:
    """Find the best routes for the problem in a file.

    Prints a summary. Every visit ends up on a route, or unassigned with the reasons. Ctrl-C stops
    early and keeps the best solution so far. Formats: docs/formats.md.

    Exit status: 0 solved; 2 invalid input, with every fault listed.

    Examples:

      [bold]dispatch solve day.json --time 30 --output plan.json[/bold]

      [bold]dispatch solve C101.txt --format trsp --iterations 100000 --seed 7 --json[/bold]

      [bold]dispatch solve R101.txt --engine routing --time 60[/bold]

      [bold]dispatch solve day.json --start plan.json --output better.json[/bold]
    """
    if engine not in ENGINES:
        raise typer.BadParameter(
            f"there is no engine {engine!r}; use {', '.join(ENGINES)}", param_hint="--engine"
        )
    to_stdout = as_json or output == "-"
    target = None if output in (None, "-") else Path(str(output))
    if target is not None and not target.absolute().parent.is_dir():
        # Better now than after the search.
        refuse([Fault("unwritable", str(target), "there is no such folder", "create it first")])
    file, given = _read_files(problem, format, start)
    if time is None and iterations is None:
        time = DEFAULT_SECONDS
    if cores is None:
        # The result of so many iterations must not depend on the machine.
        cores = available_cores() if iterations is None else 1
    if engine == "kernel":
        compile_first()

    if file.vroom is not None and file.vroom.travel.is_estimated:
        typer.echo(ESTIMATED, err=True)
    began = clock.monotonic()
    known = _known_start(file, given)
    source = start or problem
    for lost in () if known is None else known.dropped:
        typer.echo(
            f"{source}: visit {lost.visit!r} leaves shift {lost.shift!r}: {lost.why}", err=True
        )
    with _progress(file) as report, interruptible() as interrupted:
        solution = solution_of(
            file.problem,
            Limit(seconds=time, iterations=iterations),
            seed=seed,
            cores=cores,
            engine=engine,
            start=None if known is None else known.plan,
            progress=report,
            cancelled=interrupted,
        )
    if known is not None and known.plan.objective < solution.objective:
        solution = with_reasons(Draft(file.problem), known.plan)
    elapsed = clock.monotonic() - began

    plan = plan_as_json(file, solution, elapsed)
    text = json.dumps(plan, ensure_ascii=False, indent=2) + "\n"
    if target is not None:
        try:
            target.write_text(text, encoding="utf-8")
        except OSError as error:
            cause = error.strerror or "it cannot be written"
            refuse([Fault("unwritable", str(target), cause, "choose another --output")])
    if to_stdout:
        typer.echo(text, nl=False)
    else:
        _print_summary(file, solution, elapsed)


def check(
    problem: ProblemPath,
    solution: Annotated[Path, typer.Argument(metavar="SOLUTION", help="Solution file (JSON).")],
    format: FormatOption = None,  # noqa: A002 - the option's name
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Verify a solution against its problem, rule by rule.

    Shares no code with the engines. Prints one violation a line: rule, where, amount, message.

    Exit status: 0 no violation; 1 violations; 2 invalid input, with every fault listed.

    Example:

      [bold]dispatch check day.json plan.json[/bold]
    """
    file, plan = _read_files(problem, format, solution)
    assert plan is not None  # noqa: S101 - a solution was named
    claimed = plan.solution
    violations = [
        violation
        for violation in violations_of(plan.problem, claimed, tolerance=file.tolerance)
        if violation.rule is not Rule.COST or claimed.cost
    ] or false_claims(file, plan)
    if as_json:
        rows = [
            {"rule": v.rule.value, "where": v.where, "amount": v.amount, "message": v.message}
            for v in violations
        ]
        typer.echo(json.dumps({"violations": rows}, ensure_ascii=False, indent=2))
    elif violations:
        if file.scale != 1:
            unit = f"times and amounts of time are in 1/{file.scale} of the file's unit"
            typer.echo(unit, err=True)
        for v in violations:
            typer.echo(f"{v.rule.value}\t{v.where}\t{v.amount}\t{v.message}")
    else:
        typer.echo(f"No violations: {_verdict(file, claimed)}")
    raise typer.Exit(1 if violations else 0)


def compile_() -> None:
    """Compile the search engine, so that no search has to wait for it.

    [bold]make install[/bold] has done it. Otherwise the first search does,
    and begins a minute later. What was compiled from other sources more than
    a day ago is removed.
    """
    compile_first()
    typer.echo("The search engine is compiled.")


def _read_files(
    problem: Path,
    format: Format | None,  # noqa: A002 - the option's name
    solution: Path | None,
) -> tuple[ProblemFile, WrittenPlan | None]:
    """The problem and, if one is named, the solution; refused with the faults of both.

    What a solution means can be said only of a problem that is sound.
    """
    faults: list[Fault] = []
    file, data = None, None
    try:
        file = read_problem(problem, format)
    except InvalidProblem as error:
        faults += error.faults
    if solution is not None:
        try:
            data = parse_json(read_text(solution), solution)
        except UnreadableFile as error:
            faults.append(error.fault)
    if file is None or faults:
        refuse(faults)
    if solution is None:
        return file, None
    try:
        return file, plan_from_json(file, data)
    except InvalidSolution as error:
        refuse(error.faults)


def _known_start(file: ProblemFile, given: WrittenPlan | None) -> Start | None:
    """What can be kept of the plan to start from: the one given, or that of the problem's file."""
    if given is not None:
        return start_from(file.problem, given.solution)
    own = None if file.vroom is None else file.vroom.start()
    return None if own is None else start_from(file.problem, own)


@contextmanager
def _progress(file: ProblemFile) -> Iterator[Callable[[Progress], None] | None]:
    """A line on standard error that tells how far the search is, if anyone is there to see it."""
    console = Console(stderr=True, markup=False)
    if not console.is_terminal:
        yield None
        return
    visits = counted(len(file.problem.visits), "visit")
    with console.status("Searching …") as status:
        yield lambda now: status.update(
            f"{now.seconds:.0f} s · cost {_price(file, now.objective)}"
            f" · {now.assigned} of {visits} on a route · Ctrl-C stops"
        )


def _print_summary(file: ProblemFile, solution: Solution, elapsed: float) -> None:
    console = terminal.output()
    if solution.routes:
        console.print(_routes_table(file, solution.routes))
    if solution.unassigned:
        console.print(_unassigned_table(solution))
    console.print(
        _cost_table(file, solution) if file.vroom is None else _summary_table(file.vroom, solution)
    )
    console.print(f"{_verdict(file, solution)} · {elapsed:.1f} s")


def _verdict(file: ProblemFile, solution: Solution) -> str:
    visits, left_out = len(file.problem.visits), len(solution.unassigned)
    routes = counted(len(solution.routes), "route", spec=",")
    of_all = counted(visits, "visit", spec=",")
    return f"{visits - left_out:,} of {of_all} on {routes} · {left_out:,} unassigned"


def _routes_table(file: ProblemFile, routes: Iterable[Route]) -> Table:
    table = Table(title="Routes", title_justify="left")
    table.add_column("Technician", overflow="fold")
    table.add_column("Shift", overflow="fold")
    for heading in ("Start", "End", "Visits", "Depot", "Travel", "Working"):
        table.add_column(heading, justify="right")
    for route in routes:
        kinds = [stop.kind for stop in route.stops]
        table.add_row(
            route.technician,
            route.shift,
            _moment(file, route.start),
            _moment(file, route.end),
            str(kinds.count(StopKind.VISIT)),
            str(kinds.count(StopKind.DEPOT) or ""),
            _duration(file, _travel_time(file.problem, route)),
            _duration(file, route.end - route.start),
        )
    return table


def _unassigned_table(solution: Solution) -> Table:
    table = Table("Visit", "Why", title="Unassigned", title_justify="left")
    for visit in solution.unassigned:
        table.add_row(visit.id, "\n".join(reason.message for reason in visit.reasons))
    return table


def _cost_table(file: ProblemFile, solution: Solution) -> Table:
    unit = "Cents" if file.format == "json" else "Cost"
    table = Table("Rule", title="Cost", title_justify="left", show_footer=True)
    table.columns[0].footer = "objective"
    table.add_column(unit, footer=_price(file, solution.objective), justify="right")
    for rule, cost in solution.cost.items():
        if cost:
            table.add_row(rule.value.replace("_", " "), _price(file, cost))
    return table


def _summary_table(vroom: VroomProblem, solution: Solution) -> Table:
    """As VROOM sums it up."""
    table = Table("Summary", title="Cost", title_justify="left")
    table.add_column("VROOM", justify="right")
    for name, value in write_vroom(vroom, solution)["summary"].items():
        if isinstance(value, int):
            table.add_row(name.replace("_", " "), f"{value:,}")
    return table


def _travel_time(problem: Problem, route: Route) -> int:
    places: dict[tuple[StopKind, str], int] = {}
    places |= {(StopKind.VISIT, visit.id): visit.location for visit in problem.visits}
    places |= {(StopKind.DEPOT, depot.id): depot.location for depot in problem.depots}
    shift = next(shift for shift in problem.shifts if shift.id == route.shift)
    stops = [places[stop.kind, stop.id] for stop in route.stops if stop.kind is not StopKind.BREAK]
    ends = ([] if end is None else [end] for end in (shift.start_location, shift.end_location))
    first, last = ends
    way = [*first, *stops, *last]
    return sum(int(problem.travel_time[leg]) for leg in pairwise(way))


def _amount(file: ProblemFile, number: int) -> str:
    if file.format == "vroom":
        return f"{number // file.scale:,}"
    return f"{number:,}" if file.format == "json" else f"{number / file.scale:,.2f}"


def _price(file: ProblemFile, cents: int) -> str:
    return f"{cents:,}" if file.format == "json" else f"{cents / file.cost_scale:,.2f}"


def _duration(file: ProblemFile, number: int) -> str:
    if file.format not in ("json", "vroom"):
        return _amount(file, number)
    seconds = number // file.scale
    return f"{seconds // 3600}:{seconds // 60 % 60:02}"


def _moment(file: ProblemFile, number: int) -> str:
    """A time since the problem's epoch: clock time if that is midnight, with the day if not 0."""
    if file.format != "json":
        return _amount(file, number)
    day, second = divmod(number, 86_400)
    return (f"day {day} " if day else "") + f"{second // 3600:02}:{second // 60 % 60:02}"
