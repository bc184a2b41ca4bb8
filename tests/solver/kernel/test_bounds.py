"""No index of the kernel lies outside its array (see ``interpreted.py``)."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_the_kernel_stays_inside_its_arrays() -> None:
    """It takes as long as all other tests of the kernel together: Python runs it."""
    run = subprocess.run(
        [sys.executable, "-m", "tests.solver.kernel.interpreted"],
        cwd=ROOT,
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
