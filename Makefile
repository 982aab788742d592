# Two commands on a fresh machine: `make run` and `make test`. Both make their own environment.
PYTHON ?= python3
VENV ?= .venv
ARGS ?=
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif
PY := $(BIN)/python

.PHONY: run test test-slow lint types contracts check format bench screenshots clean help

help:            ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/'

run: $(VENV)/.run   ## install (first time) and open the window; ARGS="photo.jpg" opens it
	@$(PY) -m resnet_gui $(ARGS)

test: $(VENV)/.dev  ## install (first time) and run the tests
	@$(PY) -m pytest -n auto --maxprocesses 4 --dist worksteal

test-slow: $(VENV)/.dev  ## the tests that take minutes
	@$(PY) -m pytest -m slow --timeout 1800

lint: $(VENV)/.dev types contracts  ## ruff, mypy and the import contracts
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .

types: $(VENV)/.dev
	@$(PY) -m mypy

contracts: $(VENV)/.dev
	@$(BIN)/lint-imports

check: lint test  ## everything that has to hold before a commit lands

format: $(VENV)/.dev
	@$(PY) -m ruff check --fix-only -q .
	@$(PY) -m ruff format .

bench: $(VENV)/.dev  ## print the figures of benchmarks/RESULTS.md
	@$(PY) -m benchmarks

screenshots: $(VENV)/.dev  ## take the README's screenshots anew (needs Xvfb)
	@$(PY) -m tools.screenshots

clean:           ## remove the environment and caches
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

# --- the environment: made once, made again when pyproject.toml changes ---------------------------

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed; this is " + sys.version.split()[0] + ". Point to one with: make PYTHON=/path/to/python3.11 ...")'
	@echo "Making the environment in $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.run: $(VENV)/.made pyproject.toml
	@echo "Installing (the first time this fetches torch, some minutes) ..."
	@$(PY) -m pip install --quiet --disable-pip-version-check -e '.[offline,heic,fast,int8,keras]'
	@$(PY) -m compileall -q resnet_gui
	@touch $@

$(VENV)/.dev: $(VENV)/.made pyproject.toml
	@echo "Installing with the tests' tools (the first time this fetches torch, some minutes) ..."
	@$(PY) -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@ $(VENV)/.run
