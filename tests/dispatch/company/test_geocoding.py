from collections.abc import Mapping

import pytest
from geopy.exc import GeocoderQuotaExceeded, GeocoderTimedOut, GeopyError
from sqlalchemy import Engine
from sqlmodel import Session, select

from dispatch.company import geocoding
from dispatch.company.geocoding import Coordinates, GeocodingCounts, locate_sites
from dispatch.models import (
    GeocodedAddress,
    Job,
    LocatedBy,
    LogEntry,
    Placement,
    Priority,
    Site,
)
from dispatch.settings import Settings

pytestmark = pytest.mark.any_database

HANG_BAI = "12 Hàng Bài, Hoàn Kiếm, Hà Nội"
SPOT = (21.0245, 105.8516)


class FakeGeocoder:
    """Knows some addresses, fails on some, and asserts that no connection is held meanwhile."""

    def __init__(
        self,
        engine: Engine,
        known: Mapping[str, Coordinates] = {},
        failures: Mapping[str, GeopyError] = {},
    ) -> None:
        self.engine, self.known, self.failures = engine, known, dict(failures)
        self.asked: list[str] = []

    def __call__(self, address: str) -> Coordinates | None:
        assert self.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
        self.asked.append(address)
        if address in self.failures:
            raise self.failures[address]
        return self.known.get(address)


@pytest.fixture
def nominatim(settings: Settings) -> Settings:
    return settings.model_copy(update={"geocoder": "nominatim"})


def add_sites(engine: Engine, **addresses: str) -> None:
    with Session(engine) as session:
        session.add_all(Site(id=name, name=name, address=text) for name, text in addresses.items())
        session.commit()


def site(engine: Engine, name: str) -> Site:
    with Session(engine) as session:
        return session.get_one(Site, name)


def test_a_site_without_coordinates_gets_them(engine: Engine, nominatim: Settings) -> None:
    add_sites(engine, s1=HANG_BAI)
    geocoder = FakeGeocoder(engine, {HANG_BAI: SPOT})
    assert locate_sites(engine, nominatim, geocoder) == GeocodingCounts(located=1)
    located = site(engine, "s1")
    assert (located.latitude, located.longitude) == SPOT
    assert located.located_by == LocatedBy.GEOCODER
    with Session(engine) as session:
        entry = session.exec(select(LogEntry)).one()
    assert (entry.actor, entry.action, entry.entity_id) == ("geocoder", "locate", "s1")


def test_coordinates_that_were_given_are_left_alone(engine: Engine, nominatim: Settings) -> None:
    with Session(engine) as session:
        session.add(Site(id="s1", name="s1", address=HANG_BAI, latitude=1.0, longitude=2.0))
        session.commit()
    geocoder = FakeGeocoder(engine, {HANG_BAI: SPOT})
    assert locate_sites(engine, nominatim, geocoder) == GeocodingCounts()
    assert geocoder.asked == []


def test_one_address_is_asked_for_once_however_often_it_occurs(
    engine: Engine, nominatim: Settings
) -> None:
    add_sites(engine, s1=HANG_BAI, s2=f"  {HANG_BAI.replace(' ', '  ')} ")
    geocoder = FakeGeocoder(engine, {HANG_BAI: SPOT})
    assert locate_sites(engine, nominatim, geocoder) == GeocodingCounts(located=2)
    add_sites(engine, s3=HANG_BAI)
    assert locate_sites(engine, nominatim, geocoder) == GeocodingCounts(located=1)
    assert geocoder.asked == [HANG_BAI]


def test_that_an_address_is_unknown_is_remembered(engine: Engine, nominatim: Settings) -> None:
    add_sites(engine, s1="nowhere")
    geocoder = FakeGeocoder(engine)
    assert locate_sites(engine, nominatim, geocoder) == GeocodingCounts(unknown=1)
    assert locate_sites(engine, nominatim, geocoder) == GeocodingCounts(unknown=1)
    assert geocoder.asked == ["nowhere"]
    assert site(engine, "s1").latitude is None


def test_what_one_provider_does_not_know_another_one_is_asked(
    engine: Engine, nominatim: Settings
) -> None:
    add_sites(engine, s1=HANG_BAI)
    locate_sites(engine, nominatim, FakeGeocoder(engine))
    photon = nominatim.model_copy(update={"geocoder": "photon"})
    assert locate_sites(engine, photon, FakeGeocoder(engine, {HANG_BAI: SPOT})).located == 1


def test_a_failure_leaves_the_site_for_the_next_call(engine: Engine, nominatim: Settings) -> None:
    add_sites(engine, s1=HANG_BAI, s2="elsewhere")
    geocoder = FakeGeocoder(
        engine, {HANG_BAI: SPOT, "elsewhere": (20.0, 105.0)}, {HANG_BAI: GeocoderTimedOut("slow")}
    )
    assert locate_sites(engine, nominatim, geocoder) == GeocodingCounts(located=1, failed=1)
    assert site(engine, "s1").latitude is None
    geocoder.failures.clear()
    assert locate_sites(engine, nominatim, geocoder) == GeocodingCounts(located=1)


def test_a_used_up_quota_ends_the_asking_but_not_the_answers_at_hand(
    engine: Engine, nominatim: Settings
) -> None:
    add_sites(engine, s1="a", s2="b", s3=HANG_BAI)
    with Session(engine) as session:
        session.add(
            GeocodedAddress(
                address=HANG_BAI, latitude=SPOT[0], longitude=SPOT[1], provider="nominatim"
            )
        )
        session.commit()
    geocoder = FakeGeocoder(engine, failures={"a": GeocoderQuotaExceeded("come back tomorrow")})
    assert locate_sites(engine, nominatim, geocoder) == GeocodingCounts(located=1, failed=1)
    assert geocoder.asked == ["a"]


def test_a_provider_that_is_down_is_not_asked_for_every_address(
    engine: Engine, nominatim: Settings
) -> None:
    addresses = {f"s{n}": f"address {n}" for n in range(9)}
    add_sites(engine, **addresses)
    down = {address: GeocoderTimedOut("slow") for address in addresses.values()}
    geocoder = FakeGeocoder(engine, failures=down)
    assert locate_sites(engine, nominatim, geocoder) == GeocodingCounts(
        failed=geocoding.FAILURES_IN_A_ROW
    )
    with Session(engine) as session:
        assert session.exec(select(GeocodedAddress)).all() == []


def test_one_call_asks_for_a_limited_number_of_addresses(
    engine: Engine, nominatim: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(geocoding, "ADDRESSES_AT_ONCE", 2)
    add_sites(engine, s1="a", s2="b", s3="c")
    geocoder = FakeGeocoder(engine)
    locate_sites(engine, nominatim, geocoder)
    assert geocoder.asked == ["a", "b"]
    locate_sites(engine, nominatim, geocoder)
    assert geocoder.asked == ["a", "b", "c"]


PARIS = (48.8566, 2.3522)


@pytest.mark.parametrize("found", [PARIS, (0.0, 0.0)])
def test_what_is_found_outside_the_service_area_is_not_taken(
    engine: Engine, nominatim: Settings, found: Coordinates
) -> None:
    """Once asked for, it is remembered, and serves when the area is widened."""
    add_sites(engine, s1=HANG_BAI)
    geocoder = FakeGeocoder(engine, {HANG_BAI: found})
    assert locate_sites(engine, nominatim, geocoder) == GeocodingCounts(unknown=1)
    assert locate_sites(engine, nominatim, geocoder) == GeocodingCounts(unknown=1)
    assert geocoder.asked == [HANG_BAI]
    assert site(engine, "s1").located_by is None
    everywhere = nominatim.model_copy(update={"service_area": None})
    located = locate_sites(engine, everywhere, geocoder).located
    assert located == (found == PARIS)


def test_a_site_that_was_once_located_far_away_has_no_location_again(
    engine: Engine, nominatim: Settings
) -> None:
    """As earlier versions did; the export of it could not be imported again."""
    with Session(engine) as session:
        for id_, located_by in (("s1", LocatedBy.GEOCODER), ("s2", LocatedBy.GIVEN)):
            stray = Site(id=id_, name=id_, address=HANG_BAI, located_by=located_by)
            stray.latitude, stray.longitude = PARIS
            session.add(stray)
        session.commit()
    locate_sites(engine, nominatim, FakeGeocoder(engine))
    assert site(engine, "s1").latitude is None
    assert site(engine, "s1").located_by is None
    assert site(engine, "s2").latitude == PARIS[0]
    with Session(engine) as session:
        entry = session.exec(select(LogEntry)).one()
    assert (entry.actor, entry.action, entry.entity_id) == ("geocoder", "take_back", "s1")


def test_an_urgent_job_is_placed_once_its_site_is_located(
    engine: Engine, nominatim: Settings
) -> None:
    add_sites(engine, s1=HANG_BAI)
    with Session(engine) as session:
        for id_, priority in (("now", Priority.EMERGENCY), ("later", Priority.NORMAL)):
            session.add(
                Job(id=id_, site_id="s1", title="x", duration_minutes=30, priority=priority)
            )
        session.commit()
    locate_sites(engine, nominatim, FakeGeocoder(engine, {HANG_BAI: SPOT}))
    with Session(engine) as session:
        wish = session.exec(select(Placement)).one()
    assert (wish.job_id, wish.trigger) == ("now", "changed_site")


def test_coordinates_off_the_globe_are_a_failure(engine: Engine, nominatim: Settings) -> None:
    add_sites(engine, s1=HANG_BAI)
    geocoder = FakeGeocoder(engine, {HANG_BAI: (105.85, 21.02)})
    assert locate_sites(engine, nominatim, geocoder) == GeocodingCounts(failed=1)


def test_a_site_located_by_hand_meanwhile_keeps_its_coordinates(
    engine: Engine, nominatim: Settings
) -> None:
    add_sites(engine, s1=HANG_BAI)

    def geocode(address: str) -> Coordinates:
        with Session(engine) as session:
            by_hand = session.get_one(Site, "s1")
            by_hand.latitude, by_hand.longitude = 20.0, 105.0
            session.commit()
        return SPOT

    assert locate_sites(engine, nominatim, geocode) == GeocodingCounts()
    assert site(engine, "s1").latitude == 20.0


def test_nobody_is_asked_when_geocoding_is_off(engine: Engine, settings: Settings) -> None:
    add_sites(engine, s1=HANG_BAI)
    assert geocoding.provider(settings) is None
    assert locate_sites(engine, settings) == GeocodingCounts()


@pytest.mark.parametrize("name", ["nominatim", "photon", "arcgis"])
def test_every_provider_of_the_settings_can_be_made(settings: Settings, name: str) -> None:
    chosen = settings.model_copy(update={"geocoder": name, "geocoder_domain": "geo.example"})
    assert geocoding.provider(chosen) is not None
