# make demo   set up and run the demo (ONCE=1 ends when the reports are printed)
# make test   set up and run every test
# make check  ruff and mypy
# make soak   the fault suite, many times over
# make compat record anew what other libraries send (tests/dialects); the SDK's tests with the oldest clients (tests/oldest)
# make bench  the benchmarks: ingest, SDK and judge
# make train  the local judge from its data: 45 minutes; make train-figures  what it is worth on data it has not seen
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo test soak check compat compat-golden compat-clients bench train train-figures clean

demo: $(VENV)/.demo
	$(BIN)/groundspan demo $(if $(ONCE),--once)

test: $(VENV)/.dev
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile $(ARGS)

soak: $(VENV)/.dev
	FAULT_ROUNDS=$(or $(ROUNDS),20) FAULT_OUTAGE_S=$(or $(OUTAGE_S),60) $(BIN)/python -m pytest -m faults $(ARGS)

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

compat: compat-golden compat-clients

compat-golden: .venv-compat/.installed .venv-compat-llama-index/.installed .venv-compat-node/.installed
	.venv-compat/bin/python tests/dialects/record.py

# Old libraries warn of themselves. The tests' conftest.py opens the collector's store, which is not there.
compat-clients: .venv-oldest/.installed
	PYTHONPATH=sdk .venv-oldest/bin/python -m pytest --noconftest --hypothesis-profile=ci -W default tests/unit/sdk tests/property/sdk $(ARGS)

bench: $(VENV)/.dev
	$(BIN)/python bench/ingest.py
	$(BIN)/python bench/scorer.py
	$(BIN)/python bench/sdk.py
	$(BIN)/python bench/judge.py

# Each learns from ../shared/data into build/train, and goes on where it was stopped.
train: $(VENV)/.dev
	$(BIN)/python train/fit_lexical.py
	$(BIN)/python train/train_local.py
	$(BIN)/python train/fit_local.py

SETS = summedits frank expertqa_dev fool_me_twice factcheck_gpt faithdial_audit q2_wow wice_dev records
train-figures: $(SETS:%=build/train/without_%.pt)
	$(BIN)/python train/measure_local.py

build/train/without_%.pt: | $(VENV)/.dev
	$(BIN)/python train/train_local.py --leave-out $*

clean:
	rm -rf $(VENV)

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, got " + sys.version)'
	$(PYTHON) -m venv $(VENV)

# LlamaIndex cannot be installed beside the others.
.venv-compat/.installed: tests/dialects/requirements.txt
.venv-compat-llama-index/.installed: tests/dialects/requirements-llama-index.txt
.venv-oldest/.installed: tests/oldest/requirements.txt
.venv-compat/.installed .venv-compat-llama-index/.installed .venv-oldest/.installed:
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	touch $@

# Without npm there is no stamp, and what needs it is passed over.
.venv-compat-node/.installed: tests/dialects/package.json
	if command -v npm > /dev/null; then \
		mkdir -p $(@D) && cp $< $(@D) && npm install --silent --no-audit --no-fund --no-package-lock --prefix $(@D) \
		&& touch $@; \
	else echo "npm is not installed"; fi

# A stamp is written when its extra is installed, so a second run installs nothing.
$(VENV)/.demo: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) --editable '.[demo]'
	touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) --editable '.[dev]'
	touch $@ $(VENV)/.demo
