"""Make the table of docs/methods-planted.md anew: five minutes on one core."""

from __future__ import annotations

import sys
from pathlib import Path

from planted_bias import BREAKS, RECOVERS, STRENGTHS, Bias, cell, planted

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "methods-planted.md"


def shown(value: float) -> str:
    """Write a score as pages do, without its 0."""
    return f"{value:.2f}".replace("0.", ".", 1)


def three(row: str, name: str) -> str:
    """One cell: three strengths, bold where the method recovers, in italics where it breaks."""
    text = " ".join(shown(cell(row, planted(name, value))) for value in STRENGTHS[name][0])
    if name == RECOVERS.get(row, ("",))[0]:
        return f"**{text}**"
    return f"*{text}*" if name == BREAKS.get(row) else text


def table() -> str:
    """The table, in Markdown."""
    lines = [["", "nothing", *STRENGTHS], ["---"] * (len(STRENGTHS) + 2)]
    for row in ("ceiling", "plain", *sorted(RECOVERS)):
        lines.append([f"`{row}`" if row in RECOVERS else row, shown(cell(row, Bias()))])
        lines[-1] += [three(row, name) for name in STRENGTHS]
        print(*lines[-1], flush=True)
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / "docs"))
    from generate import between

    PAGE.write_text(between(PAGE.read_text("utf-8"), "planted", "\n" + table() + "\n"), "utf-8")
