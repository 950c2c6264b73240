# The course's tasks. Those that need the environment build .venv first when it is missing, broken or older than the lock.
#
#   make install GPU=1                  with NVIDIA's libraries (Linux); .venv remembers it, `make clean` forgets
#   make install PYTHON=python3.12      with this interpreter
#   make test OPTIONS="-k label"        further options for run, test, lab and lock

SUPPORTED := import ensurepip, sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do $$p -c '$(SUPPORTED)' 2>/dev/null && echo $$p && break; done)

LOCK := requirements$(if $(GPU)$(wildcard .venv/requirements-gpu.lock.done),-gpu).lock
LOCKED := .venv/$(LOCK).done
READY := .venv/project.done
BROKEN := $(shell .venv/bin/python -c '' 2>/dev/null || echo broken)

VENV_PYTHON := .venv/bin/python
PIP := $(VENV_PYTHON) -m pip --quiet --disable-pip-version-check install --no-deps
COMPILE := uv pip compile pyproject.toml --extra test --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet

.DEFAULT_GOAL := help
.PHONY: help install run test lint book students notebooks lab lock clean broken

help: ## what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

# From scratch, so that nothing stays that the lock no longer names. pip compiles every module to byte code, also where
# PYTHONDONTWRITEBYTECODE is set: TensorFlow starts in 3 instead of 8 CPU seconds.
$(LOCKED): $(LOCK) $(BROKEN)
	@$(PYTHON) -c '$(SUPPORTED)' 2>/dev/null || { \
		echo 'The course needs Python 3.11, 3.12 or 3.13 with venv (Debian, Ubuntu: apt install python3-venv); choose with: make install PYTHON=python3.12' >&2; exit 1; }
	@echo "Installing $(LOCK) into .venv (about 3 GB, some minutes)."
	@$(PYTHON) -m venv --clear .venv
	@$(PIP) --require-hashes -r $(LOCK)
	@touch $@

$(READY): $(LOCKED) pyproject.toml environment/typing/pyproject.toml
	@$(PIP) --no-build-isolation ./environment/typing --editable .
	@touch $@

install: $(READY) ## build or refresh .venv (GPU=1: with NVIDIA's libraries)

run: $(READY) ## execute every notebook, with progress and a report
	@$(VENV_PYTHON) -m course_utils run $(OPTIONS)

test: $(if $(wildcard tests),$(READY)) ## the whole test suite, in two processes
	@test -d tests || { \
		echo 'This copy of the course has no tests: they would give answers away. What you can run instead:' >&2; \
		echo '  make lab                       the notebooks; the cell below an exercise checks your answer' >&2; \
		echo '  make run OPTIONS="01 --fast"   one notebook from its first cell to its last (all: OPTIONS=--fast)' >&2; \
		echo '  .venv/bin/course doctor        whether everything that the course needs is there' >&2; exit 1; }
	@$(VENV_PYTHON) -m pytest --numprocesses 2 --dist worksteal $(OPTIONS)

lint: $(READY) ## style, spelling, sizes, notebooks in step with their sources
	@$(VENV_PYTHON) -m pre_commit run --all-files $(OPTIONS)

book: $(READY) ## the course as a web site, in book/_build/html
	@$(VENV_PYTHON) book/build.py $(OPTIONS)

students: $(READY) ## a copy of the course without solutions, for a branch that Binder and Colab open
	@$(VENV_PYTHON) book/students.py $(OPTIONS)

notebooks: $(READY) ## convert and execute the notebooks whose source changed
	@$(VENV_PYTHON) -m course_utils.tools.notebooks

lab: $(READY) ## JupyterLab on this machine only, opened with its token
	@$(VENV_PYTHON) -m jupyterlab --ServerApp.ip=127.0.0.1 --notebook-dir=notebooks $(OPTIONS)

lock: ## resolve what pyproject.toml asks for (needs uv; OPTIONS=--upgrade: newest versions)
	@command -v uv >/dev/null || { echo 'make lock needs uv: pip install uv' >&2; exit 1; }
	$(COMPILE) $(OPTIONS) --output-file requirements.lock
	$(COMPILE) --extra gpu --constraint requirements.lock --output-file requirements-gpu.lock
	awk '/^[a-z]/ {sub(/ \\$$/, ""); print}' requirements-gpu.lock > constraints.txt

clean: ## remove the environment and everything generated
	rm -rf .venv runs reports book/_build
