"""Issues follow from facts alone: none is doubled, and the same facts make the same issues."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dispatch.models import Obstacle, Priority
from dispatch.planning.expected import Missed
from dispatch.planning.lending import LentTwice
from dispatch.planning.shortages import StockShort
from dispatch.planning.unable import BrokenVisit, Cause, Why
from dispatch.settling.facts import (
    EndedRun,
    FailedVisit,
    JobAtStake,
    LateInForce,
    MovedSinceTold,
    SettlingFacts,
    ShortPart,
    TwiceLentTool,
    UnplacedJob,
    UnreadMessages,
    UntenableVisit,
)
from dispatch.settling.issues import IssueKind, issues_of
from tests.dispatch.crew import MONDAY, hanoi

EIGHT = hanoi("08:00")
minutes = st.integers(-600, 600).map(lambda number: EIGHT + timedelta(minutes=number))
days = st.integers(0, 2).map(lambda number: MONDAY + timedelta(days=number))
names = st.sampled_from("abc")
jobs = st.builds(JobAtStake, names, st.sampled_from(Priority), st.none() | minutes)

AGAIN = {"site_id": "S-1", "title": "Again", "duration_minutes": 30}


def untenable(job: JobAtStake, **fields: Any) -> UntenableVisit:
    visit = BrokenVisit(job.id, **fields, shift_starts_at=EIGHT, has_begun=False)
    return UntenableVisit(job, visit, fields["start_at"])


def lent_twice(depot: str, two: list[str], on: Any, at: datetime) -> TwiceLentTool:
    lent = LentTwice(
        depot_id=depot,
        tool_id="ladder",
        has=1,
        technician_ids=two,
        days=[on, on],
        starts_at=at,
        ends_at=at + timedelta(hours=1),
    )
    return TwiceLentTool(lent, at)


def short(depot: str, part: str, who: str, at: datetime) -> ShortPart:
    found = StockShort(
        depot_id=depot, part_id=part, has=0, needed=1, technician_ids=[who], starts_at=at
    )
    return ShortPart(found, at, MONDAY)


facts = st.builds(
    SettlingFacts,
    at=st.just(EIGHT),
    untenable=st.lists(
        st.builds(
            untenable,
            jobs,
            technician_id=names,
            day=days,
            start_at=minutes,
            cause=st.sampled_from(Why).map(lambda why: Cause(why, "so")),
            leaves=st.booleans(),
        ),
        max_size=4,
    ),
    late=st.lists(
        st.builds(
            LateInForce,
            jobs,
            names,
            days,
            minutes,
            minutes,
            minutes,
            st.none() | minutes,
            st.lists(st.sampled_from(Missed), min_size=1, max_size=2, unique=True).map(tuple),
            st.integers(1, 600).map(lambda number: timedelta(minutes=number)),
            minutes,
        ),
        max_size=4,
    ),
    unplaced=st.lists(
        st.builds(UnplacedJob, jobs, st.just("no_place"), minutes, st.none() | minutes, days),
        max_size=4,
    ),
    failed=st.lists(
        st.builds(
            FailedVisit,
            jobs,
            st.none() | names,
            days,
            st.sampled_from(Obstacle),
            st.none(),
            minutes,
            st.just(AGAIN),
        ),
        max_size=4,
    ),
    moved=st.lists(
        st.builds(MovedSinceTold, jobs, names, days, minutes, minutes, minutes), max_size=4
    ),
    lent_twice=st.lists(
        st.builds(lent_twice, names, st.permutations("ab").map(list), days, minutes),
        max_size=4,
    ),
    short=st.lists(st.builds(short, names, names, names, minutes), max_size=4),
    unread=st.lists(
        st.builds(UnreadMessages, st.none() | names, st.none(), st.just(1), minutes, minutes),
        max_size=4,
    ),
    runs=st.lists(
        st.builds(
            EndedRun,
            names,
            st.just("manual"),
            days,
            days,
            st.none() | st.just("west"),
            st.none() | st.frozensets(names, min_size=1),
            minutes,
            minutes,
            st.booleans(),
            st.none(),
            st.none() | st.just(7),
        ),
        max_size=4,
        unique_by=lambda run: run.id,
    ),
)

LISTS = tuple(name for name in SettlingFacts.__slots__ if name != "at")


@given(facts)
def test_none_is_doubled(found: SettlingFacts) -> None:
    issues = issues_of(found)
    assert len({issue.id for issue in issues}) == len(issues)
    about = [(issue.kind, *issue.job_ids) for issue in issues if issue.job_ids]
    assert len({*about}) == len(about)
    assert [issue.weight for issue in issues] == sorted(
        (issue.weight for issue in issues), reverse=True
    )
    assert all(issue.weight >= 0 for issue in issues)


@given(facts, st.randoms(use_true_random=False))
def test_the_same_facts_told_again_in_another_order_make_the_same_issues(
    found: SettlingFacts, dice: Any
) -> None:
    again = {}
    for name in LISTS:
        told = [*getattr(found, name)] * (1 if name == "runs" else 2)
        dice.shuffle(told)
        again[name] = told
    assert issues_of(replace(found, **again)) == issues_of(found)


@given(facts, st.sampled_from(LISTS))
def test_none_stays_without_its_fact(found: SettlingFacts, name: str) -> None:
    kinds = {
        "untenable": IssueKind.CONFLICT,
        "late": IssueKind.LATE,
        "unplaced": IssueKind.NO_PLACE,
        "failed": IssueKind.FAILED_VISIT,
        "moved": IssueKind.TOLD_OTHERWISE,
        "lent_twice": IssueKind.TOOL_LENT_TWICE,
        "short": IssueKind.STOCK_SHORT,
        "unread": IssueKind.DEAD_LETTER,
        "runs": IssueKind.FAILED_RUN,
    }
    assert kinds.keys() == {*LISTS}
    without = replace(found, **{name: []})
    assert all(issue.kind is not kinds[name] for issue in issues_of(without))


@given(facts, st.integers(1, 600))
def test_an_issue_is_the_same_as_time_goes_by(found: SettlingFacts, later: int) -> None:
    then = issues_of(replace(found, at=EIGHT + timedelta(minutes=later)))
    now = issues_of(found)
    assert {(issue.id, issue.since) for issue in now} == {(one.id, one.since) for one in then}
    weights = {issue.id: issue.weight for issue in now}
    assert all(issue.weight >= weights[issue.id] for issue in then)
