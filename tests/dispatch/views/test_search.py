"""What people remember of a job, a place, a machine or a person finds it."""

from datetime import date

import pytest
from alembic import command
from sqlalchemy import text as sql
from sqlmodel import Session, select

from dispatch import engines, search_texts, store
from dispatch.company.devices import ASSETS, AssetContent
from dispatch.company.sites import SiteChange, change_site
from dispatch.errors import InvalidInput
from dispatch.intake import JobChange, NewJob
from dispatch.jobs.jobs import cancel_job, change_job, create_job
from dispatch.models import Job, JobStatus, SearchText, Site
from dispatch.search_texts import dialled, phones_of, words_of
from dispatch.settings import Settings
from dispatch.views.found_things import ALL_KINDS, FoundKind, FoundThing
from dispatch.views.search import search
from dispatch.views.sought import FoundIn
from tests.dispatch.crew import MONDAY, add_live_route, add_technician, hanoi

ACTOR = "lan"
PLACE = {"latitude": 21.03, "longitude": 105.85}


@pytest.fixture
def company(session: Session, settings: Settings) -> None:
    add_technician(session, "T01", phone="0912 345 678")
    _site(
        session, "S1", "Chị Nguyễn Thị Hồng Hạnh", "số 5, ngõ 12, ngách 3 Đội Cấn", "0950 000 112"
    )
    _site(session, "S2", "Khách sạn Sông Hồng", "120 Hoàng Hoa Thám", "+84 (0)24 3825 0000")
    asset = AssetContent(site_id="S1", name="Điều hòa", model="RX-700", serial_number="RX7-00815")
    ASSETS.put(session, "A-1", asset, actor=ACTOR)
    _job(session, settings, "N060", "S1", "Máy lạnh không mát", asset_id="A-1")
    _job(session, settings, "N061", "S2", "Đèn cầu thang", contact_name="Bác Đức")
    session.commit()


def _site(session: Session, id_: str, name: str, address: str, phone: str) -> None:
    session.add(Site(id=id_, name=name, address=address, phone=phone, **PLACE))
    session.flush()
    search_texts.note(session, sites=[id_])


def _job(
    session: Session, settings: Settings, id_: str, site: str, title: str, **more: str
) -> None:
    new = {"id": id_, "site_id": site, "title": title, "duration_minutes": 60, **more}
    create_job(session, NewJob.model_validate(new), actor=ACTOR, settings=settings)


def found(
    session: Session, settings: Settings, text: str, kind: FoundKind | None = None
) -> list[FoundThing]:
    kinds = ALL_KINDS if kind is None else {kind}
    return search(session, text, settings, kinds=kinds)[0]


def ids(session: Session, settings: Settings, text: str, **more: FoundKind) -> list[str]:
    return [one.id for one in found(session, settings, text, **more)]


@pytest.mark.usefixtures("company")
@pytest.mark.parametrize(
    "text",
    [
        "n060",
        "N060",
        "may lanh",
        "mát MÁY",
        "hong hanh may",
        "hạnh đội cấn",
        "doi can hanh",
        "ngõ 12 ngách 3 đội cấn",
        "ng. 12 doi can",
        "hẻm 12 đội cấn",
        "12/3 doi can",
        "5/12/3 Đội Cấn",
        "0950 000 112",
        "+84 95 000 0112",
        "0084950000112",
        "84 950.000.112",
        "950-000-112",
        "000112",
        "hanh 0950 000",
        "RX7-00815",
        "rx7 00815 A-1",
        "rx 700",
        "dieu hoa hanh",
    ],
)
def test_a_job_is_found_by_what_is_remembered_of_it(
    session: Session, settings: Settings, text: str
) -> None:
    assert "N060" in ids(session, settings, text)
    assert "N061" not in ids(session, settings, text)


@pytest.mark.usefixtures("company")
@pytest.mark.parametrize("text", ["", "  ", "%", "_", "'", "máy nóng", "0950 000 113", "n06 bích"])
def test_what_nothing_has_finds_nothing(session: Session, settings: Settings, text: str) -> None:
    assert found(session, settings, text) == []


@pytest.mark.usefixtures("company")
def test_it_is_said_where_the_words_are_and_whom_it_is_about(
    session: Session, settings: Settings
) -> None:
    [job] = found(session, settings, "hanh may lanh rx", kind=FoundKind.JOB)
    assert job.matched == [FoundIn.TITLE, FoundIn.SITE, FoundIn.ASSET]
    assert (job.site, job.phone, job.asset) == (
        "Chị Nguyễn Thị Hồng Hạnh", "0950 000 112", "Điều hòa RX-700",
    )  # fmt: skip
    [job] = found(session, settings, "bac duc")
    assert (job.id, job.matched, job.day) == ("N061", [FoundIn.CONTACT], None)
    [person] = found(session, settings, "0912345678")
    assert (person.kind, person.id, person.matched) == (
        FoundKind.TECHNICIAN, "T01", [FoundIn.PHONE],
    )  # fmt: skip


@pytest.mark.usefixtures("company")
def test_a_number_comes_first_then_what_is_to_be_done_then_places_then_what_is_over(
    session: Session, settings: Settings
) -> None:
    for number, title in ((62, "N060 lần nữa"), (63, "N060 lần ba"), (64, "N060 lần đầu")):
        _job(session, settings, f"N0{number}", "S2", title)
    _job(session, settings, "N065", "S2", "N060 huỷ")
    cancel_job(session, "N065", actor=ACTOR)
    add_live_route(session, "T01", [("N063", "09:00"), ("N062", "11:00")])
    session.get_one(Job, "N064").status = JobStatus.COMPLETED
    session.get_one(Job, "N064").departed_at = hanoi("10:00")
    session.flush()
    everything = found(session, settings, "N060")
    assert [one.id for one in everything] == ["N060", "N063", "N062", "N065", "N064"] or [
        one.id for one in everything
    ] == ["N060", "N063", "N062", "N064", "N065"]
    placed = everything[1]
    assert (placed.day, placed.technician_id, placed.start_at) == (MONDAY, "T01", hanoi("09:00"))
    assert everything[-1].day in (None, date(2027, 3, 1))
    by_number = ids(session, settings, "0950 000 112")
    assert by_number == ["S1", "N060", "A-1"]
    assert ids(session, settings, "hong", kind=FoundKind.SITE) == ["S1", "S2"]


@pytest.mark.usefixtures("company")
def test_a_house_number_means_itself_before_longer_ones(
    session: Session, settings: Settings
) -> None:
    _site(session, "S3", "Anh Nam", "12 Hoàng Hoa Thám", "")
    assert ids(session, settings, "12 hoang hoa tham", kind=FoundKind.SITE) == ["S3", "S2"]


@pytest.mark.usefixtures("company")
def test_pages_follow_each_other_over_all_kinds(session: Session, settings: Settings) -> None:
    for number in range(100, 107):
        _job(session, settings, f"N{number}", "S1", "Bảo dưỡng")
    for number in range(100, 103):
        cancel_job(session, f"N{number}", actor=ACTOR)
    whole = ids(session, settings, "hanh")
    assert len(whole) == len(set(whole)) == 10
    read, after = [], None
    for _ in range(20):
        page, after = search(session, "hanh", settings, after=after, limit=3)
        read += [one.id for one in page]
        if after is None:
            break
    assert read == whole


@pytest.mark.usefixtures("company")
def test_what_changes_is_found_by_what_it_is_now(session: Session, settings: Settings) -> None:
    def patch(site: str, **change: str) -> None:
        wanted = SiteChange.model_validate(change)
        change_site(session, site, wanted, actor=ACTOR, settings=settings)

    patch("S1", name="Cô Bích", phone="0933 111 222")
    assert ids(session, settings, "bich") == ["N060", "S1", "A-1"]
    assert ids(session, settings, "0933 111 222") == ["S1", "N060", "A-1"]
    assert ids(session, settings, "hong hanh") == []
    change = JobChange(title="Thay gas", contact_phone="0977 000 111")
    change_job(session, "N060", change, actor=ACTOR, settings=settings)
    assert ids(session, settings, "thay gas") == ids(session, settings, "977000111") == ["N060"]
    new = AssetContent(site_id="S1", name="Tủ lạnh", model="SR-1", serial_number=None)
    ASSETS.put(session, "A-1", new, actor=ACTOR)
    assert ids(session, settings, "tu lanh sr") == ["N060", "A-1"]
    change_job(session, "N060", JobChange(asset_id=None), actor=ACTOR, settings=settings)
    ASSETS.remove(session, "A-1", actor=ACTOR)
    assert ids(session, settings, "tu lanh") == []


def test_a_job_is_about_a_machine_at_its_own_site(session: Session, settings: Settings) -> None:
    for site in ("S1", "S2"):
        _site(session, site, site, site, "")
    ASSETS.put(session, "A-1", AssetContent(site_id="S1", name="x"), actor=ACTOR)
    with pytest.raises(InvalidInput) as caught:
        _job(session, settings, "N1", "S2", "x", asset_id="A-1")
    assert [(one.code, one.where) for one in caught.value.faults] == [
        ("asset_elsewhere", "asset_id")
    ]
    _job(session, settings, "N1", "S1", "x", asset_id="A-1")
    with pytest.raises(InvalidInput):
        change_job(session, "N1", JobChange(site_id="S2"), actor=ACTOR, settings=settings)


def test_a_job_that_waits_says_until_when_as_long_as_it_does(
    session: Session, settings: Settings
) -> None:
    _site(session, "S1", "x", "x", "")
    _job(session, settings, "N1", "S1", "x", hold_reason="Chờ linh kiện", hold_until="2027-03-09")
    job = change_job(session, "N1", JobChange(hold_reason=None), actor=ACTOR, settings=settings)
    assert (job.status, job.hold_until) == (JobStatus.OPEN, None)
    with pytest.raises(InvalidInput):
        change_job(session, "N1", JobChange(hold_until=MONDAY), actor=ACTOR, settings=settings)


@pytest.mark.parametrize(
    ("number", "as_dialled"),
    [
        ("0950 000 112", "0950000112"),
        ("+84 95 000 0112", "0950000112"),
        ("+84 (0) 95-000.0112", "0950000112"),
        ("84950000112", "0950000112"),
        ("0084 950000112", "0950000112"),
        ("8412", "8412"),
        ("+1 202 555 0100", "12025550100"),
    ],
)
def test_a_number_is_kept_as_it_is_dialled_in_the_country(number: str, as_dialled: str) -> None:
    assert dialled(number) == as_dialled


def test_words_and_numbers_of_texts() -> None:
    assert words_of("Số 12/3, NGÕ Đặng-Dung", None) == ["so", "12", "3", "ngo", "dang", "dung"]
    assert phones_of("0912 345 678; 024.3825.0000 (nhà)") == ["0912345678", "02438250000"]


def test_what_there_was_before_can_be_searched_too(empty_database_url: str) -> None:
    engine = engines.connect(empty_database_url)
    with engine.begin() as connection:
        command.upgrade(store.alembic_config(connection), "0016")
    at = "2026-11-20 08:00:00"
    with engine.begin() as connection:
        for table, columns in (
            ("site", {"id": "S1", "name": "Chị Hạnh", "address": "ngõ 12 Đội Cấn"}
             | {"phone": "+84 950 000 112", "access_minutes": 0}),
            ("asset", {"id": "A-1", "site_id": "S1", "name": "Điều hòa", "model": "RX"}),
            ("job", {"id": "N060", "site_id": "S1", "title": "Máy lạnh", "status": "open"}
             | {"priority": "normal", "duration_minutes": 30, "revision": 1}
             | {"created_at": at, "updated_at": at}),
        ):  # fmt: skip
            names, marks = ", ".join(columns), ", ".join(f":{name}" for name in columns)
            connection.execute(sql(f"INSERT INTO {table} ({names}) VALUES ({marks})"), columns)
    store.migrate(empty_database_url)
    with Session(engine) as session:
        before = {(row.kind, row.id): row.model_dump() for row in session.exec(select(SearchText))}
        search_texts.note(session, sites=["S1"])
        session.flush()
        session.expire_all()
        after = {(row.kind, row.id): row.model_dump() for row in session.exec(select(SearchText))}
        assert len(before) == 3
        assert before == after
    engine.dispose()
