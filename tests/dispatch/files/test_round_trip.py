"""Whatever was let in, by whatever way, an export of it comes back in: the same rows."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy import Engine
from sqlmodel import Session

from dispatch import engines
from dispatch.company.devices import ASSETS, AssetContent
from dispatch.company.geocoding import locate_sites
from dispatch.company.sites import SiteChange, change_site
from dispatch.errors import DispatchError
from dispatch.files.folder import export_folder, import_folder
from dispatch.files.sheets import SHEETS
from dispatch.intake import JobChange, NewJob
from dispatch.jobs.jobs import cancel_job, change_job, create_job, read_job
from dispatch.models import PLANNABLE, Job, JobStatus, Site, Technician, Wish
from dispatch.placing.absences import NewAbsence, add_absence
from dispatch.settings import Settings
from tests.dispatch.changing import change
from tests.dispatch.crew import add_job, add_live_route, add_technician
from tests.dispatch.folders import COLUMNS, COMPANY, written
from tests.dispatch.machines import add_machines, add_rule, add_template, message, told
from tests.dispatch.reporting import take

ACTOR = "lan"
Rows = dict[str, dict[Any, Any]]


@pytest.fixture
def machines(session: Session) -> None:
    add_machines(session)
    add_template(session, title="{asset}: {message} {type}", due_within_hours=100_000)
    add_rule(session)


@pytest.fixture
def elsewhere(sqlite_template: Path, tmp_path: Path) -> Iterator[Callable[[], Session]]:
    """Opens sessions on empty databases, one after the other."""
    numbers = iter(range(10_000))
    opened: list[tuple[Session, Engine]] = []

    def open_one() -> Session:
        file = tmp_path / f"empty-{next(numbers)}.db"
        shutil.copyfile(sqlite_template, file)
        engine = engines.connect(f"sqlite:///{file}")
        opened.append((Session(engine), engine))
        return opened[-1][0]

    yield open_one
    for session, engine in opened:
        session.close()
        engine.dispose()


def rows(session: Session) -> Rows:
    session.flush()
    session.expire_all()
    return {sheet.file: sheet.stored(session) for sheet in SHEETS}


def comes_back(session: Session, other: Session, settings: Settings, folder: Path) -> None:
    """Assert that an empty database has the same rows once the export is imported there; but what
    was scheduled waits, as no plan comes along."""
    shutil.rmtree(folder, ignore_errors=True)
    export_folder(session, folder, settings)
    import_folder(other, folder, actor=ACTOR, settings=settings, allow_past=True)
    there = rows(session)
    for key, line in there["jobs.csv"].items():
        if line.status in PLANNABLE:
            there["jobs.csv"][key] = line.model_copy(update={"status": JobStatus.OPEN})
    assert rows(other) == there


# Anything by any way

odd = st.text(
    "=+-@＝;,|'\"  abế\u0301\u0323\u200b\u200d\u202e\u2066\ufeff\u3164👩🔧\u00a0\u3000\t",
    min_size=1,
    max_size=12,
)
texts = st.one_of(odd.map("x; {}".format), odd.map("{}x".format), odd, st.text(max_size=9))
FIRST, LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2199, 12, 31, 23, 59, 59, tzinfo=UTC)


def moments_near(*edges: datetime) -> st.SearchStrategy[str]:
    """Within two days, written in any offset."""
    return st.builds(
        lambda edge, seconds, hours: (
            (edge + timedelta(seconds=seconds))
            .astimezone(timezone(timedelta(hours=hours)))
            .isoformat()
        ),
        st.sampled_from(edges),
        st.sampled_from([-100_000, -1, 0, 1, 0.5, 3600, 100_000]),
        st.integers(-14, 14),
    )


moments = moments_near(FIRST, LAST, datetime(2040, 2, 29, 12, tzinfo=UTC))
to_come = moments_near(LAST, datetime(2040, 2, 29, 12, tzinfo=UTC))
coordinates = st.one_of(
    st.just({}),
    st.fixed_dictionaries({"latitude": st.floats(8, 23.5), "longitude": st.floats(102, 110)}),
    st.sampled_from(
        [
            {"latitude": 0, "longitude": 0},
            {"latitude": 48.8566, "longitude": 2.3522},
            {"latitude": 8, "longitude": 102},
            {"latitude": -0.0, "longitude": 1e-7},
        ]
    ),
)
places = st.builds(
    lambda place, more: place | more,
    coordinates,
    st.fixed_dictionaries(
        {},
        optional={
            "name": texts,
            "address": texts,
            "territory": texts,
            "phone": texts,
            "access_minutes": st.sampled_from([0, 1, 1440, 1441, -1]),
        },
    ),
)
windows = st.builds(
    lambda price, *ends: dict(zip(("starts_at", "ends_at"), sorted(ends), strict=True)) | price,
    st.sampled_from([{}, {"price": 0}, {"price": 100_000_000}]),
    to_come,
    to_come,
)
jobs = st.builds(
    lambda *parts: {name: value for part in parts for name, value in part.items()},
    st.fixed_dictionaries(
        {"title": texts},
        optional={
            "priority": st.sampled_from(["low", "emergency"]),
            "due_at": moments,
            "told_at": moments,
            "windows": st.lists(windows, max_size=2),
            "parts": st.sampled_from([1, 1_000_000]).map(
                lambda number: [{"part_id": "FILTER", "quantity": number}]
            ),
            "skills": st.integers(1, 100).map(
                lambda level: [{"skill_id": "cooling", "level": level}]
            ),
            "tools": st.just(["gauge"]),
            "preferred": st.just(["T1"]),
        },
    ),
    st.sampled_from([{}, {"hold_reason": "=;"}, {"forbidden": ["T1"]}, {"allowed": ["T1"]}]),
    st.just({})
    | st.fixed_dictionaries({"pinned_technician_id": st.just("T1"), "pinned_start_at": to_come}),
)
step = st.one_of(
    st.tuples(st.just("new_job"), jobs, places),
    st.tuples(st.just("change_job"), jobs),
    st.tuples(st.just("cancel")),
    st.tuples(st.just("change_site"), places),
    st.tuples(st.just("asset"), st.fixed_dictionaries({"name": texts, "serial_number": texts})),
    st.tuples(st.just("absence"), moments, moments, texts),
    st.tuples(
        st.just("alert"),
        st.fixed_dictionaries({"type": texts | st.just("hot"), "message": texts, "at": moments}),
    ),
    st.tuples(st.just("file"), texts, texts, st.sampled_from(["0", "7"])),
)


class Ways:
    """Each of the ways in, for one session; whatever is refused is taken back."""

    def __init__(self, session: Session, settings: Settings, folder: Path) -> None:
        self.session, self.settings, self.folder = session, settings, folder
        self.given: dict[str, Any] = {"actor": ACTOR, "settings": settings}
        self.job_ids: list[str] = []

    def go(self, way: str, *what: Any) -> None:
        try:
            with self.session.begin_nested():
                getattr(self, f"_{way}")(*what)
        except (DispatchError, ValidationError):
            self.session.expire_all()

    def _new_job(self, job: dict[str, Any], place: dict[str, Any]) -> None:
        site = {"name": "x", "address": "y"} | place
        content = {"duration_minutes": 30, "site": site} | job
        made, _ = create_job(self.session, NewJob.model_validate(content), **self.given)
        self.job_ids.append(made.id)

    def _change_job(self, job: dict[str, Any]) -> None:
        for job_id in self.job_ids[-1:]:
            change_job(self.session, job_id, JobChange.model_validate(job), **self.given)

    def _cancel(self) -> None:
        for job_id in self.job_ids[-1:]:
            cancel_job(self.session, job_id, actor=ACTOR)

    def _change_site(self, place: dict[str, Any]) -> None:
        site_id = "sen"
        for job_id in self.job_ids[-1:]:
            site_id = read_job(self.session, job_id).site_id
        change_site(self.session, site_id, SiteChange.model_validate(place), **self.given)

    def _asset(self, content: dict[str, Any]) -> None:
        asset = AssetContent.model_validate({"site_id": "sen"} | content)
        ASSETS.put(self.session, "A-1", asset, actor=ACTOR)

    def _absence(self, starts_at: str, ends_at: str, reason: str) -> None:
        content = {"starts_at": starts_at, "ends_at": ends_at, "reason": reason}
        add_absence(self.session, "T1", NewAbsence.model_validate(content), actor=ACTOR)

    def _alert(self, content: dict[str, Any]) -> None:
        told(self.session, self.settings, message(None, **content))

    def _file(self, name: str, territory: str, quantity: str) -> None:
        company = {
            "parts": [{"id": "P", "name": name}],
            "technicians": [
                COMPANY["technicians"][0]
                | {"name": name, "territories": territory, "skills": "cooling:3", "tools": ""}
            ],
            "van_stock": [{"technician_id": "T-1", "part_id": "P", "quantity": quantity}],
        }
        assert company.keys() <= COLUMNS.keys()
        import_folder(self.session, written(self.folder, company), **self.given)


@pytest.mark.usefixtures("machines")
@given(
    steps=st.lists(step, min_size=1, max_size=6),
    zone=st.sampled_from(["Asia/Ho_Chi_Minh", "Europe/Berlin", "Pacific/Kiritimati"]),
    area=st.sampled_from([(8.0, 102.0, 23.5, 110.0), None]),
)
@examples(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_what_came_in_by_any_way_comes_back(
    engine: Engine,
    elsewhere: Callable[[], Session],
    settings: Settings,
    tmp_path: Path,
    steps: list[tuple[Any, ...]],
    zone: str,
    area: tuple[float, float, float, float] | None,
) -> None:
    settings = settings.model_copy(update={"time_zone": zone, "service_area": area})
    with Session(engine) as session, kept_open(session):
        ways = Ways(session, settings, tmp_path / "in")
        for one in steps:
            ways.go(*one)
        comes_back(session, elsewhere(), settings, tmp_path / "out")
        session.rollback()


@contextmanager
def kept_open(session: Session) -> Iterator[None]:
    """Nothing is committed, so that the next example begins as this one did."""
    session.commit = session.flush  # type: ignore[method-assign]
    yield
    del session.commit  # type: ignore[method-assign]


@pytest.mark.parametrize("zone", ["Asia/Ho_Chi_Minh", "Pacific/Kiritimati", "Pacific/Niue"])
@pytest.mark.parametrize("edge", [FIRST, LAST])
@pytest.mark.parametrize("hours", [-14, 0, 14])
@pytest.mark.parametrize("seconds", [-1, 0, 1])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_moment_that_is_let_in_comes_back(
    session: Session,
    elsewhere: Callable[[], Session],
    settings: Settings,
    tmp_path: Path,
    zone: str,
    edge: datetime,
    hours: int,
    seconds: int,
) -> None:
    settings = settings.model_copy(update={"time_zone": zone})
    due_at = (edge + timedelta(seconds=seconds)).astimezone(timezone(timedelta(hours=hours)))
    ways = Ways(session, settings, tmp_path / "in")
    ways.go("new_job", {"title": "x", "due_at": due_at.isoformat()}, {})
    assert len(ways.job_ids) == (FIRST <= due_at <= LAST)
    comes_back(session, elsewhere(), settings, tmp_path / "out")


# What takes a plan, or a geocoder


def test_what_was_done_although_it_was_on_hold_comes_back(
    session: Session, elsewhere: Callable[[], Session], settings: Settings, tmp_path: Path
) -> None:
    add_technician(session, "ann", at=0)
    add_job(session, "j1", at=1)
    add_live_route(session, "ann", [("j1", "09:00")], starts="08:00", ends="12:00")
    session.commit()
    held = JobChange(hold_reason="chờ phụ tùng")
    change_job(session, "j1", held, actor=ACTOR, settings=settings)
    take(session, "completed", "10:00")
    job = session.get_one(Job, "j1")
    assert (job.status, job.hold_reason) == (JobStatus.COMPLETED, "chờ phụ tùng")
    comes_back(session, elsewhere(), settings, tmp_path / "out")


def test_what_an_override_has_given_to_whom_it_does_not_want_comes_back_and_can_be_changed(
    session: Session, elsewhere: Callable[[], Session], settings: Settings, tmp_path: Path
) -> None:
    """But as a new line it is refused, as over HTTP."""
    add_technician(session, "ann", at=0)
    add_technician(session, "bob", at=0)
    add_job(session, "odd", at=1, wishes={"ann": Wish.FORBIDDEN})
    session.commit()
    change(session, settings, "odd", "ann", "10:00", reason="Khách quen")
    assert session.get_one(Job, "odd").pinned_technician_id == "ann"
    comes_back(session, elsewhere(), settings, tmp_path / "out")
    import_folder(session, tmp_path / "out", actor=ACTOR, settings=settings)
    with pytest.raises(DispatchError, match="ann is also forbidden"):
        import_folder(elsewhere(), tmp_path / "out", actor=ACTOR, settings=settings)
    job = change_job(session, "odd", JobChange(title="Khác"), actor=ACTOR, settings=settings)
    assert (job.title, job.pinned_technician_id) == ("Khác", "ann")
    for refused in (JobChange(allowed=["bob"]), JobChange(forbidden=["ann", "bob"])):
        with pytest.raises(DispatchError, match="ann is also"):
            change_job(session, "odd", refused, actor=ACTOR, settings=settings)


@pytest.mark.parametrize("found", [(48.8566, 2.3522), (0.0, 0.0), (21.0, 105.8), (8.0, 102.0)])
def test_what_a_geocoder_has_found_comes_back(
    engine: Engine,
    elsewhere: Callable[[], Session],
    settings: Settings,
    tmp_path: Path,
    found: tuple[float, float],
) -> None:
    with Session(engine) as session:
        session.add(Site(id="S-1", name="Chị Lan", address="12 Hàng Bông"))
        session.commit()
    asking = settings.model_copy(update={"geocoder": "nominatim"})
    locate_sites(engine, asking, lambda _: found)
    with Session(engine) as session:
        comes_back(session, elsewhere(), settings, tmp_path / "out")


def test_whoever_is_not_active_any_more_comes_back(
    session: Session, elsewhere: Callable[[], Session], settings: Settings, tmp_path: Path
) -> None:
    add_technician(session, "ann", at=0, active=False, skills={"gas": (2, date(2020, 1, 1))})
    session.commit()
    other = elsewhere()
    comes_back(session, other, settings, tmp_path / "out")
    assert not other.get_one(Technician, "ann").active
