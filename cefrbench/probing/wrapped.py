"""A method against corpus bias around a probe: ``METHOD+PROBE`` is a probe like any other.

What it fits is the probe's own, on what the method prepares of each training set; what it is
handed of the scored texts is decided in :mod:`cefrbench.probing.withheld`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cefrbench.contracts.cards import PLUS, MethodCard, Penalty, ProbeCard
from cefrbench.contracts.method import MethodOptions, MethodSpec, Prepared, as_predicted, same
from cefrbench.contracts.probe import FitsPaths, FoldFit, FoldRows, ProbeOptions, ProbeSpec
from cefrbench.cores import usable_cores
from cefrbench.engines.checks import training_weight
from cefrbench.engines.cores import over_cores
from cefrbench.errors import PluginError, ProbeError, UserError
from cefrbench.probing import withheld
from cefrbench.probing.fit import FitFailure, fit_paths
from cefrbench.probing.withheld import MethodPart, Training, checked

if TYPE_CHECKING:
    from cefrbench.plugins import PluginHost

#: Most strengths of a method: each costs as many fits as the whole grid of penalties.
MOST = 5

Doubles = NDArray[np.float64]


# -- names ---------------------------------------------------------------------------------------


def find_probe(host: PluginHost, name: str) -> ProbeSpec:
    """Find a probe by name, or make one of a method and a probe: ``METHOD+PROBE``.

    Raises
    ------
    UserError
        For a name that nobody registered, and for a probe that reads texts.
    """
    method, plus, probe = name.partition(PLUS)
    if not plus:
        return host.get_probe(name)
    if PLUS in probe:
        raise UserError(
            f"The probe {name!r} has more than one method before it: write METHOD+PROBE, with one."
        )
    return wrap(host.get_method(method), host.get_probe(probe))


def spelt_probe(host: PluginHost, name: str) -> str:
    """A probe's name as it was registered, whatever its case; with its method's, if it has one."""
    method, plus, probe = name.partition(PLUS)
    if not plus:
        return host.probes.spelt(name)
    return f"{host.methods.spelt(method)}{PLUS}{host.probes.spelt(probe)}"


# -- settings ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MethodSettings:
    """What the harness chooses of a wrapped probe: each penalty with each strength, by number.

    Numbers go through the strengths of one penalty before they go on to the next, so that of
    settings that do alike the strongest comes first. A method without strengths leaves the
    penalties as they are.

    Attributes
    ----------
    penalty : Penalty or None
        The probe's own.
    strengths : tuple of float
    """

    penalty: Penalty | None
    strengths: tuple[float, ...]

    @property
    def axis(self) -> Penalty | None:
        """The penalty of the wrapped probe's card."""
        if not self.strengths:
            return self.penalty
        count = len(self._pairs)
        if count == 1:
            return None
        numbers = tuple(float(number) for number in range(1, count + 1))
        return Penalty(name="setting", values=numbers, strongest="smallest")

    @property
    def _pairs(self) -> list[tuple[float | None, float]]:
        values = (None,) if self.penalty is None else self.penalty.values
        return [(value, strength) for value in values for strength in self.strengths]

    def pair(self, value: float | None) -> tuple[float | None, float | None]:
        """Penalty and strength of a setting; None is the probe's own penalty, the first strength.

        Raises
        ------
        ProbeError
            For a number that no setting has.
        """
        if not self.strengths:
            return value, None
        if value is None:
            return None, self.strengths[0]
        number = int(value)
        if number != value or not 1 <= number <= len(self._pairs):
            raise ProbeError(
                f"There is no setting {value:g}: settings are numbered 1 to {len(self._pairs)}."
            )
        return self._pairs[number - 1]


def wrap(method: MethodSpec, probe: ProbeSpec) -> ProbeSpec:
    """Make the probe that a method and a probe are together.

    Raises
    ------
    UserError
        For a probe that reads texts, and a method with too many strengths.
    """
    card = method.card
    if probe.reads == "texts":
        raise UserError(
            f"Probe {probe.name!r} reads texts, and method {card.name!r} changes features: wrap a "
            "probe of features, ridge say."
        )
    if len(card.strengths) > MOST:
        raise PluginError(
            f"Method {card.name!r} has {len(card.strengths)} strengths: {MOST} at most, each costs "
            "a sweep."
        )
    return ProbeSpec(wrapped_card(card, probe.card), partial(WrappedProbe, method, probe))


def wrapped_card(method: MethodCard, probe: ProbeCard) -> ProbeCard:
    """What a wrapped probe says of itself."""
    settings = MethodSettings(probe.penalty, method.strengths)
    params = dict(probe.params) | {"method": method.name, "sees": method.sees}
    if method.strengths:
        params["strengths"] = " ".join(f"{value:g}" for value in method.strengths)
        if probe.penalty is not None:
            params[f"{probe.penalty.name}s"] = " ".join(f"{v:g}" for v in probe.penalty.values)
    follows = probe.layer_from
    return ProbeCard(
        name=f"{method.name}{PLUS}{probe.name}",
        description=f"{method.description.rstrip('.')}; then {probe.name}: {probe.description}",
        # What moves predictions moves them off the classes.
        kind="regressor" if method.moves == "predictions" else probe.kind,
        seeded=probe.seeded or method.seeded,
        params=params,
        layer_from=None if follows is None else f"{method.name}{PLUS}{follows}",
        penalty=settings.axis if follows is None else None,
        source=f"{method.paper}; {probe.source}" if probe.source else method.paper,
        extra=probe.extra,
    )


# -- fits ----------------------------------------------------------------------------------------


class WrappedProbe:
    """The estimator of ``METHOD+PROBE``; it is fitted over folds that know where rows are from."""

    def __init__(self, method: MethodSpec, probe: ProbeSpec, options: ProbeOptions) -> None:
        self.method = method
        self.probe = probe
        self.options = options
        self.settings = MethodSettings(probe.card.penalty, method.card.strengths)
        # What can't be made, for want of a package say, is an error before any fit.
        self._inner = probe.make(replace(options, penalty=None))
        self._made = self._method(options.seed, self.settings.pair(options.penalty)[1])

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Refuse: rows alone don't say which corpora they are of."""
        raise ProbeError(
            f"{self.method.name}{PLUS}{self.probe.name} is fitted over folds, which say which "
            "corpus each row is of: run it with --probe, or call fit_paths."
        )

    def predict(self, X: Any) -> Any:
        """Refuse, as :meth:`fit`."""
        return self.fit(X, None)

    def sources(self) -> tuple[object, ...]:
        """Objects whose code makes the predictions."""
        return self.method.make, self._made, self.probe.make, self._inner

    def versions(self) -> str:
        """What else the predictions depend on: how methods are handed things, and the library."""
        digest = hashlib.sha256()
        for file in (__file__, withheld.__file__):
            digest.update(Path(file).read_bytes())
        library = self.method.card.library
        try:
            version = metadata.version(library) if library else ""
        except metadata.PackageNotFoundError:
            version = ""
        return f"{digest.hexdigest()} {library} {version}"

    def fit_folds(
        self,
        X: NDArray[np.float32],
        y: NDArray[np.int64],
        folds: Sequence[FoldRows],
        *,
        sample_weight: Doubles | None = None,
        seeds: Sequence[int | None] = (None,),
    ) -> list[list[FoldFit]]:
        """Fit all folds with the setting of the options."""
        paths = self._fit(X, y, folds, (self.options.penalty,), sample_weight, seeds)
        return [path[0] for path in paths]

    def fit_paths(
        self,
        X: NDArray[np.float32],
        y: NDArray[np.int64],
        folds: Sequence[FoldRows],
        *,
        penalties: Sequence[float],
        sample_weight: Doubles | None = None,
        seeds: Sequence[int | None] = (None,),
    ) -> list[list[list[FoldFit]]]:
        """Fit all folds with all settings; see :class:`cefrbench.contracts.probe.FitsPaths`."""
        return self._fit(X, y, folds, penalties, sample_weight, seeds)

    def _fit(
        self,
        X: NDArray[np.float32],
        y: NDArray[np.int64],
        folds: Sequence[FoldRows],
        settings: Sequence[float | None],
        sample_weight: Doubles | None,
        seeds: Sequence[int | None],
    ) -> list[list[list[FoldFit]]]:
        # Fits of plain estimators limit threads for the whole process: those go one by one.
        many = self.options.device == "cpu" and isinstance(self._inner, FitsPaths)

        def fit(rows: FoldRows) -> list[list[FoldFit]]:
            training = Training.of(X, y, rows, training_weight(rows, sample_weight))
            columns = [_Fold(self, training, settings, seed).fit() for seed in seeds]
            return [list(row) for row in zip(*columns, strict=True)]

        return over_cores(fit, folds, min(len(folds), usable_cores()) if many else 1)

    def _method(self, seed: int | None, strength: float | None) -> Any:
        options = self.options
        return self.method.make(
            MethodOptions(seed or 0, options.device, options.n_classes, strength)
        )

    def prepare(self, part: MethodPart, seed: int | None, strength: float | None) -> Prepared:
        """Let a fresh method prepare one part.

        Raises
        ------
        ProbeError
            When it breaks, or gives what no probe can be fitted on.
        """
        card = self.method.card
        try:
            prepared = self._method(seed, strength).prepare(part.source, part.unlabelled)
        except (UserError, MemoryError):
            raise
        except Exception as error:
            if type(error).__name__ == "OutOfMemoryError":
                raise
            raise ProbeError(
                f"Method {card.name!r} failed ({type(error).__name__}: {error})."
            ) from error
        return checked(prepared, card, self.options.n_classes)


@dataclass(slots=True)
class _Fold:
    """The fits of one fold with one seed."""

    wrapped: WrappedProbe
    training: Training
    settings: Sequence[float | None]
    seed: int | None

    def fit(self) -> list[FoldFit]:
        """One fit a setting."""
        wrapped, training = self.wrapped, self.training
        pairs = [wrapped.settings.pair(value) for value in self.settings]
        found: list[FoldFit | None] = [None] * len(pairs)
        # Methods that change predictions alone share the fits of what the probe itself would fit.
        plain: dict[tuple[float | None, ...], list[FoldFit]] = {}
        for strength in dict.fromkeys(strength for _, strength in pairs):
            own = [i for i, pair in enumerate(pairs) if pair[1] == strength]
            penalties = tuple(pairs[i][0] for i in own)
            for alike in self._alike(strength):
                first, start = alike[0].prepared, 0
                if alike[0].is_plain:
                    if penalties not in plain:
                        plain[penalties] = self._fits(
                            first, [training.source.X, training.predict], penalties
                        )
                    fits = plain[penalties]
                else:
                    rows = [block for one in alike for block in (one.known, one.transformed)]
                    fits = self._fits(first, rows, penalties)
                for one in alike:
                    known = slice(start, start + len(one.known))
                    places = known.stop + np.arange(len(one.transformed))
                    start = known.stop + len(places)
                    if one.is_plain:
                        known = slice(0, len(training.source.X))
                        places = known.stop + one.part.places
                    for i, fit in zip(own, fits, strict=True):
                        found[i] = self._joined(found[i], fit, one, known, places)
                    one.ask_again()
        return [fit for fit in found if fit is not None]

    def _alike(self, strength: float | None) -> list[list[_Ready]]:
        """Prepare all parts; those that the probe would be fitted on alike stand together."""
        groups: dict[object, list[_Ready]] = {}
        for part in self.training.parts(self.wrapped.method.card):
            one = _Ready.of(part, self.wrapped.prepare(part, self.seed, strength))
            alone = self.wrapped.method.card.sees == "source"
            groups.setdefault(None if alone else one.key(), []).append(one)
        return list(groups.values())

    def _fits(
        self,
        prepared: Prepared,
        after: Sequence[NDArray[np.float32]],
        penalties: tuple[float | None, ...],
    ) -> list[FoldFit]:
        """Fit the probe on what was prepared, with each penalty, and predict other rows."""
        wrapped, n = self.wrapped, len(prepared.X)
        X = np.concatenate([prepared.X, *after]).astype(np.float32, copy=False)
        y = np.zeros(len(X), dtype=np.int64)
        y[:n] = prepared.y
        as_many = n == len(self.training.source.X)
        rows = FoldRows(
            np.arange(n),
            np.arange(n, len(X)),
            np.asarray(prepared.weight, dtype=np.float64),
            groups=self.training.groups if as_many else None,
        )
        options = replace(wrapped.options, penalty=None)
        (path,) = fit_paths(
            *(wrapped.probe, options, X, y, [rows]), penalties=penalties, seeds=(self.seed,)
        )
        fits = []
        for (fit,) in path:
            if isinstance(fit, FitFailure):
                raise ProbeError(fit.message)
            fits.append(fit)
        return fits

    def _joined(
        self,
        so_far: FoldFit | None,
        fit: FoldFit,
        one: _Ready,
        known: slice,
        places: NDArray[np.intp],
    ) -> FoldFit:
        """Put what was predicted of one part beside that of the others."""
        n = len(self.training.predict)
        values, scores = fit.predictions[places], fit.scores
        own = None if scores is None else scores[places]
        if one.prepared.finish is not as_predicted:
            raw = fit.predictions if scores is None else scores
            values = own = one.part.finished(one.prepared, raw[known], raw[places])
        if so_far is None:
            so_far = FoldFit(np.full(n, np.nan), scores=None if own is None else np.full(n, np.nan))
        so_far.predictions[one.part.places] = values
        if so_far.scores is not None and own is not None:
            so_far.scores[one.part.places] = own
        so_far.iterations = fit.iterations
        so_far.converged &= fit.converged
        so_far.message = so_far.message or fit.message
        return so_far


@dataclass(frozen=True, slots=True)
class _Ready:
    """A part that a method has prepared.

    Attributes
    ----------
    part : MethodPart
    prepared : Prepared
    ask_again : callable
        See :meth:`MethodPart.watching`.
    is_plain : bool
        Whether the probe fits and reads what it would by itself.
    known, transformed : ndarray of float32
        Source texts, where their predictions count, and rows to predict, as the probe reads them.
    """

    part: MethodPart
    prepared: Prepared
    ask_again: Callable[[], None]
    is_plain: bool
    known: NDArray[np.float32]
    transformed: NDArray[np.float32]

    @classmethod
    def of(cls, part: MethodPart, prepared: Prepared) -> _Ready:
        """Ask for all rows."""
        ask_again = part.watching(prepared)
        source = part.source
        is_plain = (
            prepared.X is source.X
            and prepared.y is source.y
            and prepared.weight is source.weight
            and prepared.transform is same
        )
        rows = part.source_rows(prepared), part.transformed(prepared)
        return cls(part, prepared, ask_again, is_plain, *rows)

    def key(self) -> object:
        """Equal where a probe is fitted on the same."""
        if self.is_plain:
            return None
        digest = hashlib.blake2b()
        for values in (self.prepared.X, self.prepared.y, self.prepared.weight):
            digest.update(f"{values.dtype} {values.shape}".encode())
            digest.update(np.ascontiguousarray(values).data)
        return digest.digest()
