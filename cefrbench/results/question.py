"""What may be compared: results that were asked the same question on the same texts.

One definition, for ``compare``, rankings, the leaderboard's cohorts and the reports on pull
requests: suite, form and scale, the texts of every corpus, and every split that both were run on.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from cefrbench.results.model import RunResult

#: (protocol, fold).
Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked of an encoder.

    Attributes
    ----------
    suite, form, scale : str
    corpora : dict of str to (str, int)
        Fingerprint and number of texts, by corpus.
    splits : dict of (str, str) to str or None
        Manifest of each protocol's folds; None for a fold that was skipped.
    """

    suite: str
    form: str
    scale: str
    corpora: dict[str, tuple[str, int]]
    splits: dict[Place, str | None]

    def key(self) -> str:
        """Hash of the question: results with one key can be compared under all they were run on.

        Stricter than :func:`difference`, which passes over a split that only one of two has.
        """
        facts = {
            "suite": self.suite,
            "form": self.form,
            "scale": self.scale,
            "corpora": sorted((name, *texts) for name, texts in self.corpora.items()),
            "splits": sorted((*place, m or "") for place, m in self.splits.items()),
        }
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]


def question_of(result: RunResult) -> Question:
    """Take from a result what was asked."""
    return Question(
        suite=result.suite,
        form=result.config.form,
        scale="/".join(result.scale),
        corpora={c.card.name: (c.fingerprint, c.texts) for c in result.corpora},
        splits={(split.protocol, split.fold): split.manifest for split in result.splits},
    )


def difference(first: Question, other: Question) -> str | None:
    """Why results with these questions can't be compared; None when they can.

    Returns
    -------
    str or None
        A clause that follows "can't be compared:", with what to do.
    """
    for what in ("suite", "form", "scale"):
        ours, theirs = getattr(first, what), getattr(other, what)
        if ours != theirs:
            return (
                f"the {what} is {ours!r} in one and {theirs!r} in the other; "
                f"run both under the same {what}"
            )
    if first.corpora.keys() != other.corpora.keys():
        apart = ", ".join(sorted(first.corpora.keys() ^ other.corpora.keys()))
        return f"only one of them was run on {apart}; run both on the same corpora"
    return other_texts(first, other) or _other_split(first, other)


def other_texts(first: Question, other: Question) -> str | None:
    """Say which of the corpora that both were run on has other texts; None when none has."""
    for name, (fingerprint, texts) in first.corpora.items():
        theirs = other.corpora.get(name, (fingerprint, texts))
        if theirs != (fingerprint, texts):
            return (
                f"the texts of {name} are not the same ({texts:,} with the fingerprint "
                f"{fingerprint[:12]}… in one, {theirs[1]:,} with {theirs[0][:12]}… in the other); "
                "run both on the same revision"
            )
    return None


def _other_split(first: Question, other: Question) -> str | None:
    for place, manifest in first.splits.items():
        if other.splits.get(place, manifest) != manifest:
            protocol, fold = place
            return (
                f"the fold {fold!r} of {protocol} splits the texts in another way (the manifests "
                "differ); run both with the same split_seed and version"
            )
    return None
