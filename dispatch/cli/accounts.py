"""``dispatch account`` and ``dispatch key``: who may use the service."""

import sys
from typing import Annotated

import typer

from dispatch.cli.terminal import ACTOR, database, refuse, settings_of_environment

account = typer.Typer(
    help="Accounts of people: the first administrator, and forgotten passwords.\n\n"
    "Everything else about accounts is done over HTTP: docs/access.md.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)
key = typer.Typer(help="Keys of machines.", no_args_is_help=True, rich_markup_mode="rich")


@key.callback()
def _key() -> None:
    """Keys of machines."""  # makes ``add`` a command, though it is the only one


UserNameArgument = Annotated[str, typer.Argument(metavar="USER", help="The user name.")]
TechnicianOption = Annotated[
    str | None,
    typer.Option(metavar="ID", help="Whose it is, for the role technician, such as T05."),
]


@account.command("add")
def add_account(
    user: UserNameArgument,
    role: Annotated[str, typer.Option(help="administrator, dispatcher or technician.")],
    name: Annotated[str | None, typer.Option(help="Full name; the user name if not given.")] = None,
    technician: TechnicianOption = None,
) -> None:
    """Create an account; the password is asked for, or read from standard input.

    Exit status: 0 created; 1 the user name is taken; 2 invalid input,
    such as a weak password, with every fault listed.

    Examples:

      [bold]dispatch account add lan --role administrator --name 'Nguyễn Thị Lan'[/bold]

      [bold]dispatch account add hung --role technician --technician T01 < password[/bold]
    """
    from pydantic import ValidationError
    from sqlmodel import Session

    from dispatch.access.accounts import NewAccount, create_account
    from dispatch.input_faults import faults_of

    settings = settings_of_environment()
    content = {"id": user, "name": name or user, "role": role, "technician_id": technician}
    try:
        new = NewAccount.model_validate(content)
    except ValidationError as error:
        refuse(faults_of(error.errors()))
    password = _password()
    with database(settings, create=True) as engine, Session(engine) as session:
        create_account(session, new, actor=ACTOR, password=password)
        session.commit()
    typer.echo(f"Account {new.id} may sign in as {new.role}.")


@account.command("password")
def set_account_password(user: UserNameArgument) -> None:
    """Set a new password, as for a forgotten one; whoever is signed in is not any more.

    It is asked for, or read from standard input.

    Exit status: 0 set; 2 no such account, or a weak password.

    Example:

      [bold]dispatch account password lan[/bold]
    """
    from sqlmodel import Session

    from dispatch.access.accounts import folded, set_password

    settings = settings_of_environment()
    password = _password()
    with database(settings) as engine, Session(engine) as session:
        set_password(session, str(folded(user)), password, actor=ACTOR)
        session.commit()
    typer.echo(f"Account {user} has a new password.")


@key.command("add")
def add_key(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Which machine it is for.")],
    role: Annotated[
        str,
        typer.Option(
            help="integration (alerts only), solver (POST /solve only), dispatcher, technician, "
            "administrator."
        ),
    ] = "integration",
    technician: TechnicianOption = None,
) -> None:
    """Create a key and print it, once; only what recognises it is kept.

    Exit status: 0 created; 2 invalid input, with every fault listed.

    Example:

      [bold]dispatch key add ThingsBoard --role integration[/bold]
    """
    from pydantic import ValidationError
    from sqlmodel import Session

    from dispatch.access.keys import NewKey, create_key
    from dispatch.input_faults import faults_of

    settings = settings_of_environment()
    try:
        new = NewKey.model_validate({"name": name, "role": role, "technician_id": technician})
    except ValidationError as error:
        refuse(faults_of(error.errors()))
    with database(settings, create=True) as engine, Session(engine) as session:
        made = create_key(session, new, actor=ACTOR)
        session.commit()
    typer.echo(f"Key {made.id} is {made.role}; keep it, it is not shown again:", err=True)
    typer.echo(made.key)


def _password() -> str:
    """Never an argument: those are in the shell's history and in the list of processes."""
    from pydantic import TypeAdapter, ValidationError

    from dispatch.access.passwords import Password
    from dispatch.input_faults import faults_of

    if sys.stdin.isatty():
        typed = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        typed = sys.stdin.readline().rstrip("\r\n")
    try:
        return TypeAdapter(Password).validate_python(typed)
    except ValidationError as error:
        refuse(faults_of(error.errors(), "password"))
