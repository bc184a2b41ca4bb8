"""References from what comes in to what the company has: unknown ones, with the likely id."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from sqlmodel import Session

from dispatch import store
from solver.faults import Fault

Tables = tuple[type[store.Named], ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """``where`` something names the row ``id`` of one of ``tables``."""

    where: str
    tables: Tables
    id: str


def unknown_references(
    session: Session,
    references: Iterable[Reference],
    arriving: Mapping[type[store.Named], Collection[str]] | None = None,
) -> list[Fault]:
    """A fault for each reference to an id that neither is stored nor is ``arriving``."""
    wanted: dict[Tables, list[Reference]] = {}
    for reference in references:
        wanted.setdefault(reference.tables, []).append(reference)
    faults = []
    for tables, group in wanted.items():
        missing = {reference.id for reference in group}
        for table in tables:
            missing.difference_update((arriving or {}).get(table, ()))
            missing -= store.existing_ids(session, table, missing)
        if not missing:
            continue
        known = {id_ for table in tables for id_ in store.all_ids(session, table)}
        known.update(id_ for table in tables for id_ in (arriving or {}).get(table, ()))
        kind = " or ".join(table.__name__.lower() for table in tables)
        actions = {id_: _action(id_, known, kind) for id_ in missing}
        faults += [
            Fault("unknown_reference", one.where, f"there is no {kind} {one.id!r}", actions[one.id])
            for one in group
            if one.id in missing
        ]
    return faults


def _action(wanted: str, known: Iterable[str], kind: str) -> str:
    by_folded = {id_.casefold(): id_ for id_ in known}
    matches = get_close_matches(wanted.casefold(), by_folded, n=1)
    if matches:
        return f"did you mean {by_folded[matches[0]]!r}?"
    return f"use the id of an existing {kind}, or add it first"
