"""The ``dispatch`` command."""

import typer

from dispatch import cli_solver

app = typer.Typer(
    help="Plan field technicians' days: skills, parts, tools, depots, time windows, breaks.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
app.command()(cli_solver.solve)
app.command()(cli_solver.check)
