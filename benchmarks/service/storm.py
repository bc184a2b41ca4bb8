"""An alert storm over HTTP and MQTT at once, by senders that remember what was acknowledged.

Among the alerts are words that they are over, messages that come again, on the other way too, and
such as cannot be understood. What is not answered over HTTP is sent again under the same id.
"""

import json
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from random import Random

import httpx2
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

TYPES = ("temperature.high", "pressure.low", "door.open", "flood.water")
SEVERITIES = ("minor", "major", "critical")
HTTP_SENDERS = 4
PAUSE_SECONDS = 0.05
"""Before what was not answered is sent again."""
AHEAD = 0.1
"""By such a share of its messages MQTT may be ahead of HTTP, as when the service is down."""
IN_FLIGHT = 20


@dataclass(frozen=True, slots=True)
class Message:
    """What one device says once."""

    id: str
    """The source's, of an alert; of what cannot be understood, a text that is in it."""
    device: str
    body: bytes
    is_clear: bool = True
    """Whether it can be understood."""


def messages(devices: Sequence[str], number: int, seed: int, until: datetime) -> list[Message]:
    """So many of a storm that ends at the moment ``until``."""
    dice = Random(seed)  # noqa: S311 - repeatable, not secret
    made: list[Message] = []
    alerts: list[dict[str, object]] = []
    for place in range(number):
        at = (until - timedelta(seconds=number - place)).isoformat()
        match dice.choices(("new", "again", "over", "stranger", "noise"), (72, 12, 8, 4, 4))[0]:
            case "again" if alerts:
                content = dice.choice(alerts)
            case "over" if alerts:
                content = dice.choice(alerts) | {"cleared": True, "at": at}
            case "stranger":
                content = _content(dice, f"stranger-{place:05}", f"nobody-{place}", at)
            case "noise":
                name = f"noise-{place:05}"
                device = dice.choice(devices)
                made.append(Message(name, device, f'{{"id": "{name}'.encode(), is_clear=False))
                continue
            case _:
                content = _content(dice, f"alert-{place:05}", dice.choice(devices), at)
                alerts.append(content)
        id_, device = str(content["id"]), str(content["device"])
        is_clear = not device.startswith("nobody")
        made.append(Message(id_, device, json.dumps(content).encode(), is_clear))
    return made


def _content(dice: Random, id_: str, device: str, at: str) -> dict[str, object]:
    type_, severity = dice.choice(TYPES), dice.choices(SEVERITIES, (3, 4, 3))[0]
    return {"id": id_, "device": device, "type": type_, "severity": severity, "at": at}


@dataclass
class Ledger:
    """What was sent, and how often it was acknowledged. Alerts and others, by their ids."""

    alerts: Counter[str] = field(default_factory=Counter)
    letters: Counter[str] = field(default_factory=Counter)
    ways: Counter[str] = field(default_factory=Counter)
    """Messages acknowledged, by the way."""
    answers: Counter[str] = field(default_factory=Counter)
    """Attempts over HTTP that failed, by what came instead of 2xx."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def acknowledge(self, message: Message, way: str) -> None:
        with self._lock:
            (self.alerts if message.is_clear else self.letters)[message.id] += 1
            self.ways[way] += 1

    def refuse(self, what: str) -> None:
        with self._lock:
            self.answers[what] += 1

    @property
    def acknowledged(self) -> int:
        return self.ways.total()


class Storm:
    """All senders at work, until everything is acknowledged or they are stopped.

    ``port`` is that of the broker; without one, everything goes over HTTP.
    """

    def __init__(
        self, messages: Sequence[Message], ledger: Ledger, address: str, key: str, port: int | None
    ) -> None:
        self._ledger = ledger
        self._url = f"{address}/alerts"
        self._headers = {"X-API-Key": key, "Content-Type": "application/json"}
        self._over_http = messages[::2] if port else messages
        self._over_mqtt = messages[1::2] if port else ()
        self._to_post: SimpleQueue[Message] = SimpleQueue()
        for message in self._over_http:
            self._to_post.put(message)
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._post_all) for _ in range(HTTP_SENDERS)]
        if port:
            self._threads.append(threading.Thread(target=self._publish_all, args=(port,)))

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    @property
    def is_over(self) -> bool:
        """Whether everything was acknowledged."""
        return not any(thread.is_alive() for thread in self._threads)

    def stop(self) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _post_all(self) -> None:
        web = httpx2.Client(trust_env=False, timeout=60, headers=self._headers)
        with web, suppress(Empty):
            while not self._stopping.is_set():
                message = self._to_post.get_nowait()
                while not self._is_taken(web, message) and not self._stopping.is_set():
                    time.sleep(PAUSE_SECONDS)  # as a device that tries again

    def _is_taken(self, web: httpx2.Client, message: Message) -> bool:
        try:
            answer = web.post(self._url, content=message.body)
        except httpx2.HTTPError:
            self._ledger.refuse("nothing")
            return False
        if answer.is_success:
            self._ledger.acknowledge(message, "HTTP")
            return True
        when = "" if "Retry-After" in answer.headers else " without Retry-After"
        self._ledger.refuse(f"{answer.status_code}{when}")
        return False

    def _publish_all(self, port: int) -> None:
        """At QoS 1, to a broker that may go away and come back."""
        acknowledged: set[int] = set()
        client = paho.Client(CallbackAPIVersion.VERSION2, "devices", clean_session=False)
        client.on_publish = lambda _client, _data, mid, *_: acknowledged.add(mid)
        client.reconnect_delay_set(1, 1)
        client.connect("127.0.0.1", port)
        client.loop_start()
        waiting: dict[int, Message] = {}
        number = 0
        while (waiting or number < len(self._over_mqtt)) and not self._stopping.is_set():
            while len(waiting) < IN_FLIGHT and self._may_publish(number):
                message = self._over_mqtt[number]
                number += 1
                sent = client.publish(f"alerts/{message.device}", message.body, qos=1)
                waiting[sent.mid] = message
            for mid in acknowledged & waiting.keys():
                self._ledger.acknowledge(waiting.pop(mid), "MQTT")
            time.sleep(0.01)  # acknowledgements come in another thread
        client.disconnect()
        client.loop_stop()

    def _may_publish(self, number: int) -> bool:
        posted = 1 - self._to_post.qsize() / max(1, len(self._over_http))
        return number < len(self._over_mqtt) and number / len(self._over_mqtt) < posted + AHEAD
