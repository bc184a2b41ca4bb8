"""The layout of a problem as flat arrays: what the compiled search reads, and never writes.

Visits and depots together are the *calls*: call ``q`` is visit ``q`` for ``q < visits``, and depot
``q - visits`` above. Parts and tools together are the *items*: a tool is a part of which a van that
has it, or a depot that lends it, never runs out, and which does not stay in the van overnight. What
depots have of items is kept by *cell*: a part has one, and so has a tool of which they have plenty;
one that is *counted* has a cell for each slot of time (``rules/lending``), of which a shift that
borrows it takes some in a row.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from solver.kernel.views import Views
from solver.travel import MAX_TIME

Ints = npt.NDArray[np.int64]
Records = Any
"""Structured arrays, of which compiled code reads fields as attributes: no type says that."""

ALWAYS = 2 * MAX_TIME
"""Later than any moment of a valid problem; its negative is earlier than any."""

CALL = np.dtype(
    [
        ("place", np.int64),
        ("duration", np.int64),
        ("links", np.int64),
        ("price", np.int64),
        ("first_need", np.int64),
        ("needs", np.int64),
        ("due", np.int64),
        ("late_cents", np.int64),
        ("ready", np.int64),
        ("prompt_cents", np.int64),
        ("published", np.int64),
        ("moved_cents", np.int64),
    ],
    align=True,
)
"""``links``: TIMED and PAIRED, added. ``duration``: seconds of service, at whatever pace.
``price``: cents if unassigned. ``late_cents``: per second that service ends after ``due``.
``prompt_cents``: per second that it starts after ``ready``.
``moved_cents``: per second that it starts off ``published``, beyond the tolerance."""

WINDOW = np.dtype(
    [
        ("open", np.int64),
        ("close", np.int64),
        ("first", np.int64),
        ("count", np.int64),
        ("service", np.int64),
    ],
    align=True,
)
"""From the first opening to the last closing, and the rows of ``spans`` if there are several;
``service``: how many seconds the call takes."""

SHIFT = np.dtype(
    [
        ("start_place", np.int64),
        ("end_place", np.int64),
        ("start", np.int64),
        ("end", np.int64),
        ("latest_end", np.int64),
        ("working_time", np.int64),
        ("day", np.int64),
        ("chain", np.int64),
        ("intricate", np.int64),
        ("breaks", np.int64),
        ("rest", np.int64),
        ("first_state", np.int64),
        ("states", np.int64),
        ("first_turn", np.int64),
        ("turns", np.int64),
        ("first_slot", np.int64),
        ("slots", np.int64),
        ("fair_share", np.int64),
        ("group", np.int64),
        ("only", np.int64),
        ("limited", np.int64),
        ("max_duration", np.int64),
        ("max_visits", np.int64),
        ("max_travel", np.int64),
        ("max_distance", np.int64),
        ("travel_cents", np.int64),
        ("metre_cents", np.int64),
        ("date", np.int64),
    ],
    align=True,
)
"""``day`` is a row of ``windows``: shifts to which the same of each visit's windows are open, and
which take the same time for each.
``chain`` is the technician, ``only`` 1 if there is no other shift in it, ``group`` the shifts that
are as good as this one for everything. ``first_slot`` is 0 for the first slot of all.
``intricate`` is 1 if its routes always have to be timed in
full: it has breaks, or is ``limited``. ``rest`` is the seconds of all breaks. ``limited`` is 1 if
any of the limits behind it matters; those that do not are ``ALWAYS``. ``working_time``,
``travel_cents`` and ``metre_cents``: what a second of it, one of travel, and a metre cost. ``date``
is the day since the epoch in which it starts."""

STATE = np.dtype([("opens", np.int64), ("closes", np.int64), ("rest", np.int64)], align=True)
TURN = np.dtype(
    [
        ("before", np.int64),
        ("after", np.int64),
        ("until", np.int64),
        ("free", np.int64),
        ("rest", np.int64),
    ],
    align=True,
)
"""As in ``rests``; states are numbered by shift, from 0 on."""
NEED = np.dtype([("item", np.int64), ("number", np.int64)], align=True)
NEAR = np.dtype([("visit", np.int64), ("leg", np.int64)], align=True)
"""``leg``: seconds of the way between the two; ``visit`` is -1 if there is none."""


COUNT = np.dtype(
    [
        ("visits", np.int64),
        ("depots", np.int64),
        ("shifts", np.int64),
        ("items", np.int64),
        ("cells", np.int64),
        ("scarce", np.int64),
        ("links", np.int64),
        ("tied", np.int64),
        ("earliest", np.int64),
    ],
    align=True,
)
"""``scarce``: 1 if any depot could run out of anything, 0 if not. ``tied``: 1 if anything, links or
the worst lateness, is about several routes, 0 if each is by itself. ``earliest``: 1 if that is so
and nothing is ever cheaper for being later, or kept by a break or a second window, 0 if not."""

WEIGHTS = np.dtype(
    [
        ("working_time", np.int64),
        ("overtime", np.int64),
        ("shift_use", np.int64),
        ("imbalance", np.int64),
        ("moved_time_tolerance", np.int64),
        ("worst_lateness", np.int64),
    ],
    align=True,
)
"""Cents, as in ``Objective``; the weights of travel and of pairs are in the arrays.
``working_time``: of the shift where it is dearest."""

TIMED, PAIRED = 1, 2
"""What links say of a visit: that it is tied to others in time, that it has mates."""
SAME_TECHNICIAN, OTHER_TECHNICIAN, OTHER_DAY = 0, 1, 2
"""What a visit's shift has to be to that of its mate."""

BOND = np.dtype(
    [
        *(
            (f"{what}_of_{name}", np.int64)
            for name in ("ties_from", "ties_to", "mates", "required", "bundles")
            for what in ("first", "number")
        ),
        ("shortest", np.int64),
        ("longest", np.int64),
    ],
    align=True,
)
"""Where a visit's rows are in these arrays, and how many; how many seconds those who may make it
take for it."""
TIE = np.dtype([("visit", np.int64), ("lag", np.int64), ("served", np.int64)], align=True)
"""The later visit starts ``lag`` seconds after the earlier one starts, at least; ``served``: 1 if
after the earlier one ends, -1 if that much before the later one ends, 0 if neither."""
CHANGED, RUINED = 1, 2
MATE = np.dtype([("visit", np.int64), ("kind", np.int64)], align=True)

LINKED = np.dtype(
    [
        ("early", np.int64),
        ("late", np.int64),
        ("hold", np.int64),
        ("logged", np.int64),
        ("traced", np.int64),
        ("queued", np.int64),
        ("visit", np.int64),
    ],
    align=True,
)
"""``early``: when a tied visit on a route starts; before that, when its partners let it. ``late``:
the latest start that its partners can follow. ``hold``: before that it does not start, because to
wait elsewhere is cheaper. The others are notes: of the iteration and of the
change in which it was last written down (then ``visit`` says which it is), whether it is queued."""
TIED_ROUTE = np.dtype(
    [
        ("linked", np.int64),
        ("rough", np.int64),
        ("loose", np.int64),
        ("touched", np.int64),
        ("worst", np.int64),
    ],
    align=True,
)
"""``linked`` counts the route's tied visits, ``rough`` its calls with several windows. ``loose`` is
CHANGED while partners do not know yet of stops that have, RUINED if the route is not mended,
either, 0 otherwise. ``touched`` is the last change that had to do with it. ``worst`` is the largest
lateness on it, in seconds, if everything is as early as it can."""


class Arrays(Views):
    """Shapes: n visits, d depots, q = n + d calls, s shifts, p places, k items, c cells."""

    count: Records
    """A single ``COUNT``."""
    weights: Records
    """A single ``WEIGHTS``."""
    arcs: Ints
    """(p, p, 2): seconds, and cents for travel time and distance; where some shift limits travel or
    distance, or has rates of its own for them, (p, p, 4): with seconds of travel and metres, of
    which ``leg_cents`` makes the cents of each shift."""
    calls: Records
    windows: Records
    """(days, q)"""
    spans: Ints
    """(…, 3): the single windows of calls that have several, in order of time, and cents for
    starting in them, beyond what the cheapest one costs."""
    shifts: Records
    states: Records
    turns: Records
    """Of all shifts, one after the other."""
    able: npt.NDArray[np.bool_]
    """(n, s): whether the shift can take the visit, as far as no rule but time and supply goes."""
    pair_cents: Ints
    """(n, s)"""
    chains: Ints
    """The shifts of each technician in order of time, one technician after the other."""
    chain_ends: Ints
    """Where in ``chains`` the shifts of each technician end."""
    groups: Ints
    group_ends: Ints
    """The same for the groups of shifts that are alike."""
    needs: Records
    van: Ints
    """(s, k): what is loaded before the shift."""
    stock: Ints
    """(d, c): by cell; of a counted tool what those do not have who had it before the plan."""
    first_cell: Ints
    """(k)"""
    stays: npt.NDArray[np.bool_]
    """(k): whether what is left of an item stays in the van until the next shift."""
    is_scarce: npt.NDArray[np.bool_]
    """(k): whether a depot that has the item could run out of it; of a tool, whether it is
    counted."""
    near: Ints
    """(n, …): visits near a visit, the nearest first."""
    near_before: Records
    """(n, …): visits after which there is little travel and waiting; -1 fills up."""
    near_after: Records
    """(n, …): the same of visits before which there is little."""
    near_groups: Ints
    """(n, …): groups of shifts that start or end near a visit, and are able; -1 fills up."""
    remoteness: Ints
    """(n): cents from the start of a shift to the visit and from there to its end, on average."""
    bonds: Records
    """(n); of no meaning, as all that follows, where ``count.links`` is 0."""
    ties_from: Records
    """By the earlier visit; ``visit`` is the later one."""
    ties_to: Records
    """By the later visit; ``visit`` is the earlier one."""
    mates: Records
    required: Ints
    """The visits without which one is never served."""
    bundles: Ints
    """All that hang together by ties, for each of them."""
