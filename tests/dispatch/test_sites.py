"""Finding customers' places by what people remember of them."""

import pytest
from sqlmodel import Session

from dispatch.models import Site
from dispatch.sites import find_sites


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
