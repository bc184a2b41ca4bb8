"""What has become of a job, said alike wherever two plans are held against each other."""

from datetime import datetime, timedelta

import pytest

from dispatch.plans.changes import UNSEEN, Assignment, DifferenceKind, difference
from tests.dispatch.crew import hanoi

AT = hanoi("08:00")


def with_(technician: str, at: datetime = AT) -> Assignment:
    return Assignment(technician_id=technician, start_at=at)


def later(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        (None, None, None),
        (None, with_("ann"), DifferenceKind.ADDED),
        (with_("ann"), None, DifferenceKind.REMOVED),
        (with_("ann"), with_("ann"), None),
        # Another technician counts, and not the time with it.
        (with_("ann"), with_("bob", later(3_600)), DifferenceKind.TECHNICIAN),
        (with_("ann"), with_("ann", later(60)), DifferenceKind.TIME),
        (with_("ann", later(60)), with_("ann"), DifferenceKind.TIME),
        (with_("ann"), with_("ann", later(59)), None),
    ],
)
def test_the_first_that_fits_is_said(
    old: Assignment | None, new: Assignment | None, kind: DifferenceKind | None
) -> None:
    assert difference(old, new) is kind


def test_what_customers_would_notice_is_for_the_policy_to_say() -> None:
    tolerance = timedelta(minutes=15)
    assert tolerance > UNSEEN
    assert difference(with_("ann"), with_("ann", later(900)), tolerance) is None
    assert difference(with_("ann"), with_("ann", later(901)), tolerance) is DifferenceKind.TIME
