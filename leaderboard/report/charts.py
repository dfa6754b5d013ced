"""All charts of an explanation, with the topics of the sentences that they stand below."""

from __future__ import annotations

from collections.abc import Iterator

from cefrbench.results.explanation import Explanation
from cefrbench_leaderboard.charts.chart import Chart
from cefrbench_leaderboard.report.gap import (
    errors_chart,
    layers_chart,
    parts_chart,
    residuals_chart,
)
from cefrbench_leaderboard.report.ladders import claim_chart, label_shift_chart, shifts_chart
from cefrbench_leaderboard.report.readings import identity_chart, learning_chart, price_chart


def charts(explanation: Explanation) -> Iterator[tuple[str, Chart]]:
    """Topics and charts, in the order of the page; what has no figures is left out."""
    made = (
        ("claim", claim_chart(explanation)),
        ("decomposition", parts_chart(explanation)),
        ("decomposition", errors_chart(explanation)),
        ("layers", layers_chart(explanation)),
        ("drift", residuals_chart(explanation)),
        ("label shift", label_shift_chart(explanation)),
        ("shifts", shifts_chart(explanation)),
        ("readings", identity_chart(explanation)),
        ("readings", price_chart(explanation)),
        ("readings", learning_chart(explanation, "learning-curve")),
        ("readings", learning_chart(explanation, "mixed")),
    )
    yield from ((topic, chart) for topic, chart in made if chart is not None)
