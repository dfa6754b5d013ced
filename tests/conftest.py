"""One thread for every library: tests are small, and run side by side."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
