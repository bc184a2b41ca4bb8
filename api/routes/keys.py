"""Keys of machines over HTTP, for administrators."""

from typing import Annotated, Any

from fastapi import APIRouter, Body

from api.http.dependencies import Actor, Next, PageAfter, PageLimit, ReadingSession, WritingSession
from api.http.problems import documented
from dispatch.access import keys
from dispatch.access.keys import KeyOut, MadeKey, NewKey
from dispatch.intake import Code
from dispatch.output import Output

router = APIRouter(prefix="/keys", tags=["access"])


class KeyPage(Output):
    keys: list[KeyOut]
    next: Next


NEW_KEYS: dict[str, Any] = {
    "alerts": {
        "summary": "For the platform that sends alerts",
        "value": {"name": "ThingsBoard", "role": "integration"},
    },
    "portal": {
        "summary": "For the customers' portal, which creates jobs",
        "value": {"name": "Portal", "role": "dispatcher", "requests_per_minute": 60},
    },
}


@router.post(
    "",
    status_code=201,
    summary="Create a key",
    responses=documented(),
)
def create_key(
    new: Annotated[NewKey, Body(openapi_examples=NEW_KEYS)], session: WritingSession, actor: Actor
) -> MadeKey:
    """`key` is shown this once; the service keeps only what it needs to recognise it."""
    return keys.create_key(session, new, actor=actor)


@router.get("", summary="List keys, in the order of their ids", responses=documented(422))
def list_keys(session: ReadingSession, after: PageAfter = None, limit: PageLimit = 50) -> KeyPage:
    page, following = keys.list_keys(session, after=after, limit=limit)
    return KeyPage(keys=list(page), next=following)


@router.post("/{key_id}/revoke", summary="Revoke a key", responses=documented(404, 422))
def revoke_key(key_id: Code, session: WritingSession, actor: Actor) -> KeyOut:
    """At once and for good. Revoking again changes nothing."""
    return keys.revoke_key(session, key_id, actor=actor)
