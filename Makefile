# Two commands do all the set-up: `make run` runs the main job, `make test` passes the tests.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: run test reference lint types docs pictures docs-check docs-site statistics pins licences audit mutants faults bench ablation why track clean

# -- set-up: each stamp is an environment with what its jobs need ---------------------------------

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) install --quiet --constraint constraints.txt --editable '.[leaderboard]'
	touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@ $(VENV)/.run

# -- jobs -----------------------------------------------------------------------------------------

run: $(VENV)/.run  ## The offline suite, its table, its result, and a site that shows it.
	$(BIN)/cefrbench run --suite quickstart --output out
	$(BIN)/cefrbench leaderboard build --results out --out site --corpora leaderboard/corpora

test: $(VENV)/.dev  ## Tests, on all cores; `make test ARGS='-k levels'` for some.
	$(BIN)/python -m pytest $(or $(ARGS),-m 'not reference and not long' -n auto --dist loadfile --no-loadscope-reorder --durations=25)

reference: $(VENV)/.dev  ## What takes longest: figures of other implementations on real corpora, where they lie beside the checkout.
	$(BIN)/python -m pytest -m 'reference or long' $(ARGS)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy
	$(BIN)/mypy docs/*.py .github/review/*.py

docs: $(VENV)/.dev  ## Write the generated parts of the docs anew.
	$(BIN)/python docs/generate.py

pictures: $(VENV)/.dev  ## The README's pictures anew; `make pictures ARGS='--all DIR'`: every page in every way, to look at.
	$(BIN)/python tests/leaderboard/look.py $(ARGS)

docs-check: $(VENV)/.dev
	$(BIN)/python docs/generate.py --check

docs-site: $(VENV)/.dev  ## The docs as a site in build/docs, its tutorial executed anew.
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going docs build/docs

statistics: $(VENV)/.dev  ## The tables of docs/statistics.md anew, by simulation; an hour or two.
	OMP_NUM_THREADS=1 $(BIN)/python tests/statistics/tables.py $(ARGS)

pins: $(VENV)/.dev  ## Write constraints.txt from what is installed (without a build's local version).
	$(PIP) freeze --exclude-editable | sed 's/+.*//' > constraints.txt

licences: $(VENV)/.dev  ## Write docs/licences.md from what is installed.
	$(BIN)/python docs/generate_licences.py

audit: $(VENV)/.dev  ## Look all pins up in the databases of known vulnerabilities; needs the network.
	$(BIN)/python -m pip_audit --requirement constraints.txt --no-deps --disable-pip

mutants: $(VENV)/.dev  ## Faults put into the core, one by one; `make mutants ARGS='--sample 20'` for some.
	$(BIN)/python tests/mutants/mutants.py $(ARGS)

faults: $(VENV)/.dev  ## Damaged files, odd arguments, kills and full disks; `make faults ARGS=--bounded` for CI's part.
	OMP_NUM_THREADS=1 $(BIN)/python tests/faults/harness.py $(ARGS)

bench: $(VENV)/.dev  ## Speed, side by side with plain loops and peers, in one run.
	$(BIN)/python -m pytest benchmarks -o python_files='bench_*.py' --benchmark-only -s --timeout 0

ablation: $(VENV)/.dev  ## What each rule of cefr-v1 does: `make ablation ARGS='--data-dir DIR --write'`.
	$(BIN)/python benchmarks/ablation.py $(ARGS)

why: $(VENV)/.dev  ## Why scores fall out of distribution: `make why ARGS='--data-dir DIR --output OUT --write'`.
	$(BIN)/python benchmarks/why.py $(ARGS)

track: $(VENV)/.dev  ## What methods against corpus bias do: `make track ARGS='--data-dir DIR --output OUT --write'`.
	$(BIN)/python benchmarks/track.py $(ARGS)

clean:
	rm -rf $(VENV) out site build dist .mutants *.egg-info
