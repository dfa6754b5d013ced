"""cefrbench as a task of mteb: what the file of `results export --format mteb` builds on.

mteb hands over a model and takes scores. Corpora, folds, choice of penalty and scores are those of
`cefrbench run`, by the same path; of the model there is the one vector a text that mteb knows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, ClassVar

from mteb.abstasks.abstask import AbsTask

from cefrbench.config import merge
from cefrbench.contracts.cards import EncoderCard
from cefrbench.contracts.encoder import EncoderSpec
from cefrbench.errors import UserError
from cefrbench.features.store import default_cache_dir
from cefrbench.notebook.encoders import ByEncode
from cefrbench.notebook.evaluate import Given, run_options
from cefrbench.plugins import PluginHost
from cefrbench.progress import Silent

if TYPE_CHECKING:
    import numpy as np
    from mteb.models import EncoderProtocol
    from mteb.types.statistics import SplitDescriptiveStatistics
    from numpy.typing import NDArray

    from cefrbench.essays import Essays
    from cefrbench.results.model import RunResult

#: What results call the model that mteb hands over.
_NAME = "model:mteb"
_SPLIT = "test"


class CefrTask(AbsTask):
    """One protocol of a configuration, with the probe that a result favours.

    Parameters
    ----------
    data_dir : str or Path, optional
        Reads ``DIR/<corpus>.json`` in place of the hub.
    seed : int
        As mteb has it; splits and fits have the seeds of the configuration.
    """

    #: The configuration: fields of a run, with one protocol and one probe.
    settings: ClassVar[Mapping[str, Any]]
    #: Hash of the rows of each corpus, as the result had them.
    fingerprints: ClassVar[Mapping[str, str]]
    #: Hash of each fold: which text is trained on, chosen on and scored.
    manifests: ClassVar[Mapping[str, str]]

    def __init__(self, seed: int = 42, data_dir: str | Path | None = None, **kwargs: Any) -> None:
        super().__init__(seed=seed, **kwargs)
        self._own = dict(self.settings)
        if data_dir is not None:
            self._own["data_dir"] = str(data_dir)

    def load_data(self, num_proc: int | None = None, **kwargs: Any) -> None:
        """Load the corpora, and see that their rows are those of the result.

        Raises
        ------
        UserError
            When a corpus can't be loaded or has other rows.
        """
        if self.data_loaded:
            return
        from datasets import Dataset, DatasetDict

        essays = self._essays()
        for one in essays:
            if one.fingerprint != self.fingerprints[one.name]:
                raise UserError(
                    f"The rows of {one.name!r} have the fingerprint {one.fingerprint[:12]}…, and "
                    f"{self.fingerprints[one.name][:12]}… was expected: get the revision of the "
                    "corpus that the result names."
                )
        columns = {
            "text": [text for one in essays for text in one.texts],
            "label": [int(level) for one in essays for level in one.levels],
            "corpus": [one.name for one in essays for _ in one.texts],
        }
        self.dataset = {"default": DatasetDict({_SPLIT: Dataset.from_dict(columns)})}
        self.data_loaded = True

    def _essays(self) -> list[Essays]:
        from cefrbench.plan import Job, load_corpora

        job = Job(cache_dir=default_cache_dir(), progress=Silent(), fail_fast=True)
        return load_corpora(merge({}, self._own), PluginHost(), job).essays

    def _evaluate_subset(  # type: ignore[override]
        self,
        model: EncoderProtocol,
        data_split: object,
        *,
        hf_split: str,
        hf_subset: str,
        encode_kwargs: Mapping[str, Any],
        **kwargs: Any,
    ) -> dict[str, float]:
        """Score one model: the mean over corpora, and QWK of each corpus as ``qwk_CORPUS``."""
        from cefrbench.plan import Job

        seen = _Seen(model, self.metadata, hf_split, hf_subset, encode_kwargs)
        given = Given()
        card = EncoderCard(name=_NAME, description="The model that mteb hands over.")
        given.encoders.append(
            EncoderSpec(card, lambda name, options: ByEncode(seen, name, options))
        )
        options = self._own | {"encoders": [_NAME]}
        # Features are kept nowhere: mteb's models tell too little of themselves to be told apart.
        with TemporaryDirectory(prefix="cefrbench-") as scratch:
            job = Job(cache_dir=Path(scratch), progress=Silent(), fail_fast=True)
            found = run_options(options, PluginHost(given=(given,)), job).result
        self._check_split(found)
        return dict(_scores(found))

    def _check_split(self, found: RunResult) -> None:
        """See that each fold trains on, chooses on and scores what it did for the result."""
        made = {one.fold: one.manifest for one in found.splits if one.skipped is None}
        if made != self.manifests:
            raise UserError(
                f"The folds of {self.metadata.name} differ from those of the result that it was "
                "made of: another version of cefrbench splits otherwise; export the task again."
            )

    def _calculate_descriptive_statistics_from_split(
        self,
        split: str,
        *,
        hf_subset: str | None = None,
        compute_overall: bool = False,
        num_proc: int | None = None,
    ) -> SplitDescriptiveStatistics:
        """Count and measure the texts."""
        from mteb.abstasks._statistics_calculation import (
            calculate_label_statistics,
            calculate_text_statistics,
        )

        self.load_data()
        data = (self.dataset or {})[hf_subset or "default"][split]
        return {  # type: ignore[typeddict-unknown-key]
            "num_samples": len(data),
            "text_statistics": calculate_text_statistics(data["text"]),
            "label_statistics": calculate_label_statistics(data["label"]),
        }

    def _get_content_columns(self) -> dict[str, Any]:
        return {"text": "text"}


class _Seen:
    """A model of mteb as an object whose ``encode`` makes vectors of a list of texts."""

    def __init__(
        self,
        model: EncoderProtocol,
        metadata: Any,
        split: str,
        subset: str,
        options: Mapping[str, Any],
    ) -> None:
        self._model = model
        self._place = {"task_metadata": metadata, "hf_split": split, "hf_subset": subset}
        self._options = dict(options)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode texts, ``[text, dim]``, in mteb's own batches."""
        import numpy as np
        from datasets import Dataset
        from torch.utils.data import DataLoader

        rows = Dataset.from_dict({"text": list(texts)})
        batches = DataLoader(rows, batch_size=self._options.get("batch_size", 32))
        return np.asarray(self._model.encode(batches, **self._place, **self._options), np.float32)


def _scores(found: RunResult) -> Iterator[tuple[str, float]]:
    """Scores that are defined."""
    from cefrbench.results.selection import counted_scores
    from cefrbench.results.summary import mean_over_seeds

    probe = found.config.probes[0]
    (record,) = (one for one in found.summary if one.probe == probe)
    for name, value in record.chosen or record.oracle or ():
        if value is not None:
            yield name, value
    own = [one for one in counted_scores(found) if one.probe == probe]
    for corpus in record.corpora:
        value = mean_over_seeds([one for one in own if one.corpus == corpus]).qwk
        if value is not None:
            yield f"qwk_{corpus}", value
