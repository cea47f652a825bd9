# Everyday commands; `make help` lists them. ARGS goes to the program that a target runs.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.installed
CLIENTS := .clients
INSTALLERS := $(notdir $(basename $(wildcard tests/clients/install/*.sh)))
PEERS := .peers
RIVALS := $(notdir $(basename $(wildcard bench/install/*.sh)))

.DEFAULT_GOAL := help
.PHONY: help serve test check clients peers bench

help: ## list the targets
	@sed -nE 's/^([a-z]+):.*## (.*)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 12

serve: $(READY) ## run the registry from the work tree
	$(BIN)/registry serve $(ARGS)

test: $(READY) ## run the tests; those of absent clients are skipped
	$(BIN)/pytest -n 2 --dist worksteal $(ARGS)

check: $(READY) ## lint, format, types, layers, architecture
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -q tests/architecture

clients: $(INSTALLERS:%=$(CLIENTS)/.%) ## install the real clients that the tests drive into .clients

peers: $(RIVALS:%=$(PEERS)/.%) ## install the servers that the registry is measured beside into .peers
	@true

bench: $(READY) ## measure the registry beside its peers
	$(BIN)/python -m bench $(ARGS)

$(READY): setup.cfg pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[test]'
	touch $@

# A script ends with 77 where the machine lacks what it builds on: the clients' tests are then skipped.
$(CLIENTS)/.%: tests/clients/install/%.sh
	mkdir -p $(CLIENTS)/bin
	bash $< $(CLIENTS) && touch $@ || test $$? = 77

$(PEERS)/.%: bench/install/%.sh
	mkdir -p $(PEERS)/bin
	bash $< $(PEERS) && touch $@ || test $$? = 77
