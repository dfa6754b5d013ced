"""A name means one thing in the whole house."""

import ast
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOUSE = ("cefrbench", "plugins", "leaderboard")
TREES = [
    ast.parse(path.read_text("utf-8")) for name in HOUSE for path in (ROOT / name).rglob("*.py")
]
CLASSES = Counter(
    node.name for tree in TREES for node in ast.walk(tree) if isinstance(node, ast.ClassDef)
)


def test_no_two_classes_have_one_name():
    assert len(CLASSES) > 150
    assert [name for name, count in CLASSES.items() if count > 1] == []


def test_no_alias_of_a_type_has_the_name_of_a_class():
    assigned = {
        target.id
        for tree in TREES
        for node in tree.body
        if isinstance(node, (ast.Assign, ast.AnnAssign))
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }
    assert not assigned & CLASSES.keys()
