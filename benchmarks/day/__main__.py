"""``python -m benchmarks.day``."""

import sys

from benchmarks.day.day import main

sys.exit(main())
