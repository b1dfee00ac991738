# make demo: set everything up and run the main job on the clip that ships with the project.
# make test: set everything up and run every check.
# make docs: build the documentation's site in site/html.
.PHONY: demo test test-base check docs pictures setup lock clean help
.DEFAULT_GOAL := help

VENV ?= .venv
BIN := $(VENV)/bin
TOOLS ?= .uv
UV := $(TOOLS)/bin/uv
UV_VERSION := 0.13.9
# The first Python here between 3.10 and 3.13; override with `make PYTHON=python3.11 demo`, also to try 3.14. Where there is
# none, uv fetches one.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.10; do \
	$$p -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && echo $$p && break; done)
FETCHED := 3.13
# Runs uv, which needs less.
ANY_PYTHON := $(or $(PYTHON),$(shell for p in python3 python; do \
	$$p -c 'import sys, venv; sys.exit(sys.version_info < (3, 8))' 2>/dev/null && echo $$p && break; done))
HELP_PYTHON := install Python 3.10 to 3.13 from python.org or your system's packages, or name one: make PYTHON=/path/to/python3.11 demo

help:
	@sed -n '1,3s/^# //p' Makefile

demo: setup
	$(BIN)/python -m demo

test: setup-all
	@PYTHON=$(BIN)/python scripts/system-packages.sh window
	@$(MAKE) --no-print-directory check docs

check:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PYTHONPATH=. $(BIN)/lint-imports --no-logo
	$(BIN)/python -m pytest

# Tests of what the live program computes and records, without what only training needs: for another Python than the checks'.
# Reports are written by the whole runs of test_run_live.py.
BASE_TESTS := api.py run_live.py
BASE_ROOMS := core inference landmarks smoothing pipeline timeline overlay capture recording provenance
test-base: setup-dev
	$(BIN)/python -m pytest $(BASE_TESTS:%=tests/test_%) $(BASE_ROOMS:%=tests/%)

# Else make would remove these marks, and set up anew each time.
.PRECIOUS: $(VENV)/.%
setup: $(VENV)/.base
setup-%: $(VENV)/.% ;

# uv has a small environment of its own, so that the program's holds nothing but the program.
$(UV):
	@test -n "$(ANY_PYTHON)" || { echo "error: no Python was found; $(HELP_PYTHON)"; exit 1; }
	$(ANY_PYTHON) -m venv $(TOOLS)
	$(TOOLS)/bin/python -m pip install -q uv==$(UV_VERSION)

$(BIN)/python: | $(UV)
ifneq ($(PYTHON),)
	$(UV) venv -q --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" $(VENV)
else
	@echo "no Python 3.10 to 3.13 was found here: uv fetches $(FETCHED) for this project alone"
	@$(UV) venv -q --managed-python --python $(FETCHED) $(VENV) || { echo "error: it could not be fetched; $(HELP_PYTHON)"; exit 1; }
endif

# --no-deps: the lock is complete, and leaves out what mediapipe declares but its graphs never use.
$(VENV)/.%: locks/%.txt | $(BIN)/python
	@scripts/system-packages.sh base
	$(UV) pip install -q --python $(BIN)/python --no-deps --require-hashes -r locks/$*.txt
	$(TOOLS)/bin/python scripts/fetch_networks.py
	@touch $@

# What builds the site has an environment of its own: it needs nothing of the program's, and the program nothing of it.
SITE := $(VENV)-site
docs: $(if $(wildcard $(VENV)/.all),,setup) $(SITE)/.site
	$(BIN)/python scripts/site/build.py $(SITE)/bin/zensical

# The pictures of docs/, from the demo clip; look at them before you commit them.
pictures: setup-all
	@PYTHON=$(BIN)/python scripts/system-packages.sh window
	$(BIN)/python scripts/make_pictures.py

$(SITE)/.site: locks/site.txt | $(BIN)/python
	@$(UV) venv -q --clear --python $(BIN)/python $(SITE)
	$(UV) pip install -q --python $(SITE)/bin/python --no-deps --require-hashes -r locks/site.txt
	@touch $@

# Resolve anew and write the locks that the rules above install from.
LOCK = $(UV) export -q --frozen --no-emit-project --no-header --no-annotate
lock: | $(UV)
	$(UV) lock --upgrade -q
	$(LOCK) -o locks/base.txt >/dev/null
	$(LOCK) --extra serve -o locks/serve.txt >/dev/null
	$(LOCK) --extra parquet -o locks/parquet.txt >/dev/null
	$(LOCK) --extra cluster -o locks/cluster.txt >/dev/null
	$(LOCK) --extra train -o locks/train.txt >/dev/null
	$(LOCK) --extra dev --extra serve -o locks/dev.txt >/dev/null
	$(LOCK) --extra train --extra dev --extra serve -o locks/all.txt >/dev/null
	$(LOCK) --only-group site -o locks/site.txt >/dev/null

clean:
	rm -rf $(VENV) $(SITE) $(TOOLS) demo_output site .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
