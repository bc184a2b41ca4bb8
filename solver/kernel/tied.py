"""The notes that ``ties`` takes: what was changed, which routes have to do with it, who is to be
told."""

from solver.kernel.arrays import Arrays
from solver.kernel.compiled import compiled, inlined
from solver.kernel.plan import Plan
from solver.kernel.undoing import save


@compiled
def begin_change(plan: Plan) -> None:
    """From here on it is known which routes have to do with a change, and what they were."""
    now = plan.now
    now.touch += 1
    now.touched = 0
    begin_trace(plan)


@compiled
def begin_trace(plan: Plan) -> None:
    plan.now.trace += 1
    plan.now.traced = 0


@compiled
def mark(plan: Plan, visit: int) -> None:
    """Write down when a tied visit starts, and until when it could, before that is changed."""
    now, tied = plan.now, plan.linked[visit]
    if tied.logged != now.iteration:
        tied.logged = now.iteration
        before = plan.saved_linked[now.logged]
        before.visit, before.hold = visit, tied.hold
        before.early, before.late = tied.early, tied.late
        now.logged += 1
    if tied.traced != now.trace:
        tied.traced = now.trace
        before = plan.traced_linked[now.traced]
        before.visit, before.hold = visit, tied.hold
        before.early, before.late = tied.early, tied.late
        now.traced += 1


@compiled
def touch(arrays: Arrays, plan: Plan, shift: int) -> None:
    """Note that the change has to do with the route."""
    now, route = plan.now, plan.tied_routes[shift]
    if route.touched != now.touch:
        save(arrays, plan, shift)
        route.touched = now.touch
        plan.touched[now.touched] = shift
        now.touched += 1


@inlined
def enqueue(plan: Plan, visit: int) -> None:
    """Let the visit be the last of those to be looked at, unless it is one of them already."""
    now = plan.now
    if plan.linked[visit].queued == 0:
        plan.linked[visit].queued = 1
        plan.queue[(now.head + now.queued) % plan.queue.shape[0]] = visit
        now.queued += 1


@inlined
def next_queued(plan: Plan) -> int:
    """Take the first out of the queue."""
    now = plan.now
    visit = plan.queue[now.head]
    now.head = (now.head + 1) % plan.queue.shape[0]
    now.queued -= 1
    plan.linked[visit].queued = 0
    return visit
