"""Sends events to webhooks, from start to stop.

One thread with a loop of its own: a target that hangs costs a waiting task and nothing else. To
each webhook one event is sent after the other; all webhooks are sent to at once. Several services
may send from one database.
"""

import asyncio
import logging
import os
import secrets
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import httpx2
from sqlmodel import Session
from standardwebhooks import Webhook as Signer

from dispatch.engines import connect
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
from dispatch.events.targets import Forbidden, addresses_of
from dispatch.models import now
from dispatch.settings import Settings
from dispatch.store import reading

LOOK_EVERY_SECONDS = 0.5
MOST_CHARACTERS_OF_AN_ERROR = 500
LOOK_UPS_AT_ONCE = 32
"""Of names; one whose servers are silent takes a thread for long."""

Answer = TypeVar("Answer")
logger = logging.getLogger(__name__)


class WebhookSender:
    """Puts events on their way to webhooks and sends what is due, from start to stop."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._name = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        self._engine = connect(settings.database_url)
        self._horizon = LogHorizon(self._engine)
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()
        self._database = ThreadPoolExecutor(2, thread_name_prefix="sender's database")
        self._thread = threading.Thread(target=self._work, name="sender", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Break off attempts under way, to be made again, and end."""
        if self._thread.ident is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join()
        self._loop.close()
        self._database.shutdown()
        self._engine.dispose()

    def _work(self) -> None:
        names = ThreadPoolExecutor(LOOK_UPS_AT_ONCE, thread_name_prefix="sender's look-ups")
        self._loop.set_default_executor(names)
        self._loop.run_until_complete(self._send_until_stopped())
        names.shutdown(wait=False, cancel_futures=True)

    async def _send_until_stopped(self) -> None:
        sending: dict[str, asyncio.Task[None]] = {}
        async with client() as web:
            while not self._stopping.is_set():
                sending = {id_: task for id_, task in sending.items() if not task.done()}
                try:
                    for webhook_id in await self._in_database(self._look):
                        if webhook_id not in sending:
                            task = asyncio.create_task(self._send_all(web, webhook_id))
                            sending[webhook_id] = task
                except Exception:
                    # A database that is busy or away; what is due is still there afterwards.
                    logger.warning("Could not look for events to send", exc_info=True)
                try:
                    async with asyncio.timeout(LOOK_EVERY_SECONDS):
                        await self._stopping.wait()
                except TimeoutError:
                    pass
            for task in sending.values():
                task.cancel()
            await asyncio.gather(*sending.values(), return_exceptions=True)
        try:
            await self._in_database(self._give_all_back)
        except Exception:
            logger.warning("Could not give webhooks back; others wait for them", exc_info=True)

    async def _in_database(self, work: Callable[..., Answer], *values: object) -> Answer:
        return await self._loop.run_in_executor(self._database, work, *values)

    async def _send_all(self, web: httpx2.AsyncClient, webhook_id: str) -> None:
        """Send what is due for the webhook, one after the other."""
        try:
            while attempt := await self._in_database(self._begin, webhook_id):
                outcome = await send(web, attempt, self._settings)
                if outcome.error is not None:
                    logger.info("%s to %s: %s", attempt.message_id, webhook_id, outcome.error)
                await self._in_database(self._end, attempt, outcome)
        except Exception:
            # Its lease runs out, and somebody tries again.
            logger.warning("Broke off sending to %s", webhook_id, exc_info=True)

    # Each is one transaction, in a thread of its own

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

    def _begin(self, webhook_id: str) -> Attempt | None:
        with Session(self._engine) as session:
            attempt = begin_attempt(session, webhook_id, self._name)
            session.commit()
            return attempt

    def _end(self, attempt: Attempt, outcome: AttemptOutcome) -> None:
        with Session(self._engine) as session:
            end_attempt(session, attempt, outcome, self._settings)
            session.commit()

    def _give_all_back(self) -> None:
        with Session(self._engine) as session:
            give_back(session, self._name)
            session.commit()


def client() -> httpx2.AsyncClient:
    """Follows no redirect and no proxy. It keeps no connection: one is known by its address, and
    another name at the same address would be sent to without its certificate having been seen."""
    return httpx2.AsyncClient(
        follow_redirects=False,
        trust_env=False,
        timeout=None,  # an attempt as a whole has one
        limits=httpx2.Limits(max_connections=None, max_keepalive_connections=0),
    )


async def send(web: httpx2.AsyncClient, attempt: Attempt, settings: Settings) -> AttemptOutcome:
    """Make one attempt, within the time for it; of the answer only the status is looked at."""
    seconds = settings.webhook_timeout_seconds
    try:
        async with asyncio.timeout(seconds):
            status = await _post(web, attempt, settings)
    except TimeoutError:
        return AttemptOutcome(error=f"There was no answer in {seconds:g} s.")
    except Exception as error:
        # Networks and strangers' servers fail in many ways; each is the end of this attempt only.
        reason = f"{type(error).__name__}: {error}"
        return AttemptOutcome(error=reason[:MOST_CHARACTERS_OF_AN_ERROR])
    if 200 <= status < 300:
        return AttemptOutcome(status)
    return AttemptOutcome(status, f"The answer was {status}.")


async def _post(web: httpx2.AsyncClient, attempt: Attempt, settings: Settings) -> int:
    url = httpx2.URL(attempt.url)
    host = url.raw_host.decode("ascii")
    port = url.port or (443 if url.scheme == "https" else 80)
    addresses = await addresses_of(host, port, private=settings.webhook_private_targets)
    headers = {
        **_signature(attempt),
        "Host": url.netloc.decode("ascii"),
        "Content-Type": "application/json",
        "User-Agent": "field-service-dispatch",
    }
    unreachable: Exception = Forbidden(f"{host} leads nowhere")
    for address in addresses:
        try:
            async with web.stream(
                "POST",
                # The address that was looked at; the name is for the certificate and the target.
                url.copy_with(host=address),
                content=attempt.body.encode(),
                headers=headers,
                extensions={"sni_hostname": host},
            ) as answer:
                return answer.status_code
        except httpx2.ConnectError as error:
            unreachable = error
    raise unreachable


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
