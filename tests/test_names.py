"""A name means one thing in the whole house."""

import ast
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOUSE = ("cefrbench", "plugins", "leaderboard")


def test_no_two_public_classes_have_one_name():
    names = Counter(
        node.name
        for folder in HOUSE
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    assert len(names) > 100
    assert [name for name, count in names.items() if count > 1] == []
