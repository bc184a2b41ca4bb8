"""Tells devices what has changed, from start to stop."""

import logging

import httpx2
from sqlmodel import Session

from dispatch.events.deliveries import AttemptOutcome
from dispatch.events.horizon import LogHorizon
from dispatch.events.sending import BackgroundSender, send_to
from dispatch.models import PushSource, now
from dispatch.push.messages import (
    GONE,
    PushAttempt,
    begin_push,
    due_subscriptions,
    end_push,
    give_devices_back,
    is_settled,
)
from dispatch.push.sealing import authorization, sealed
from dispatch.push.subscriptions import is_any_over, provide_source, remove_over
from dispatch.push.watching import find_days, keep_news
from dispatch.settings import Settings
from dispatch.store import reading

logger = logging.getLogger(__name__)


class PushSender(BackgroundSender[PushAttempt]):
    """Compares days with what devices know of them, and sends what is due. Made only where the
    settings say who the service is (``push_subject``)."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings, "push sender")
        self._horizon = LogHorizon(self._engine)
        self._looked_upto = 0
        self._private_key = ""

    def start(self) -> None:
        """Begin; the service's key is there from then on."""
        with Session(self._engine) as session:
            provide_source(session)
            self._private_key = session.get_one(PushSource, 1).private_key
            session.commit()
        super().start()

    def _look(self) -> list[str]:
        at = now()
        self._remove_over()
        self._find_news()
        with Session(reading(self._engine)) as session:
            return due_subscriptions(session, at)

    def _remove_over(self) -> None:
        at = now()
        with Session(reading(self._engine)) as session:
            if not is_any_over(session, at):
                return
        with Session(self._engine) as session:
            remove_over(session, at)
            session.commit()

    def _find_news(self) -> None:
        upto = self._horizon.find()
        if upto is None:
            return
        at = now()
        with Session(reading(self._engine)) as session:
            found = find_days(session, self._looked_upto, upto, self._settings, at)
        if found is not None:
            with Session(self._engine) as session:
                is_kept = keep_news(session, found, at)
                session.commit()
            if not is_kept:
                return
        self._looked_upto = upto

    def _begin(self, target_id: str) -> PushAttempt | None:
        with Session(self._engine) as session:
            attempt = begin_push(session, target_id, self._name, self._settings)
            session.commit()
            return attempt

    async def _send(self, web: httpx2.AsyncClient, item: PushAttempt) -> AttemptOutcome:
        return await push(web, item, self._private_key, self._settings)

    def _end(self, item: PushAttempt, outcome: AttemptOutcome) -> None:
        if outcome.error is not None and is_settled(outcome.status) and outcome.status not in GONE:
            logger.warning("A push service refuses %s for good: %s", item.message_id, outcome.error)
        with Session(self._engine) as session:
            end_push(session, item, outcome)
            session.commit()

    def _give_all_back(self) -> None:
        with Session(self._engine) as session:
            give_devices_back(session, self._name)
            session.commit()


async def push(
    web: httpx2.AsyncClient, attempt: PushAttempt, private_key: str, settings: Settings
) -> AttemptOutcome:
    """Make one attempt."""
    signed = authorization(attempt.endpoint, private_key, settings.push_subject or "", now())
    return await send_to(
        web,
        attempt.endpoint,
        sealed(attempt.content, attempt.p256dh, attempt.auth),
        {
            "Authorization": signed,
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(attempt.ttl),
            "Topic": attempt.topic,
            "Urgency": "high" if attempt.is_urgent else "normal",
        },
        private=settings.push_private_targets,
        seconds=settings.webhook_timeout_seconds,
    )
