"""When tied visits start, as far as all routes that hang together by them have to do with it.

A tied visit starts as early as its route and its partners let it: ``Plan.linked`` says when
(``early``), and until when it could be put off without one of its partners coming too late
(``late``). Both are windows to the labels of its route, so that each route can still be judged by
itself. After stops were added, what is later by that is told from visit to visit (``spread``).
After stops were taken away, whatever could be better now is forgotten first (``relax``), and then
told anew (``tighten``). If that comes to no end, or somebody too late, the plan cannot be kept.
"""

from solver.kernel.arrays import ALWAYS, TIMED, Arrays
from solver.kernel.compiled import compiled, inlined
from solver.kernel.delays import lag_of
from solver.kernel.labels import is_time_free, label, label_back_from, label_from
from solver.kernel.plan import Plan, start_of
from solver.kernel.rough import is_rough, put_off
from solver.kernel.tied import begin_trace, enqueue, mark, next_queued, touch

STEPS_A_VISIT, MORE_STEPS = 8, 100
"""So often visits are told of others before it is taken for a circle."""


@inlined
def _is_timed(arrays: Arrays, call: int) -> bool:
    return arrays.calls[call].links & TIMED > 0


@inlined
def _service_of(arrays: Arrays, plan: Plan, visit: int) -> int:
    """Seconds that a visit takes on its route."""
    return arrays.windows[arrays.shifts[plan.nodes[visit].shift].day, visit].service


@inlined
def _has_pace(arrays: Arrays, visit: int) -> bool:
    """Whether it matters to partners who makes the visit."""
    return arrays.bonds[visit].shortest < arrays.bonds[visit].longest


@compiled
def earliest_of(arrays: Arrays, plan: Plan, visit: int) -> int:
    """From when on the visit's partners let it start, and it is not held."""
    bond, moment = arrays.bonds[visit], plan.linked[visit].hold
    for row in range(bond.first_of_ties_to, bond.first_of_ties_to + bond.number_of_ties_to):
        tie = arrays.ties_to[row]
        if plan.nodes[tie.visit].shift >= 0:
            lag = lag_of(arrays, plan, tie.visit, visit, tie)
            moment = max(moment, plan.linked[tie.visit].early + lag)
    return moment


@compiled
def latest_of(arrays: Arrays, plan: Plan, visit: int) -> int:
    """Until when the visit may start so that its partners can follow."""
    bond, moment = arrays.bonds[visit], ALWAYS
    for row in range(bond.first_of_ties_from, bond.first_of_ties_from + bond.number_of_ties_from):
        tie = arrays.ties_from[row]
        if plan.nodes[tie.visit].shift >= 0:
            lag = lag_of(arrays, plan, visit, tie.visit, tie)
            moment = min(moment, plan.nodes[tie.visit].rest_late - lag)
    return moment


@compiled
def bind(arrays: Arrays, plan: Plan, visit: int) -> None:
    """Let a visit have the window that its partners leave it."""
    mark(plan, visit)
    plan.linked[visit].early = earliest_of(arrays, plan, visit)
    plan.linked[visit].late = latest_of(arrays, plan, visit)


@compiled
def rebind(arrays: Arrays, plan: Plan, visit: int) -> None:
    """``bind`` anew a visit of which it is known only now who makes it."""
    if _is_timed(arrays, visit) and _has_pace(arrays, visit):
        bind(arrays, plan, visit)


@compiled
def release(plan: Plan, visit: int) -> None:
    """Let a visit that is on no route start whenever it is open."""
    mark(plan, visit)
    tied = plan.linked[visit]
    tied.early, tied.late, tied.hold = -ALWAYS, ALWAYS, -ALWAYS


# --- after stops were added ----------------------------------------------------------------------


@compiled
def spread(arrays: Arrays, plan: Plan, visit: int) -> bool:
    """Tell all partners what a visit has changed that was put into a labelled route; False if they
    cannot follow. If the visit is put off by what it puts off itself, that goes on for ever."""
    shift = plan.nodes[visit].shift
    touch(arrays, plan, shift)
    anchor, leave = visit, plan.nodes[visit].leave
    if is_rough(arrays, plan, shift):
        anchor = -1
        if not _put_off(arrays, plan, shift):
            return False
    else:
        _tell_followers(arrays, plan, visit)
    if not _push(arrays, plan, anchor, leave):
        return False
    _tell_leaders(arrays, plan, plan.nodes[start_of(arrays, shift) + 1].before)
    return _pull(arrays, plan)


@compiled
def _push(arrays: Arrays, plan: Plan, anchor: int, leave: int) -> bool:
    """Let all that are queued start as late as they have to, and tell those who hang on them."""
    nodes, now = plan.nodes, plan.now
    steps = STEPS_A_VISIT * arrays.count.visits + MORE_STEPS
    while now.queued > 0:
        visit = next_queued(plan)
        shift = nodes[visit].shift
        now.stuck = visit
        touch(arrays, plan, shift)
        steps -= 1
        if steps < 0:
            return False
        if is_rough(arrays, plan, shift):
            if not _put_off(arrays, plan, shift):
                return False
            continue
        start = nodes[visit].leave - _service_of(arrays, plan, visit)
        if start < plan.linked[visit].early and not label_from(arrays, plan, visit):
            return False
        _tell_followers(arrays, plan, visit)
        if anchor >= 0 and nodes[anchor].leave != leave:
            return False
    return True


@compiled
def _put_off(arrays: Arrays, plan: Plan, shift: int) -> bool:
    """The same for all tied visits of a route of which labels do not know when they start."""
    if not put_off(arrays, plan, shift) or not label(arrays, plan, shift):
        return False
    nodes = plan.nodes
    node = nodes[start_of(arrays, shift)].after
    while nodes[node].call >= 0:
        if _is_timed(arrays, nodes[node].call):
            _tell(arrays, plan, node)
        node = nodes[node].after
    return True


@compiled
def _tell_followers(arrays: Arrays, plan: Plan, first: int) -> None:
    """Tell those who hang on the tied visits of a labelled route, from the node on as far as
    anything has changed."""
    nodes, node = plan.nodes, first
    while nodes[node].call >= 0:
        visit = nodes[node].call
        if _is_timed(arrays, visit):
            start = nodes[node].leave - _service_of(arrays, plan, visit)
            if start > plan.linked[visit].early:
                mark(plan, visit)
                plan.linked[visit].early = start
            elif node != first:
                return
            _tell(arrays, plan, visit)
        node = nodes[node].after


@compiled
def _tell(arrays: Arrays, plan: Plan, visit: int) -> None:
    """Let those who hang on a tied visit know when it starts."""
    bond, start = arrays.bonds[visit], plan.linked[visit].early
    for row in range(bond.first_of_ties_from, bond.first_of_ties_from + bond.number_of_ties_from):
        tie = arrays.ties_from[row]
        if plan.nodes[tie.visit].shift >= 0:
            _delay(plan, tie.visit, start + lag_of(arrays, plan, visit, tie.visit, tie))


@inlined
def _delay(plan: Plan, visit: int, moment: int) -> None:
    if moment > plan.linked[visit].early:
        mark(plan, visit)
        plan.linked[visit].early = moment
        enqueue(plan, visit)


@compiled
def _pull(arrays: Arrays, plan: Plan) -> bool:
    """Let all that are queued be no later than their partners can follow, and tell those on whom
    they hang."""
    nodes, now = plan.nodes, plan.now
    steps = STEPS_A_VISIT * arrays.count.visits + MORE_STEPS
    while now.queued > 0:
        visit = next_queued(plan)
        now.stuck = visit
        touch(arrays, plan, nodes[visit].shift)
        steps -= 1
        if steps < 0:
            return False
        if nodes[visit].rest_late > plan.linked[visit].late:
            label_back_from(arrays, plan, visit)
        _tell_leaders(arrays, plan, visit)
    return True


@compiled
def _tell_leaders(arrays: Arrays, plan: Plan, node: int) -> None:
    """Tell those on whom the tied visits of a labelled route hang how late those can be, from the
    node back."""
    nodes = plan.nodes
    while nodes[node].call >= 0:
        visit = nodes[node].call
        if _is_timed(arrays, visit):
            bond, late = arrays.bonds[visit], nodes[node].rest_late
            first = bond.first_of_ties_to
            for row in range(first, first + bond.number_of_ties_to):
                tie = arrays.ties_to[row]
                if nodes[tie.visit].shift >= 0:
                    _hasten(plan, tie.visit, late - lag_of(arrays, plan, tie.visit, visit, tie))
        node = nodes[node].before


@inlined
def _hasten(plan: Plan, visit: int, moment: int) -> None:
    if moment < plan.linked[visit].late:
        mark(plan, visit)
        plan.linked[visit].late = moment
        enqueue(plan, visit)


@compiled
def hold(arrays: Arrays, plan: Plan, visit: int, moment: int) -> bool:
    """Let a tied visit start no earlier than that, and tell its partners; False if they cannot
    follow: then ``rewind`` has to follow."""
    mark(plan, visit)
    plan.linked[visit].hold = moment
    _delay(plan, visit, moment)
    return _push(arrays, plan, -1, 0)


# --- after stops were taken away -----------------------------------------------------------------


@compiled
def relax(arrays: Arrays, plan: Plan) -> None:
    """Forget what may be better now that stops of loose routes are gone, or elsewhere: when visits
    start, and how late they can. What is forgotten is noted in ``plan.forgotten``."""
    nodes, now = plan.nodes, plan.now
    routes = now.saved_routes
    for index in range(now.removed):
        visit = plan.removed[index]
        if nodes[visit].shift < 0 and _is_timed(arrays, visit):
            _suspect_followers(arrays, plan, visit)
    for index in range(routes):
        shift = plan.saved_shift[index]
        if plan.tied_routes[shift].loose > 0:
            _advance(arrays, plan, nodes[start_of(arrays, shift)].after, True)
            label(arrays, plan, shift)
    while now.queued > 0:
        _advance(arrays, plan, next_queued(plan), False)
    for index in range(now.removed):
        visit = plan.removed[index]
        if nodes[visit].shift < 0 and _is_timed(arrays, visit):
            _suspect_leaders(arrays, plan, visit)
            release(plan, visit)
    for index in range(routes):
        shift = plan.saved_shift[index]
        if plan.tied_routes[shift].loose > 0:
            _recede(arrays, plan, nodes[start_of(arrays, shift) + 1].before, True)
            label(arrays, plan, shift)
    while now.queued > 0:
        _recede(arrays, plan, next_queued(plan), False)


@inlined
def _forget(plan: Plan, visit: int) -> None:
    mark(plan, visit)
    plan.forgotten[plan.now.forgotten] = visit
    plan.now.forgotten += 1


@compiled
def _suspect_followers(arrays: Arrays, plan: Plan, visit: int) -> None:
    """Have those looked at who may start when they do because of the visit."""
    bond, start = arrays.bonds[visit], plan.linked[visit].early
    if start == -ALWAYS:
        return
    for row in range(bond.first_of_ties_from, bond.first_of_ties_from + bond.number_of_ties_from):
        tie = arrays.ties_from[row]
        shift, early = plan.nodes[tie.visit].shift, plan.linked[tie.visit].early
        if shift >= 0 and early > -ALWAYS:
            moment = start + tie.lag
            if tie.served > 0:
                moment += bond.longest
            elif tie.served < 0:
                moment -= arrays.bonds[tie.visit].shortest
            # On a rough route it may be later than it was told, because of what it was told.
            if early <= moment or is_rough(arrays, plan, shift):
                enqueue(plan, tie.visit)


@compiled
def _suspect_leaders(arrays: Arrays, plan: Plan, visit: int) -> None:
    """Have those looked at who may have to start in time for the visit."""
    bond = arrays.bonds[visit]
    for row in range(bond.first_of_ties_to, bond.first_of_ties_to + bond.number_of_ties_to):
        other = arrays.ties_to[row].visit
        if plan.nodes[other].shift >= 0 and plan.linked[other].late < ALWAYS:
            enqueue(plan, other)


@compiled
def _advance(arrays: Arrays, plan: Plan, first: int, is_whole: bool) -> None:
    """Go along a route as if nobody on it waited for partners, and forget when those start who do:
    the partners may be earlier. From the node on, as far as something changes unless it
    ``is_whole``."""
    nodes = plan.nodes
    on = arrays.shifts[nodes[first].shift]
    leave = on.start if is_whole else nodes[nodes[first].before].leave
    node = first
    while nodes[node].call >= 0:
        visit = nodes[node].call
        start = max(leave + nodes[node].leg, arrays.windows[on.day, visit].open)
        if _is_timed(arrays, visit):
            start = max(start, plan.linked[visit].hold)
        if is_whole and _is_timed(arrays, visit) and _has_pace(arrays, visit):
            # Who makes it now may be quicker.
            _suspect_followers(arrays, plan, visit)
        if _is_timed(arrays, visit) and plan.linked[visit].early > start:
            _suspect_followers(arrays, plan, visit)
            _forget(plan, visit)
            plan.linked[visit].early = -ALWAYS
        elif node == first and not is_whole:
            return
        leave = start + arrays.windows[on.day, visit].service
        if not is_whole and node != first and leave == nodes[node].leave:
            break
        node = nodes[node].after
    if not is_whole:
        touch(arrays, plan, nodes[first].shift)
        label_from(arrays, plan, first)


@compiled
def _recede(arrays: Arrays, plan: Plan, first: int, is_whole: bool) -> None:
    """The same backwards, for how late visits can be."""
    nodes = plan.nodes
    on = arrays.shifts[nodes[first].shift]
    late = on.latest_end if is_whole else nodes[nodes[first].after].rest_late
    node = first
    while nodes[node].call >= 0:
        visit = nodes[node].call
        late -= arrays.windows[on.day, visit].service + nodes[nodes[node].after].leg
        late = min(late, arrays.windows[on.day, visit].close)
        if _is_timed(arrays, visit):
            if is_whole or late != nodes[node].rest_late:
                _suspect_leaders(arrays, plan, visit)
            is_suspect = node == first and not is_whole
            is_kept_back = plan.linked[visit].late < late
            if is_suspect or is_kept_back:
                _forget(plan, visit)
                plan.linked[visit].late = ALWAYS
            if is_suspect and not is_kept_back:
                touch(arrays, plan, nodes[first].shift)
                return
        if not is_whole and node != first and late == nodes[node].rest_late:
            break
        node = nodes[node].before
    if not is_whole:
        touch(arrays, plan, nodes[first].shift)
        label_back_from(arrays, plan, first)


@compiled
def tighten(arrays: Arrays, plan: Plan) -> bool:
    """Find out anew what was forgotten, and tell of loose routes; False if they cannot be kept:
    then all is as before, and ``now.stuck`` is a visit that cannot follow its partners."""
    begin_trace(plan)
    if _tighten(arrays, plan):
        plan.now.forgotten = 0
        return True
    rewind(arrays, plan)
    return False


@compiled
def relax_and_tighten(arrays: Arrays, plan: Plan, shift: int) -> bool:
    """Find out anew when those start that have to do with a labelled route; False if it cannot be
    kept: then ``rewind`` has to follow."""
    plan.now.forgotten = 0
    touch(arrays, plan, shift)
    relax(arrays, plan)
    is_kept = _tighten(arrays, plan)
    plan.now.forgotten = 0
    return is_kept


@compiled
def _tighten(arrays: Arrays, plan: Plan) -> bool:
    now = plan.now
    routes, forgotten = now.saved_routes, now.forgotten
    for is_late in range(2):
        for index in range(forgotten):
            if plan.nodes[plan.forgotten[index]].shift >= 0:
                _ask_partners(arrays, plan, plan.forgotten[index], is_late > 0)
        for index in range(routes):
            shift = plan.saved_shift[index]
            if plan.tied_routes[shift].loose > 0:
                touch(arrays, plan, shift)
                node = plan.nodes[start_of(arrays, shift)].after
                while plan.nodes[node].call >= 0:
                    if _is_timed(arrays, plan.nodes[node].call):
                        _ask_partners(arrays, plan, node, is_late > 0)
                    node = plan.nodes[node].after
        if is_late == 0 and not _push(arrays, plan, -1, 0):
            return False
        if is_late > 0 and not _pull(arrays, plan):
            return False
    return True


@compiled
def _ask_partners(arrays: Arrays, plan: Plan, visit: int, is_late: bool) -> None:
    mark(plan, visit)
    tied = plan.linked[visit]
    if is_late:
        tied.late = min(tied.late, latest_of(arrays, plan, visit))
    else:
        tied.early = max(tied.early, earliest_of(arrays, plan, visit))
    enqueue(plan, visit)


@compiled
def rewind(arrays: Arrays, plan: Plan) -> None:
    """Take back what was written down since ``begin_trace``, but for what routes cost."""
    now = plan.now
    while now.queued > 0:
        next_queued(plan)
    for index in range(now.traced):
        before = plan.traced_linked[index]
        tied = plan.linked[before.visit]
        tied.early, tied.late, tied.hold = before.early, before.late, before.hold
    for index in range(now.touched):
        label(arrays, plan, plan.touched[index])


@compiled
def relabel(arrays: Arrays, plan: Plan) -> None:
    """Bring the labels of all routes up to date that the change has to do with."""
    if not is_time_free(arrays):
        for index in range(plan.now.touched):
            label(arrays, plan, plan.touched[index])
