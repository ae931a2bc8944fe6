# Gemba. `make demo` shows the product, `make test` proves it. Nothing but Python 3.11+ and make is needed.

SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Bytecode that is not written makes every start several times slower.
unexport PYTHONDONTWRITEBYTECODE
export GX_ANALYTICS_ENABLED := false
export DAGSTER_DISABLE_TELEMETRY := yes

.PHONY: help setup demo up down test check format lock bench bench-plant bench-nulls bench-time bench-investigation clean

help: ## Say what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

setup: $(VENV)/.ready ## Virtual environment with the locked dependencies, compiled to bytecode

$(VENV)/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; set PYTHON=..." >&2; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the locked dependencies ..."
	@$(BIN)/python -m pip install --quiet --require-hashes --only-binary :all: -r deploy/uv.lock.txt
	@$(BIN)/uv pip install --quiet --require-hashes --compile-bytecode -r requirements.lock --python $(BIN)/python
	@$(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable . --python $(BIN)/python
	@$(BIN)/python -m compileall -q gemba assets resources sensors pipelines interfaces
	@touch $@

demo: setup ## The main job on a simulated factory and two real sources; leaves Dagit up
	@$(BIN)/python -m interfaces.demo

up: setup ## Start PostgreSQL, Dagit and the daemon
	@$(BIN)/gemba up

down: ## Stop all that was started
	@test ! -x $(BIN)/gemba || $(BIN)/gemba down

test: setup ## The whole suite
	@$(BIN)/python -m pytest -n 2 --dist loadscope

check: setup ## Style, types, import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/pyright
	@$(BIN)/lint-imports

format: setup ## Format the code
	@$(BIN)/ruff check --fix --quiet .
	@$(BIN)/ruff format --quiet .

lock: setup ## Resolve the dependencies anew
	@$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --extra dev --quiet --upgrade pyproject.toml -o requirements.lock
	@grep -A 30 '^uv==' requirements.lock | awk 'NR == 1 || /--hash/ { print; next } { exit }' > deploy/uv.lock.txt

bench-plant: setup ## Planted factories: is the planted cause found, are quiet weeks quiet?
	@$(BIN)/python -m benchmarks.plant

bench-nulls: setup ## Do tests err as rarely as they say, do intervals hold what they promise?
	@$(BIN)/python -m benchmarks.nulls

bench-time: setup ## Time and process: false alarms, coverage and speed of every method that depends on time
	@for name in change_points anomaly forecast association process_control; do $(BIN)/python -m benchmarks.$$name || exit 1; done

bench-investigation: setup ## One investigation on 1 M rows in PostgreSQL: how the time divides
	@$(BIN)/python -m benchmarks.investigation

clean: down ## Remove the environment and everything kept
	rm -rf $(VENV) dagster_home/server dagster_home/evidence build
