"""Finding customers' places by what people remember of them, and correcting them."""

from typing import Any

import pytest
from sqlmodel import Session, select

from dispatch.company.sites import SiteChange, SiteOut, change_site, find_sites, read_site
from dispatch.errors import Conflict, InvalidInput, NotFound
from dispatch.models import Job, JobStatus, LocatedBy, LogEntry, Placement, Priority, Site
from dispatch.settings import Settings
from tests.dispatch.companies import add_company, put_on_live_route


@pytest.fixture
def sites(session: Session) -> Session:
    places = [
        ("S1", "Điện máy Hồng Hà", "12 Hàng Bông, Hoàn Kiếm", "+84 24 3825 0000"),
        ("S2", "Chị Hạnh", "8 Hồng Hà, Ba Đình", None),
        ("S3", "Hồng Hà Stationery", "25 Lý Thường Kiệt", None),
    ]
    for id_, name, address, phone in places:
        session.add(Site(id=id_, name=name, address=address, phone=phone))
    session.commit()
    return session


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("hong ha", ["S3", "S2", "S1"]),
        ("HỒNG hà hàng", ["S1"]),
        ("dien may", ["S1"]),
        ("38250000", ["S1"]),
        ("ong ha", []),
        ("s2", ["S2"]),
        ("Hồng Hà Tây", []),
    ],
)
def test_every_word_has_to_begin_one_whatever_its_accents(
    sites: Session, search: str, found: list[str]
) -> None:
    assert [site.id for site in find_sites(sites, search)] == found


def test_no_words_give_as_many_as_are_wanted_by_name(sites: Session) -> None:
    assert [site.id for site in find_sites(sites, " ", limit=2)] == ["S2", "S1"]


# Correcting


def corrected(session: Session, settings: Settings, site: str = "S-1", **fields: Any) -> SiteOut:
    change = SiteChange.model_validate(fields)
    out = change_site(session, site, change, actor="dana", settings=settings)
    session.commit()
    return out


def wishes(session: Session) -> list[tuple[str, str]]:
    return [(wish.job_id, wish.trigger) for wish in session.exec(select(Placement)).all()]


@pytest.fixture
def company(session: Session) -> Session:
    add_company(session)
    for id_ in ("J-1", "J-2", "J-3"):
        session.add(Job(id=id_, site_id="S-1", title=id_, duration_minutes=30))
    session.commit()
    put_on_live_route(session, "J-1")
    return session


def test_what_a_site_says_is_corrected_and_logged(company: Session, settings: Settings) -> None:
    out = corrected(company, settings, name="Chị Lan Anh", phone=None, territory="east")
    assert (out.name, out.territory) == ("Chị Lan Anh", "east")
    assert read_site(company, "S-1") == out
    entry = company.exec(select(LogEntry).where(LogEntry.entity == "site")).one()
    assert (entry.actor, entry.action, entry.entity_id) == ("dana", "change", "S-1")
    assert entry.before == {"name": "Chị Lan", "territory": "west"}
    assert entry.after == {"name": "Chị Lan Anh", "territory": "east"}
    assert corrected(company, settings, name="Chị Lan Anh") == out
    assert len(company.exec(select(LogEntry).where(LogEntry.entity == "site")).all()) == 1


def test_visits_at_a_site_that_moved_are_looked_at_anew(
    company: Session, settings: Settings
) -> None:
    urgent = company.get_one(Job, "J-3")
    urgent.priority, urgent.status = Priority.EMERGENCY, JobStatus.ON_SITE
    corrected(company, settings, name="Chị Lan Anh", address="9 Láng Hạ")
    assert wishes(company) == []
    corrected(company, settings, latitude=21.05, longitude=105.80)
    assert wishes(company) == [("J-1", "changed_site")]
    assert company.get_one(Site, "S-1").located_by == LocatedBy.GIVEN


def test_visits_at_a_site_that_is_harder_to_get_into_are_looked_at_anew(
    company: Session, settings: Settings
) -> None:
    assert corrected(company, settings, access_minutes=20).access_minutes == 20
    assert wishes(company) == [("J-1", "changed_site")]
    assert company.get_one(Site, "S-1").located_by == LocatedBy.GIVEN


@pytest.mark.parametrize(
    ("fields", "code", "where"),
    [
        ({"latitude": 48.8566, "longitude": 2.3522}, "outside_service_area", "longitude"),
        ({"latitude": 0, "longitude": 0}, "outside_service_area", "longitude"),
        ({"latitude": 105.8, "longitude": 21.0}, "swapped_coordinates", "longitude"),
        ({"latitude": None}, "half_a_location", "longitude"),
    ],
)
def test_a_correction_passes_the_checks_of_a_new_site(
    company: Session, settings: Settings, fields: dict[str, Any], code: str, where: str
) -> None:
    with pytest.raises(InvalidInput) as error:
        corrected(company, settings, **fields)
    assert [(fault.code, fault.where) for fault in error.value.faults] == [(code, where)]
    with pytest.raises(NotFound):
        corrected(company, settings, site="S-9", **fields)


def test_a_location_found_by_the_address_goes_with_it(company: Session, settings: Settings) -> None:
    company.get_one(Site, "S-1").located_by = LocatedBy.GEOCODER
    company.commit()
    assert corrected(company, settings, address="9 Láng Hạ").latitude is None
    assert company.get_one(Site, "S-1").located_by is None
    corrected(company, settings, latitude=21.05, longitude=105.80)
    assert corrected(company, settings, address="11 Láng Hạ").latitude == 21.05


def test_a_correction_of_what_has_changed_since_is_refused(
    company: Session, settings: Settings
) -> None:
    seen = read_site(company, "S-1").tag
    corrected(company, settings, name="Chị Lan Anh")
    change = SiteChange(name="Cô Lan")
    with pytest.raises(Conflict, match="changed since"):
        change_site(company, "S-1", change, actor="dana", settings=settings, expected_tags=[seen])
    now = read_site(company, "S-1").tag
    out = change_site(company, "S-1", change, actor="dana", settings=settings, expected_tags=[now])
    assert out.name == "Cô Lan"
