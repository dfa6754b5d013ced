"""How many MLPs train at once, and where: threads on the CPU, stacks that fit on an accelerator."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from cefrbench.engines.cores import cores_each, over_cores, workers_for
from cefrbench.engines.mlp.model import Model, Settings
from cefrbench.engines.mlp.stack import Stack
from cefrbench.mapped import pages_of, stretches
from cefrbench.memory import free_attempt, lacks_memory

#: Weights, gradients and Adam's two moments; one more where the best weights are kept.
COPIES = 4
#: Most memory for models in training on the CPU.
HOST_BYTES = 1 << 30
#: Most models in one stack: more hide no more of what calling an operation costs.
MOST_TOGETHER = 32
#: Widths up to which the CPU trains models of one kind in stacks.
NARROW = 768
#: Share of an accelerator's free memory that a stack may take.
DEVICE_SHARE = 0.7


def train_all(models: Sequence[Model], X: NDArray[Any], settings: Settings, device: str) -> None:
    """Train models; each is left with its scores or its weights.

    Parameters
    ----------
    models : sequence of Model
    X : ndarray, shape (n, dim)
        One layer's features, float32 or float64.
    settings : Settings
    device : str

    Raises
    ------
    torch.OutOfMemoryError
        When an accelerator has no room for even one model.
    """
    # Features may be read-only, which torch doesn't know.
    X = np.require(X, requirements=["C", "W"])
    if device == "cpu":
        _train_on_host(models, X, settings)
        return
    features = _sent(X, device)
    shapes: dict[tuple[str, int], list[Model]] = {}
    for model in models:
        shapes.setdefault((model.labels.output, model.labels.outputs), []).append(model)
    for alike in shapes.values():
        _train_on_device(alike, features, settings)


def _sent(X: NDArray[Any], device: str) -> torch.Tensor:
    """Features on an accelerator, copied a stretch at a time."""
    whole = torch.from_numpy(X)
    dtype = torch.float32 if device.startswith("mps") else whole.dtype
    features = torch.empty(whole.shape, dtype=dtype, device=device)
    for part in stretches(X):
        features[part] = whole[part].to(dtype)
    return features


def _train_on_host(models: Sequence[Model], X: NDArray[Any], settings: Settings) -> None:
    """One stack a thread.

    Threads a product depends on the machine and the width alone, never on the number of models,
    so that a model's numbers are the same whatever is trained beside it.
    """
    features = torch.from_numpy(X)
    source = X if pages_of(X) is not None else None
    stacks = _stacks(models, features.shape[1])
    largest = max(map(len, stacks), default=1)
    workers = workers_for(largest * _bytes(features, models), HOST_BYTES)

    def train(stack: list[Model]) -> None:
        torch.set_num_threads(cores_each(workers))
        _train(features, stack, settings, on_device=False, source=source)

    threads = torch.get_num_threads()
    try:
        # The longest first, so that no core is left with it at the end.
        over_cores(train, sorted(stacks, key=lambda s: -len(s) * len(s[0].rows)), workers)
    finally:
        torch.set_num_threads(threads)


def _stacks(models: Sequence[Model], dim: int) -> list[list[Model]]:
    """Models that train in step: wide ones each by itself, others with their like.

    The step of a narrow model is too short to hide what calling an operation costs. Only models
    with equally many rows are put together, a fold's seeds for instance: none of their batches is
    ever filled up, and each model goes through the arithmetic that it would go through alone.
    There are enough stacks for every core to have two.
    """
    most = min(MOST_TOGETHER, max(1, len(models) // (2 * cores_each(1)))) if dim <= NARROW else 1
    alike: dict[tuple[int, str, int], list[Model]] = {}
    for model in models:
        key = (len(model.rows), model.labels.output, model.labels.outputs)
        alike.setdefault(key, []).append(model)
    return [same[i : i + most] for same in alike.values() for i in range(0, len(same), most)]


def _train_on_device(models: Sequence[Model], features: torch.Tensor, settings: Settings) -> None:
    """As many models at once as there is memory for; half as many when there was too little."""
    at_once = len(models)
    if features.device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(features.device)
        at_once = max(1, min(at_once, int(DEVICE_SHARE * free) // _bytes(features, models)))
    start = 0
    while start < len(models):
        part = models[start : start + at_once]
        try:
            with _tensor_cores():
                _train(features, part, settings, on_device=True)
        except RuntimeError as error:
            if len(part) == 1 or not lacks_memory(error):
                raise
            free_attempt(error, features.device)
            for model in part:
                model.rewind()
            at_once = (len(part) + 1) // 2
        else:
            start += len(part)


@contextmanager
def _tensor_cores() -> Iterator[None]:
    """Let an accelerator round the factors of float32 products to TF32's eleven bits.

    By the makers' figures such products are several times as fast. Emulated, it moved scores less
    than other seeds would (docs/performance.md).
    """
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


def _train(
    features: torch.Tensor,
    models: Sequence[Model],
    settings: Settings,
    *,
    on_device: bool,
    source: NDArray[Any] | None = None,
) -> None:
    # A model that overflows is seen by its loss, and stops.
    with np.errstate(over="ignore", invalid="ignore"):
        Stack(features, models, settings, on_device=on_device, source=source).train()


def _bytes(features: torch.Tensor, models: Sequence[Model]) -> int:
    """Memory that one model takes in training, without its batches."""
    dim = features.shape[1]
    copies = COPIES + any(model.validation for model in models)
    return copies * dim * (dim + 8) * features.element_size()
