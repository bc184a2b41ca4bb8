"""Everything there is, found by what people remember of it: words in any order, numbers as they
were noted, of any day.

What is asked for by its id or its whole telephone number comes first, then jobs that are still to
be done, then people, places and machines, and then jobs that are over.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import String, and_, case, func, type_coerce
from sqlmodel import Session, col, select

from dispatch.local_time import start_of
from dispatch.models import (
    OVER,
    PLANNABLE,
    Findable,
    Job,
    JobStatus,
    JobWindow,
    SearchText,
    Stop,
    Technician,
    is_one_of,
    now,
)
from dispatch.search_texts import phones_of, words_of
from dispatch.settings import Settings
from dispatch.views.found_things import ALL_KINDS, FoundKey, FoundKind, FoundThing, told
from dispatch.views.sought import Sought

UNFINISHED = PLANNABLE, (JobStatus.EN_ROUTE,), (JobStatus.ON_SITE,), (JobStatus.ON_HOLD,)
"""The states of jobs that are not over, as there are indexes on them."""


def search(
    session: Session,
    text: str,
    settings: Settings,
    *,
    kinds: Collection[FoundKind] = ALL_KINDS,
    after: int | None = None,
    limit: int = 20,
) -> tuple[list[FoundThing], int | None]:
    """A page of what has all the words of the text, each at the beginning of a word, or as a part
    of a telephone number; and ``after`` for the next page (None: last)."""
    sought, skipped = Sought(text), after or 0
    if not sought.words:
        return [], None
    end = skipped + limit + 1
    exact = _exact(session, sought, kinds)
    keys = [*exact]
    if FoundKind.JOB in kinds:
        keys += _to_do(session, sought, settings, {*exact})
    if FoundKind.TECHNICIAN in kinds:
        keys += _people(session, sought)
    if places := [one for one in (FoundKind.SITE, FoundKind.ASSET) if one in kinds]:
        keys += _places(session, sought, places, {*exact})
    page = keys[skipped:end]
    if FoundKind.JOB in kinds and len(keys) < end:
        # All that was ever done is looked through, and only if there is room for it.
        page += _over(
            session, sought, {*exact}, max(0, skipped - len(keys)), end - skipped - len(page)
        )
    following = skipped + limit if len(page) > limit else None
    return told(session, sought, page[:limit], settings), following


OF_KIND = type_coerce(SearchText.kind, String)
WORDS, PHONES = col(SearchText.words), col(SearchText.phones)


def _exact(session: Session, sought: Sought, kinds: Collection[FoundKind]) -> list[FoundKey]:
    """What has the id, and sites with the telephone number."""
    found = session.exec(select(OF_KIND, SearchText.id).where(SearchText.code == sought.code)).all()
    keys = {(FoundKind(one), id_) for one, id_ in found}
    if sought.whole_number is not None:
        query = select(SearchText.id).where(
            Findable.SITE.value == OF_KIND, PHONES.contains(f" {sought.whole_number} ")
        )
        keys |= {(FoundKind.SITE, id_) for id_ in session.exec(query)}
    return sorted(key for key in keys if key[0] in kinds)


def _to_do(
    session: Session, sought: Sought, settings: Settings, exact: set[FoundKey]
) -> list[FoundKey]:
    """Jobs that are not over: from today on, then without a day, then overdue ones. Few of all jobs
    are, so that theirs are the only words that are looked at."""
    first_window = (
        select(func.min(JobWindow.starts_at))
        .where(JobWindow.job_id == Job.id)
        .correlate(Job)
        .scalar_subquery()
    )
    query = (
        select(
            Job.id,
            func.coalesce(col(Stop.start_at), first_window, col(Job.due_at)),
            sought.rank(WORDS),
        )
        .join(
            SearchText,
            and_(col(SearchText.kind) == Findable.JOB, col(SearchText.id) == col(Job.id)),
        )
        .outerjoin(Stop, and_(col(Stop.job_id) == col(Job.id), col(Stop.live)))
        .where(sought.condition(WORDS, PHONES))
        .order_by(col(Job.id))
    )
    found = [
        row
        for states in UNFINISHED
        for row in session.exec(query.where(is_one_of(Job.status, states)))
    ]
    today = start_of(now().astimezone(settings.zone).date(), settings.zone)

    def order(one: tuple[str, datetime | None, int]) -> tuple[Any, ...]:
        id_, at, rank = one
        turn = 1 if at is None else 0 if at >= today else 2
        return rank, turn, at or today, id_

    keys = ((FoundKind.JOB, id_) for id_, _, _ in sorted(found, key=order))
    return [key for key in keys if key not in exact]


def _people(session: Session, sought: Sought) -> Iterable[FoundKey]:
    """Technicians, of whom there are a few hundred at most."""
    everybody = select(Technician.id, Technician.name, Technician.phone).order_by(Technician.id)
    for id_, name, phone in session.exec(everybody):
        words, numbers = words_of(id_, name), " ".join(phones_of(phone))
        called = {
            word
            for written, digits in sought.numbers
            if any(one in numbers for one in digits)
            for word in written
        }
        if all(
            word in called or any(one.startswith(word) for one in words) for word in sought.words
        ):
            yield FoundKind.TECHNICIAN, id_


def _places(
    session: Session, sought: Sought, kinds: Sequence[FoundKind], exact: set[FoundKey]
) -> list[FoundKey]:
    """Sites and machines, those first that are called so."""
    begins = case((WORDS.startswith(" " + " ".join(sought.words)), 0), else_=1)
    found = session.exec(
        select(OF_KIND, SearchText.id)
        .where(OF_KIND.in_([one.value for one in kinds]), sought.condition(WORDS, PHONES))
        .order_by(sought.rank(WORDS), begins, OF_KIND.desc(), WORDS, col(SearchText.id))
    )
    keys = ((FoundKind(one), id_) for one, id_ in found)
    return [key for key in keys if key not in exact]


def _over(
    session: Session, sought: Sought, exact: set[FoundKey], offset: int, limit: int
) -> list[FoundKey]:
    """Jobs that are over, the last one first."""
    found = session.exec(
        select(SearchText.id)
        .join(Job, col(Job.id) == col(SearchText.id))
        .where(
            Findable.JOB.value == OF_KIND,
            sought.condition(WORDS, PHONES),
            col(SearchText.id).not_in([id_ for kind, id_ in exact if kind is FoundKind.JOB]),
            col(Job.status).in_((*OVER, JobStatus.CANCELLED)),
        )
        .order_by(
            sought.rank(WORDS),
            func.coalesce(col(Job.departed_at), col(Job.updated_at)).desc(),
            col(Job.id),
        )
        .offset(offset)
        .limit(limit)
    )
    return [(FoundKind.JOB, id_) for id_ in found]
