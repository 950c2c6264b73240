# The course's tasks. Those that need the environment build .venv first when it is missing, broken or older than its locks.
#
#   make install EXTRAS=labs            with what else some need (pyproject.toml lists the extras); .venv remembers
#                                       them, `make clean` forgets them
#   make install GPU=1                  with NVIDIA's libraries (Linux): the extra gpu
#   make install PYTHON=python3.12      with this interpreter
#   make test OPTIONS="-k label"        further options for run, lab, check, test, lint, book, students, lock

SUPPORTED := import ensurepip, sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do $$p -c '$(SUPPORTED)' 2>/dev/null && echo $$p && break; done)

# requirements.lock is what a student needs; each extra has a lock of what it adds.
KNOWN := labs cluster postgres book test gpu jax weights export
COMMA := ,
ASKED := $(subst $(COMMA), ,$(EXTRAS)) $(if $(GPU),gpu)
UNKNOWN := $(filter-out $(KNOWN),$(ASKED))
$(if $(UNKNOWN),$(error There is no extra $(UNKNOWN); choose from: $(KNOWN)))

LOCKED := .venv/requirements.lock.done
EXTRA = .venv/requirements-$(1).lock.done
PROJECT := .venv/project.done
READY := $(PROJECT) $(sort $(foreach extra,$(ASKED),$(call EXTRA,$(extra))) $(wildcard $(call EXTRA,*)))

# `broken` where .venv has to be built anew: its Python does not run, or a lock is newer than what was installed from it.
BROKEN := $(shell .venv/bin/python -c '' 2>/dev/null || echo broken; cd .venv 2>/dev/null && \
	for done in *.lock.done; do [ "../$$(basename "$$done" .done)" -nt "$$done" ] && echo broken; done)

VENV_PYTHON := .venv/bin/python
PIP := $(VENV_PYTHON) -m pip --quiet --disable-pip-version-check install --no-deps
COMPILE := uv pip compile pyproject.toml --universal --python-version 3.11 --no-header --no-annotate --quiet
# Of a second lock, the entries that a first one lacks, below a line that includes the first.
ADDED := BEGIN {print "-r requirements.lock"} NR == FNR {if (/^[a-z]/) first[$$0]; next} /^[a-z]/ {new = !($$0 in first)} new
COMPILE_LOCK := $(COMPILE) --generate-hashes --constraint constraints.txt

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help install run lab check test lint book students notebooks weights lock clean broken

help: ## what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

# From scratch, so that nothing stays that no lock names any more. pip compiles every module to byte code, also where
# PYTHONDONTWRITEBYTECODE is set: TensorFlow starts in 3 instead of 8 CPU seconds.
$(LOCKED): requirements.lock $(sort $(BROKEN))
	@$(PYTHON) -c '$(SUPPORTED)' 2>/dev/null || { \
		echo 'The course needs Python 3.11, 3.12 or 3.13 with venv (Debian, Ubuntu: apt install python3-venv); choose with: make install PYTHON=python3.12' >&2; exit 1; }
	@echo "Installing requirements.lock into .venv (3.1 GB, some minutes)."
	@$(PYTHON) -m venv --clear .venv
	@$(PIP) --require-hashes -r requirements.lock
	@touch $@

.venv/requirements-%.lock.done: requirements-%.lock $(LOCKED)
	@echo "Adding $< to .venv$(if $(filter test,$*), (0.4 GB))."
	@$(PIP) --require-hashes -r $<
	@touch $@

$(PROJECT): $(LOCKED) pyproject.toml environment/typing/pyproject.toml
	@$(PIP) --no-build-isolation ./environment/typing --editable .
	@touch $@

install: $(READY) ## build or refresh .venv (EXTRAS="labs postgres": with these extras; GPU=1: with NVIDIA's libraries)

run: $(READY) ## execute every notebook, with progress and a report
	@$(VENV_PYTHON) -m course_utils run $(OPTIONS)

lab: $(READY) ## your notebooks in JupyterLab, without answers (OPTIONS=--instructor: with them)
	@$(VENV_PYTHON) -m course_utils lab $(OPTIONS)

check: $(READY) ## the visible checks of your answers in every notebook, with points
	@$(VENV_PYTHON) -m course_utils lab --prepare
	@$(VENV_PYTHON) -m course_utils check --all $(OPTIONS)

# Developers only: a students' copy has none of these.
# The tests start hundreds of processes: each would compile the course's modules again if none kept the byte code.
test: $(READY) $(call EXTRA,test) ## the whole test suite, in two processes
	@PYTHONDONTWRITEBYTECODE= $(VENV_PYTHON) -m pytest --numprocesses 2 --dist worksteal $(OPTIONS)

lint: $(READY) $(call EXTRA,test) ## style, spelling, sizes, notebooks in step with their sources
	@$(VENV_PYTHON) -m pre_commit run --all-files $(OPTIONS)

book: $(READY) $(call EXTRA,book) ## the course as a web site, in book/_build/html
	@$(VENV_PYTHON) book/build.py $(OPTIONS)

students: $(READY) $(call EXTRA,labs) ## a copy of the course without solutions, for a branch that Binder and Colab open
	@$(VENV_PYTHON) book/students.py $(OPTIONS)

notebooks: $(READY) ## convert and execute the notebooks whose source changed
	@$(VENV_PYTHON) -m course_utils.tools.notebooks

weights: $(READY) $(call EXTRA,weights) ## train the networks that the course ships anew, where a recipe changed; goes on where it was stopped
	@$(VENV_PYTHON) -m course_utils.tools.shipping $(OPTIONS)

lock: ## resolve what pyproject.toml asks for (needs uv; OPTIONS=--upgrade: newest versions)
	@command -v uv >/dev/null || { echo 'make lock needs uv: pip install uv' >&2; exit 1; }
	$(COMPILE) --all-extras $(OPTIONS) --output-file constraints.txt
	$(COMPILE_LOCK) --output-file requirements.lock
	@set -e; for extra in $(KNOWN); do \
		$(COMPILE_LOCK) --extra $$extra --output-file whole.lock; \
		awk '$(ADDED)' requirements.lock whole.lock > requirements-$$extra.lock; rm whole.lock; done

# For everybody.

clean: ## remove the environment and everything generated
	rm -rf .venv runs reports book/_build
