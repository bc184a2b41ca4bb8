"""The ``dispatch`` command, as far as it needs no HTTP; ``api.cli`` adds ``serve`` and ``demo``."""

import typer

from dispatch.cli import accounts, folders, plans, solver

app = typer.Typer(
    help="Plan field technicians' days: skills, parts, tools, depots, time windows, breaks.\n\n"
    "Where the data are and how to plan is set by DISPATCH_… variables, listed in\n"
    "README.md. Wrong input is never half taken: every fault is listed, and the\n"
    "exit status is 2.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
DATABASE = "On the database"
FILES = "On files, without a database"
ONCE = "Once, after installing"

app.command("import", rich_help_panel=DATABASE)(folders.import_)
app.command(rich_help_panel=DATABASE)(folders.export)
app.command(rich_help_panel=DATABASE)(plans.plan)
app.command(rich_help_panel=DATABASE)(plans.route)
app.add_typer(accounts.account, name="account", rich_help_panel=DATABASE)
app.add_typer(accounts.key, name="key", rich_help_panel=DATABASE)
app.command(rich_help_panel=FILES)(solver.solve)
app.command(rich_help_panel=FILES)(solver.check)
app.command("compile", rich_help_panel=ONCE)(solver.compile_)
