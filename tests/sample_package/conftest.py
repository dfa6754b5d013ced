"""The tests of this package need it installed; cefrbench's own suite runs where it isn't."""

import importlib.util

if importlib.util.find_spec("cefrbench_sample") is None:
    collect_ignore = ["tests"]
