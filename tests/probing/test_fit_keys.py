"""What was fitted is served again only where nothing that it depends on is another."""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from planted_world import World, fits_in

from cefrbench.engines.transformer import loading

#: Fits of one run: two layers, one fold and one inner cut.
ALL = 4
#: In the study's form, which has no inner cut.
STUDY = 2


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def count(world: World, *options: str, **changes: Any) -> int:
    """Number of fits of a run, the others being served from the cache."""
    return len(fits_in(world.run(*options, **changes)))


def test_the_same_run_again_fits_nothing(world: World) -> None:
    assert count(world) == ALL
    assert count(world) == 0


def test_force_fits_again(world: World) -> None:
    count(world)
    assert count(world, "--force") == ALL
    assert count(world) == 0


@pytest.mark.parametrize(
    "change",
    [
        {"encoder": "mirror"},
        {"details": {"precision": "half"}},
        {"params": {"alpha": 2}},
        {"backwards": True},
        {"last_held_row": 15},
        {"corpora": ("right", "left")},
        {"corpora": ("left",)},
        {"config": {"scale": "cefr6"}},
        {"probes": ("seeded",)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_change_fits_again_and_leaves_what_was_there(world: World, change: dict) -> None:
    count(world)
    assert count(world, **change) == ALL
    assert count(world, **change) == 0
    assert count(world) == 0


def test_another_device_fits_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    # No machine of the tests has it; planted probes don't mind.
    monkeypatch.setattr(loading, "choose_devices", lambda device: (device,))
    count(world)
    assert count(world, "--device", "mps") == ALL


def test_another_seed_fits_again_where_a_seed_matters(world: World) -> None:
    count(world, probes=("seeded", "alone"))
    # On each layer two seeds of the fold; a choice is made with the first one alone.
    assert count(world, "--seed", "1", probes=("seeded", "alone")) == 2 * (2 + 1)
    assert count(world, "--seed", "1", probes=("alone",)) == 0


def test_another_layer_is_fitted(world: World) -> None:
    assert count(world, "--layers", "1") == ALL / 2
    assert count(world, "--layers", "2") == ALL / 2
    assert count(world) == 0


@pytest.mark.parametrize("form", ["study", "corrected"])
def test_another_form_fits_again_even_on_the_same_folds(world: World, form: str) -> None:
    """Levels and weights of repeated texts differ."""
    for texts in world.corpora.values():
        # Only a training text has two levels: both forms have the same folds.
        texts[15].levels, texts[20].levels = ("A1",), ("B1",)
    other = {"study": "corrected", "corrected": "study"}[form]
    count(world, config={"form": form, "analyses": []})
    assert (
        count(world, config={"form": other, "analyses": []})
        == {"study": STUDY, "corrected": ALL}[other]
    )


def test_an_encoder_whose_rows_keep_their_own_level_fits_again(world: World) -> None:
    config = {"form": "study", "analyses": []}
    count(world, config=config)
    assert count(world, config=config | {"own_level_encoders": ["reader"]}) == STUDY


def test_another_text_another_level_and_another_language_fit_again(world: World) -> None:
    count(world)
    world.corpora["left"][0].says = (8, -8)
    assert count(world) == ALL
    world.corpora["left"][0].levels = ("A2",)
    assert count(world) == ALL
    world.fields["lang"] = "en-GB"
    assert count(world) == ALL


# -- code and its surroundings -------------------------------------------------------------------


#: A probe in a package, and the module that it computes with.
PACKAGE = {
    "__init__.py": "",
    "arithmetic.py": "def tell(X):\n    return X[:, 2]\n",
    "probe.py": """
import os
from pathlib import Path
from planted_package.arithmetic import tell

class Telling:
    def fit(self, X, y, sample_weight=None):
        with Path(os.environ["PLANTED_LOG"]).open("a") as file:
            file.write('{"probe": "packaged"}\\n')
        return self

    def predict(self, X):
        return tell(X)
""",
}
REGISTERS = """
from cefrbench import ProbeCard, ProbeSpec, hookimpl

def make(options):
    from planted_package.probe import Telling
    return Telling()

@hookimpl
def register_probes(register):
    card = ProbeCard(name="packaged", description="Planted.", kind="regressor")
    register(ProbeSpec(card, make))
"""


@pytest.mark.parametrize(
    "edited", ["packages/planted_package/probe.py", "packages/planted_package/arithmetic.py"]
)
def test_a_probe_is_fitted_again_when_it_or_what_it_computes_with_is_edited(
    world: World, monkeypatch: pytest.MonkeyPatch, edited: str
) -> None:
    package = world.folder / "packages" / "planted_package"
    package.mkdir(parents=True)
    for name, text in PACKAGE.items():
        (package / name).write_text(text)
    (world.plugins / "packaged.py").write_text(REGISTERS)
    monkeypatch.syspath_prepend(package.parent)
    for name in [name for name in sys.modules if name.startswith("planted_package")]:
        monkeypatch.delitem(sys.modules, name)
    assert count(world, probes=("packaged",)) == ALL
    assert count(world, probes=("packaged",)) == 0
    count(world)
    with (world.folder / edited).open("a") as file:
        file.write("\n# edited\n")
    assert count(world, probes=("packaged",)) == ALL
    assert count(world) == 0, "another probe has nothing to do with it"


def test_an_edited_loose_file_is_fitted_again(world: World) -> None:
    path = world.plugins / "packaged.py"
    path.write_text(
        PACKAGE["probe.py"].replace("from planted_package.arithmetic import tell\n", "")
        + PACKAGE["arithmetic.py"]
        + REGISTERS.replace("    from planted_package.probe import Telling\n", "")
    )
    assert count(world, probes=("packaged",)) == ALL
    assert count(world, probes=("packaged",)) == 0
    with path.open("a") as file:
        file.write("\n# edited\n")
    assert count(world, probes=("packaged",)) == ALL


@pytest.mark.parametrize("package", ["cefrbench", "numpy", "scipy", "scikit-learn", "torch"])
def test_another_version_of_what_computes_fits_again(
    world: World, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    count(world)
    real = metadata.version
    monkeypatch.setattr(metadata, "version", lambda n: "0.0" if n == package else real(n))
    assert count(world) == ALL
    monkeypatch.undo()
    assert count(world) == 0


def test_resampled_fits_are_kept_apart_and_counted_by_their_number(world: World) -> None:
    """Refits are fitted at one layer, one a replicate; more of them are another set."""
    count(world)
    assert count(world, config={"refits": 3}) == 3
    assert count(world, config={"refits": 3}) == 0
    assert count(world, config={"refits": 5}) == 5
    assert count(world) == 0


@pytest.mark.parametrize("penalty", [True, False])
def test_every_value_of_a_penalty_is_fitted_and_another_one_again(
    world: World, penalty: bool
) -> None:
    """Of a probe with a penalty; the grid of its card is two values."""
    given = {"penalty": [3.0, 1.0]} if penalty else {}
    assert count(world, **given) == (2 * ALL if penalty else ALL)
    assert count(world, **given) == 0
    if penalty:
        assert count(world, "--penalty", "together=7", **given) == ALL
        assert count(world, "--penalty", "together=8", **given) == ALL
        assert count(world, "--penalty", "together=7", **given) == 0
