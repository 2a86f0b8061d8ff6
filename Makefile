# One word for everything one does here: `make` alone lists them.
# Needs Python 3.12+ and nothing else; everything installed goes into .venv.

PORT ?= 8000
# A test waits for real servers about a third of its time: one process more than there are cores.
JOBS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
ARGS ?=

export PORT
export PIP_DISABLE_PIP_VERSION_CHECK = 1
# Tests start the product in many processes: it is compiled once, whatever the environment says.
unexport PYTHONDONTWRITEBYTECODE

SHELL := /bin/sh
PY := .venv/bin/python
PYTEST = $(PY) -m pytest -n $(JOBS) --dist worksteal
PIP_INSTALL := $(PY) -m pip install -qq --root-user-action=ignore --require-hashes
RUNTIME := .venv/.requirements.stamp
DEVELOPMENT := .venv/.requirements-dev.stamp

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test check lint types imports format bench mutants campaign nlu masking weights demo migration lock clients clean

help:  ## list what can be done
	@echo "make <word>    (PORT=8000 for run and demo; ARGS='…' is passed on to test, bench, mutants, campaign, nlu and demo)"
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  \1|\2/p' Makefile | while IFS='|' read -r word text; do \
		printf '%-12s %s\n' "$$word" "$$text"; done

run: $(RUNTIME)  ## install if needed, create the database, serve on PORT with the sandbox
	@exec $(PY) -m app serve

test: $(DEVELOPMENT)  ## install if needed, then every test, on SQLite and PostgreSQL (what CI runs)
	@$(PYTEST) $(ARGS)

# One core reads while the other runs tests. What the readers say is kept apart and comes last, whole.
check: $(DEVELOPMENT)  ## before a change goes in: style, types, imports, and every behaviour on one database
	@said=$$(mktemp -d) && trap 'rm -rf "$$said"' EXIT; \
	for step in lint types imports; do \
		$(MAKE) --no-print-directory $$step >"$$said/$$step" 2>&1 || echo "$$step" >>"$$said/failed"; \
	done & \
	$(PYTEST) --once $(ARGS) && failed= || failed=test; \
	wait; \
	for step in lint types imports; do echo "── make $$step"; cat "$$said/$$step"; done; \
	failed=$$(echo $$(cat "$$said/failed" 2>/dev/null) $$failed); \
	if [ -n "$$failed" ]; then echo "── failed: $$failed" >&2; exit 1; fi; \
	echo "── all holds; on both databases: make test"

lint: $(DEVELOPMENT)  ## style and likely mistakes (ruff)
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .

types: $(DEVELOPMENT)  ## types (mypy, strict)
	@$(PY) -m mypy

imports: $(DEVELOPMENT)  ## who may import whom (import-linter)
	@$(PY) -c 'import importlinter.cli as cli; cli.lint_imports_command()'

format: $(DEVELOPMENT)  ## let ruff mend what it can
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .

bench: $(DEVELOPMENT)  ## measure, and write figures and plots under benchmarks/results
	@$(PY) -m benchmarks $(ARGS)

mutants: $(DEVELOPMENT)  ## take each protection away in a copy of the tree: which test notices? ARGS="NAME …"
	@$(PY) -m tests.mutants $(ARGS)

campaign: $(DEVELOPMENT)  ## play every fault against real processes for a while; ARGS="--seconds 1800 --seed 7"
	@$(PY) -m campaign $(ARGS)

nlu: $(DEVELOPMENT)  ## measure what the chat understands (ARGS="--wrong --question location" lists lines)
	@$(PY) -m tests.nlu.measure $(ARGS)

masking: $(DEVELOPMENT)  ## measure masking and review of texts on their corpora (ARGS=--misses lists lines)
	@$(PY) -m tests.measure.texts $(ARGS)

weights: $(DEVELOPMENT)  ## learn anew what scams are like, after a change of the corpora or of scams.toml
	@$(PY) -m tests.measure.train

demo: $(RUNTIME)  ## the whole story in the terminal, against the server that `make run` started
	@$(PY) -m app demo $(ARGS)

migration: $(DEVELOPMENT)  ## write the migration that the models now need: M="what becomes possible"
	@$(PY) -m tests.infra.new_migration "$(M)"

lock: $(DEVELOPMENT)  ## pin what the .in files ask for; UP=--upgrade takes newer versions
	@for name in requirements requirements-dev; do \
		$(PY) -m uv pip compile --quiet --python-version 3.12 --universal --generate-hashes \
			--no-emit-index-url --no-header $(UP) $$name.in --output-file $$name.txt || exit 1; done

clients:  ## install what the test of a TypeScript client needs (node and npm)
	@cd tests/clients/typescript && npm ci --no-audit --no-fund

clean:  ## remove the virtual environment, caches and local databases
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@rm -f ./*.db ./*.db-shm ./*.db-wal ./*.db-waiting
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp is as new as the requirements it was made from: pip runs only when they change.
$(RUNTIME): requirements.txt | $(PY)
	@echo "Installing what Partimer needs into .venv …"
	@$(PIP_INSTALL) -r requirements.txt
	@touch $@

$(DEVELOPMENT): requirements-dev.txt | $(PY)
	@echo "Installing what Partimer and its tests need into .venv …"
	@$(PIP_INSTALL) -r requirements-dev.txt
	@touch $@

$(PY):
	@for python in python3.12 python3.13 python3.14 python3 python; do \
		if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; then \
			"$$python" -m venv .venv; exit $$?; fi; done; \
	echo "Partimer needs Python 3.12 or newer, and none was found: install it, or put it on the PATH." >&2; \
	exit 1
