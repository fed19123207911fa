# make run, make test: see README.md
PYTHON ?= python3
PORT ?= 8080
VENV ?= .venv
EXTRAS = sklearn boosting data image text torch tensorflow transformers examples test validators
INSTALL = $(PYTHON) -m examples.catalogue.install

.PHONY: run test test-core lint bench sklearn boosting data torch tensorflow transformers reason python

run: python
	@exec $(PYTHON) -m examples.catalogue.run --port $(PORT)

test: python
	@echo "Installing what the tests need into $(VENV) …"
	@$(INSTALL) $(EXTRAS)
	@$(INSTALL) reason || echo "owlready2 cannot be built here: the tests that reason are skipped"
	@$(MAKE) --no-print-directory lint
	@$(VENV)/bin/python -m pytest

# the core alone, on another Python: make test-core PYTHON=python3.13 VENV=.venv-3.13
test-core: export HPCFAIR_VENV = $(VENV)
test-core: python
	@$(INSTALL) sklearn boosting data image text test
	@$(VENV)/bin/python -m pytest -m "not torch and not tensorflow and not real"

lint:
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy

bench: python
	@$(INSTALL) $(EXTRAS)
	@{ echo "## $$(date -u +%F) $$(git rev-parse --short HEAD), $$(nproc) cores"; echo '```'; \
	  for bench in tests/benchmarks/[br]*.py; do \
	    echo "== $$bench"; $(VENV)/bin/python -m tests.benchmarks.$$(basename $$bench .py) || exit 1; done; \
	  echo '```'; } | tee -a BENCHMARKS.md

# one converter more, in the environment of a service that may be running
sklearn boosting data torch tensorflow transformers reason: python
	@$(INSTALL) $@

python:
	@command -v $(PYTHON) >/dev/null || { \
	  echo "There is no $(PYTHON) here. Python 3.11 or newer is needed (Debian, Ubuntu: apt install python3 python3-venv);"; \
	  echo "if it has another name: make run PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "$$($(PYTHON) --version) is too old, 3.11 or newer is needed: make run PYTHON=/path/to/python3"; exit 1; }
