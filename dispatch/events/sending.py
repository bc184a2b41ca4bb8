"""What senders to addresses of others have in common.

One thread with a loop of its own: a target that hangs costs a waiting task and nothing else. To
each target one item is sent after the other; all targets are sent to at once. Several services may
send from one database.
"""

import asyncio
import logging
import os
import re
import secrets
import socket
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, Protocol, TypeVar

import httpx2

from dispatch.engines import connect
from dispatch.events.deliveries import AttemptOutcome
from dispatch.events.targets import Forbidden, addresses_of
from dispatch.settings import Settings

LOOK_EVERY_SECONDS = 0.5
MOST_CHARACTERS_OF_AN_ERROR = 500
LOOK_UPS_AT_ONCE = 32
"""Of names; one whose servers are silent takes a thread for long."""

Answer = TypeVar("Answer")
logger = logging.getLogger(__name__)


class Sendable(Protocol):
    """What is sent with one attempt."""

    @property
    def message_id(self) -> str: ...


Item = TypeVar("Item", bound=Sendable)


class BackgroundSender(ABC, Generic[Item]):
    """Looks for what is due and sends it, from start to stop."""

    def __init__(self, settings: Settings, name: str) -> None:
        self._settings = settings
        self._name = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
        self._called = name
        self._engine = connect(settings.database_url)
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()
        self._database = ThreadPoolExecutor(2, thread_name_prefix=f"{name}'s database")
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)

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

    # Each is one transaction or a few, in a thread of its own

    @abstractmethod
    def _look(self) -> list[str]:
        """Put on its way what has come up; the targets to which something is due now."""

    @abstractmethod
    def _begin(self, target_id: str) -> Item | None:
        """What is to be sent to the target next, by this sender alone; None: nothing."""

    @abstractmethod
    def _end(self, item: Item, outcome: AttemptOutcome) -> None:
        """Keep what became of it."""

    @abstractmethod
    def _give_all_back(self) -> None:
        """Let other senders send to the targets that were this one's."""

    @abstractmethod
    async def _send(self, web: httpx2.AsyncClient, item: Item) -> AttemptOutcome:
        """Make one attempt."""

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
                    for target_id in await self._in_database(self._look):
                        if target_id not in sending:
                            task = asyncio.create_task(self._send_all(web, target_id))
                            sending[target_id] = task
                except Exception:
                    # A database that is busy or away; what is due is still there afterwards.
                    logger.warning("The %s could not look", self._called, exc_info=True)
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
            logger.warning("Could not give targets back; others wait for them", exc_info=True)

    async def _in_database(self, work: Callable[..., Answer], *values: object) -> Answer:
        return await self._loop.run_in_executor(self._database, work, *values)

    async def _send_all(self, web: httpx2.AsyncClient, target_id: str) -> None:
        """Send what is due to the target, one after the other."""
        try:
            while item := await self._in_database(self._begin, target_id):
                outcome = await self._send(web, item)
                if outcome.error is not None:
                    logger.info("%s to %s: %s", item.message_id, target_id, outcome.error)
                await self._in_database(self._end, item, outcome)
        except Exception:
            # Its lease runs out, and somebody tries again.
            logger.warning("Broke off sending to %s", target_id, exc_info=True)


def client() -> httpx2.AsyncClient:
    """Follows no redirect and no proxy. It keeps no connection: one is known by its address, and
    another name at the same address would be sent to without its certificate having been seen."""
    return httpx2.AsyncClient(
        follow_redirects=False,
        trust_env=False,
        timeout=None,  # an attempt as a whole has one
        limits=httpx2.Limits(max_connections=None, max_keepalive_connections=0),
    )


async def send_to(
    web: httpx2.AsyncClient,
    url: str,
    content: bytes,
    headers: Mapping[str, str],
    *,
    private: bool,
    seconds: float,
) -> AttemptOutcome:
    """Make one attempt, within so many seconds; of the answer only the status is looked at, and how
    long it asks to be left alone. To addresses that are not public only if ``private``."""
    try:
        async with asyncio.timeout(seconds):
            answer = await _post(web, url, content, headers, private=private)
    except TimeoutError:
        return AttemptOutcome(error=f"There was no answer in {seconds:g} s.")
    except Exception as error:
        # Networks and strangers' servers fail in many ways; each is the end of this attempt only.
        reason = f"{type(error).__name__}: {error}"
        return AttemptOutcome(error=reason[:MOST_CHARACTERS_OF_AN_ERROR])
    status = answer.status_code
    if 200 <= status < 300:
        return AttemptOutcome(status)
    asked = re.fullmatch(r"\d{1,6}", answer.headers.get("Retry-After", ""), re.ASCII)
    return AttemptOutcome(status, f"The answer was {status}.", int(asked[0]) if asked else None)


async def _post(
    web: httpx2.AsyncClient,
    target: str,
    content: bytes,
    headers: Mapping[str, str],
    *,
    private: bool,
) -> httpx2.Response:
    url = httpx2.URL(target)
    host = url.raw_host.decode("ascii")
    port = url.port or (443 if url.scheme == "https" else 80)
    addresses = await addresses_of(host, port, private=private)
    unreachable: Exception = Forbidden(f"{host} leads nowhere")
    for address in addresses:
        try:
            async with web.stream(
                "POST",
                # The address that was looked at; the name is for the certificate and the target.
                url.copy_with(host=address),
                content=content,
                headers={
                    **headers,
                    "Host": url.netloc.decode("ascii"),
                    "User-Agent": "field-service-dispatch",
                },
                extensions={"sni_hostname": host},
            ) as answer:
                return answer
        except httpx2.ConnectError as error:
            unreachable = error
    raise unreachable
