"""Coordinates for addresses that came without: asked once, politely, and kept in the database.

A site that cannot be located stays as it is; its jobs are listed as needing a location. What is
found passes the same checks as coordinates that people give: streets of other countries have the
same names.
"""

import logging
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import geopy.geocoders
from geopy.exc import (
    GeocoderAuthenticationFailure,
    GeocoderInsufficientPrivileges,
    GeocoderQuotaExceeded,
    GeopyError,
)
from geopy.extra.rate_limiter import RateLimiter
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select, update

from dispatch import log
from dispatch.company.sites import look_again
from dispatch.coordinates import area_faults
from dispatch.models import GeocodedAddress, LocatedBy, Site
from dispatch.settings import Settings
from dispatch.store import reading

Coordinates = tuple[float, float]
"""Latitude and longitude in degrees."""
Geocode = Callable[[str], Coordinates | None]
"""Looks an address up; None when there is no such place. Raises ``GeopyError`` when it fails."""

ACTOR = "geocoder"
ADDRESSES_AT_ONCE = 50
"""How many addresses one call asks for at most; the others have their turn with the next call."""
TIMEOUT_SECONDS = 10
FAILURES_IN_A_ROW = 3
"""After so many the provider is taken to be out of order and left alone until the next call."""

_HOPELESS = (
    GeocoderQuotaExceeded,
    GeocoderAuthenticationFailure,
    GeocoderInsufficientPrivileges,
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class GeocodingCounts:
    """How many sites were located, and how many addresses are unknown (or found where nobody goes
    to) or could not be asked."""

    located: int = 0
    unknown: int = 0
    failed: int = 0


def locate_sites(
    engine: Engine, settings: Settings, geocode: Geocode | None = None
) -> GeocodingCounts:
    """Give coordinates to sites without, from the cache or from the provider of the settings.

    Opens and commits its own short transactions, none of which is open while the provider is
    asked. A failure leaves its sites for the next call and is logged; it is never raised.
    """
    if geocode is None:
        geocode = provider(settings)
    if geocode is None:
        return GeocodingCounts()
    _take_back_strays(engine, settings)
    with Session(reading(engine)) as session:
        waiting = _sites_by_address(session)
        known = _answers(session, settings.geocoder, set(waiting))
    located = unknown = failed = asked = failures_in_a_row = 0
    for address, sites in waiting.items():
        answer = known.get(address)
        if answer is None:
            if asked == ADDRESSES_AT_ONCE:
                continue
            asked += 1
            try:
                found = _checked(address, geocode(address))
            except GeopyError as error:
                failed += 1
                failures_in_a_row += 1
                logger.warning("Could not geocode %r: %r; it is tried again later", address, error)
                if isinstance(error, _HOPELESS) or failures_in_a_row == FAILURES_IN_A_ROW:
                    asked = ADDRESSES_AT_ONCE
                continue
            failures_in_a_row = 0
            answer = GeocodedAddress(
                address=address,
                latitude=found[0] if found else None,
                longitude=found[1] if found else None,
                provider=settings.geocoder,
            )
            _remember(engine, answer)
            if _is_astray(answer, settings):
                logger.warning("%r was found at %s, where nobody goes to", address, found)
        if answer.latitude is None or _is_astray(answer, settings):
            unknown += 1
            continue
        with Session(engine) as session:
            for site_id, address_as_given in sites:
                if _locate(session, site_id, address_as_given, answer):
                    located += 1
                    look_again(session, site_id, settings, actor=ACTOR)
            session.commit()
    return GeocodingCounts(located, unknown, failed)


def provider(settings: Settings) -> Geocode | None:
    """The provider of the settings, rate limited over the whole process; None if it is off."""
    if settings.geocoder == "off":
        return None
    return _provider(
        settings.geocoder,
        settings.geocoder_domain,
        settings.geocoder_seconds_between_requests,
    )


@lru_cache(maxsize=1)
def _provider(name: str, domain: str | None, seconds_between_requests: float) -> Geocode:
    options = {"user_agent": "field-service-dispatch", "timeout": TIMEOUT_SECONDS}
    if domain is not None:
        options["domain"] = domain
    geocoder = geopy.geocoders.get_geocoder_for_service(name)(**options)
    limited = RateLimiter(
        geocoder.geocode,
        min_delay_seconds=seconds_between_requests,
        max_retries=0,
        error_wait_seconds=seconds_between_requests,
        swallow_exceptions=False,
    )

    def geocode(address: str) -> Coordinates | None:
        found = limited(address)
        return None if found is None else (found.latitude, found.longitude)

    return geocode


def _sites_by_address(session: Session) -> dict[str, list[tuple[str, str]]]:
    """Sites without coordinates (id, address as given) by their address in one spelling."""
    query = select(Site.id, Site.address).where(col(Site.latitude).is_(None)).order_by(Site.id)
    waiting: dict[str, list[tuple[str, str]]] = {}
    for site_id, address in session.exec(query):
        spelling = unicodedata.normalize("NFC", " ".join(address.split()))
        if spelling:
            waiting.setdefault(spelling, []).append((site_id, address))
    return waiting


def _answers(session: Session, provider: str, addresses: set[str]) -> dict[str, GeocodedAddress]:
    """What is known of these addresses; that another provider knew nothing does not count."""
    rows = session.exec(select(GeocodedAddress)).all()
    return {
        row.address: row
        for row in rows
        if row.address in addresses and (row.latitude is not None or row.provider == provider)
    }


def _is_astray(place: GeocodedAddress | Site, settings: Settings) -> bool:
    """Whether its coordinates would be refused if somebody gave them."""
    return bool(area_faults(place.latitude, place.longitude, settings.service_area, "site"))


def _take_back_strays(engine: Engine, settings: Settings) -> None:
    """Sites that were once located where nobody goes to have no location again."""
    located = select(Site).where(col(Site.located_by) == LocatedBy.GEOCODER)
    with Session(reading(engine)) as session:
        strays = [site.id for site in session.exec(located) if _is_astray(site, settings)]
    if not strays:
        return
    with Session(engine) as session:
        for site in session.exec(
            located.where(col(Site.id).in_(strays)).order_by(Site.id).with_for_update()
        ).all():
            if not _is_astray(site, settings):
                continue
            before = {"latitude": site.latitude, "longitude": site.longitude}
            site.latitude = site.longitude = site.located_by = None
            after = {"latitude": None, "longitude": None}
            log.record(
                session, ACTOR, "take_back", log.Entity.SITE, site.id, before=before, after=after
            )
            look_again(session, site.id, settings, actor=ACTOR)
        session.commit()


def _checked(address: str, found: Coordinates | None) -> Coordinates | None:
    if found is not None and not (-90 <= found[0] <= 90 and -180 <= found[1] <= 180):
        raise GeopyError(f"the provider puts {address!r} at {found}, which is nowhere")
    return found


def _remember(engine: Engine, answer: GeocodedAddress) -> None:
    with Session(engine, expire_on_commit=False) as session:
        session.merge(answer)
        try:
            session.commit()
        except IntegrityError:
            # Another process asked at the same moment; one answer is as good as the other.
            session.rollback()


def _locate(session: Session, site_id: str, address: str, answer: GeocodedAddress) -> int:
    """Only if nobody gave the site coordinates or another address in the meantime."""
    changed = session.exec(
        update(Site)
        .where(col(Site.id) == site_id, col(Site.address) == address, col(Site.latitude).is_(None))
        .values(latitude=answer.latitude, longitude=answer.longitude, located_by=LocatedBy.GEOCODER)
    ).rowcount
    if changed:
        log.record(
            session,
            ACTOR,
            "locate",
            log.Entity.SITE,
            site_id,
            before={"latitude": None, "longitude": None},
            after={"latitude": answer.latitude, "longitude": answer.longitude},
        )
    return changed
