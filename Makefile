# The course's tasks. `make run` and `make test` build .venv first when it is missing or older than the lock.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help install run test lint notebooks lab lock clean

help: ## what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# pip compiles every module to byte code: TensorFlow starts in 3 instead of 8 CPU seconds.
$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(None if (3, 11) <= v < (3, 14) else f"The course needs Python 3.11, 3.12 or 3.13; $(PYTHON) is {v[0]}.{v[1]}. Try: make PYTHON=python3.11")'
	@echo "Installing the locked packages into $(VENV) (about 3 GB, some minutes the first time)."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

install: $(STAMP) ## build or refresh .venv

run: $(STAMP) ## execute every notebook, with progress and a report
	$(BIN)/course run

test: $(STAMP) ## the whole test suite
	$(BIN)/python -m pytest

lint: $(STAMP) ## style of code and notebook sources
	$(BIN)/ruff check . && $(BIN)/ruff format --check .

notebooks: $(STAMP) ## convert and execute the notebooks whose source changed
	$(BIN)/python -m course_utils.notebooks

lab: $(STAMP) ## JupyterLab on this machine, opened with its token
	$(BIN)/jupyter lab --ServerApp.ip=127.0.0.1 --notebook-dir=notebooks

lock: ## resolve the newest allowed versions (needs uv)
	uv pip compile pyproject.toml --extra test --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --upgrade --quiet -o requirements.lock
	uv pip compile pyproject.toml --extra test --extra gpu --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet -c requirements.lock -o requirements-gpu.lock

clean: ## remove the environment and everything generated
	rm -rf $(VENV) runs reports
