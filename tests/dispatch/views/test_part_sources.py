"""Where a part is to be had: depots that have it, and colleagues who can spare it."""

from datetime import datetime
from typing import Any

import pytest
from sqlmodel import Session

from dispatch.company.parts import find_parts
from dispatch.errors import NotFound
from dispatch.models import Absence, Depot, Part, Position
from dispatch.settings import Settings
from dispatch.views.part_sources import ColleagueSource, PartSources, part_sources
from tests.dispatch.crew import (
    MONDAY,
    TUESDAY,
    add_depot,
    add_job,
    add_live_route,
    add_technician,
    depot_call,
    hanoi,
    north,
)
from tests.dispatch.reporting import take

SETTINGS = Settings()
TEN = hanoi("10:00")

pytestmark = pytest.mark.any_database


def sources(session: Session, at: datetime = TEN, **options: Any) -> PartSources:
    session.commit()
    return part_sources(session, "ann", "belt", SETTINGS, at=at, **options)


def who(found: PartSources) -> list[tuple[str, int]]:
    return [(one.id, one.to_spare) for one in found.colleagues]


def stands(session: Session, technician: str, at: float, clock: str = "09:00", **day: Any) -> None:
    latitude, longitude = north(at)
    session.merge(
        Position(
            technician_id=technician,
            latitude=latitude,
            longitude=longitude,
            at=hanoi(clock, **day),
        )
    )


def test_depots_that_have_it_are_told_with_hours_and_distance_the_nearest_first(
    session: Session,
) -> None:
    add_technician(session, "ann", at=0, stock={"belt": 1})
    add_depot(session, "far", at=9, stock={"belt": 4}, opens="06:30", closes="19:00")
    add_depot(session, "near", at=2, stock={"belt": 2})
    add_depot(session, "empty", at=1, stock={"belt": 0})
    add_depot(session, "other", at=1, stock={"hose": 1})
    session.get_one(Depot, "far").phone = "024 3200 1001"
    found = sources(session)
    assert (found.part_id, found.part, found.quantity) == ("belt", "belt", 1)
    assert [one.id for one in found.depots] == ["near", "far"]
    far = found.depots[1]
    assert (str(far.opens), str(far.closes), far.quantity) == ("06:30:00", "19:00:00", 4)
    assert far.phone == "024 3200 1001"
    # Nine hundredths of a degree are ten kilometres, as the crow flies.
    assert far.distance_metres / SETTINGS.detour_factor == pytest.approx(10_008, abs=10)


def test_what_routes_are_to_fetch_at_a_depot_is_not_to_spare(session: Session) -> None:
    add_technician(session, "ann")
    add_technician(session, "bob")
    add_depot(session, "d", stock={"belt": 6})
    for name in ("a1", "b1"):
        add_job(session, name, parts={"belt": 2})
    add_live_route(session, "ann", [depot_call("d", "11:00", {"belt": 1}), ("a1", "12:00")])
    add_live_route(session, "bob", [depot_call("d", "11:00", {"belt": 2}), ("b1", "12:00")])
    [depot] = sources(session).depots
    assert (depot.quantity, depot.to_spare, depot.own_to_fetch) == (6, 3, 1)


def test_colleagues_can_spare_what_their_visits_of_today_do_not_need(session: Session) -> None:
    add_technician(session, "ann", stock={"belt": 9})
    add_technician(session, "bob", stock={"belt": 5}, phone="0903 000 001")
    add_technician(session, "cid", stock={"belt": 2})
    add_technician(session, "dan", stock={"hose": 2})
    add_technician(session, "eve", stock={"belt": 1})
    for name, number in (("b1", 2), ("b2", 1), ("c1", 2), ("e1", 1)):
        add_job(session, name, parts={"belt": number})
    add_live_route(session, "bob", [("b1", "11:00"), ("b2", "13:00")])
    add_live_route(session, "cid", [("c1", "11:00")])
    add_live_route(session, "eve", [("e1", "11:00")], day=TUESDAY)
    found = sources(session)
    assert who(found) == [("bob", 2), ("eve", 1)]
    assert (found.colleagues[0].name, found.colleagues[0].phone) == (
        "Technician bob",
        "0903 000 001",
    )
    take(session, "completed", "11:30", "b1", "bob")
    assert who(sources(session, hanoi("12:00"))) == [("bob", 2), ("eve", 1)]


def test_nothing_else_is_told_of_colleagues() -> None:
    told = {"id", "name", "phone", "to_spare", "distance_km"}
    assert ColleagueSource.model_fields.keys() == told


def test_who_shares_no_territory_is_told_only_if_all_are_asked_for(session: Session) -> None:
    add_technician(session, "ann", territories=["north", "west"])
    for name, territories in (("bob", ["west"]), ("cid", ["south"]), ("dan", [])):
        add_technician(session, name, territories=territories, stock={"belt": 1})
    assert [name for name, _ in who(sources(session))] == ["bob", "dan"]
    everybody = sources(session, everywhere=True)
    assert [name for name, _ in who(everybody)] == ["bob", "cid", "dan"]


def test_who_is_bound_to_no_territory_meets_everybody(session: Session) -> None:
    add_technician(session, "ann")
    add_technician(session, "bob", territories=["south"], stock={"belt": 1})
    assert who(sources(session)) == [("bob", 1)]


def test_who_is_absent_or_gone_is_not_asked(session: Session) -> None:
    add_technician(session, "ann")
    for name in ("bob", "cid"):
        add_technician(session, name, stock={"belt": 1}, active=name == "cid")
    span = {"starts_at": hanoi("09:00"), "ends_at": hanoi("12:00")}
    session.add(Absence(id="ill", technician_id="cid", **span))
    assert who(sources(session)) == []
    assert who(sources(session, hanoi("12:00"))) == [("cid", 1)]


def test_how_far_away_a_colleague_is_is_told_to_the_kilometre_and_from_today_only(
    session: Session,
) -> None:
    add_technician(session, "ann", at=0)
    for name in ("bob", "cid", "dan", "eve"):
        add_technician(session, name, at=1, stock={"belt": 1})
    stands(session, "ann", 5)
    stands(session, "bob", 5.1)
    stands(session, "cid", 9)
    stands(session, "dan", 5, "18:00", day=MONDAY.replace(day=1).replace(month=2, day=28))
    away = {one.id: one.distance_km for one in sources(session).colleagues}
    four_hundredths = round(4.448 * SETTINGS.detour_factor)
    assert away == {"bob": 1, "cid": four_hundredths, "dan": None, "eve": None}
    assert [*away] == ["bob", "cid", "dan", "eve"]


def test_who_has_reported_from_a_visit_since_is_there(session: Session) -> None:
    add_technician(session, "ann", at=0)
    add_technician(session, "bob", at=30, stock={"belt": 1})
    add_depot(session, "d", at=2, stock={"belt": 2})
    add_job(session, "a1", at=2)
    add_job(session, "b1", at=8)
    add_live_route(session, "ann", [("a1", "09:00")])
    add_live_route(session, "bob", [("b1", "09:00")])
    stands(session, "ann", 20, "07:00")
    stands(session, "bob", 30, "07:00")
    session.commit()
    take(session, "on_site", "09:00", "a1", received="09:00")
    take(session, "on_site", "09:00", "b1", "bob", received="09:00")
    found = sources(session)
    assert found.depots[0].distance_metres == 0
    assert found.colleagues[0].distance_km == round(6.67 * SETTINGS.detour_factor)


def test_of_what_there_is_not_there_are_no_sources(session: Session) -> None:
    add_technician(session, "ann", stock={"belt": 1})
    session.commit()
    for technician, part in (("nobody", "belt"), ("ann", "bolt")):
        with pytest.raises(NotFound):
            part_sources(session, technician, part, SETTINGS, at=TEN)


# Which part


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("tu dien", ["TD-35", "TD-45", "X-1"]),
        ("tụ ĐIỆN 45", ["TD-45"]),
        ("td-45", ["TD-45"]),
        ("45", ["TD-45"]),
        ("dien", ["X-1", "TD-35", "TD-45"]),
        ("ien", []),
        ("?!", []),
        ("", ["GAS", "X-1", "TD-35", "TD-45"]),
    ],
)
def test_parts_are_found_by_beginnings_of_words_whatever_their_accents(
    session: Session, words: str, found: list[str]
) -> None:
    for id_, name in (
        ("TD-35", "Tụ điện 35 µF"),
        ("TD-45", "Tụ điện 45 µF"),
        ("GAS", "Gas R32"),
        ("X-1", "Giá đỡ tụ điện"),
    ):
        session.add(Part(id=id_, name=name))
    session.flush()
    assert [part.id for part in find_parts(session, words)] == found


def test_what_has_the_very_id_comes_first_and_no_more_than_wanted(session: Session) -> None:
    for id_, name in (("A", "Belt"), ("BELT", "Zipper"), ("B", "Belt, long")):
        session.add(Part(id=id_, name=name))
    session.flush()
    assert [part.id for part in find_parts(session, "belt")] == ["BELT", "A", "B"]
    assert [part.id for part in find_parts(session, "belt", limit=1)] == ["BELT"]
