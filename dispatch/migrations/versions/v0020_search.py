"""What jobs are about (machine, work type, contact, note, how long they wait), what work types are
called, and what jobs, sites and machines are found by."""

import re
import unicodedata
from collections.abc import Iterable

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

TEXTS = ("contact_name", "contact_phone", "note")
REFERENCES = (("asset_id", "asset"), ("work_type_id", "job_template"))


def upgrade() -> None:
    with op.batch_alter_table("job") as job:
        for name, table in REFERENCES:
            job.add_column(sa.Column(name, sa.String(), nullable=True))
            job.create_foreign_key(op.f(f"fk_job_{name}"), table, [name], ["id"])
        for name in TEXTS:
            job.add_column(sa.Column(name, sa.String(), nullable=True))
        job.add_column(sa.Column("hold_until", sa.Date(), nullable=True))
    for name, _ in REFERENCES:
        op.create_index(op.f(f"ix_job_{name}"), "job", [name])
    op.add_column("job_template", sa.Column("name", sa.String(), nullable=True))
    words = ("low", "normal", "high", "urgent", "emergency")
    priority = sa.Enum(*words, name="priority", native_enum=False, length=20)
    op.add_column(
        "job_template",
        sa.Column("priority", priority, nullable=False, server_default="normal"),
    )
    with op.batch_alter_table("job_template") as template:
        template.alter_column("priority", server_default=None)
    found = op.create_table(
        "search_text",
        sa.Column(
            "kind",
            sa.Enum("job", "site", "asset", name="findable", native_enum=False, length=20),
            nullable=False,
        ),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("phones", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "id", name=op.f("pk_search_text")),
    )
    op.create_index(op.f("ix_search_text_code"), "search_text", ["code"])
    rows = list(_rows(op.get_bind()))
    for start in range(0, len(rows), 5_000):
        op.bulk_insert(found, rows[start : start + 5_000])


def _rows(connection: sa.Connection) -> Iterable[dict[str, str]]:
    """As ``dispatch.search_texts`` made them when this was written."""
    sites = {}
    for id_, name, address, phone in connection.execute(
        sa.text("SELECT id, name, address, phone FROM site")
    ):
        sites[id_] = _words(name, address, id_), _phones(phone)
        yield _row("site", id_, *sites[id_])
    for id_, site, *own in connection.execute(
        sa.text("SELECT id, site_id, name, model, serial_number FROM asset")
    ):
        words, phones = sites[site]
        yield _row("asset", id_, [*_words(id_, *own), *words], phones)
    for id_, site, title in connection.execute(sa.text("SELECT id, site_id, title FROM job")):
        words, phones = sites[site]
        yield _row("job", id_, [*_words(id_, title), *words], phones)


def _row(kind: str, id_: str, words: Iterable[str], phones: Iterable[str]) -> dict[str, str]:
    return {
        "kind": kind,
        "id": id_,
        "code": id_.casefold(),
        "words": f" {' '.join(dict.fromkeys(words))[:600]} ",
        "phones": f" {' '.join(dict.fromkeys(phones))} ",
    }


def _words(*texts: str | None) -> list[str]:
    return re.findall(r"[^\W_]+", _plain(" ".join(filter(None, texts))))


def _plain(text: str) -> str:
    letters = unicodedata.normalize("NFD", text.casefold()).replace("đ", "d")
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def _phones(text: str | None) -> list[str]:
    numbers = (
        number
        for part in re.split(r"[;,/]| - |\b(?:hoac|or)\b", _plain(text or ""))
        for number in re.findall(r"\+?\d[\d\s.\-()/]*", part)
    )
    return list(filter(None, map(_dialled, numbers)))


def _dialled(number: str) -> str:
    digits = re.sub(r"\D", "", number)
    is_abroad = number.lstrip().startswith("+") or digits.startswith("00")
    digits = digits.removeprefix("00") if is_abroad else digits
    local = digits.removeprefix("84")
    if len(local) < len(digits) and (is_abroad or len(local) >= 9):
        return "0" + local.removeprefix("0")
    return digits
