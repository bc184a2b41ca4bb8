"""Keeps what opens doors out of the logs: calendars' addresses are secret."""

import logging
import re

SECRET_PATHS = re.compile(r"(/calendars/)[^/?\s\"]+")


class Discretion(logging.Filter):
    """Leaves the secret part out of paths in a record's arguments."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(
                SECRET_PATHS.sub(r"\1…", found) if isinstance(found, str) else found
                for found in record.args
            )
        return True


DISCRETION = Discretion()


def install() -> None:
    """For the server's log of requests, and for the service's own of those that failed."""
    for name in ("uvicorn.access", "api.problems"):
        logging.getLogger(name).addFilter(DISCRETION)
