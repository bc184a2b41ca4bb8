"""The door through which plans get in."""

import pytest
from sqlmodel import Session

from dispatch.models import Plan, PlanStatus
from dispatch.planning.plan_rows import PlanRows
from dispatch.plans.versions import (
    hold_publication,
    put_in_force,
    replace_draft,
    store_draft,
)
from tests.dispatch.crew import MONDAY, hanoi

CONTENT = PlanRows(MONDAY, MONDAY, hanoi("08:00"), [], [], {"travel": 700})


def publish(session: Session, plan: Plan) -> None:
    put_in_force(session, plan, [], [], {}, actor="dana", at=hanoi("08:00"))


def test_a_plan_is_put_in_force_by_whoever_holds_the_publication(session: Session) -> None:
    plan = store_draft(session, CONTENT)
    hold_publication(session)
    publish(session, plan)
    assert (plan.version, plan.status, plan.objective) == (1, PlanStatus.PUBLISHED, 700)


def test_nobody_puts_a_plan_in_force_without_holding_the_publication(session: Session) -> None:
    plan = store_draft(session, CONTENT)
    with pytest.raises(AssertionError, match="without holding the publication"):
        publish(session, plan)
    assert plan.version is None


def test_the_publication_is_held_until_the_transaction_ends(session: Session) -> None:
    plan = store_draft(session, CONTENT)
    hold_publication(session)
    session.commit()
    with pytest.raises(AssertionError, match="without holding the publication"):
        publish(session, plan)


def test_what_is_in_force_is_not_replaced_as_if_it_were_a_draft(session: Session) -> None:
    plan = store_draft(session, CONTENT)
    hold_publication(session)
    publish(session, plan)
    with pytest.raises(AssertionError, match="published"):
        replace_draft(session, plan, CONTENT)
