# Every command of this project. `make help` lists them; .ci/run calls `make check` and `make test`, nothing else.
SHELL := /bin/sh
.DEFAULT_GOAL := help

STATE := $(CURDIR)/.boatyard
UV_VERSION := 0.13.8

# Compiled bytecode makes imports several times faster (Airflow's above all); some shells switch it off.
unexport PYTHONDONTWRITEBYTECODE
unexport PYTHONPATH
unexport VIRTUAL_ENV
export UV_COMPILE_BYTECODE := 1
export UV_PYTHON_DOWNLOADS := never
# Everything stays in the repository's folder unless the user keeps a cache elsewhere.
UV_CACHE_DIR ?= $(STATE)/cache/uv
export UV_CACHE_DIR

# The first Python on PATH that is new enough.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null && echo $$p && break; done)
export UV_PYTHON := $(shell $(PYTHON) -c 'import sys; print(sys.executable)' 2>/dev/null)

UV := $(STATE)/uv-$(UV_VERSION)/bin/uv
BIN := $(CURDIR)/.venv/bin
# Most tests wait for processes; those that share one stack stay in one worker.
SIDE_BY_SIDE := --numprocesses auto --maxprocesses 4 --dist loadgroup
READY := $(STATE)/ready

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: setup ## train and release the digits model on this machine, then ask its endpoint
	@$(BIN)/boatyard demo

up: setup ## start sagelocal and Airflow
	@$(BIN)/boatyard up

down: setup ## stop them; their state stays
	@$(BIN)/boatyard down

status: setup ## say what of them runs
	@$(BIN)/boatyard status

doctor: setup ## say what is wrong with this environment, and how to mend it
	@$(BIN)/boatyard doctor

compose-env: setup ## make the secrets of docker-compose.yaml
	@$(BIN)/boatyard compose-env

MAIN_JOB := tests/e2e/test_main_job.py

test: setup ## run the tests: unit, DAGs, contract, the main job end to end, the image
	$(BIN)/pytest -q $(SIDE_BY_SIDE) $(MAIN_JOB) tests/bench tests/chaos tests/contract tests/dags tests/unit containers/sagelocal/tests
	cd containers/tabular && $(UV) run --quiet --locked --group dev pytest -q $(SIDE_BY_SIDE)

test-e2e: setup ## run the other end-to-end tests: new models, validation, gate, batch, the documentation word for word
	$(BIN)/pytest -q $(SIDE_BY_SIDE) $(filter-out $(MAIN_JOB),$(wildcard tests/e2e/test_*.py))

CLIENTS := tests/clients

test-clients: setup ## run AWS's own clients against sagelocal: the CLI, the SageMaker SDK, the training toolkit, s3fs, PyAthena
	cd $(CLIENTS)/toolkit && $(UV) sync --quiet --locked
	cd containers/tabular && $(UV) sync --quiet --locked --group dev
	cd $(CLIENTS) && $(UV) run --quiet --locked pytest -q

ENGINE ?= podman
CONTRACT_OF_CONTAINERS := $(addprefix tests/contract/, test_sagemaker_jobs.py test_jobs_logs.py \
	endpoints/test_sagemaker_endpoints.py test_sagemaker_transform.py test_sagemaker_tuning.py)

test-engine: export CONTAINERS_CONF ?= $(CURDIR)/tests/contract/engine/containers.conf
test-engine: setup ## run jobs and endpoints in containers of real images; ENGINE=<command>, podman if it is not set
	SAGELOCAL_TEST_ENGINE=$(ENGINE) $(BIN)/pytest -q tests/contract/engine
	SAGELOCAL_CONTRACT_ENGINE=$(ENGINE) $(BIN)/pytest -q $(CONTRACT_OF_CONTAINERS)

check: setup ## lint, format, types, import rules, locks
	$(BIN)/ruff check --no-cache .  # its cache goes stale when a module appears: imports sort otherwise then
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	cd containers/tabular && $(UV) run --quiet --locked --group dev mypy
	cd $(CLIENTS) && $(UV) run --quiet --locked mypy .
	$(UV) lock --check --quiet
	$(UV) lock --check --quiet --project containers/tabular
	$(UV) lock --check --quiet --project $(CLIENTS)
	$(UV) lock --check --quiet --project $(CLIENTS)/toolkit

format: setup ## let ruff format and mend what it can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

chaos: setup ## break everything while runs go on, count what was lost; SEED=<number> FAULTS=<number> KILLS=<number>
	$(BIN)/python -m tests.chaos.sagelocal $(if $(SEED),--seed $(SEED)) $(if $(KILLS),--kills $(KILLS))
	$(BIN)/python -m tests.chaos $(if $(SEED),--seed $(SEED)) $(if $(FAULTS),--faults $(FAULTS))

bench: setup ## measure against peers, write build/bench.json; ONLY=<name> for one
	$(BIN)/python -m tests.bench $(ONLY)

setup: $(READY) ## install everything into .venv

$(READY): $(UV) pyproject.toml uv.lock containers/sagelocal/pyproject.toml
	$(UV) sync --quiet --locked --all-packages
	@touch $@

$(UV):
	@test -n "$(PYTHON)" || { echo "Boatyard needs Python 3.11, 3.12 or 3.13 on PATH; found: $$(python3 --version 2>&1)"; exit 1; }
	@mkdir -p $(STATE)
	@$(PYTHON) -m venv $(STATE)/uv-$(UV_VERSION)
	@$(STATE)/uv-$(UV_VERSION)/bin/python -m pip install --quiet --disable-pip-version-check --no-cache-dir uv==$(UV_VERSION)

clean: down ## stop the stack and delete its state, the environments and what was built
	rm -rf $(STATE) .venv build

.PHONY: help demo up down status doctor compose-env test test-e2e test-clients test-engine check format chaos bench setup clean
