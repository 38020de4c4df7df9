# What one types: `make` lists it. Everything is installed into .venv, from the lock files in requirements/.

VENV := .venv
BIN := $(VENV)/bin
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test chaos chaos-short check docs bench bench-short lock clean

# The first Python that is new enough and can make a virtual environment; `make PYTHON=/path/to/python run` to choose.
CAN_RUN_US := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3.14 python3; do \
	"$$python" -c "$(CAN_RUN_US)" 2>/dev/null && echo "$$python" && break; done)

# Options for the command behind a target: `make run ARGS=--once`, `make test ARGS="-k secrets"`.
ARGS ?=

help:  ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(VENV)/installed-run  ## Install, then start everything on this machine (orderhook dev); Ctrl-C stops it
	@$(BIN)/orderhook dev $(ARGS)

# Four at a time, on two cores, too: most of them wait for a server or a process.
test: $(VENV)/installed-dev  ## Install, then run the tests
	@$(BIN)/pytest -n 4 --dist worksteal $(ARGS)

chaos: $(VENV)/installed-dev  ## Install, then break everything under load and count (CHAOS_SECONDS, CHAOS_SCALE, CHAOS_SEED)
	@$(BIN)/pytest -q tests/chaos $(ARGS)

chaos-short: $(VENV)/installed-dev  ## A minute or two of it: some scenarios, with small numbers
	@CHAOS_SECONDS=$${CHAOS_SECONDS:-15} CHAOS_SCALE=$${CHAOS_SCALE:-0.03} $(BIN)/pytest -q tests/chaos -m short $(ARGS)

check: $(VENV)/installed-dev  ## Lint, format, types, and the tests of architecture and documentation
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/pytest -q tests/architecture

docs: $(VENV)/installed-run  ## Write the generated pages of docs/ anew
	@$(BIN)/python -m console.docs

bench: $(VENV)/installed-bench  ## Measure, beside peers, and write benchmarks/results.md
	@$(BIN)/python -m benchmarks $(ARGS)

bench-short: $(VENV)/installed-dev  ## The same for some seconds, without peers: does it still run?
	@$(BIN)/python -m benchmarks --short

lock: $(BIN)/uv  ## Choose dependencies anew (ARGS=--upgrade for newer ones): writes requirements/*.txt with hashes
	@mkdir -p requirements
	@$(call lock,run,--group build)
	@$(call lock,dev,--group dev)
	@$(call lock,bench,--group dev --group bench)

clean:  ## Remove .venv and what tools left; what `make run` recorded (.orderhook/) stays
	@rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Each lock file has a stamp: a second run installs nothing, a changed lock file or pyproject.toml installs anew.
$(VENV)/installed-%: requirements/%.txt pyproject.toml | $(BIN)/python
	@echo "Installing requirements/$*.txt into $(VENV); the first time takes a minute ..." >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "orderhook needs Python 3.11 or newer with venv (Debian, Ubuntu:" \
		"apt install python3 python3-venv), and found none; make PYTHON=/path/to/python names one" >&2; exit 1; }
	@"$(PYTHON)" -c "$(CAN_RUN_US)" || { echo "$(PYTHON) is older than Python 3.11, or has no venv" >&2; exit 1; }
	@"$(PYTHON)" -m venv $(VENV)

$(BIN)/uv: | $(BIN)/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv

lock = $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header \
	--python-version 3.11 $(ARGS) pyproject.toml $(2) --output-file requirements/$(1).txt
