"""Links between jobs over HTTP: crews, order, and keeping apart."""

from typing import Any

from fastapi import APIRouter

from api.http.registers import add_operations
from dispatch.jobs.links import LINKS

router = APIRouter(tags=["jobs"])

EXAMPLES: dict[str, Any] = {
    "crew": {
        "summary": "A crew of two",
        "value": {"kind": "together", "job_ids": ["WO-40", "WO-41"]},
    },
    "after": {
        "summary": "A day to a week after, by the same technician",
        "value": {
            "kind": "after",
            "job_ids": ["WO-40", "WO-41"],
            "least_minutes": 1440,
            "most_minutes": 10080,
            "person": "same",
        },
    },
    "apart": {
        "summary": "Not on the same day",
        "value": {"kind": "apart", "job_ids": ["WO-40", "WO-41"], "by": "day"},
    },
}

add_operations(router, LINKS, EXAMPLES, listed_by="job_id")
