# Every command a newcomer needs. `make demo` and `make test` prepare their own environment.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
DATA   ?= $(or $(ASKLEARN_DATA),../shared/data)
JOBS   ?= 2
NAME   ?= loop
WORKERS ?= 2
SECONDS ?= 600
SEED    ?= 0
export OMP_NUM_THREADS ?= 1
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: help demo test test-slow check audit format claim fuzz docs clean
.DELETE_ON_ERROR:

help:  ## show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: $(VENV)/.app  ## see active learning work on real data, and a report
	$(BIN)/asklearn demo --out asklearn-demo.html

test: $(VENV)/.dev  ## run the whole suite
	$(BIN)/python -m pytest -n $(WORKERS) -m "not slow"

test-slow: $(VENV)/.dev  ## run what takes longer than the suite may
	$(BIN)/python -m pytest -n $(WORKERS) -m slow

check: $(VENV)/.dev $(VENV)/.docs  ## everything CI does: lint, types, dependencies, tests, among them that documents build
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(MAKE) audit
	$(MAKE) test

audit: $(VENV)/.dev  ## look up known vulnerabilities in what is installed: make audit [STRICT=1]
	$(BIN)/python benchmarks/audit.py $(if $(STRICT),--strict)

format: $(VENV)/.dev  ## put the code into its normal form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

claim: $(VENV)/.dev  ## print the figures of one claim: make claim NAME=loop DATA=folder [SETS=a,b] [SEEDS=5] [JOBS=2]
	$(BIN)/python benchmarks/claims/$(NAME).py --data "$(DATA)" --jobs $(JOBS) \
		$(if $(SETS),--sets $(SETS)) $(if $(SEEDS),--seeds $(SEEDS)) $(if $(QUICK),--quick) $(if $(STRICT),--strict)

fuzz: $(VENV)/.dev  ## break files, sheets, settings and journals on purpose: make fuzz [SECONDS=600] [SEED=0]
	$(BIN)/python benchmarks/fuzz.py --seconds $(SECONDS) --seed $(SEED)

docs: $(VENV)/.docs  ## bring documents up to date with code and results, and build docs/_build/index.html
	$(BIN)/python docs/make_state_diagram.py
	$(BIN)/python benchmarks/report.py
	$(BIN)/python docs/make_methods.py
	$(BIN)/python -m sphinx -q -W --keep-going docs docs/_build

clean:  ## remove environments and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .hypothesis docs/_build docs/reference docs/project

# The environment is complete when its stamp is there; it is made anew when the dependencies change.
$(VENV)/.app: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "asklearn needs Python 3.11 or newer; say which: make demo PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable ".[app]"
	touch $@

$(VENV)/.dev: $(VENV)/.app
	$(BIN)/python -m pip install --quiet --editable ".[dev]"
	touch $@

$(VENV)/.docs: $(VENV)/.app
	$(BIN)/python -m pip install --quiet --editable ".[docs]"
	touch $@
