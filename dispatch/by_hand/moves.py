"""Jobs moved by hand in the solver's terms: what is asked for, and what comes of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from solver.explain.least_change import Relaxation
from solver.problem import Shift
from solver.solution import Route, Rule, Violation


@dataclass(frozen=True, slots=True)
class Move:
    """A job put on one of a technician's shifts of a day, or (None) taken off the plan."""

    job_id: str
    technician: str | None
    day: date
    """The local day on which the shift begins."""
    start: int | None = None
    """Seconds: the visit goes before what starts later. None: where it breaks and costs least."""
    hold: bool = False
    """The visit is to start exactly then."""
    no_earlier: bool = False
    """The visit is to start then or, if it cannot, as soon as it can after that."""


@dataclass(frozen=True, slots=True)
class Judged:
    """Moves, one or several at once, as they would be carried out. Routes are what is still to come
    of them."""

    moves: tuple[Move, ...]
    on: Mapping[str, Shift]
    """The shifts that the jobs go to; not those of jobs that are taken off, or whose technicians do
    not work."""
    before: tuple[Route, ...]
    """The routes that change as they are, and as they would be; none without stops."""
    after: tuple[Route, ...]
    violations: tuple[Violation, ...]
    """What would be broken, also what is broken already."""
    existing: tuple[Violation, ...]
    """Those of them that the move makes no worse, or not noticeably."""
    slight: tuple[Violation, ...]
    """Those of them that are too small to be noticed."""
    waivers: Relaxation | None
    """What has to be waived for it; None if no waiver helps."""
    slight_waivers: Relaxation
    """What is waived if it is possible: that which is slight and was not broken before."""
    cost: Mapping[Rule, int]
    """Cents that these routes cost more, by soft rule."""

    @property
    def job_ids(self) -> tuple[str, ...]:
        """Those that are moved."""
        return tuple(move.job_id for move in self.moves)

    @property
    def is_possible(self) -> bool:
        """Whether it breaks nothing, or nothing that it could be charged with."""
        return all(one in self.existing or one in self.slight for one in self.violations)


@dataclass(frozen=True, slots=True)
class TrialResult:
    """A try: the routes of all technicians concerned, and what they break."""

    routes: tuple[Route, ...]
    violations: tuple[Violation, ...]
    cents: int
    """What they cost more than those in force."""
    on: Mapping[str, Shift] = field(default_factory=dict)
    """Those that the jobs were put on."""

    @property
    def badness(self) -> tuple[int, int, int]:
        """What the better one of two tries has less of: broken rules, their amounts, cents."""
        amounts = sum(violation.amount for violation in self.violations)
        return len(self.violations), amounts, self.cents
