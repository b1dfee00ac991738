# make demo: set everything up and run the main job on the clip that ships with the project.
# make test: set everything up and run every check.
.PHONY: demo test check setup setup-serve setup-train setup-all lock clean help
.DEFAULT_GOAL := help

VENV ?= .venv
BIN := $(VENV)/bin
TOOLS ?= .uv
UV := $(TOOLS)/bin/uv
UV_VERSION := 0.13.9
# The first Python here between 3.10 and 3.12; override with `make PYTHON=python3.11 demo`.
PYTHON ?= $(shell for p in python3 python3.12 python3.11 python3.10; do \
	$$p -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null && echo $$p && break; done)

help:
	@sed -n '1,2s/^# //p' Makefile

demo: setup
	$(BIN)/python -m demo

test: setup-all
	@PYTHON=$(BIN)/python scripts/system-packages.sh window
	@$(MAKE) --no-print-directory check

check:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PYTHONPATH=. $(BIN)/lint-imports --no-logo
	$(BIN)/python -m pytest

setup: $(VENV)/.base
setup-serve: $(VENV)/.serve
setup-train: $(VENV)/.train
setup-all: $(VENV)/.all

# uv has a small environment of its own, so that the program's holds nothing but the program.
$(UV):
	@test -n "$(PYTHON)" || { echo "error: Python 3.10, 3.11 or 3.12 is needed and none was found; install one, or name it: make PYTHON=/path/to/python3.11 demo"; exit 1; }
	$(PYTHON) -m venv $(TOOLS)
	$(TOOLS)/bin/python -m pip install -q uv==$(UV_VERSION)

$(BIN)/python: | $(UV)
	$(UV) venv -q --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" $(VENV)

# --no-deps: the lock is complete, and leaves out what mediapipe declares but FaceMesh never uses.
$(VENV)/.base: locks/base.txt | $(BIN)/python
	@scripts/system-packages.sh base
	$(UV) pip install -q --python $(BIN)/python --no-deps --require-hashes -r locks/base.txt
	@touch $@

$(VENV)/.serve: locks/serve.txt | $(BIN)/python
	@scripts/system-packages.sh base
	$(UV) pip install -q --python $(BIN)/python --no-deps --require-hashes -r locks/serve.txt
	@touch $@

$(VENV)/.train: locks/train.txt | $(BIN)/python
	@scripts/system-packages.sh base
	$(UV) pip install -q --python $(BIN)/python --no-deps --require-hashes -r locks/train.txt
	@touch $@

$(VENV)/.all: locks/all.txt | $(BIN)/python
	@scripts/system-packages.sh base
	$(UV) pip install -q --python $(BIN)/python --no-deps --require-hashes -r locks/all.txt
	@touch $@

# Resolve anew and write the locks that the rules above install from.
lock: | $(UV)
	$(UV) lock --upgrade -q
	$(UV) export -q --frozen --no-emit-project --no-header --no-annotate -o locks/base.txt >/dev/null
	$(UV) export -q --frozen --no-emit-project --no-header --no-annotate --extra serve -o locks/serve.txt >/dev/null
	$(UV) export -q --frozen --no-emit-project --no-header --no-annotate --extra train -o locks/train.txt >/dev/null
	$(UV) export -q --frozen --no-emit-project --no-header --no-annotate --extra train --extra dev --extra serve -o locks/all.txt >/dev/null

clean:
	rm -rf $(VENV) $(TOOLS) demo_output .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
