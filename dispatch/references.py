"""References from what comes in to what the company has: unknown ones, with the likely id."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from sqlmodel import Session

from dispatch import store
from dispatch.intake import Input, name_of
from dispatch.models import Asset, Depot, Job, JobTemplate, Part, Site, Skill, Technician, Tool
from solver.faults import Fault

Tables = tuple[type[store.Named], ...]

PLACES: Tables = (Site, Depot, Technician)
REFERS: Mapping[str, Tables] = {
    "site_id": (Site,),
    "asset_id": (Asset,),
    "depot_id": (Depot,),
    "job_ids": (Job,),
    "part_id": (Part,),
    "template_id": (JobTemplate,),
    "technician_id": (Technician,),
    "from_technician_id": (Technician,),
    "technician_ids": (Technician,),
    "pinned_technician_id": (Technician,),
    "work_type_id": (JobTemplate,),
    "preferred": (Technician,),
    "allowed": (Technician,),
    "forbidden": (Technician,),
    "skills": (Skill,),
    "parts": (Part,),
    "parts_used": (Part,),
    "tools": (Tool,),
    "from_place": PLACES,
    "to_place": PLACES,
}
"""What fields of these names hold ids of, one each or a list of them, in whatever comes in."""


@dataclass(frozen=True, slots=True)
class Reference:
    """``where`` something names the row ``id`` of one of ``tables``."""

    where: str
    tables: Tables
    id: str


def references_of(
    content: Input, where: Callable[[str], str] = lambda name: name
) -> Iterator[Reference]:
    """Everything that the content refers to; ``where`` says what a field is called in faults."""
    for name, tables in REFERS.items():
        value = getattr(content, name, None)
        for one in value if isinstance(value, list) else [value] if value is not None else []:
            yield Reference(where(name), tables, name_of(one))


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
        # Of jobs there are too many to look for one of a similar name.
        named = [table for table in tables if table is not Job]
        known = {id_ for table in named for id_ in store.all_ids(session, table)}
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
