"""A working day of the demo company at ten in the morning, as a database to copy.

The plan is the same each time: its search stops after so many iterations, not seconds. What should
have happened by then was reported as it was planned.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, tzinfo
from email.utils import formatdate
from pathlib import Path
from unittest.mock import patch
from zoneinfo import ZoneInfo

from pydantic import SecretStr
from sqlmodel import Session, col, select
from uvicorn import server

from dispatch import engines, store
from dispatch.access.accounts import NewAccount, create_account
from dispatch.access.keys import NewKey, add_key, row_of
from dispatch.demo.demo import set_up
from dispatch.field.positions import NewPosition, keep_position
from dispatch.field.reports import NewReport, take_report
from dispatch.models import Job, ReportKind, Role, Route, Run, RunStatus, Site, Stop, Technician
from dispatch.models import base as clock
from dispatch.runs import execution
from dispatch.settings import Settings
from solver.solve import Limit
from tests.conftest import SECRET

FIXTURES = Path(__file__).parents[2] / "fixtures" / "hanoi"
DAY = "2026-11-23"
MOMENT = datetime(2026, 11, 23, 10, 0, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))
"""A Monday; the demo data's own day."""
PASSWORD = "bốn chiếc thuyền giấy"
KEY = f"fsd_k-{'0' * 12}_{'5f' * 24}"
"""An administrator's."""
ITERATIONS = 30_000


class Clock:
    """Stands in for the class ``datetime`` where the service asks for now; it goes on by itself."""

    def __init__(self, at: datetime) -> None:
        self.shift = at - datetime.now(UTC)

    def now(self, zone: tzinfo) -> datetime:
        return datetime.now(zone) + self.shift

    def move_to(self, at: datetime) -> None:
        self.shift = at - datetime.now(UTC)


@contextmanager
def at_moment(at: datetime) -> Iterator[Clock]:
    """What the service takes for now begins there, and what it says of when it answers."""
    moved = Clock(at)

    def said(moment: float, *, usegmt: bool) -> str:
        return formatdate(moment + moved.shift.total_seconds(), usegmt=usegmt)

    with patch.object(clock, "datetime", moved), patch.object(server, "formatdate", said):
        yield moved


def settings_on(database: Path, **settings: object) -> Settings:
    """One core, so that the plan is the same on every machine."""
    return Settings(
        database_url=f"sqlite:///{database}",
        secret=SecretStr(SECRET),
        solver_processes=0,
        solver_cores=1,
        plan_seconds=2,
        requests_per_minute=100_000,
    ).model_copy(update=settings)


def build(database: Path) -> None:
    """The company, its accounts, its published plan, and what was reported until ``MOMENT``."""
    settings = settings_on(database)
    store.migrate(settings.database_url)
    engine = engines.connect(settings.database_url)
    with at_moment(MOMENT), Session(engine) as session:
        run = set_up(session, [FIXTURES, FIXTURES / "day"], settings=settings, at=MOMENT)
        assert run is not None
        _add_accounts(session)
        session.commit()
        limited = patch.object(execution, "Limit", lambda **_: Limit(iterations=ITERATIONS))
        with limited:
            execution.execute_run(settings.database_url, run.id, settings)
        session.expire_all()
        done = session.get_one(Run, run.id)
        assert (done.status, done.failure) == (RunStatus.FINISHED, None)
        for route in session.exec(select(Route).where(col(Route.live)).order_by(col(Route.id))):
            _report(session, route, settings)
        session.commit()
    engine.dispose()


def _add_accounts(session: Session) -> None:
    people = [
        NewAccount(id=role.value, name=name, role=role)
        for role, name in (
            (Role.ADMINISTRATOR, "Phạm Thu Hà"),
            (Role.DISPATCHER, "Đỗ Thị Lan"),
        )
    ]
    people += [
        NewAccount(id=one.id, name=one.name, role=Role.TECHNICIAN, technician_id=one.id)
        for one in session.exec(select(Technician).order_by(Technician.id))
    ]
    for person in people:
        create_account(session, person, actor="test", password=PASSWORD)
    row = row_of(KEY, NewKey(name="Tests", role=Role.ADMINISTRATOR))
    add_key(session, row, actor="test")


def _report(session: Session, route: Route, settings: Settings) -> None:
    """What the technician has said by now, if all went as planned."""
    stops = session.exec(
        select(Stop).where(Stop.route_id == route.id).order_by(col(Stop.position))
    ).all()
    left_at = route.start_at
    for stop in stops:
        happened = (
            (ReportKind.EN_ROUTE, left_at),
            (ReportKind.ON_SITE, stop.arrival_at + timedelta(seconds=1)),
            (ReportKind.COMPLETED, stop.departure_at),
        )
        left_at = stop.departure_at + timedelta(seconds=1)
        if stop.job_id is None:
            continue
        for kind, at in happened:
            if at > MOMENT:
                return
            new = NewReport(id=f"{stop.job_id}-{kind}", job_id=stop.job_id, kind=kind, at=at)
            actor = route.technician_id.lower()
            take_report(session, route.technician_id, new, settings, actor=actor)
        site = session.exec(select(Site).join(Job).where(Job.id == stop.job_id)).one()
        if site.latitude is not None and site.longitude is not None:
            here = NewPosition(
                latitude=site.latitude, longitude=site.longitude, at=stop.departure_at
            )
            keep_position(session, route.technician_id, here, settings)
