"""What the commands share: settings, sessions, errors, Ctrl-C and output."""

import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console

from solver.faults import Fault

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from dispatch.settings import Settings

ACTOR = "command line"
"""Who does what a command does, in the log."""
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else.")]


def refuse(faults: Iterable[Fault]) -> NoReturn:
    """List what is wrong with the input and exit with status 2."""
    _end(faults, 2)


def fail(faults: Iterable[Fault]) -> NoReturn:
    """List what stands in the way and exit with status 1."""
    _end(faults, 1)


def _end(faults: Iterable[Fault], status: int) -> NoReturn:
    for fault in faults:
        typer.echo(str(fault), err=True)
    raise typer.Exit(status)


def compile_first() -> None:
    """Have the search compiled, and say so, unless it was done at installation."""
    from solver.search.compilation import compile_search, is_compiled

    if not is_compiled():
        typer.echo("Compiling the search engine (once, about two minutes) …", err=True)
        compile_search()


@contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """Whether Ctrl-C was pressed; pressed again, it ends the program."""
    interrupted = threading.Event()
    usual = signal.getsignal(signal.SIGINT)

    def note(*_: object) -> None:
        interrupted.set()
        signal.signal(signal.SIGINT, usual)

    signal.signal(signal.SIGINT, note)
    try:
        yield interrupted.is_set
    finally:
        signal.signal(signal.SIGINT, usual)


def output() -> Console:
    """Standard output for tables and texts that are not markup."""
    console = Console(markup=False, emoji=False, highlight=False)
    if not console.is_terminal:
        console.width = 200  # a file or a pipe has room for every id
    return console


def settings_of_environment() -> "Settings":
    """The settings; wrong ones are listed by variable and end the program."""
    from pydantic import ValidationError
    from pydantic_settings import SettingsError

    from dispatch.input_faults import faults_of
    from dispatch.settings import Settings

    try:
        return Settings()
    except ValidationError as error:
        refuse(
            Fault(fault.code, f"DISPATCH_{fault.where.upper()}", fault.cause, fault.action)
            for fault in faults_of(error.errors())
        )
    except SettingsError as error:
        refuse([Fault("invalid_setting", "DISPATCH_…", str(error), "write it as JSON")])


@contextmanager
def database(settings: "Settings", *, create: bool = False) -> Iterator["Engine"]:
    """The settings' database, its schema up to date; errors of the domain end the program.

    A SQLite file that is not there is only made if ``create`` says so.
    """
    from pathlib import Path

    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError

    from dispatch import engines
    from dispatch.errors import Conflict, DispatchError, Unavailable
    from dispatch.service import readiness
    from dispatch.service.troubles import fault_of, trouble_of

    where = "DISPATCH_DATABASE_URL"
    try:
        engine = engines.connect(settings.database_url)
        shown = make_url(settings.database_url).render_as_string(hide_password=True)
    except (ValueError, ArgumentError) as error:
        refuse([Fault("invalid_setting", where, str(error), "correct it")])
    if not create and engine.dialect.name == "sqlite":
        file = Path(engine.url.database or "")
        if not file.exists():
            refuse(
                [
                    Fault(
                        "no_database",
                        where,
                        f"there is no file {file}",
                        "fill one with dispatch import, or name another one",
                    )
                ]
            )
    try:
        readiness.prepare(settings)
        yield engine
    except DispatchError as error:
        _end(error.faults, 1 if isinstance(error, Conflict | Unavailable) else 2)
    except DBAPIError as error:
        trouble = trouble_of(error)
        if trouble is not None:
            fail([fault_of(trouble, shown)])
        if not isinstance(error, OperationalError):
            raise
        fail([Fault("database", shown, str(error.orig), "check that it is there and not in use")])
    finally:
        engine.dispose()


def day_of(text: str, settings: "Settings", option: str) -> date:
    """The local day that an option names; anything else is a wrong use of the command."""
    from pydantic import TypeAdapter, ValidationError

    from dispatch.intake import Day
    from dispatch.models import now

    if text == "today":
        return now().astimezone(settings.zone).date()
    try:
        return TypeAdapter[date](Day).validate_python(text)
    except ValidationError as error:
        [first, *_] = error.errors()
        message = f"{text!r} is no day ({first['msg']}); write 2026-11-23 or today"
        raise typer.BadParameter(message, param_hint=option) from None
