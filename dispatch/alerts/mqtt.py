"""Alerts over MQTT: what comes on the subscribed topics is acknowledged once it is committed.

The session is persistent: what the broker got while nobody was there, or what was not acknowledged
when the service died, comes again, and the alerts' own ids keep it from counting twice.
"""

import asyncio
import logging
import random
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Self, cast
from urllib.parse import unquote, urlsplit

import aiomqtt
import paho.mqtt.client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from sqlmodel import Session

from dispatch.alerts import dead_letters
from dispatch.alerts.content import JSON_TYPE, Delivery, Unclear
from dispatch.alerts.intake import Arrival, accept
from dispatch.engines import connect
from dispatch.models import AlertSource, now
from dispatch.settings import Settings
from dispatch.store import AWAY
from solver.faults import Fault

ACTOR = "mqtt"
BATCH = 50
"""Most messages in one transaction."""
IN_FLIGHT = 200
"""Most messages that the broker sends before the first of them is acknowledged."""
SESSION_SECONDS = 7 * 24 * 3600
"""How long the broker keeps messages for us when we are away."""
LEAST_WAIT, MOST_WAIT = 0.5, 30.0

logger = logging.getLogger(__name__)


LEVELS = {"+": "[^/]*", "+device": "(?P<device>[^/]*)"}
REST = {"#": ".*", "#device": "(?P<device>.*)"}
SHARED = r"\$share/[^/]+/"
"""Before a pattern whose messages several subscribers share; in topics it is not there."""


@dataclass(frozen=True)
class TopicPattern:
    """Topics of a source; the level ``+device`` (or the levels ``#device``) names the device."""

    pattern: str
    source_id: str | None

    @property
    def filter(self) -> str:
        """As the broker knows it."""
        return re.sub(r"(^|/)([+#])device", r"\1\2", self.pattern)

    def match(self, topic: str) -> re.Match[str] | None:
        """As the broker does it: ``a/#`` also takes ``a`` itself."""
        *levels, last = re.sub(f"^{SHARED}", "", self.pattern).split("/")
        parts = [LEVELS.get(level, re.escape(level)) for level in levels]
        if last not in REST:
            parts.append(LEVELS.get(last, re.escape(last)))
        rest = REST.get(last, "")
        if rest and parts:
            rest = f"(?:/{rest})?"
        return re.fullmatch("/".join(parts) + rest, topic, re.DOTALL)

    def device_of(self, topic: str) -> str | None:
        found = self.match(topic)
        return found.groupdict().get("device") if found else None


class BrokerMessage(aiomqtt.Message):
    """A message that knows whether it may have come before, which the package leaves out."""

    may_have_come = False

    @classmethod
    def _from_paho_message(cls, message: paho.MQTTMessage) -> Self:
        one = super()._from_paho_message(message)
        one.may_have_come = message.dup
        return one


class Subscriber:
    """Takes alerts from the broker, from start to stop, in a thread of its own.

    ``on_accepted`` is called whenever something was committed.
    """

    def __init__(self, settings: Settings, on_accepted: Callable[[], None] = lambda: None) -> None:
        if settings.mqtt_url is None:
            raise ValueError("there is no mqtt_url")
        self._settings = settings
        self._url = urlsplit(settings.mqtt_url.get_secret_value())
        self._patterns = [
            TopicPattern(pattern, source or None)
            for pattern, source in settings.mqtt_topics.items()
        ]
        self._on_accepted = on_accepted
        self._engine = connect(settings.database_url)
        self._loop = asyncio.new_event_loop()
        self._task: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._run, name="mqtt", daemon=True)
        self.is_connected = False

    def start(self) -> None:
        """Begin; the broker need not be there yet."""
        self._thread.start()

    def stop(self) -> None:
        """End after the transaction under way; what is not acknowledged comes again."""
        self._loop.call_soon_threadsafe(lambda: self._task and self._task.cancel())
        self._thread.join()
        self._engine.dispose()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._task = self._loop.create_task(self._stay_connected())
        try:
            self._loop.run_until_complete(self._task)
        except asyncio.CancelledError:
            pass
        finally:
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()

    async def _stay_connected(self) -> None:
        waits = 0
        while True:
            began = self._loop.time()
            try:
                await self._connect_and_take()
            except Exception as error:
                if self._loop.time() - began > MOST_WAIT:
                    waits = 0
                wait = _back_off(waits)
                waits += 1
                is_known = isinstance(error, aiomqtt.MqttError)
                logger.warning(
                    "No MQTT broker: %s; again in %.1f s", error, wait, exc_info=not is_known
                )
                await asyncio.sleep(wait)

    async def _connect_and_take(self) -> None:
        async with self._client() as client:
            for pattern in self._patterns:
                await client.subscribe(pattern.filter, qos=1)
            logger.info("Subscribed at %s", self._url.hostname)
            self.is_connected = True
            try:
                await self._take_all(client)
            finally:
                self.is_connected = False

    def _client(self) -> aiomqtt.Client:
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = SESSION_SECONDS
        properties.ReceiveMaximum = IN_FLIGHT
        client = aiomqtt.Client(
            self._url.hostname or "",
            self._url.port or (8883 if self._url.scheme == "mqtts" else 1883),
            username=unquote(self._url.username) if self._url.username else None,
            password=unquote(self._url.password) if self._url.password else None,
            identifier=self._settings.mqtt_client_id,
            protocol=aiomqtt.ProtocolVersion.V5,
            clean_start=False,
            properties=properties,
            tls_params=aiomqtt.TLSParameters() if self._url.scheme == "mqtts" else None,
            timeout=10,
            keepalive=30,
        )
        # The package acknowledges as soon as it has queued a message, and has no word for this.
        client._client.manual_ack_set(True)

        def put(_client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
            client._queue.put_nowait(BrokerMessage._from_paho_message(message))

        client._client.on_message = put
        return client

    async def _take_all(self, client: aiomqtt.Client) -> None:
        async for first in client.messages:
            batch = [cast(BrokerMessage, first)]
            while len(batch) < BATCH and len(client.messages):
                batch.append(cast(BrokerMessage, await anext(client.messages)))
            await self._commit(batch)
            for message in batch:
                client._client.ack(message.mid, message.qos)

    async def _commit(self, batch: Sequence[BrokerMessage]) -> None:
        """Return once all of it is committed, however long the database is away."""
        waits = 0
        while True:
            try:
                await asyncio.to_thread(self._accept, batch)
            except AWAY as error:
                wait = _back_off(waits)
                waits += 1
                logger.warning("The database is away: %s; again in %.1f s", error, wait)
                for message in batch:
                    # It may have gone after the commit.
                    message.may_have_come = True
                await asyncio.sleep(wait)
            else:
                self._on_accepted()
                return

    def _accept(self, batch: Sequence[BrokerMessage]) -> None:
        try:
            with Session(self._engine) as session:
                accept(session, list(self._arrivals(session, batch)), self._settings)
                session.commit()
        except AWAY:
            raise
        except Exception as error:
            if len(batch) > 1:
                for message in batch:
                    self._accept([message])
                return
            # One that cannot be taken in would come again for ever.
            logger.exception("A message on %s could not be taken in", batch[0].topic)
            fault = Fault("failed", "body", type(error).__name__, "see the log, then replay it")
            with Session(self._engine) as session:
                pattern, delivery = self._delivery(batch[0])
                _keep(session, pattern, delivery, fault)
                session.commit()

    def _arrivals(self, session: Session, batch: Sequence[BrokerMessage]) -> Iterator[Arrival]:
        """Those whose sources are there; the others are kept until they are."""
        for message in batch:
            pattern, delivery = self._delivery(message)
            if not delivery.body and not delivery.headers:
                # So a retained message is taken away; of a machine it says nothing.
                logger.info("The retained message on %s was removed", message.topic)
                continue
            if pattern is None:
                # The broker still has a subscription that the settings had once.
                cause = f"no pattern takes the topic {message.topic.value[:200]!r}"
                action = "add one, or remove the old subscription at the broker"
                fault = Fault("unknown_source", "mqtt_topics", cause, action)
                _keep(session, pattern, delivery, fault)
                continue
            source_id = pattern.source_id
            source = session.get(AlertSource, source_id) if source_id else None
            if source_id and (source is None or not source.active):
                cause = f"there is no active source {source_id!r}"
                fault = Fault("unknown_source", "mqtt_topics", cause, "add it, then replay")
                _keep(session, pattern, delivery, fault)
            else:
                yield Arrival(delivery, f"source:{source_id}" if source_id else ACTOR, source)

    def _delivery(self, message: BrokerMessage) -> tuple[TopicPattern | None, Delivery]:
        """What came, and the first of the patterns that takes its topic, if any."""
        topic = message.topic.value
        pattern = next((one for one in self._patterns if one.match(topic)), None)
        attributes = dict(getattr(message.properties, "UserProperty", ()))
        headers = {}
        if "specversion" in attributes:
            headers = {f"ce-{name}": value for name, value in attributes.items()}
        delivery = Delivery(
            bytes(message.payload),
            getattr(message.properties, "ContentType", JSON_TYPE),
            headers,
            pattern.device_of(topic) if pattern else None,
            topic=topic,
            packet_id=message.mid if message.qos else None,
            may_have_come=message.may_have_come,
            is_retained=message.retain,
        )
        return pattern, delivery


def _keep(session: Session, pattern: TopicPattern | None, delivery: Delivery, fault: Fault) -> None:
    source_id = (pattern and pattern.source_id) or ""
    dead_letters.keep(session, source_id, Unclear(delivery, [fault]), now(), actor=ACTOR)


def _back_off(waits: int) -> float:
    """Twice as long each time, and never the same for two clients."""
    longest: float = min(MOST_WAIT, LEAST_WAIT * 2 ** min(waits, 16))
    return longest * random.uniform(0.5, 1)  # noqa: S311 - no secret
