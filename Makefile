# sopti: the commands of this repository. `make` alone lists them.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.NOTPARALLEL:
.SUFFIXES:

PYTHON ?= python3
VENV := $(CURDIR)/.venv
PY := $(VENV)/bin/python
READY := $(VENV)/.ready
WORKERS ?= 3
# By file, for a file's tests share hosts; in the order of the folders: quick unit tests come last and fill the end.
# One worker more than two cores: tests on hosts also wait for them.
SHARED := --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder
CATALOGUES := $(patsubst %.po,%.mo,$(wildcard sopti_runner/locale/*/LC_MESSAGES/*.po))
COMMIT = $(shell git rev-parse --short=12 HEAD)

# The tools of the virtual environment find each other, and leave nothing in the home folder.
export PATH := $(VENV)/bin:$(PATH)
export ANSIBLE_HOME := $(CURDIR)/.cache/ansible
unexport PYTHONPATH

say = @printf '\n== %s\n'

##@ Look at it
.PHONY: help demo
help: ## this list
	@awk 'BEGIN { FS = ":.*## " } /^##@ / { printf "\n%s\n", substr($$0, 5) } /^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: not-a-court deps venv ## the main job, from request to recap, on throw-away hosts (SOPTI_LANG=en for English)
	$(say) 'Demonstration: one change, from request to recap'
	@$(PY) -m tests.demo

.PHONY: not-a-court
not-a-court:
	@for folder in /var/lib/sopti /etc/sopti; do \
	  if [ -e "$$folder" ]; then \
	    echo "make demo: refused. $$folder exists, so this machine looks like a court's own." >&2; \
	    echo "Expected: a machine where sopti is not installed. Next: run make demo on another machine." >&2; \
	    exit 2; fi; done

##@ Use it
.PHONY: install uninstall wheelhouse
install: ## sopti for a court: system user, /opt/sopti, /etc/sopti, timers (root; keeps every existing state)
	$(say) 'Installing sopti'
	@PYTHON='$(PYTHON)' sh packaging/install.sh

uninstall: ## remove the programs and timers; state, settings and exchange folder stay
	$(say) 'Removing sopti, keeping its state'
	@sh packaging/uninstall.sh

wheelhouse: venv ## build/wheelhouse: all that make install needs on a machine without internet
	$(say) 'Collecting the packages for an installation without internet'
	@sh packaging/wheelhouse.sh build/wheelhouse
	@echo "On the other machine: PIP_NO_INDEX=1 PIP_FIND_LINKS=/path/of/wheelhouse make install"

##@ Check it
.PHONY: test quick lint types imports ansible-lint yamllint molecule pytest soak bench
test: deps venv lint types imports yamllint ansible-lint molecule pytest ## every kind of check, with reduced, seeded counts

quick: venv lint types imports ## what needs no root and takes seconds
	$(say) 'Unit and architecture tests'
	@$(PY) -m pytest -q tests/unit tests/architecture

lint: venv ## ruff: rules and format
	$(say) 'Lint: ruff'
	@ruff check .
	@ruff format --check .

types: venv ## mypy, strict
	$(say) 'Types: mypy'
	@mypy

imports: venv ## the layers, kept by import-linter
	$(say) 'Layers: import-linter'
	@lint-imports

yamllint: venv ## every YAML file
	$(say) 'YAML: yamllint'
	@yamllint --strict .

ansible-lint: venv ## roles and playbooks, production profile
	$(say) 'Ansible content: ansible-lint'
	@ansible-lint --offline --profile production

molecule: deps venv ## each role's scenario on throw-away hosts; says why where they can't run
	$(say) 'Roles: molecule'
	@sh packaging/molecule.sh

pytest: deps venv ## unit, contract, integration, architecture, lab and end-to-end tests
	$(say) 'Tests: pytest'
	@$(PY) -m pytest $(SHARED) || { status=$$?; [ $$status -ne 5 ] || echo 'No test was found: that is a failure too.' >&2; exit $$status; }

soak: deps venv ## full counts; build/soak-<commit>.txt binds the figures to the commit
	$(say) 'Soak: full counts'
	@$(PY) packaging/soak.py $(SHARED)

bench: deps venv ## benchmarks that print ratios
	$(say) 'Benchmarks'
	@$(PY) -m bench

##@ Work on it
.PHONY: venv deps constraints words docs format clean
venv: $(READY) $(CATALOGUES) ## .venv with pinned packages, by this machine's own pip configuration

$(READY): pyproject.toml constraints.txt
	$(say) 'Virtual environment'
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and f"sopti needs Python 3.11 or newer; {sys.executable} is {sys.version.split()[0]}. Next: make PYTHON=/usr/bin/python3.11 venv" or 0)'
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	@$(PY) -m pip install --quiet --constraint constraints.txt setuptools
	@$(PY) -m pip install --quiet --constraint constraints.txt --no-build-isolation --editable '.[test]'
	@touch $@

%.mo: %.po | $(READY)
	@$(PY) packaging/compile_words.py $<

deps: ## Debian packages for the throw-away hosts (installs as root on Debian, else says what is missing)
	$(say) 'Debian packages'
	@sh packaging/deps.sh install

constraints: venv ## constraints.txt anew from what .venv holds
	$(say) 'Pinning what .venv holds'
	@sh packaging/constraints.sh > constraints.txt.new
	@mv constraints.txt.new constraints.txt
	@touch $(READY)

words: venv ## message catalogues: extract, update, compile
	$(say) 'Words: catalogues'
	@pybabel --quiet extract -F babel.cfg -k N_ --width 120 --no-location --sort-output -o sopti_runner/locale/sopti.pot .
	@pybabel --quiet update --width 120 -D sopti -i sopti_runner/locale/sopti.pot -d sopti_runner/locale --no-fuzzy-matching
	@$(PY) packaging/compile_words.py sopti_runner/locale/*/LC_MESSAGES/sopti.po

docs: venv ## the pages generated from code
	$(say) 'Documents: generated pages'
	@$(PY) docs/generate.py

format: venv ## ruff's own format and safe fixes
	$(say) 'Format: ruff'
	@ruff check --fix .
	@ruff format .

clean: ## remove .venv, build and caches (not what make install installed)
	$(say) 'Cleaning'
	@rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .ansible sopti_runner.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
