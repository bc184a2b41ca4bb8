# Two commands: `make run` and `make test`. Both install what they need into .venv, with pip only.

PYTHON ?= python3
BIN := .venv/bin
# One stamp for what the product needs, one for what its development needs on top.
INSTALLED := .venv/.installed
INSTALLED_DEV := .venv/.installed-dev
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help install run test lint format lock clean

help:
	@echo "make run      serve the demo company on 127.0.0.1:8000; the data are kept in dispatch.db"
	@echo "make test     run every test"
	@echo "make lint     ruff and mypy"
	@echo "make format   let ruff put the code in form"
	@echo "make install  .venv with the dispatch command"
	@echo "make lock     newest versions that pyproject.toml allows, into requirements*.txt"
	@echo "make clean    remove .venv and what tools leave behind; dispatch.db stays"

install: $(INSTALLED)

run: $(INSTALLED)
	@$(BIN)/dispatch demo fixtures/hanoi fixtures/hanoi/day

test: $(INSTALLED_DEV)
	$(BIN)/pytest

lint: $(INSTALLED_DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(INSTALLED_DEV)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv .venv

$(INSTALLED): pyproject.toml requirements.txt | $(BIN)/python
	$(BIN)/pip install --quiet --requirement requirements.txt
	$(BIN)/pip install --quiet --no-deps --editable .
	@touch $@

$(INSTALLED_DEV): requirements-dev.txt $(INSTALLED)
	$(BIN)/pip install --quiet --requirement requirements-dev.txt
	@touch $@

# The lock files hold names and versions only, so that any index or mirror will do.
lock:
	rm -rf build/lock
	$(PYTHON) -m venv build/lock
	build/lock/bin/pip install --quiet .
	build/lock/bin/pip freeze --exclude field-service-dispatch > requirements.txt
	build/lock/bin/pip install --quiet --requirement requirements.txt '.[dev]'
	echo "--requirement requirements.txt" > requirements-dev.txt
	build/lock/bin/pip freeze --exclude field-service-dispatch \
	    | grep --invert-match --line-regexp --fixed-strings --file requirements.txt >> requirements-dev.txt
	build/lock/bin/pip check
	rm -rf build

clean:
	rm -rf .venv build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
