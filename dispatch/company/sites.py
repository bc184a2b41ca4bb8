"""Customers' places: found by what people remember of them, read and corrected."""

import hashlib
import re
from collections.abc import Collection
from typing import Any

from pydantic import ValidationError
from sqlmodel import Session, col, select

from dispatch import log, search_texts
from dispatch.coordinates import area_faults
from dispatch.errors import InvalidInput, existing, refuse_if_stale
from dispatch.input_faults import faults_of
from dispatch.intake import NewSite, for_change
from dispatch.jobs.placements import ask_for_place
from dispatch.models import PLANNABLE, Job, LocatedBy, Site
from dispatch.output import Output
from dispatch.plans import queries
from dispatch.search_texts import plain
from dispatch.settings import Settings
from dispatch.store import rows_where

WHERE = frozenset({"latitude", "longitude", "territory", "access_minutes"})
"""What of a site decides who can be there, and when."""


SEARCHED = frozenset({"name", "address", "phone"})
"""What of a site it is found by."""


class SiteOut(Output):
    id: str
    name: str
    address: str
    phone: str | None
    latitude: float | None
    longitude: float | None
    territory: str | None
    access_minutes: int
    """From the road to the door: spent once before service, wherever the stop before is
    elsewhere."""

    @property
    def tag(self) -> str:
        """Changes with the content, whoever changes it."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:32]


class SiteChange(for_change(NewSite, without={"id"})):  # type: ignore[misc]
    """What is to change in a site: fields that are absent stay, null clears.

    The result must make sense as a new site. A location that was found by the address goes with a
    changed address, and is looked for anew, unless the coordinates are given.
    """


def find_sites(session: Session, search: str, *, limit: int = 20) -> list[SiteOut]:
    """Sites where every word of the search begins one of id, name or address, whatever its accents
    and capitals, or is a part of the phone number; whose name begins with it comes first."""
    words = re.findall(r"\w+", plain(search))
    if search.strip() and not words:
        return []
    # Neither database folds Vietnamese letters, and a company's sites are some thousands.
    columns = select(Site.id, Site.name, Site.address, Site.phone)
    found = []
    for id_, name, address, phone in session.exec(columns):
        everything = " ".join(["", *re.findall(r"\w+", plain(f"{id_} {name} {address}"))])
        digits = re.sub(r"\D", "", phone or "")
        if all(f" {word}" in everything or (word.isdigit() and word in digits) for word in words):
            begins_so = plain(name).startswith(" ".join(words))
            found.append((not begins_so, plain(name), id_))
    chosen = [id_ for *_, id_ in sorted(found)[:limit]]
    sites = {site.id: site for site in rows_where(session, Site, "id", chosen)}
    return [SiteOut.model_validate(sites[id_]) for id_ in chosen]


def read_site(session: Session, site_id: str) -> SiteOut:
    """Raises ``NotFound``."""
    row = existing(session.get(Site, site_id), "site", site_id, "unknown_site")
    return SiteOut.model_validate(row)


def change_site(
    session: Session,
    site_id: str,
    change: SiteChange,
    *,
    actor: str,
    settings: Settings,
    expected_tags: Collection[str] | None = None,
) -> SiteOut:
    """The site with ``change`` applied. Jobs there that are in the plan in force are looked at anew
    if it is elsewhere now.

    Raises ``NotFound``, ``Conflict`` if the site is not as expected, or ``InvalidInput`` if the
    result would not be let in as a new site.
    """
    query = select(Site).where(Site.id == site_id).with_for_update()
    site = existing(session.exec(query).one_or_none(), "site", site_id, "unknown_site")
    before = SiteOut.model_validate(site)
    refuse_if_stale(f"site {site_id}", before.tag, expected_tags)
    given = change.model_dump(exclude_unset=True)
    if _is_to_be_located_anew(site, given):
        given |= {"latitude": None, "longitude": None}
    after = _wanted(before, given, settings)
    different = [name for name in given if getattr(after, name) != getattr(before, name)]
    if not different:
        return before
    for name in different:
        setattr(site, name, getattr(after, name))
    if {"latitude", "longitude"} & set(different):
        site.located_by = None if after.latitude is None else LocatedBy.GIVEN
    session.add(site)
    session.flush()
    if SEARCHED & set(different):
        search_texts.note(session, sites=[site_id])
    log.record(
        session,
        actor,
        "change",
        log.Entity.SITE,
        site_id,
        before={name: getattr(before, name) for name in different},
        after={name: getattr(after, name) for name in different},
    )
    if WHERE & set(different):
        look_again(session, site_id, settings, actor=actor)
    return after


def look_again(session: Session, site_id: str, settings: Settings, *, actor: str) -> None:
    """Have the jobs looked at anew that are planned at a site which is elsewhere than it was, and
    those that are to be placed at once and may have had no place because nobody knew where."""
    waiting = session.exec(
        select(Job).where(Job.site_id == site_id, col(Job.status).in_(PLANNABLE)).order_by(Job.id)
    ).all()
    live = queries.live_visits(session, [job.id for job in waiting])
    for job in waiting:
        if job.id in live or job.priority.is_at_least(settings.place_at_once):
            ask_for_place(session, job.id, trigger="changed_site", actor=actor)


def _is_to_be_located_anew(site: Site, given: dict[str, Any]) -> bool:
    return (
        site.located_by is LocatedBy.GEOCODER
        and given.get("address", site.address) != site.address
        and not {"latitude", "longitude"} & given.keys()
    )


def _wanted(before: SiteOut, given: dict[str, Any], settings: Settings) -> SiteOut:
    """What the site becomes, having passed the checks of a new one."""
    try:
        wanted = NewSite.model_validate(before.model_dump(exclude={"id"}) | given)
    except ValidationError as error:
        raise InvalidInput(*faults_of(error.errors())) from None
    if {"latitude", "longitude"} & given.keys():
        area = settings.service_area
        faults = area_faults(wanted.latitude, wanted.longitude, area, "longitude")
        if faults:
            raise InvalidInput(*faults)
    return before.model_copy(update=wanted.model_dump(exclude={"id"}))
