"""The plan in force as a workbook, to hand over to people who work in a spreadsheet.

What the board shows of some days: everybody's routes stop by stop, the jobs without a place, and
what each technician's days come to.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session, select

from dispatch.calendar_texts import Language
from dispatch.local_time import ONE_DAY, days, start_of
from dispatch.models import Depot, Job, JobTemplate
from dispatch.plans.contents import Reason
from dispatch.settings import Settings
from dispatch.store import let_go, rows_where
from dispatch.views.board import Board, BoardFigures, BoardJob, BoardRoute, BoardStop
from dispatch.views.board_people import BoardShift
from dispatch.views.spreadsheets import CellContent, CellKind, SheetColumn, SheetTable, workbook
from dispatch.views.workbook_texts import TEXTS
from solver.solution import ReasonCode, Rule, StopKind

DAY_FORMATS: Mapping[Language, tuple[str, str]] = {
    "vi": ("dd/mm/yyyy", "%d/%m/%Y"),
    "en": ("yyyy-mm-dd", "%Y-%m-%d"),
}
"""How days look, as spreadsheets and as Python say it."""

Cells = Mapping[str, CellContent]
"""A row by the names of its columns; what is not named stays empty."""
Widths = Mapping[str, tuple[CellKind, float]]

TEXT, DAY, MOMENT = CellKind.TEXT, CellKind.DAY, CellKind.MOMENT
NUMBER, DECIMAL, SHARE = CellKind.NUMBER, CellKind.DECIMAL, CellKind.SHARE

OF_JOB: Widths = {
    "job_id": (TEXT, 12),
    "title": (TEXT, 34),
    "work_type": (TEXT, 20),
    "priority": (TEXT, 11),
    "status": (TEXT, 13),
    "place": (TEXT, 28),
    "address": (TEXT, 36),
    "contact": (TEXT, 18),
    "phone": (TEXT, 16),
    "access": (NUMBER, 10),
    "note": (TEXT, 30),
    "skills": (TEXT, 22),
    "parts": (TEXT, 26),
    "tools": (TEXT, 20),
    "window_from": (MOMENT, 17),
    "window_until": (MOMENT, 17),
    "window_price": (NUMBER, 12),
    "other_windows": (TEXT, 24),
    "due": (MOMENT, 17),
}
ROUTES: Widths = {
    "day": (DAY, 12),
    "technician_id": (TEXT, 12),
    "technician": (TEXT, 22),
    "position": (NUMBER, 9),
    "kind": (TEXT, 14),
    "start": (MOMENT, 17),
    "end": (MOMENT, 17),
    "expected_start": (MOMENT, 17),
    "remark": (TEXT, 12),
    **OF_JOB,
}
WAITING: Widths = {
    **{name: OF_JOB[name] for name in ("job_id", "title")},
    "reason": (TEXT, 44),
    **{name: look for name, look in OF_JOB.items() if name not in ("job_id", "title")},
    "territory": (TEXT, 16),
    "minutes": (NUMBER, 10),
}
TECHNICIANS: Widths = {
    "day": (DAY, 12),
    "technician_id": (TEXT, 12),
    "technician": (TEXT, 22),
    "phone": (TEXT, 16),
    "shift_start": (MOMENT, 17),
    "shift_end": (MOMENT, 17),
    "leaves": (MOMENT, 17),
    "returns": (MOMENT, 17),
    "visits": (NUMBER, 9),
    "done": (NUMBER, 9),
    "not_done": (NUMBER, 11),
    "late": (NUMBER, 9),
    "load": (SHARE, 11),
    "shift_minutes": (NUMBER, 12),
    "working_minutes": (NUMBER, 12),
    "service_minutes": (NUMBER, 12),
    "travel_minutes": (NUMBER, 12),
    "overtime_minutes": (NUMBER, 12),
    "kilometres": (DECIMAL, 11),
    "absent": (TEXT, 28),
}


def board_workbook(session: Session, board: Board, settings: Settings, language: Language) -> bytes:
    """The board as an XLSX file, in the company's local time.

    Sheets: the routes with a row for each visit, depot call and break, by technician and time; the
    jobs without a place, the most urgent first, with what is known of why; and a row for each day
    that a technician works or is absent. A session that only reads gives its connection back before
    the file is made.
    """
    extras = _extras_of(session, board)
    let_go(session)
    sheets = _Sheets(board, extras, settings.zone, language)
    return workbook(
        [
            sheets.table("routes", ROUTES, sheets.stops()),
            sheets.table("waiting", WAITING, sheets.waiting()),
            sheets.table("technicians", TECHNICIANS, sheets.days()),
        ],
        settings.zone,
        made_at=board.taken_at,
        day_format=DAY_FORMATS[language][0],
    )


@dataclass(frozen=True, slots=True)
class _Extras:
    """What a workbook has and the board has not: by the ids of jobs, work types and depots."""

    jobs: Mapping[str, Job]
    work_types: Mapping[str, str]
    depot_addresses: Mapping[str, str]


def _extras_of(session: Session, board: Board) -> _Extras:
    templates = session.exec(select(JobTemplate.id, JobTemplate.name, JobTemplate.title))
    return _Extras(
        jobs={job.id: job for job in rows_where(session, Job, "id", board.jobs.keys())},
        work_types={id_: name or title for id_, name, title in templates},
        depot_addresses=dict(session.exec(select(Depot.id, Depot.address)).all()),
    )


class _Sheets:
    """The rows of each sheet."""

    def __init__(self, board: Board, extras: _Extras, zone: ZoneInfo, language: Language) -> None:
        self.board, self.extras, self.zone = board, extras, zone
        self.words = TEXTS[language]
        self.day_pattern = DAY_FORMATS[language][1]
        self.technicians = {one.id: one for one in board.technicians}
        self.depots = {one.id: one for one in board.depots}

    def table(self, name: str, widths: Widths, rows: Iterable[Cells]) -> SheetTable:
        columns = [
            SheetColumn(self.words[f"column.{column}"], kind, width)
            for column, (kind, width) in widths.items()
        ]
        cells = [[row.get(column) for column in widths] for row in rows]
        return SheetTable(self.words[f"sheet.{name}"], columns, cells)

    # Routes

    def stops(self) -> Iterable[Cells]:
        for route in sorted(self.board.routes, key=_by_technician_and_time):
            day = self.day_of(route.shift_starts_at)
            for position, stop in enumerate(route.stops, start=1):
                yield {
                    "day": day,
                    "technician_id": route.technician_id,
                    "technician": self.technicians[route.technician_id].name,
                    "position": position,
                    **self.stop(stop),
                }

    def stop(self, stop: BoardStop) -> Cells:
        cells: dict[str, CellContent] = {
            "kind": self.words[f"kind.{stop.kind}"],
            "start": stop.start_at,
            "end": stop.departure_at,
        }
        if self.clock(stop.expected_start_at) != self.clock(stop.start_at):
            cells["expected_start"] = stop.expected_start_at
        if stop.kind is StopKind.DEPOT and stop.depot_id is not None:
            cells |= {
                "place": self.depots[stop.depot_id].name,
                "address": self.extras.depot_addresses[stop.depot_id],
                "parts": self.part_counts(stop.parts),
                "tools": self.names(stop.tools, self.board.tools),
            }
        if stop.job_id is not None:
            remarks = {"conflict": stop.conflict is not None, "late": bool(stop.will_miss)}
            cells |= self.job(stop.job_id, stop.start_at)
            cells["remark"] = ", ".join(
                self.words[f"status.{name}"] for name, is_so in remarks.items() if is_so
            )
        return cells

    def job(self, job_id: str, start_at: datetime | None) -> Cells:
        """What is known of a job; of its windows those first in which it starts, if it does."""
        job, row = self.board.jobs[job_id], self.extras.jobs[job_id]
        windows = sorted(job.windows, key=lambda window: window.starts_at)
        kept = [
            window
            for window in windows
            if start_at is not None and window.starts_at <= start_at <= window.ends_at
        ]
        window = next(iter(kept or windows), None)
        return {
            "job_id": job_id,
            "title": job.title,
            "work_type": self.extras.work_types.get(row.work_type_id or ""),
            "priority": self.words[f"priority.{job.priority}"],
            "status": self.words[f"status.{job.status}"],
            "place": job.site,
            "address": job.address,
            "contact": row.contact_name,
            "phone": row.contact_phone or job.phone,
            "access": job.access_minutes or None,
            "note": row.note,
            "skills": self.skill_levels(job.skills),
            "parts": self.part_counts(job.parts),
            "tools": self.names(job.tools, self.board.tools),
            "window_from": window.starts_at if window else None,
            "window_until": window.ends_at if window else None,
            "window_price": (window.price or None) if window else None,
            "other_windows": "\n".join(
                f"{self.clock(one.starts_at)} – {self.clock(one.ends_at)}"
                + (f" ({one.price:,})" if one.price else "")
                for one in windows
                if one is not window
            ),
            "due": job.due_at,
        }

    # Jobs without a place

    def waiting(self) -> Iterable[Cells]:
        jobs = self.board.jobs
        for one in sorted(self.board.unassigned, key=lambda one: _urgency(one.job_id, jobs)):
            job = jobs[one.job_id]
            yield {
                **self.job(one.job_id, None),
                "reason": "\n".join(self.reason(job, reason) for reason in one.reasons),
                "territory": job.territory,
                "minutes": job.duration_minutes,
            }

    def reason(self, job: BoardJob, reason: Reason) -> str:
        """As the board says it; in the words that were stored if it has none for it."""
        code, rule = reason.code, reason.rule
        if code == ReasonCode.IMPOSSIBLE and rule == Rule.TRAVEL:
            code = "no_way"
        elif code == ReasonCode.OUTBID and rule == Rule.PINS:
            code = "pins_clash"
        if code != ReasonCode.IMPOSSIBLE:
            return self.words.get(f"reason.{code}", reason.message)
        named = self.words.get(f"rule.{rule}")
        if named is None:
            return reason.message
        needed = {
            Rule.SKILLS: self.skill_levels(job.skills),
            Rule.PARTS: self.names(job.parts, self.board.parts),
            Rule.TOOLS: self.names(job.tools, self.board.tools),
            Rule.TERRITORY: job.territory or "",
        }
        what = needed.get(Rule(rule or ""), "")
        if what:
            named = self.words["reason.rule_with"].format(rule=named, what=what)
        return self.words["reason.impossible"].format(rule=named)

    # Technicians

    def days(self) -> Iterable[Cells]:
        shifts: dict[tuple[str, date], list[BoardShift]] = {}
        routes: dict[tuple[str, date], list[BoardRoute]] = {}
        for shift in self.board.shifts:
            shifts.setdefault((shift.technician_id, self.day_of(shift.starts_at)), []).append(shift)
        for route in self.board.routes:
            day = self.day_of(route.shift_starts_at)
            routes.setdefault((route.technician_id, day), []).append(route)
        absences = self.absences()
        for key in sorted({*shifts, *routes, *absences}):
            row = self.day(*key, shifts.get(key, []), routes.get(key, []))
            yield {**row, "absent": "; ".join(absences.get(key, ())) or None}

    def absences(self) -> Mapping[tuple[str, date], list[str]]:
        """By technician and day, from when to when somebody is absent on that day, and why."""
        found: dict[tuple[str, date], list[str]] = {}
        last_day = self.board.day + (self.board.days - 1) * ONE_DAY
        for absence in sorted(self.board.absences, key=lambda one: one.starts_at):
            for day in days(self.board.day, last_day):
                last = start_of(day + ONE_DAY, self.zone)
                begins = max(absence.starts_at, start_of(day, self.zone))
                ends = min(absence.ends_at, last)
                if begins < ends:
                    until = "24:00" if ends == last else f"{ends.astimezone(self.zone):%H:%M}"
                    span = f"{begins.astimezone(self.zone):%H:%M}–{until}"
                    said = f"{span} {absence.reason}" if absence.reason else span
                    found.setdefault((absence.technician_id, day), []).append(said)
        return found

    def day(
        self,
        technician_id: str,
        day: date,
        shifts: Sequence[BoardShift],
        routes: Sequence[BoardRoute],
    ) -> Cells:
        technician = self.technicians[technician_id]
        found = {
            name: sum(getattr(route.figures, name) for route in routes)
            for name in BoardFigures.model_fields
        }
        # Whoever has nothing to do works as well.
        there = round(sum((one.ends_at - one.starts_at).total_seconds() for one in shifts))
        attending = [route for route in routes if route.stops]
        return {
            "day": day,
            "technician_id": technician_id,
            "technician": technician.name,
            "phone": technician.phone,
            "shift_start": min((one.starts_at for one in shifts), default=None),
            "shift_end": max((one.ends_at for one in shifts), default=None),
            "leaves": min((route.start_at for route in attending), default=None),
            "returns": max((route.expected_end_at for route in attending), default=None),
            "load": found["working_seconds"] / there if there else None,
            **{name: found[name] for name in ("visits", "done", "not_done", "late")},
            "shift_minutes": _minutes(there),
            **{
                f"{name}_minutes": _minutes(found[f"{name}_seconds"])
                for name in ("working", "service", "travel", "overtime")
            },
            "kilometres": round(found["distance_metres"] / 1000, 1),
        }

    # Words

    def day_of(self, moment: datetime) -> date:
        """The local day."""
        return moment.astimezone(self.zone).date()

    def clock(self, moment: datetime) -> str:
        """The moment to the minute, as the reader's cells show it."""
        return moment.astimezone(self.zone).strftime(f"{self.day_pattern} %H:%M")

    def names(self, ids: Iterable[str], named: Mapping[str, str]) -> str:
        return ", ".join(named.get(id_, id_) for id_ in ids)

    def part_counts(self, parts: Mapping[str, int]) -> str:
        named = self.board.parts
        return ", ".join(f"{number} × {named.get(id_, id_)}" for id_, number in parts.items())

    def skill_levels(self, skills: Mapping[str, int]) -> str:
        """With the level where it is more than the first."""
        return ", ".join(
            self.words["skill.level"].format(name=self.board.skills.get(id_, id_), level=level)
            if level > 1
            else self.board.skills.get(id_, id_)
            for id_, level in skills.items()
        )


def _by_technician_and_time(route: BoardRoute) -> tuple[str, datetime]:
    return route.technician_id, route.shift_starts_at


def _urgency(job_id: str, jobs: Mapping[str, BoardJob]) -> tuple[int, bool, float, str]:
    """As the board has them: the highest priority first, then what is due first."""
    job = jobs[job_id]
    due = 0 if job.due_at is None else job.due_at.timestamp()
    return -job.priority.rank, job.due_at is None, due, job_id


def _minutes(seconds: int) -> int:
    return round(seconds / 60)
