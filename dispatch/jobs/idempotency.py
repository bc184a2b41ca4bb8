"""Keys with which clients send a creation again without making a second job.

A key belongs to its caller: the same text is another key in somebody else's hands, who learns
nothing of the first one, and gets a job of their own.
"""

import hashlib
import json

from sqlmodel import Session

from dispatch import store
from dispatch.errors import Conflict
from dispatch.intake import NewJob
from dispatch.models import IdempotencyKey
from solver.faults import Fault

_CAME_LATER = frozenset({"crew", "after", "follow_up_of", "longest_stretch_minutes"})


def job_made_before(session: Session, actor: str, key: str, new: NewJob) -> str | None:
    """The id of the job that the caller has made with the key, which nobody else uses until this
    transaction ends. Raises ``Conflict`` if that was another job."""
    store.hold_idempotency_key(session, f"job {actor} {key}")
    used = session.get(IdempotencyKey, (actor, key))
    if used is None:
        return None
    if used.body_hash != _hash(new):
        raise Conflict(
            Fault(
                "idempotency_key_reused",
                "Idempotency-Key",
                f"the key {key!r} was used for another job",
                "send a new key with a new job, and the same body with the same key",
            )
        )
    return used.job_id


def note_key(session: Session, actor: str, key: str, new: NewJob, job_id: str) -> None:
    row = IdempotencyKey(actor=actor, key=key, body_hash=_hash(new), job_id=job_id)
    session.add(row)


def _hash(new: NewJob) -> str:
    said = new.model_dump(mode="json")
    # As it was before there were crews: clients may send again what they have sent then.
    said = {name: value for name, value in said.items() if value or name not in _CAME_LATER}
    for window in said["windows"]:
        if not window["price"]:
            # Windows had none then.
            del window["price"]
    body = json.dumps(said, sort_keys=True)
    return hashlib.sha256(body.encode()).hexdigest()
