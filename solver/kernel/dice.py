"""Random numbers that are the same on every machine: xorshift64* (Vigna, ACM TOMS 2016)."""

import numpy as np
import numpy.typing as npt

from solver.kernel.compiled import inlined

Dice = npt.NDArray[np.uint64]
"""One number, the state; never 0."""


def dice(seed: int, number: int) -> Dice:
    """Dice for the ``number``-th of several searches with one seed."""
    state = np.random.SeedSequence([seed, number]).generate_state(1, np.uint64)
    return np.asarray(state | np.uint64(1))


@inlined
def roll(dice: Dice) -> float:
    """A number from 0 up to, but not including, 1."""
    state = dice[0]
    state ^= state >> np.uint64(12)
    state ^= state << np.uint64(25)
    state ^= state >> np.uint64(27)
    dice[0] = state
    return float((state * np.uint64(0x2545F4914F6CDD1D)) >> np.uint64(11)) * 2.0**-53


@inlined
def pick(dice: Dice, number: int) -> int:
    """One of 0 … number - 1."""
    return int(roll(dice) * number)
