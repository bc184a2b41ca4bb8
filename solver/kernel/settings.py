"""The numbers that the search is tuned by."""

from typing import NamedTuple


class SearchSettings(NamedTuple):
    """The numbers that the search is tuned by; ``docs/engine.md`` says how each was chosen."""

    removals: float = 10.0
    """Visits taken out in an iteration, on average."""
    longest_string: int = 10
    """Stops taken out of one route, at most."""
    split: float = 0.5
    """Share of strings that leave some stops in their middle."""
    blink: float = 0.01
    """Share of places that are overlooked."""
    tails: float = 0.1
    """Share of ruins in which two of the routes also exchange their tails."""
    handovers: float = 0.05
    """Share of ruins in which two technicians who are not alike exchange their whole routes."""
    unassigned_tried: int = 10
    """So many visits that are unassigned get another chance in each iteration."""
    look_everywhere: float = 0.1
    """How often a visit without a place nearby is tried on shifts that are anywhere."""
    fetch_otherwise: float = 0.01
    """How often a visit that has a place is tried with what it needs from elsewhere, too."""
    shifts_anywhere: int = 100
    """On so many of them, from a random one on."""
