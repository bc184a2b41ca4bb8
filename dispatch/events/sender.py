"""Sends events to webhooks, from start to stop.

To each webhook one event is sent after the other; all webhooks are sent to at once.
"""

import httpx2
from sqlmodel import Session
from standardwebhooks import Webhook as Signer

from dispatch.events.deliveries import (
    Attempt,
    AttemptOutcome,
    begin_attempt,
    due_webhooks,
    end_attempt,
    give_back,
    is_any_behind,
    make_deliveries,
)
from dispatch.events.horizon import LogHorizon
from dispatch.events.sending import BackgroundSender, send_to
from dispatch.models import now
from dispatch.settings import Settings
from dispatch.store import reading


class WebhookSender(BackgroundSender[Attempt]):
    """Puts events on their way to webhooks and sends what is due, from start to stop."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings, "sender")
        self._horizon = LogHorizon(self._engine)

    def _look(self) -> list[str]:
        self._put_on_their_way()
        with Session(reading(self._engine)) as session:
            return due_webhooks(session, now())

    def _put_on_their_way(self) -> None:
        settled = self._horizon.find()
        while settled is not None and not self._stopping.is_set():
            with Session(reading(self._engine)) as session:
                if not is_any_behind(session, settled):
                    return
            with Session(self._engine) as session:
                make_deliveries(session, settled)
                session.commit()

    def _begin(self, target_id: str) -> Attempt | None:
        with Session(self._engine) as session:
            attempt = begin_attempt(session, target_id, self._name)
            session.commit()
            return attempt

    async def _send(self, web: httpx2.AsyncClient, item: Attempt) -> AttemptOutcome:
        return await send(web, item, self._settings)

    def _end(self, item: Attempt, outcome: AttemptOutcome) -> None:
        with Session(self._engine) as session:
            end_attempt(session, item, outcome, self._settings)
            session.commit()

    def _give_all_back(self) -> None:
        with Session(self._engine) as session:
            give_back(session, self._name)
            session.commit()


async def send(web: httpx2.AsyncClient, attempt: Attempt, settings: Settings) -> AttemptOutcome:
    """Make one attempt."""
    return await send_to(
        web,
        attempt.url,
        attempt.body.encode(),
        {**_signature(attempt), "Content-Type": "application/json"},
        private=settings.webhook_private_targets,
        seconds=settings.webhook_timeout_seconds,
    )


def _signature(attempt: Attempt) -> dict[str, str]:
    at = now()
    signatures = [
        Signer(secret).sign(attempt.message_id, at, attempt.body) for secret in attempt.secrets
    ]
    return {
        "webhook-id": attempt.message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
