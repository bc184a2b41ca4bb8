"""Everything there is, found by what people remember of it: words in any order, numbers as they
were noted, of any day.

What is asked for by its id or its whole telephone number comes first, then jobs that are still to
be done, then people, places and machines, and then jobs that are over.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement, String, and_, case, func, literal, or_, true, type_coerce
from sqlmodel import Session, col, select

from dispatch.local_time import start_of
from dispatch.models import (
    OVER,
    PLANNABLE,
    Asset,
    Findable,
    Job,
    JobStatus,
    JobWindow,
    Route,
    SearchText,
    Site,
    Stop,
    Technician,
    is_one_of,
    now,
)
from dispatch.output import Output
from dispatch.search_texts import LEAST_WHOLE_NUMBER, dialled, phones_of, plain, words_of
from dispatch.settings import Settings
from dispatch.store import rows_where

UNFINISHED = PLANNABLE, (JobStatus.EN_ROUTE,), (JobStatus.ON_SITE,), (JobStatus.ON_HOLD,)
"""The states of jobs that are not over, as there are indexes on them."""
MOST_WORDS = 12
LEAST_NUMBER = 4
"""Digits in a row that may be a part of a telephone number; house numbers are shorter."""
LANE = re.compile(r"\b(?:ngo|ngach|hem|kiet|nghach|ng|ngh|lane|alley)\b\.?\s*(?=\d)")
"""What a lane is called matters little before its number: people write `12/3` as well."""
NUMBER = re.compile(r"(?<!\w)\+?\d[\d\s.\-()]*\d(?!\w)")


class FoundKind(StrEnum):
    JOB = "job"
    SITE = "site"
    ASSET = "asset"
    TECHNICIAN = "technician"


ALL_KINDS = frozenset(FoundKind)


class FoundIn(StrEnum):
    """Where the words of a search are."""

    ID = "id"
    TITLE = "title"
    CONTACT = "contact"
    PHONE = "phone"
    SITE = "site"
    ADDRESS = "address"
    ASSET = "asset"
    NAME = "name"


class FoundThing(Output):
    """A job, site, machine or technician. What is said of one kind alone is null for the others."""

    kind: FoundKind
    id: str
    name: str
    """The job's title, or what the thing is called."""
    matched: list[FoundIn]
    """Where the words were found."""
    site_id: str | None
    site: str | None
    address: str | None
    phone: str | None
    asset_id: str | None
    asset: str | None
    """The machine that a job is about, with its model."""
    status: JobStatus | None
    day: date | None
    """On which a job is planned or was attended, or else the first on which it may be; null if
    there is none."""
    start_at: datetime | None
    """When it is planned."""
    technician_id: str | None
    """Who has the job."""
    technician: str | None


@dataclass(frozen=True)
class Sought:
    """What is searched for."""

    text: str

    @cached_property
    def words(self) -> list[str]:
        return list(dict.fromkeys(words_of(LANE.sub("", plain(self.text)))))[:MOST_WORDS]

    @cached_property
    def code(self) -> str:
        return plain(self.text.strip())

    @cached_property
    def numbers(self) -> list[tuple[set[str], set[str]]]:
        """What may be telephone numbers: the words that each is written as, and the digits that
        stand for it."""
        found = []
        for written in NUMBER.findall(plain(self.text)):
            digits = re.sub(r"\D", "", written)
            if len(digits) >= LEAST_NUMBER:
                found.append((set(words_of(written)), {digits, dialled(written)}))
        return found

    @cached_property
    def whole_number(self) -> str | None:
        """If it is nothing but a telephone number."""
        if len(self.numbers) == 1 and self.numbers[0][0] == set(self.words):
            number = dialled(self.text)
            if not number.startswith("0") and len(number) == LEAST_WHOLE_NUMBER:
                number = f"0{number}"
            return number if len(number) > LEAST_WHOLE_NUMBER else None
        return None

    def condition(self, words: Any, phones: Any) -> ColumnElement[bool]:
        """That all of it is in these columns."""
        parts: list[ColumnElement[bool]] = []
        of_numbers = {word for written, _ in self.numbers for word in written}
        parts += [words.contains(f" {word}") for word in self.words if word not in of_numbers]
        for written, digits in self.numbers:
            in_words = [words.contains(f" {word}") for word in sorted(written & {*self.words})]
            parts.append(
                or_(
                    and_(true(), *in_words), *(phones.contains(number) for number in sorted(digits))
                )
            )
        return and_(*parts)

    def rank(self, words: Any) -> ColumnElement[int]:
        """0 where its numbers are whole words, and else 1: who asks for house 12 does not mean 120,
        unless there is nothing else."""
        numbers = [word for word in self.words if word[0].isdigit()]
        if not numbers:
            return literal(0)
        return case((and_(*(words.contains(f" {word} ") for word in numbers)), 0), else_=1)

    def found_in(self, *places: tuple[FoundIn, Iterable[str | None]]) -> list[FoundIn]:
        """The places in which some of it is."""
        found = []
        for place, texts in places:
            given = [text for text in texts if text]
            if place is FoundIn.PHONE:
                numbers = phones_of(*given)
                digits = {one for _, both in self.numbers for one in both}
                is_there = any(one in number for one in digits for number in numbers)
            else:
                there = words_of(*given)
                is_there = any(one.startswith(word) for one in there for word in self.words)
            if is_there:
                found.append(place)
        return found


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
    return _told(session, sought, page[:limit], settings), following


FoundKey = tuple[FoundKind, str]
"""What stands for a thing until its page is known."""
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


# What is told of them


def _told(
    session: Session, sought: Sought, keys: Sequence[FoundKey], settings: Settings
) -> list[FoundThing]:
    ids: dict[FoundKind, set[str]] = {kind: set() for kind in FoundKind}
    for kind, id_ in keys:
        ids[kind].add(id_)
    jobs = {one.id: one for one in rows_where(session, Job, "id", ids[FoundKind.JOB])}
    named = {one.asset_id for one in jobs.values() if one.asset_id} | ids[FoundKind.ASSET]
    assets = {one.id: one for one in rows_where(session, Asset, "id", named)}
    there = {one.site_id for one in jobs.values()} | {one.site_id for one in assets.values()}
    sites = {one.id: one for one in rows_where(session, Site, "id", there | ids[FoundKind.SITE])}
    stops = _live_stops(session, jobs)
    people = {route.technician_id for _, route in stops.values()} | ids[FoundKind.TECHNICIAN]
    technicians = {one.id: one for one in rows_where(session, Technician, "id", people)}
    waiting = [id_ for id_ in jobs if id_ not in stops]
    first_windows = (
        select(JobWindow.job_id, func.min(JobWindow.starts_at))
        .where(col(JobWindow.job_id).in_(waiting))
        .group_by(col(JobWindow.job_id))
    )
    windows = dict(session.exec(first_windows).all())
    found = []
    for kind, id_ in keys:
        if kind is FoundKind.JOB:
            job = jobs[id_]
            asset = assets.get(job.asset_id or "")
            placed = stops.get(job.id)
            name = technicians[placed[1].technician_id].name if placed else None
            first = job.departed_at or windows.get(job.id)
            day = None if first is None else first.astimezone(settings.zone).date()
            if placed is not None:
                day = placed[1].day
            found.append(_of_job(sought, job, sites[job.site_id], asset, placed, name, day))
        elif kind is FoundKind.TECHNICIAN:
            found.append(_of_technician(sought, technicians[id_]))
        elif kind is FoundKind.SITE:
            found.append(_of_site(sought, sites[id_]))
        else:
            asset = assets[id_]
            found.append(_of_asset(sought, asset, sites[asset.site_id]))
    return found


def _live_stops(session: Session, jobs: Mapping[str, Job]) -> dict[str, tuple[Stop, Route]]:
    found = session.exec(
        select(Stop, Route)
        .join(Route, col(Stop.route_id) == Route.id)
        .where(col(Stop.live), col(Stop.job_id).in_(jobs))
    )
    return {stop.job_id: (stop, route) for stop, route in found if stop.job_id is not None}


NOTHING: dict[str, Any] = dict.fromkeys(
    set(FoundThing.model_fields) - {"kind", "id", "name", "matched"}
)


def _place(site: Site) -> dict[str, Any]:
    """What is told of where a thing is."""
    return {"site_id": site.id, "site": site.name, "address": site.address, "phone": site.phone}


def _of_job(
    sought: Sought,
    job: Job,
    site: Site,
    asset: Asset | None,
    placed: tuple[Stop, Route] | None,
    technician: str | None,
    day: date | None,
) -> FoundThing:
    machine = (asset.id, asset.name, asset.model, asset.serial_number) if asset else ()
    return FoundThing(
        kind=FoundKind.JOB,
        id=job.id,
        name=job.title,
        matched=sought.found_in(
            (FoundIn.ID, [job.id]),
            (FoundIn.TITLE, [job.title]),
            (FoundIn.CONTACT, [job.contact_name]),
            (FoundIn.PHONE, [job.contact_phone, site.phone]),
            (FoundIn.SITE, [site.name, site.id]),
            (FoundIn.ADDRESS, [site.address]),
            (FoundIn.ASSET, machine),
        ),
        **_place(site) | {"phone": job.contact_phone or site.phone},
        asset_id=job.asset_id,
        asset=None if asset is None else _called(asset),
        status=job.status,
        day=day,
        start_at=placed[0].start_at if placed else None,
        technician_id=placed[1].technician_id if placed else None,
        technician=technician,
    )


def _of_site(sought: Sought, site: Site) -> FoundThing:
    said = {
        "kind": FoundKind.SITE,
        "id": site.id,
        "name": site.name,
        "matched": sought.found_in(
            (FoundIn.ID, [site.id]),
            (FoundIn.NAME, [site.name]),
            (FoundIn.PHONE, [site.phone]),
            (FoundIn.ADDRESS, [site.address]),
        ),
        **_place(site),
    }
    return FoundThing(**NOTHING | said)


def _of_asset(sought: Sought, asset: Asset, site: Site) -> FoundThing:
    said = {
        "kind": FoundKind.ASSET,
        "id": asset.id,
        "name": _called(asset),
        "matched": sought.found_in(
            (FoundIn.ID, [asset.id]),
            (FoundIn.NAME, [asset.name, asset.model, asset.serial_number]),
            (FoundIn.PHONE, [site.phone]),
            (FoundIn.SITE, [site.name, site.id]),
            (FoundIn.ADDRESS, [site.address]),
        ),
        **_place(site),
        "asset_id": asset.id,
        "asset": asset.name,
    }
    return FoundThing(**NOTHING | said)


def _of_technician(sought: Sought, technician: Technician) -> FoundThing:
    said = {
        "kind": FoundKind.TECHNICIAN,
        "id": technician.id,
        "name": technician.name,
        "matched": sought.found_in(
            (FoundIn.ID, [technician.id]),
            (FoundIn.NAME, [technician.name]),
            (FoundIn.PHONE, [technician.phone]),
        ),
        "phone": technician.phone,
        "technician_id": technician.id,
        "technician": technician.name,
    }
    return FoundThing(**NOTHING | said)


def _called(asset: Asset) -> str:
    return f"{asset.name} {asset.model}" if asset.model else asset.name
