"""``dispatch import`` and ``export``: the company in folders of CSV files.

A command imports what it needs when it runs: to load it all takes seconds that ``dispatch solve``
has no use for.
"""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from dispatch.cli import terminal
from dispatch.cli.terminal import (
    ACTOR,
    JsonOption,
    database,
    day_of,
    fail,
    settings_of_environment,
)
from solver.faults import Fault


def import_(
    folders: Annotated[
        list[Path],
        typer.Argument(
            metavar="FOLDER...", help="Folders of CSV files or workbooks, the company first."
        ),
    ],
    move_to: Annotated[
        str | None,
        typer.Option(
            metavar="DATE|today",
            help="Move all dates of a folder so that its jobs begin on this day.",
        ),
    ] = None,
    allow_past: Annotated[
        bool,
        typer.Option("--allow-past", help="Take jobs whose windows are over, as from a backup."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Store what folders of files say; add and change, remove nothing.

    They are CSV, or workbooks (XLSX), as spreadsheets save them. A faulty
    file is refused with every line and column, and then nothing at all is
    stored. A SQLite database is created if there is none.
    Columns: docs/csv.md.

    Exit status: 0 stored; 1 the database does not answer; 2 refused, with
    every fault listed.

    Examples:

      [bold]dispatch import company/ new-jobs/[/bold]

      [bold]dispatch import fixtures/hanoi fixtures/hanoi/day --move-to today[/bold]

      [bold]DISPATCH_DATABASE_URL=sqlite:///copy.db dispatch import backup/ --allow-past[/bold]
    """
    from sqlmodel import Session

    from dispatch.files.folder import import_folder

    settings = settings_of_environment()
    first = None if move_to is None else day_of(move_to, settings, "--move-to")
    counts: dict[str, dict[str, int]] = {}
    with database(settings, create=True) as engine, Session(engine) as session:
        for folder in folders:
            counts[str(folder)] = import_folder(
                session,
                folder,
                actor=ACTOR,
                settings=settings,
                move_to=first,
                allow_past=allow_past,
            )
        session.commit()
    if as_json:
        typer.echo(json.dumps(counts, ensure_ascii=False, indent=2))
        return
    for folder_name, files in counts.items():
        _print_counts(f"Imported from {folder_name}", files)


def export(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Where to write; made if it is not there.")
    ],
    as_json: JsonOption = False,
) -> None:
    """Write everything that can be imported, as a folder of CSV files.

    Files of the same names are overwritten. The columns are those of the
    import, so that what was exported can be changed and imported again.

    Exit status: 0 written; 1 the folder or the database does not allow it;
    2 there is no database.

    Example:

      [bold]dispatch export backup/[/bold]
    """
    from sqlmodel import Session

    from dispatch.files.folder import export_folder
    from dispatch.store import reading

    settings = settings_of_environment()
    with database(settings) as engine, Session(reading(engine)) as session:
        try:
            counts = export_folder(session, folder, settings)
        except OSError as error:
            cause = error.strerror or "it cannot be written"
            fail([Fault("unwritable", str(error.filename), cause, "choose another folder")])
    if as_json:
        typer.echo(json.dumps(counts, indent=2))
    else:
        _print_counts(f"Exported to {folder}", counts)


def _print_counts(title: str, counts: dict[str, int]) -> None:
    table = Table("File", title=title, title_justify="left")
    table.add_column("Lines", justify="right")
    for file, lines in counts.items():
        table.add_row(file, f"{lines:,}")
    terminal.output().print(table)
