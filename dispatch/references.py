"""References from what comes in to what the company has: unknown ones, with the likely id."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from sqlmodel import Session

from dispatch import store
from solver.problem import Fault


@dataclass(frozen=True, slots=True)
class Reference:
    """``where`` something names the row ``id`` of ``table``."""

    where: str
    table: type[store.Named]
    id: str


def unknown_references(
    session: Session,
    references: Iterable[Reference],
    arriving: Mapping[type[store.Named], Collection[str]] | None = None,
) -> list[Fault]:
    """A fault for each reference to an id that neither is stored nor is ``arriving``."""
    arriving = arriving or {}
    wanted: dict[type[store.Named], list[Reference]] = {}
    for reference in references:
        if reference.id not in arriving.get(reference.table, ()):
            wanted.setdefault(reference.table, []).append(reference)
    faults = []
    for table, group in wanted.items():
        stored = store.existing_ids(session, table, {reference.id for reference in group})
        missing = [reference for reference in group if reference.id not in stored]
        known = (
            [*store.all_ids(session, table), *(arriving or {}).get(table, ())] if missing else []
        )
        kind = table.__name__.lower()
        likely = {id_: _closest(id_, known) for id_ in {reference.id for reference in missing}}
        faults += [
            Fault(
                "unknown_reference",
                reference.where,
                f"there is no {kind} {reference.id!r}",
                f"did you mean {likely[reference.id]!r}?"
                if likely[reference.id]
                else f"use the id of an existing {kind}, or add it first",
            )
            for reference in missing
        ]
    return faults


def _closest(wanted: str, known: Collection[str]) -> str | None:
    by_folded = {id_.casefold(): id_ for id_ in known}
    matches = get_close_matches(wanted.casefold(), by_folded, n=1)
    return by_folded[matches[0]] if matches else None
