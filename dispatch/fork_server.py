"""What the fork server is, beside what multiprocessing makes of it: for it alone to import.

Nothing here may end it, since all processes that solve would end with it: what cannot be loaded
here is loaded, or missed, by each of them. And it must have no threads, which would be missing in
what is forked while they hold a lock.
"""

import faulthandler
import gc
import os
import signal

# Signals to the whole process group are for the service and what solves: while these live there
# must be somebody to tell of what they died.
_usual = {one: signal.signal(one, signal.SIG_IGN) for one in (signal.SIGTERM, signal.SIGHUP)}
signal.signal(signal.SIGINT, signal.SIG_IGN)
# Before numpy is there: its algebra would start a thread for each core, be there use for it or not,
# and how many cores a run has is not for it to say.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from dispatch.processes import load_search  # noqa: E402

alive, _own = os.pipe()
"""Ready for reading once the fork server is gone: it alone keeps the other end."""


def _leave() -> None:
    """In what is forked, at once."""
    os.close(_own)
    for one, handler in _usual.items():
        signal.signal(one, handler)


faulthandler.enable()
os.register_at_fork(
    # What is there by now stays: to be looked through for garbage would copy it to each process.
    before=gc.freeze,
    after_in_child=_leave,
)
load_search()
