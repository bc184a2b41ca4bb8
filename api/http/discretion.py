"""Keeps what opens doors out of the logs: calendars' addresses, and whatever somebody has put into
an address although it belongs into a header."""

import logging
import re

SECRETS = re.compile(
    r"(/calendars/)[^/?\s\"]+"
    r"|(fsd_k-[0-9a-f]{12}_)[0-9a-f]+"  # keys
    r"|(eyJ)[\w-]+\.[\w-]+\.[\w-]*"  # access tokens
    r"|([0-9a-f]{32}\.)[\w-]{43}",  # refresh tokens and sessions
    re.ASCII,
)


class Discretion(logging.Filter):
    """Leaves the secret part out of addresses in a record's arguments."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(
                SECRETS.sub(_without, found) if isinstance(found, str) else found
                for found in record.args
            )
        return True


def _without(secret: re.Match[str]) -> str:
    return f"{secret[secret.lastindex or 0]}…"


DISCRETION = Discretion()


def install() -> None:
    """For the server's log of requests, and for the service's own of those that failed."""
    for name in ("uvicorn.access", "api.http.problems"):
        logging.getLogger(name).addFilter(DISCRETION)
