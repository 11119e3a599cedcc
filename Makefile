# Everything a person does with a checkout. `make` alone tells what there is.
# Each goal does all its own set-up; only Python 3.11 or later (with venv) has to be there.

.DEFAULT_GOAL := help
.SUFFIXES:
.PHONY: help setup demo test check format format-check lint types contracts docs lock clean
SHELL := /bin/bash
BIN := .venv/bin
LOCKED := pyproject.toml scripts/setup.sh $(wildcard src/tripoint/messages/ceb/*/*.p[yx][xi])

# make test PYTEST_ARGS="-k matching"; make demo ARGS="--port 8800"; make test WORKERS=0 to debug
ARGS ?=
PYTEST_ARGS ?=
WORKERS ?= 2
SOURCES := src tests scripts

help:  ## this list
	@printf 'Tripoint. Two commands matter: make demo, make test.\n\n'
	@grep -hE '^[a-z-]+:.*  ## ' $(MAKEFILE_LIST) | awk -F ':.*  ## ' '{ printf "  make %-10s %s\n", $$1, $$2 }'

setup: .venv/.stamp-dev  ## make .venv with all locked requirements and .venv/bin/tripoint (once; then instantaneous)

.venv/.stamp-dev: requirements/dev.txt $(LOCKED)
	@scripts/setup.sh dev

.venv/.stamp-run: requirements/run.txt $(LOCKED)
	@scripts/setup.sh run

demo: .venv/.stamp-run  ## install, clear made-up and sample papers, and open the console (ARGS="…" is handed on)
	@$(BIN)/tripoint demo $(ARGS)

test: .venv/.stamp-dev  ## run all tests, browser tests included (PYTEST_ARGS="…" is handed on)
	@scripts/browser.sh
	@$(BIN)/python -m pytest -n $(WORKERS) $(PYTEST_ARGS)

check: format-check lint types contracts docs test  ## the one gate: format, lint, types, contracts, docs, tests

format: .venv/.stamp-dev  ## rewrite the code in the house format and mend what the linter can
	@$(BIN)/ruff check --quiet --fix-only $(SOURCES)
	@$(BIN)/ruff format $(SOURCES)

format-check: .venv/.stamp-dev
	@$(BIN)/ruff format --check $(SOURCES)

lint: .venv/.stamp-dev
	@$(BIN)/ruff check $(SOURCES)

types: .venv/.stamp-dev
	@$(BIN)/mypy

contracts: .venv/.stamp-dev
	@$(BIN)/lint-imports --no-cache

docs: .venv/.stamp-dev  ## build the documentation strictly, into site/
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --clean

lock: .venv/.stamp-dev  ## write requirements/*.txt anew from pyproject.toml (ARGS="--upgrade" for newer versions)
	@scripts/lock.sh $(ARGS)

clean:  ## remove the environment, caches and everything built
	@rm -rf .venv .venv.lock build dist site .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	@find src tests scripts -name __pycache__ -type d -prune -exec rm -rf {} +
	@rm -rf src/*.egg-info
