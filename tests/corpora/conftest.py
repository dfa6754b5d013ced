"""Fixtures of the corpora tests: the hub's clients in processes of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

import pytest

LOADER = """
import json, sys
from pathlib import Path
from cefrbench.corpora.load import load_essays
from cefrbench.contracts.corpus import Access
from cefrbench.errors import UserError
from cefrbench.plugins import PluginHost

host, found = PluginHost(), []
for name in json.loads(sys.argv[1]):
    access = Access(offline=sys.argv[2] == "offline", cache_dir=Path(sys.argv[3]))
    try:
        essays = load_essays(host.get_corpus(name), access=access)
    except UserError as error:
        found.append({"name": name, "error": str(error), "kind": type(error).__name__})
    else:
        found.append({
            "name": name, "revision": essays.revision, "fingerprint": essays.fingerprint,
            "texts": essays.texts, "card": essays.card.model_dump(mode="json"),
        })
print(json.dumps(found))
"""

LoadFromHub = Callable[..., dict[str, dict[str, Any]]]


@pytest.fixture(scope="session")
def load_from_hub() -> LoadFromHub:
    """Load corpora in a new process; gives essays or errors by name."""

    def load(
        names: Sequence[str], env: dict[str, str], *, offline: bool = False
    ) -> dict[str, dict[str, Any]]:
        mode = "offline" if offline else "online"
        command = [sys.executable, "-c", LOADER, json.dumps(list(names)), mode, env["HF_HOME"]]
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return {one["name"]: one for one in json.loads(done.stdout)}

    return load
