"""``python -m cefrbench``."""

import sys

try:
    from cefrbench.cli import main

    status = main()
except KeyboardInterrupt:  # before the command line was there to say so
    status = 130
sys.exit(status)
