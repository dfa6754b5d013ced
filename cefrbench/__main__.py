"""``python -m cefrbench``."""

import sys

from cefrbench.cli import main

sys.exit(main())
