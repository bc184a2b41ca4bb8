"""The real service as a process of its own, to be killed and started again."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from socket import socket

import httpx2

ROOT = Path(__file__).parents[1]
SECRET = "5d0c8e3fa9b1472e86d3f05c7a1be94426fd8073ce5a91b8d2e60f7493ac1b58"  # noqa: S105 - made up
MOST_SECONDS_TO_START = 120.0


class Service:
    """``dispatch serve`` with these settings, always on the same port; its log is ``log``."""

    def __init__(self, database_url: str, folder: Path, **settings: object) -> None:
        with socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self.log = folder / "service.log"
        self._environment = _environment(
            {"database_url": database_url, "secret": SECRET} | settings
        )
        self._process: subprocess.Popen[bytes] | None = None
        self._web = httpx2.Client(trust_env=False, timeout=5)

    def start(self) -> None:
        """Begin to start; ``wait_until_ready`` says when it can work."""
        command = [sys.executable, "-c", "from api.cli import app; app()", "serve"]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                [*command, "--port", str(self.port)],
                cwd=ROOT,
                env=self._environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def wait_until_ready(self) -> float:
        """How many seconds that took."""
        began = time.monotonic()
        while not self.is_ready():
            waited = time.monotonic() - began
            if self._process is None or self._process.poll() is not None:
                raise RuntimeError(f"the service has ended; see {self.log}")
            if waited > MOST_SECONDS_TO_START:
                raise RuntimeError(f"the service was not ready in {waited:.0f} s; see {self.log}")
            time.sleep(0.02)  # between two looks at another process
        return time.monotonic() - began

    def is_ready(self) -> bool:
        try:
            return self._web.get(f"{self.address}/ready").status_code == 200
        except httpx2.HTTPError:
            return False

    def kill(self) -> None:
        """As a power cut for the process: it learns nothing of it."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """As an operator does."""
        self._end(signal.SIGTERM)

    def close(self) -> None:
        self.kill()
        self._web.close()

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(60)
            self._process = None


def _environment(settings: Mapping[str, object]) -> dict[str, str]:
    """This one, with nobody else's settings in it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DISPATCH_")}
    return kept | {f"DISPATCH_{name.upper()}": str(value) for name, value in settings.items()}
