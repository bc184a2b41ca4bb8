"""The records that a plan is made of: its nodes, its routes, and its single numbers."""

import numpy as np

NODE = np.dtype(
    [
        ("after", np.int64),
        ("shift", np.int64),
        ("place", np.int64),
        ("leave", np.int64),
        ("rest_late", np.int64),
        ("duration", np.int64),
        ("early", np.int64),
        ("late", np.int64),
        ("rest_duration", np.int64),
        ("rest_early", np.int64),
        ("leg", np.int64),
        ("leg_cents", np.int64),
        ("before", np.int64),
        ("position", np.int64),
        ("call", np.int64),
        ("seen", np.int64),
    ],
    align=True,
)
"""``shift`` is -1 for a visit that is unassigned; ``call`` is -1 at the ends of a route. ``leave``
is the earliest departure, ``early + duration``. ``leg`` and ``leg_cents`` are seconds and cents of
the way from the stop before. ``seen`` is the last look at the place behind."""

ROUTE = np.dtype(
    [
        ("stops", np.int64),
        ("depot_calls", np.int64),
        ("recount", np.int64),
        ("intricate", np.int64),
        ("service", np.int64),
        ("arc_cents", np.int64),
        ("pair_cents", np.int64),
        ("duration", np.int64),
        ("overtime", np.int64),
        ("times_cents", np.int64),
        ("slack", np.int64),
        ("cents", np.int64),
        ("saved", np.int64),
        ("seen", np.int64),
        ("usable_from", np.int64),
        ("at_least", np.int64),
    ],
    align=True,
)
"""``recount`` is 1 while the account of items is not up to date. ``intricate`` counts the stops
whose times need ``limits.cost_of_times``; ``duration`` and ``overtime`` are those of the labels;
``cents`` is what the route costs, ``times_cents`` what of it depends on when it is driven,
``slack`` what of that is beyond what labels and breaks explain, which a change might save,
``arc_cents`` what of it is for travel and distance (of an empty route: for the way from its start
to its end, which nobody goes). ``saved``, ``seen``, ``usable_from`` and ``at_least`` are notes of
the current iteration."""

NOW = np.dtype(
    [
        ("cents", np.int64),
        ("saved_cents", np.int64),
        ("unassigned", np.int64),
        ("routes", np.int64),
        ("free_calls", np.int64),
        ("removed", np.int64),
        ("saved", np.int64),
        ("saved_routes", np.int64),
        ("lacking", np.int64),
        ("short", np.int64),
        ("iteration", np.int64),
        ("look", np.int64),
        ("until_blink", np.int64),
        ("best_cents", np.int64),
        ("best_unassigned", np.int64),
        ("best_length", np.int64),
        ("improvements", np.int64),
        ("worst", np.int64),
        ("saved_worst", np.int64),
        ("logged", np.int64),
        ("trace", np.int64),
        ("traced", np.int64),
        ("touch", np.int64),
        ("touched", np.int64),
        ("forgotten", np.int64),
        ("head", np.int64),
        ("queued", np.int64),
        ("stuck", np.int64),
        ("most_reduced", np.int64),
        ("noted", np.int64),
    ],
    align=True,
)
"""``worst``: the largest lateness that ``cents`` has a price for, in seconds. From ``logged`` on:
notes of ``ties``; ``most_reduced`` and ``noted``: up to which reduced cost ``noting`` writes down
routes, and how much it has written."""

KNOWN = np.dtype([("key", np.int64), ("cents", np.int64)], align=True)
"""A route that was written down: what stands for its visits and its shift, and what it costs."""
