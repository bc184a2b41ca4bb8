"""The demo company's machines can call for help."""

from pathlib import Path

import pytest
from sqlmodel import Session, select

from dispatch.demo.machines import SKILL_OF, watch_machines
from dispatch.files.folder import import_folder
from dispatch.models import AlertRule, Asset, Device, JobSkill, Priority
from dispatch.settings import Settings
from tests.dispatch.crew import MONDAY
from tests.dispatch.machines import message, open_jobs, told

FIXTURES = Path(__file__).parents[3] / "fixtures"


@pytest.fixture
def demo(session: Session, settings: Settings) -> Session:
    for folder in ("hanoi", "hanoi/day"):
        import_folder(session, FIXTURES / folder, actor="test", settings=settings, move_to=MONDAY)
    watch_machines(session, actor="demo")
    session.commit()
    return session


def test_every_machine_has_a_device_and_every_kind_a_rule(demo: Session) -> None:
    assert set(demo.exec(select(Device.id))) == set(demo.exec(select(Asset.id)))
    kinds = {asset.model for asset in demo.exec(select(Asset)) if asset.name in SKILL_OF}
    assert {rule.model_pattern for rule in demo.exec(select(AlertRule))} == kinds


def test_a_machine_that_calls_for_help_gets_an_urgent_job(
    demo: Session, settings: Settings
) -> None:
    asset = demo.exec(select(Asset).where(Asset.name == "Tủ lạnh").order_by(Asset.id)).all()[0]
    before = {job.id for job in open_jobs(demo)}
    told(demo, settings, message(device=asset.id, type="temperature", message="quá nóng"))
    (job,) = [job for job in open_jobs(demo) if job.id not in before]
    assert (job.title, job.priority) == ("Tủ lạnh: quá nóng", Priority.URGENT)
    assert [
        row.skill_id for row in demo.exec(select(JobSkill).where(JobSkill.job_id == job.id))
    ] == ["refrigeration"]


def test_a_company_with_devices_is_left_alone(demo: Session) -> None:
    demo.delete(demo.exec(select(AlertRule)).all()[0])
    demo.commit()
    rules = len(demo.exec(select(AlertRule)).all())
    watch_machines(demo, actor="demo")
    assert len(demo.exec(select(AlertRule)).all()) == rules
