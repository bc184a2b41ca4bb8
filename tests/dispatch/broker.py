"""A real MQTT broker of a test's own, and what devices publish to it."""

import os
import random
import shutil
import socket
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from tests.dispatch.waiting import until

MOSQUITTO = shutil.which("mosquitto") or shutil.which("/usr/sbin/mosquitto")


def needs_mosquitto() -> None:
    if MOSQUITTO is None:
        if os.environ.get("REQUIRE_MOSQUITTO"):
            pytest.fail("mosquitto is not installed, and REQUIRE_MOSQUITTO is set")
        pytest.skip("mosquitto is not installed: apt-get install mosquitto")


def _lasting_port() -> int:
    """A free port below those that the system gives to connections: one of these could take it
    while the broker is away."""
    for port in random.sample(range(20_000, 30_000), 100):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free")


class Broker:
    """Mosquitto on a free port; what it holds for absent clients survives a restart."""

    def __init__(self, folder: Path) -> None:
        self.port = _lasting_port()
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(exist_ok=True)
        (folder / "mosquitto.conf").write_text(
            f"listener {self.port} 127.0.0.1\n"
            "allow_anonymous true\n"
            "user root\n"  # if root starts it, another user could not write here
            "persistence true\n"
            f"persistence_location {folder}/\n"
            "autosave_interval 1\n"
            "autosave_on_changes true\n"
            "max_queued_messages 100000\n"
        )

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def start(self) -> None:
        assert MOSQUITTO is not None
        self._process = subprocess.Popen(
            [MOSQUITTO, "-c", str(self._folder / "mosquitto.conf")],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until(self._listens)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def publish(
        self, messages: Iterable[tuple[str, bytes]], *, retain: bool = False, **properties: Any
    ) -> None:
        """Publish at QoS 1, and return when the broker has all of them."""
        client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        client.connect("127.0.0.1", self.port)
        client.loop_start()
        sent = []
        for topic, payload in messages:
            made = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call] # paho's own
            for name, value in properties.items():
                setattr(made, name, value)
            sent.append(client.publish(topic, payload, qos=1, retain=retain, properties=made))
        for one in sent:
            one.wait_for_publish(timeout=30)
        client.disconnect()
        client.loop_stop()
