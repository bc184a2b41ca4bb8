"""Processes of the service's own, in which the solver works: each for itself, so that none takes
others with it when it dies."""

import faulthandler
import logging
import multiprocessing
import os
import signal
import threading
from multiprocessing.connection import wait

from solver.search.compilation import compile_search

logger = logging.getLogger(__name__)


def settle_in() -> None:
    """What a new process does first: it ends with the service, however that ends, and loads the
    compiled search, which takes it a second or so."""
    faulthandler.enable()
    # Ctrl-C reaches the whole process group; it is the service that tells its processes what to do.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_die_with, args=(parent.sentinel,), daemon=True).start()
    try:
        compile_search()
    except Exception:
        # Whatever needs it will say so.
        logger.exception("The search engine could not be loaded")


def _die_with(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)
