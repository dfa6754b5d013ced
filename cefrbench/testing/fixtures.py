"""The pytest plugin: fixtures for tests of corpora, encoders and probes.

Nothing heavy is imported until a test asks for a fixture, so that having cefrbench installed
costs other test suites nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from cefrbench.contracts.corpus import Corpus
    from cefrbench.contracts.encoder import Encoder


@pytest.fixture
def tiny_corpus() -> Corpus:
    """Thirty invented English texts, six at each of A1 to C1; in memory."""
    from cefrbench.testing.tiny import TinyCorpus

    return TinyCorpus()


@pytest.fixture
def tiny_encoder() -> Encoder:
    """A loaded encoder of hashed words: layers 0 to 2, 16 wide, the same in every process."""
    from cefrbench.testing.tiny import TinyEncoder

    return TinyEncoder()


@pytest.fixture
def tmp_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder, and ``CEFRBENCH_CACHE_DIR`` pointing to it."""
    folder = tmp_path / "cefrbench-cache"
    folder.mkdir()
    monkeypatch.setenv("CEFRBENCH_CACHE_DIR", str(folder))
    return folder
