"""Hard rules that were set aside for a job by an override, and what they let the solver do.

A waiver holds for its job with its technician only: whoever takes the job from that technician ends
it. The job stays with the technician as long as its waivers hold.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from sqlmodel import Session

from dispatch import log
from dispatch.local_time import Span
from dispatch.models import OVER, Job, Waiver
from dispatch.planning.service_windows import (
    Attendance,
    PlanningHorizon,
    PricedSpan,
    Unattendable,
    joined,
)
from dispatch.planning.snapshot import Snapshot
from dispatch.store import rows_where
from solver.rules import waivers
from solver.solution import Rule


class Waivers:
    """The waivers of a snapshot that hold: their jobs are pinned to nobody else."""

    def __init__(self, snapshot: Snapshot) -> None:
        jobs = {facts.job.id: facts.job for facts in snapshot.jobs}
        self._jobs: Mapping[str, Job] = {**snapshot.live_jobs, **jobs}
        self._rows = {
            job_id: rows
            for job_id, rows in snapshot.waivers.items()
            if self._jobs[job_id].pinned_technician_id in (None, rows[0].technician_id)
        }

    def has(self, job_id: str) -> bool:
        """Whether anything is waived for the job."""
        return job_id in self._rows

    def technician_of(self, job_id: str) -> str:
        """With whom something is waived for the job."""
        return self._rows[job_id][0].technician_id

    def of_solver(self, shifts: Mapping[tuple[str, datetime], str]) -> list[waivers.Waiver]:
        """What the solver has to be told; ``shifts`` has its names by technician and start.

        Windows and vans are translated with what has been waived already; of that the solver learns
        that the visit has to stay with the technician.
        """
        found = []
        for job_id, rows in self._rows.items():
            for row in rows:
                shift = shifts.get((row.technician_id, row.shift_starts_at), "")
                found.append(
                    waivers.Waiver(Rule.TIME_WINDOWS, job_id, row.technician_id, shift, "", 0)
                )
                if row.rule not in (Rule.TIME_WINDOWS, Rule.PARTS, Rule.TOOLS):
                    found.append(
                        waivers.Waiver(
                            Rule(row.rule),
                            job_id,
                            row.technician_id,
                            shift,
                            row.subject,
                            row.amount,
                        )
                    )
        return found

    def parts_of(self, technician_id: str) -> Iterable[tuple[str, int]]:
        """Parts, with numbers, that the technician is trusted to find for jobs still to be done."""
        for job_id, rows in self._rows.items():
            for row in rows:
                is_meant = row.rule == Rule.PARTS and row.technician_id == technician_id
                if is_meant and self._jobs[job_id].status not in OVER:
                    yield row.subject, row.amount

    def tools_of(self, job_id: str) -> frozenset[str]:
        """Tools that the job is to be done without, or with one from elsewhere."""
        rows = self._rows.get(job_id, ())
        return frozenset(row.subject for row in rows if row.rule == Rule.TOOLS)

    def extended(
        self,
        job_id: str,
        when: Attendance | Unattendable | None,
        horizon: PlanningHorizon,
        pinned_at: datetime | None,
    ) -> Attendance | Unattendable | None:
        """When the job may be attended, with the times that its windows were opened for."""
        spans = list(self._spans_of(job_id, horizon, pinned_at))
        if not spans:
            return when
        known = when.spans if isinstance(when, Attendance) else ()
        opened = [PricedSpan(start, end, _price_of((start, end), known)) for start, end in spans]
        everything = joined([*known, *opened])
        return Attendance(tuple(everything), overnight=everything[0].start >= horizon.end)

    def _spans_of(
        self, job_id: str, horizon: PlanningHorizon, pinned_at: datetime | None
    ) -> Iterable[Span]:
        for row in self._rows.get(job_id, ()):
            if row.starts_at is None or row.ends_at is None:
                continue
            start, end = row.starts_at, row.ends_at
            if pinned_at is not None and start <= pinned_at <= end:
                start = end = pinned_at
            elif pinned_at is not None:
                continue
            start, end = max(start, horizon.begin), min(end, horizon.reach)
            if start <= end:
                yield start, end


def _price_of(opened: Span, known: Iterable[PricedSpan]) -> int:
    """The price of the window that was opened that far, as when the solver opens one."""
    start, end = opened
    return min((one.price for one in known if one.start <= end and start <= one.end), default=0)


def end_waivers(session: Session, holders: Mapping[str, str | None], *, actor: str) -> list[Waiver]:
    """Remove the waivers of these jobs that are for others than who has the job now (None: nobody);
    those that were removed are returned."""
    ended = [
        row
        for row in rows_where(session, Waiver, "job_id", holders)
        if holders[row.job_id] != row.technician_id
    ]
    by_job: dict[str, list[Waiver]] = {}
    for row in ended:
        by_job.setdefault(row.job_id, []).append(row)
        session.delete(row)
    for job_id, rows in sorted(by_job.items()):
        before = {"technician_id": rows[0].technician_id, "waivers": [described(r) for r in rows]}
        log.record(session, actor, "end_override", log.Entity.JOB, job_id, before=before)
    session.flush()
    return ended


def described(row: Waiver) -> dict[str, str | int]:
    """What was set aside, for the log."""
    return {"rule": row.rule, "subject": row.subject, "amount": row.amount}


def waivers_of(session: Session, job_ids: Collection[str]) -> list[Waiver]:
    """What is set aside for these jobs, in the order in which that was decided."""
    found = rows_where(session, Waiver, "job_id", job_ids)
    return sorted(found, key=lambda row: row.id or 0)
