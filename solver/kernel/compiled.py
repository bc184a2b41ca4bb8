"""``compiled``: numba's ``njit`` with a cache on disk that belongs to exactly these sources.

numba looks only at the file of a function to see whether its cached code is still good, not at the
files of the functions that it calls. So the cache of this package lies in a folder named after a
digest of all its sources: change any of them, and everything is compiled anew, once.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba

Function = TypeVar("Function", bound=Callable[..., Any])

_HERE = Path(__file__).parent


CONSTANTS = ("problem.py", "rules/eligibility.py", "travel.py")
"""Whose constants are compiled in, too."""


def _digest() -> str:
    """Of all that the compiled code depends on: these sources, the constants that they take from
    the problem, numba, and bounds checking."""
    digest = hashlib.sha256(f"{numba.__version__} {numba.config.BOUNDSCHECK}".encode())
    constants = (
        _HERE.parent / name for name in ("travel.py", "problem.py", "rules/eligibility.py")
    )
    for source in (*sorted(_HERE.glob("*.py")), *constants):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


CACHE = _HERE / "__pycache__" / f"compiled-{_digest()}"
"""Where the compiled code of these sources is kept."""


def compiled(function: Function) -> Function:
    """The function as machine code, free of the interpreter's lock while it runs.

    Integers wrap around and arrays are not bounds-checked, unless ``NUMBA_BOUNDSCHECK=1``.
    """
    return _compiled(function)


def inlined(function: Function) -> Function:
    """The same for a small function that is copied into each of its callers: what a loop needs
    of arrays then stays in registers."""
    return _compiled(function, forceinline=True)


def _compiled(function: Function, **options: bool) -> Function:
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(CACHE)
    try:
        return numba.njit(cache=True, nogil=True, error_model="numpy", **options)(function)
    finally:
        numba.config.CACHE_DIR = before
