"""Issues from what is known: one for each thing that has to be decided, whatever tells of it."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from dispatch.output import Output
from dispatch.planning.unable import CauseOut
from dispatch.settling import repairs
from dispatch.settling.facts import EndedRun, JobAtStake, SettlingFacts
from dispatch.settling.repairs import Repair
from dispatch.settling.weights import MESSAGE, PLAN, WORKING_DAY, weight


class IssueKind(StrEnum):
    LATE = "late"
    """A visit in force that will miss its time window or due time, as things stand."""
    NO_PLACE = "no_place"
    """A job on no route that cannot wait for the next plan."""
    CONFLICT = "conflict"
    """A visit in force that its technician is not there for, or cannot attend."""
    FAILED_VISIT = "failed_visit"
    """A job that could not be completed, and that nothing has followed yet."""
    TOOL_LENT_TWICE = "tool_lent_twice"
    """A tool on more routes in force for the same time than its depot has of it."""
    STOCK_SHORT = "stock_short"
    """A depot that has less of a part than routes in force still have to fetch there."""
    TOLD_OTHERWISE = "told_otherwise"
    """A visit to come that is at another time than its customer was told."""
    DEAD_LETTER = "dead_letter"
    """Messages of one source that nobody has settled, and that may be alarms."""
    FAILED_RUN = "failed_run"
    """A run that failed, or whose plan could not be published, and that none has made up for."""


class Issue(Output):
    """A thing to decide."""

    id: str
    """The same as long as the issue lasts."""
    kind: IssueKind
    since: datetime
    """When its cause began to be known."""
    weight: int
    """Minutes at stake, by priority; the more, the more it matters."""
    job_ids: list[str]
    technician_id: str | None
    day: date | None
    """The local day that it is about."""
    cause: CauseOut
    repairs: list[Repair]
    """What is at hand to settle it; `GET /issues/{issue_id}/repairs` also works out what it costs.
    """


def issues_of(facts: SettlingFacts) -> list[Issue]:
    """What has to be decided by these facts, each thing once, the weightiest first."""
    found: dict[str, Issue] = {}
    for source in _SOURCES:
        for issue in source(facts):
            known = found.get(issue.id)
            if known is None or _first(issue) < _first(known):
                found[issue.id] = issue
    return sorted(found.values(), key=lambda issue: (-issue.weight, issue.since, issue.id))


def _first(issue: Issue) -> tuple[object, ...]:
    """Of two that are the same, the one that was known first."""
    return issue.since, -issue.weight, issue.model_dump_json()


def _issue(
    kind: IssueKind,
    name: str,
    since: datetime,
    weight: int,
    code: str,
    values: Mapping[str, Any],
    *,
    job: JobAtStake | None = None,
    technician_id: str | None = None,
    day: date | None = None,
    at_hand: Iterable[Repair] = (),
) -> Issue:
    return Issue(
        id=f"{kind.value}:{name}",
        kind=kind,
        since=since,
        weight=weight,
        job_ids=[] if job is None else [job.id],
        technician_id=technician_id,
        day=day,
        cause=CauseOut(code=code, values=dict(values)),
        repairs=list(at_hand),
    )


def _conflicts(facts: SettlingFacts) -> Iterable[Issue]:
    for one in facts.untenable:
        visit = one.visit
        yield _issue(
            IssueKind.CONFLICT,
            visit.job_id,
            one.since,
            weight(WORKING_DAY, visit.start_at, facts.at, [one.job.priority]),
            visit.cause.why.value,
            {
                **visit.cause.values,
                "message": visit.cause.message,
                "start_at": visit.start_at.isoformat(),
                "has_begun": visit.has_begun,
                "told_at": _text(one.job.told_at),
            },
            job=one.job,
            technician_id=visit.technician_id,
            day=visit.day,
            at_hand=repairs.of_untenable(one),
        )


def _late(facts: SettlingFacts) -> Iterable[Issue]:
    """What does not hold is to be settled as such, be it late as well."""
    untenable = {one.visit.job_id for one in facts.untenable}
    for one in facts.late:
        if one.job.id in untenable:
            continue
        yield _issue(
            IssueKind.LATE,
            one.job.id,
            one.since,
            weight(one.late_by, one.start_at, facts.at, [one.job.priority]),
            f"misses_{one.misses[0].value}",
            {
                "misses": [missed.value for missed in one.misses],
                "late_minutes": int(one.late_by.total_seconds() // 60),
                "planned_start_at": one.planned_start_at.isoformat(),
                "start_at": one.start_at.isoformat(),
                "departure_at": one.departure_at.isoformat(),
                "due_at": _text(one.due_at),
                "told_at": _text(one.job.told_at),
            },
            job=one.job,
            technician_id=one.technician_id,
            day=one.day,
            at_hand=repairs.of_late(one),
        )


def _no_place(facts: SettlingFacts) -> Iterable[Issue]:
    for one in facts.unplaced:
        yield _issue(
            IssueKind.NO_PLACE,
            one.job.id,
            one.since,
            weight(WORKING_DAY, one.ends_at, facts.at, [one.job.priority]),
            one.code,
            {**one.values, "ends_at": _text(one.ends_at), "told_at": _text(one.job.told_at)},
            job=one.job,
            day=one.day,
            at_hand=[repairs.place(one.job.id, one.day)],
        )


def _failed_visits(facts: SettlingFacts) -> Iterable[Issue]:
    for one in facts.failed:
        yield _issue(
            IssueKind.FAILED_VISIT,
            one.job.id,
            one.since,
            weight(WORKING_DAY, None, facts.at, [one.job.priority]),
            "could_not_complete",
            {"reason": None if one.reason is None else one.reason.value, "note": one.note},
            job=one.job,
            technician_id=one.technician_id,
            day=one.day,
            at_hand=repairs.of_failed(one),
        )


def _told_otherwise(facts: SettlingFacts) -> Iterable[Issue]:
    """Where the visit cannot be made anyway, there is no time yet to tell."""
    leaving = {one.visit.job_id for one in facts.untenable if one.visit.leaves}
    for one in facts.moved:
        if one.job.id in leaving:
            continue
        yield _issue(
            IssueKind.TOLD_OTHERWISE,
            one.job.id,
            one.since,
            weight(
                abs(one.start_at - one.told_start_at),
                min(one.start_at, one.told_start_at),
                facts.at,
                [one.job.priority],
            ),
            IssueKind.TOLD_OTHERWISE.value,
            {
                "told_at": _text(one.job.told_at),
                "told_start_at": one.told_start_at.isoformat(),
                "start_at": one.start_at.isoformat(),
            },
            job=one.job,
            technician_id=one.technician_id,
            day=one.day,
            at_hand=repairs.of_moved(one, facts.at),
        )


def _tools_lent_twice(facts: SettlingFacts) -> Iterable[Issue]:
    for one in facts.lent_twice:
        lent = one.lent
        routes = sorted(zip(lent.technician_ids, lent.days, strict=True))
        names = "+".join(f"{technician}.{day}" for technician, day in routes)
        yield _issue(
            IssueKind.TOOL_LENT_TWICE,
            f"{lent.depot_id}:{lent.tool_id}:{names}",
            one.since,
            weight(WORKING_DAY, lent.starts_at, facts.at),
            lent.code,
            lent.model_dump(mode="json", exclude={"code"}),
            technician_id=lent.technician_ids[-1],
            day=lent.days[-1],
            at_hand=repairs.of_lent(one),
        )


def _stock_short(facts: SettlingFacts) -> Iterable[Issue]:
    for one in facts.short:
        short = one.short
        yield _issue(
            IssueKind.STOCK_SHORT,
            f"{short.depot_id}:{short.part_id}",
            one.since,
            weight(WORKING_DAY, short.starts_at, facts.at),
            short.code,
            short.model_dump(mode="json", exclude={"code"}),
            technician_id=short.technician_ids[0],
            day=one.day,
            at_hand=repairs.of_short(one),
        )


def _dead_letters(facts: SettlingFacts) -> Iterable[Issue]:
    for one in facts.unread:
        values = {
            "source_id": one.source_id,
            "source": one.source,
            "count": one.count,
            "last_seen_at": one.last_seen_at.isoformat(),
        }
        yield _issue(
            IssueKind.DEAD_LETTER,
            # No source has an id like that.
            one.source_id or "-",
            one.since,
            weight(MESSAGE, one.since, facts.at),
            "dead_letters",
            values,
            at_hand=repairs.of_unread(),
        )


def _failed_runs(facts: SettlingFacts) -> Iterable[Issue]:
    """Of each span of days the newest, unless a later run has planned them."""
    failed: dict[tuple[object, ...], EndedRun] = {}
    for run in sorted(facts.runs, key=lambda run: (run.created_at, run.id)):
        if run.has_failed:
            failed[run.starts_on, run.ends_on, run.territory, run.technician_ids] = run
            continue
        failed = {span: one for span, one in failed.items() if not run.covers(one)}
    for run in failed.values():
        values = {
            "run_id": run.id,
            "plan_id": run.plan_id,
            "trigger": run.trigger,
            "starts_on": run.starts_on.isoformat(),
            "ends_on": run.ends_on.isoformat(),
            "territory": run.territory,
            "technician_ids": None if run.technician_ids is None else sorted(run.technician_ids),
            "message": run.failure,
        }
        yield _issue(
            IssueKind.FAILED_RUN,
            run.id,
            run.ended_at,
            weight(PLAN, None, facts.at),
            "run_failed" if run.plan_id is None else "not_published",
            values,
            day=run.starts_on,
            at_hand=repairs.of_run(run),
        )


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


_SOURCES: tuple[Callable[[SettlingFacts], Iterable[Issue]], ...] = (
    _conflicts,
    _late,
    _no_place,
    _failed_visits,
    _told_otherwise,
    _tools_lent_twice,
    _stock_short,
    _dead_letters,
    _failed_runs,
)
