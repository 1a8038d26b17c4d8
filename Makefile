# `make clean` runs the main job: it cleans documents, raw/ → clean/. It deletes nothing; `make distclean` does.
RAW   ?= raw
CLEAN ?= clean
JOBS  ?= 2
ARGS  ?=
PIPFLAGS ?=
PYTHON ?= python3

BIN     := .venv/bin
RUNTIME := .venv/.runtime
DEV     := .venv/.dev

.DEFAULT_GOAL := help
.PHONY: help clean test check golden lint bench docs distclean

help: ## say what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

clean: $(RUNTIME) ## clean documents: RAW (raw/) → CLEAN (clean/), with JOBS workers and further ARGS
	$(BIN)/jinggao run "$(RAW)" --out "$(CLEAN)" --jobs $(JOBS) $(ARGS)

test: $(DEV) ## run every test
	$(BIN)/python -m pytest -q $(ARGS)

check: $(RUNTIME) ## clean RAW again and compare with CLEAN: which speeches changed, how, and by which rules
	$(BIN)/jinggao check "$(CLEAN)" --raw "$(RAW)" --jobs $(JOBS)

golden: $(DEV) docs ## write clean/, the page of the rules and the golden files anew, after a change that is meant
	$(BIN)/jinggao run "$(RAW)" --out "$(CLEAN)" --jobs $(JOBS)
	$(BIN)/python -m pytest -q tests/test_golden.py

docs: $(DEV) ## write the documentation pages that are made from the rules
	$(BIN)/jinggao rules docs > docs/rules.md

lint: $(DEV) ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(DEV) ## speed and memory of every stage, beside peers where they are installed
	PYTHONPATH=. $(BIN)/python bench/speed.py $(ARGS)
	PYTHONPATH=. $(BIN)/python bench/punctuation.py
	PYTHONPATH=. $(BIN)/python bench/duplicates.py

distclean: ## remove what was built (.venv, caches); raw/ and clean/ stay
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find pipeline tests bench -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "make: $(PYTHON) is older than 3.11; say make PYTHON=python3.11 …" >&2; exit 2; }
	$(PYTHON) -m venv .venv

$(RUNTIME): pyproject.toml constraints.txt | .venv/bin/python
	$(BIN)/python -m pip install -q --disable-pip-version-check $(PIPFLAGS) -c constraints.txt -e .
	@touch $@

$(DEV): pyproject.toml constraints.txt | .venv/bin/python
	$(BIN)/python -m pip install -q --disable-pip-version-check $(PIPFLAGS) -c constraints.txt -e '.[dev]'
	@touch $@ $(RUNTIME)
