"""Drafts for tests: filled, and what they hold by name."""

from solver.draft.draft import Draft
from solver.draft.insertion import fill
from solver.problem import Problem


def filled(problem: Problem, *names: str) -> Draft:
    """A draft with as many as fit of these visits (or of all), in this order of asking."""
    draft = Draft(problem)
    wanted = {visit.id: visit for visit in draft.unassigned()}
    fill(draft, [wanted[name] for name in names or wanted])
    return draft


def sequences(draft: Draft) -> dict[str, str]:
    return {
        name: " ".join(call.id for call in calls)
        for name, calls in draft.sequences.items()
        if calls
    }
