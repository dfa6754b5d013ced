"""Statistics stand below results and pages, and know neither."""

import ast
from pathlib import Path

import cefrbench.statistics

ROOM = Path(cefrbench.statistics.__file__).parent
#: What its modules may import of this package.
BELOW = ("cefrbench.statistics", "cefrbench.contracts", "cefrbench.errors")


def test_statistics_import_nothing_from_above() -> None:
    seen = {
        (path.name, node.module)
        for path in ROOM.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom)
        and node.module is not None
        and node.module.startswith("cefrbench")
    }
    assert seen
    assert [place for place in sorted(seen) if not place[1].startswith(BELOW)] == []
