"""A company as a folder of files, in and out, with the same columns both ways."""

import csv
from collections.abc import Collection, Iterable, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from sqlmodel import Session

from dispatch import log, search_texts, store
from dispatch.company.master_data import AbsenceEntry, DepotEntry, SiteEntry, TechnicianEntry
from dispatch.company.sites import WHERE, look_again
from dispatch.coordinates import area_faults
from dispatch.errors import InvalidInput
from dispatch.files import links
from dispatch.files.pages import Page, read_page
from dispatch.files.reading import Clock
from dispatch.files.sheets import ASSETS, JOBS, LINKS, SHEETS, SITES, Sheet
from dispatch.files.sources import tables_of
from dispatch.files.tables import Table
from dispatch.intake import Input, StoredJob
from dispatch.jobs import jobs
from dispatch.jobs.links import hold
from dispatch.jobs.placements import ask_for_place
from dispatch.models import (
    PLANNABLE,
    DepotStock,
    Job,
    JobStatus,
    LocatedBy,
    Site,
    VanStock,
    now,
)
from dispatch.parts import movements
from dispatch.planning.plan_rows import RouteRows
from dispatch.planning.snapshot import STARTED
from dispatch.planning.waivers import end_waivers
from dispatch.plans import queries, versions
from dispatch.references import REFERS, references_of, unknown_references
from dispatch.settings import Settings
from solver.faults import Fault

STOCK = (DepotStock, VanStock)
Changes = Sequence[tuple[str, Input | None, Input]]
"""Ids with what is stored of them before (None: nothing) and after."""
BY_TABLE = {sheet.table: sheet for sheet in SHEETS}


def import_folder(
    session: Session,
    folder: Path,
    *,
    actor: str,
    settings: Settings,
    move_to: date | None = None,
    allow_past: bool = False,
) -> dict[str, int]:
    """Store what the folder's files say (CSV, XLSX); how many lines each table had.

    Things with an id are added or changed; nothing is removed, except that hours, breaks and
    stock replace all rows of the sites, depots and technicians in question. Kinds without a file
    stay as they are. ``move_to`` moves every date by the same number of days, such that the first
    day of the jobs' windows becomes that day. Windows that are over are refused as new ones, unless
    they were moved or ``allow_past`` says that they are meant, as in a backup. Jobs that cannot
    wait are to get a place at once, unless they were moved: samples are planned as a whole.

    Raises ``InvalidInput`` with every faulty file, line and column; nothing is stored then.
    """
    tables = tables_of(folder)
    read = partial(_read, tables, is_backup=allow_past)
    pages = read(Clock(settings.zone))
    if move_to is not None:
        first = min(_window_days(pages, settings), default=move_to)
        pages = read(Clock(settings.zone, (move_to - first).days))
    by_sheet = {page.sheet.file: page for page in pages}
    faults = [fault for page in pages for fault in page.faults]
    faults += _reference_faults(session, pages)
    faults += _area_faults(pages, settings)
    if JOBS.file in by_sheet or any(page.sheet.table in STOCK for page in pages):
        # What is booked of routes may change, and so may stock: reports and plans hold that first.
        versions.hold_publication(session)
    if JOBS.file in by_sheet:
        store.hold_jobs(session, by_sheet[JOBS.file].named)
        is_past_allowed = allow_past or move_to is not None
        faults += _state_faults(session, by_sheet[JOBS.file], settings, allow_past=is_past_allowed)
    if linked := links.jobs_of(by_sheet.get(LINKS.file)):
        hold(session, linked)
    if faults:
        raise InvalidInput(*faults)
    begun = _begun_by(session, by_sheet[JOBS.file]) if JOBS.file in by_sheet else []
    changed: dict[str, Changes] = {}
    routes = _live_routes(session, begun)
    before = movements.flows(routes, jobs.jobs_on(session, routes))
    stocks = [page for page in pages if page.sheet.table in STOCK]
    for page in pages:
        if page not in stocks:
            changed[page.sheet.file] = _store(session, page, by_sheet, actor)
    session.expire_all()
    moved = [id_ for id_, *_ in changed.get(JOBS.file, ())]
    links.touch_jobs(session, changed.get(LINKS.file, ()), moved)
    # A backup has what was let in, by whatever way.
    faults = [] if allow_past else links.stored_faults(session, by_sheet.get(LINKS.file), moved)
    if faults:
        raise InvalidInput(*faults)
    after = movements.flows(routes, jobs.jobs_on(session, routes))
    movements.book(session, before, after, actor=actor, at=now())
    # Figures in files are counts: of what is left once that is booked.
    for page in stocks:
        _store(session, page, by_sheet, actor)
    session.expire_all()
    sites, assets, found = (
        [id_ for id_, *_ in changed.get(one.file, ())] for one in (SITES, ASSETS, JOBS)
    )
    search_texts.note(session, sites=sites, assets=assets, jobs=found)
    movements.count(session, actor=actor, at=now())
    if move_to is None:
        _ask_for_places(session, changed.get(JOBS.file, ()), settings, actor)
        for id_, old, site in changed.get(SITES.file, ()):
            if old is not None and any(getattr(old, n) != getattr(site, n) for n in WHERE):
                look_again(session, id_, settings, actor=actor)
    counts = {page.table.name: len(page.lines) for page in pages}
    log.record(session, actor, "import", log.Entity.FOLDER, folder.name, after=dict(counts))
    session.flush()
    return counts


def export_folder(session: Session, folder: Path, settings: Settings) -> dict[str, int]:
    """Write everything that ``import_folder`` reads; how many lines each file has.

    Times are local with their offset. A byte order mark tells spreadsheets that it is UTF-8.
    """
    folder.mkdir(parents=True, exist_ok=True)
    counts = {}
    for sheet in SHEETS:
        lines = {key: line for key, line in sheet.stored(session).items() if not _is_void(line)}
        with (folder / sheet.file).open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(sheet.cells)
            writer.writerows(_cells(sheet, lines[key], settings) for key in sorted(lines))
        counts[sheet.file] = len(lines)
    return counts


def _is_void(line: Input) -> bool:
    """Whether it is an absence of no length, which means nothing and would not come back in."""
    return isinstance(line, AbsenceEntry) and line.starts_at == line.ends_at


def _cells(sheet: Sheet, line: Input, settings: Settings) -> list[str]:
    values = [(cell, getattr(line, name)) for name, cell in sheet.cells.items()]
    return ["" if value is None else cell.write(value, settings.zone) for cell, value in values]


# Reading


def _read(tables: Iterable[tuple[Sheet, Table]], clock: Clock, *, is_backup: bool) -> list[Page]:
    return [read_page(sheet, table, clock, is_backup=is_backup) for sheet, table in tables]


def _window_days(pages: Iterable[Page], settings: Settings) -> Iterable[date]:
    for page in pages:
        for line in page.lines:
            if isinstance(line.content, StoredJob):
                for window in line.content.windows:
                    yield window.starts_at.astimezone(settings.zone).date()


# Faults that no line shows by itself


def _reference_faults(session: Session, pages: Sequence[Page]) -> list[Fault]:
    arriving: dict[Any, set[str]] = {page.sheet.table: page.named for page in pages}
    unreadable = {page.sheet.table for page in pages if not page.readable}
    return unknown_references(
        session,
        (
            reference
            for page in pages
            for line in page.lines
            for reference in references_of(line.content, partial(page.place, line.number))
            # Whether it exists cannot be told if the file that may hold it cannot be read.
            if not unreadable.intersection(reference.tables)
        ),
        arriving,
    )


def _area_faults(pages: Sequence[Page], settings: Settings) -> list[Fault]:
    return [
        fault
        for page in pages
        for line in page.lines
        if isinstance(line.content, (SiteEntry, DepotEntry, TechnicianEntry))
        for fault in area_faults(
            line.content.latitude,
            line.content.longitude,
            settings.service_area,
            page.place(line.number, "longitude"),
        )
    ]


def _state_faults(
    session: Session, page: Page, settings: Settings, *, allow_past: bool
) -> list[Fault]:
    """Faults of jobs that come to lie in the past, are stored and under way or over, or pinned to
    whom they do not want; as a backup may hold them, where an override has done that."""
    stored = page.sheet.stored(session, page.named)
    faults = []
    for line in page.lines:
        job = line.content
        old = stored.get(page.sheet.key_of(job))
        if not isinstance(job, StoredJob):
            raise TypeError("jobs.csv holds jobs")
        found: list[Fault] = []
        if job.status in jobs.CHANGEABLE and not allow_past:
            found += (
                fault
                for fault in jobs.past_faults(job, settings)
                if old is None or getattr(job, fault.where) != getattr(old, fault.where)
            )
        if not allow_past and not (isinstance(old, StoredJob) and _wants_the_same(old, job)):
            found += jobs.pin_faults(job)
        faults += [
            Fault(fault.code, page.place(line.number, fault.where), fault.cause, fault.action)
            for fault in found
        ]
        if isinstance(old, StoredJob) and old.status not in jobs.CHANGEABLE and old != job:
            faults.append(
                Fault(
                    "not_changeable",
                    page.place(line.number),
                    f"the job is {old.status} and cannot be changed any more",
                    "remove the line",
                )
            )
    return faults


def _wants_the_same(one: StoredJob, other: StoredJob) -> bool:
    return all(getattr(one, name) == getattr(other, name) for name in jobs.WISHES)


# Storing


def _begun_by(session: Session, page: Page) -> set[str]:
    """The stored jobs of which the file says, and nobody has said before, that they have begun."""
    said = {
        page.sheet.key_of(line.content)[0]
        for line in page.lines
        if isinstance(line.content, StoredJob) and line.content.status in STARTED
    }
    rows = store.rows_where(session, Job, "id", said)
    return {job.id for job in rows if job.status not in STARTED}


def _ask_for_places(session: Session, changed: Changes, settings: Settings, actor: str) -> None:
    """For those of the jobs that cannot wait, ask for something else now, and are on no route. For
    what does not hold where it is, ``placing.following`` asks."""
    names = StoredJob.model_fields.keys() - jobs.ELSEWHERE_NO_MATTER
    wanted = {
        id_: "new_job" if old is None else "changed_job"
        for id_, old, job in changed
        if isinstance(job, StoredJob)
        and job.status in PLANNABLE
        and job.priority.is_at_least(settings.place_at_once)
        and (old is None or any(getattr(job, name) != getattr(old, name) for name in names))
    }
    for id_ in sorted(wanted.keys() - queries.live_visits(session, wanted).keys()):
        ask_for_place(session, id_, trigger=wanted[id_], actor=actor)


def _live_routes(session: Session, job_ids: Collection[str]) -> list[RouteRows]:
    """The routes in force on which any of the jobs are."""
    found = (queries.live_route_of(session, job_id) for job_id in sorted(job_ids))
    return [*{rows.route.id: rows for rows in found if rows is not None}.values()]


def _store(session: Session, page: Page, pages: dict[str, Page], actor: str) -> Changes:
    """Store what the page says, and return what of it has an id and is different now."""
    sheet = page.sheet
    groups = set(page.named)
    if sheet.owned:
        owners = BY_TABLE[REFERS[sheet.group][0]]
        groups |= pages[owners.file].named if owners.file in pages else set()
    stored = sheet.stored(session, groups)
    lines = {
        key: _settled(line.content, stored.get(key), page.without)
        for key, line in ((sheet.key_of(line.content), line) for line in page.lines)
    }
    if sheet.owned:
        _replace(session, sheet, stored.values(), lines.values(), actor)
        return ()
    changed = {key: line for key, line in lines.items() if stored.get(key) != line}
    ids = {getattr(line, sheet.group) for line in changed.values()}
    store.upsert(session, sheet.table, _rows(session, sheet, changed.values(), ids))
    for detail in sheet.details:
        store.delete_where(session, detail.table, detail.owner, ids)
    for detail in sheet.details:
        rows = (
            detail.rows(getattr(line, sheet.group), getattr(line, detail.column))
            for line in changed.values()
        )
        store.upsert(session, detail.table, [row for some in rows for row in some])
    if sheet is JOBS:
        off = [id_ for id_ in ids if _is_off(changed[(id_,)])]
        store.take_off_live_routes(session, off)
        end_waivers(session, dict.fromkeys(off), actor=actor)
    if "id" not in sheet.cells:
        return ()
    changes = [(key[0], stored.get(key), line) for key, line in changed.items()]
    log.record_many(
        session,
        actor,
        "import",
        log.Entity(str(sheet.table.__tablename__)),
        [(id_, _json(old), _json(line)) for id_, old, line in changes],
    )
    return changes


def _settled(line: Input, stored: Input | None, without: Collection[str]) -> Input:
    """The line, but with what it may not decide, and what is in columns that its file is
    ``without``, as it is stored.

    Whether an open job is scheduled is for plans to say, and a new one is on none; and a site that
    was located by its address keeps its location as long as it keeps the address.
    """
    if stored is not None and without:
        line = line.model_copy(update={name: getattr(stored, name) for name in without})
    match line, stored:
        case StoredJob(), _ if line.status in PLANNABLE:
            old = stored.status if isinstance(stored, StoredJob) else JobStatus.OPEN
            status = old if old in PLANNABLE else JobStatus.OPEN
            return line.model_copy(update={"status": status})
        case SiteEntry(latitude=None), SiteEntry() if line.address == stored.address:
            place = {"latitude": stored.latitude, "longitude": stored.longitude}
            return line.model_copy(update=place)
    return line


def _rows(
    session: Session, sheet: Sheet, lines: Iterable[Input], ids: set[str]
) -> list[dict[str, Any]]:
    """The table's rows for the lines, with the columns that no file has."""
    rows = [sheet.row(line) for line in lines]
    if sheet is SITES:
        sites = {site.id: site for site in store.rows_where(session, Site, "id", ids)}
        for row in rows:
            row["located_by"] = _located_by(row, sites.get(row["id"]))
    if sheet is JOBS:
        present = now()
        held = {job.id: job for job in store.rows_where(session, Job, "id", ids)}
        for row in rows:
            old = held.get(row["id"])
            row["updated_at"] = present
            row["created_at"] = old.created_at if old else present
            row["revision"] = old.revision + 1 if old else 1
    return rows


def _located_by(row: dict[str, Any], old: Site | None) -> LocatedBy | None:
    if row["latitude"] is None:
        return None
    if old and (old.latitude, old.longitude) == (row["latitude"], row["longitude"]):
        return old.located_by
    return LocatedBy.GIVEN


def _replace(
    session: Session, sheet: Sheet, old: Iterable[Input], new: Iterable[Input], actor: str
) -> None:
    """Give each owner the new rows instead of the old ones."""
    before, after = _by_owner(sheet, old), _by_owner(sheet, new)
    changed = [
        owner for owner in sorted({*before, *after}) if before.get(owner) != after.get(owner)
    ]
    store.delete_where(session, sheet.table, sheet.group, changed)
    rows = [sheet.row(line) for owner in changed for line in after.get(owner, [])]
    store.upsert(session, sheet.table, rows)
    log.record_many(
        session,
        actor,
        "import",
        log.Entity(str(sheet.table.__tablename__)),
        [(owner, _all_json(before.get(owner)), _all_json(after.get(owner))) for owner in changed],
    )


def _by_owner(sheet: Sheet, lines: Iterable[Input]) -> dict[str, list[Input]]:
    owners: dict[str, list[Input]] = {}
    for line in sorted(lines, key=sheet.key_of):
        owners.setdefault(getattr(line, sheet.group), []).append(line)
    return owners


def _is_off(job: Input) -> bool:
    return isinstance(job, StoredJob) and job.status in (JobStatus.ON_HOLD, JobStatus.CANCELLED)


def _json(line: Input | None) -> dict[str, Any] | None:
    return line.model_dump(mode="json") if line else None


def _all_json(lines: list[Input] | None) -> dict[str, Any] | None:
    return {"rows": [line.model_dump(mode="json") for line in lines]} if lines else None
