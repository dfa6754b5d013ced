"""All scores by name."""

from __future__ import annotations

from cefrbench.errors import unknown_name
from cefrbench.statistics.continuous import RECUT, SPEARMAN
from cefrbench.statistics.scoring import SUM_STATISTICS, Statistic

#: In the order of tables.
STATISTICS: dict[str, Statistic] = {
    **SUM_STATISTICS,
    SPEARMAN.name: SPEARMAN,
    RECUT.name: RECUT,
}


def get_statistic(name: str) -> Statistic:
    """Find a score by name.

    Raises
    ------
    UserError
        With the nearest names.
    """
    if name not in STATISTICS:
        raise unknown_name("score", name, STATISTICS)
    return STATISTICS[name]
