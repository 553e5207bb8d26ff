# Daybook's few commands. GNU make 3.81 is enough; every path is relative or quoted, so the checkout may lie anywhere.
PYTHON ?= python3
ARGS ?=

# Who names no interpreter gets the quickest python3 of the PATH.
ENVIRONMENT = "$(PYTHON)" -I daybook/environment.py$(if $(filter file,$(origin PYTHON)), --choose)
RUN = .venv/bin/python
CLEAN = daybook.engines.clean "$${DAYBOOK_DATA_DIR:-.daybook}" $(if $(YES),--yes)
PYTEST = $(RUN) -m pytest --junitxml=.reports/junit.xml
# A file's tests stay together, and files begin in the order of tests/support/longest_first.py.
BY_FILE = --dist loadfile --no-loadscope-reorder

.PHONY: audit-dependencies help up demo test test-long lint coverage bench limits chaos proof clean locks simulate soak environment
.DEFAULT_GOAL := help

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-18s %s\n", $$1, $$2 }'

environment: ## .venv with what Daybook needs to run
	@$(ENVIRONMENT)

up: environment ## everything on this machine, on an embedded PostgreSQL and Redis
	@.venv/bin/daybook up $(ARGS)

demo: environment ## every kind from submit to settled book and its proof, in a data directory of its own
	@.venv/bin/daybook demo $(ARGS)

# Three at a time on two cores, because some wait while others work; each has engines of its own.
test: ## all tests on real engines
	@$(ENVIRONMENT) test
	@$(PYTEST) -n 3 $(BY_FILE) $(ARGS)

test-long: ## the long forms: many minutes; SEED=n repeats a run, docs/test-runs.md keeps what came of it
	@$(ENVIRONMENT) test
	@$(RUN) -m pytest --junitxml=.reports/junit-long.xml -n 2 -m long --timeout 1800 $(ARGS); status=$$?; \
	$(RUN) -m tests.support.long_runs .reports/junit-long.xml && exit $$status

lint: ## ruff, types, and the figures in the documents
	@$(ENVIRONMENT) test lint
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(RUN) -m mypy
	@$(RUN) -m tests.bench.documents --check

audit-dependencies: ## advisories about what the locks name, as far as pip's index tells of them
	@$(ENVIRONMENT) test
	@$(RUN) -m tests.security.dependencies

coverage: ## tests with branch coverage: 90 % in domain/, 80 % overall
	@$(ENVIRONMENT) test
	@$(RUN) -m coverage erase
	@$(RUN) -m coverage run -m pytest -n 2 $(BY_FILE) $(ARGS)
	@$(RUN) -m coverage combine -q
	@$(RUN) -m coverage report
	@$(RUN) -m coverage json -q
	@$(RUN) -m tests.support.coverage_floors .reports/coverage.json

bench: ## the figures beside their peers, and the plots; fails below a floor; ARGS=--help lists the rows
	@$(ENVIRONMENT) test
	@$(RUN) -m tests.bench $(ARGS)

limits: ## what a generation costs PostgreSQL and the API, beside programs that do only that
	@$(ENVIRONMENT) test
	@$(RUN) -m bench.limits $(ARGS)

chaos: ## load on real processes while things break (ARGS="--seed n --long --faults a,b"); docs/chaos-runs.md keeps what came of it
	@$(ENVIRONMENT) test
	@$(RUN) -m tests.faults.chaos $(ARGS)

simulate: ## the core on a virtual clock: 10,000 seeds with faults; ARGS="--seed 7" repeats one, ARGS=--bugs plants bugs
	@$(ENVIRONMENT) test
	@$(RUN) -m tests.simulation $(ARGS)

proof: ## bench and chaos in a fresh clone of HEAD; ARGS="demo test" for others, ARGS=--take brings their figures here
	@"$(PYTHON)" tests/support/fresh_clone.py $(ARGS)

soak: ## an hour of mixed load at half of the capacity, each answer checked; writes docs/soak.md
	@$(ENVIRONMENT) test
	@$(RUN) -m tests.soak $(ARGS)

clean: ## stops what runs here, deletes .venv and, after asking, .daybook (YES=1 answers)
	@if [ -x .venv/bin/python ]; then .venv/bin/python -m $(CLEAN); \
	else "$(PYTHON)" -m $(CLEAN); fi
	@rm -rf .venv .venv-bench .reports .hypothesis .mypy_cache .pytest_cache .ruff_cache .schemathesis

LOCK = UV_CUSTOM_COMPILE_COMMAND="make locks" $(UV) pip compile --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --quiet $(ARGS)
UV ?= uv

locks: ## requirements*.txt anew from requirements*.in (needs uv; ARGS=--upgrade for newer versions)
	@$(LOCK) requirements.in -o requirements.txt
	@$(LOCK) requirements-test.in -o requirements-test.txt
	@$(LOCK) requirements-lint.in -o requirements-lint.txt
	@$(LOCK) requirements-bench.in -o requirements-bench.txt
	@$(LOCK) requirements-traces.in -o requirements-traces.txt
