# Verbs of the project; `make` alone lists them.
TARGET ?= local
ARGS ?=
# Jupyter refuses to run as root unless it is told that this is meant.
AS_ROOT = $(if $(filter 0,$(shell id -u)),--allow-root)
SCOPE = $(if $(filter local,$(TARGET)),local,base)

.DEFAULT_GOAL := help
.PHONY: help rebuild example lab test check fix lock up down clean

help: ## List the verbs
	@echo "make VERB [TARGET=name] [ARGS=...]"
	@echo
	@sed -n 's/^\([a-z-]*\):.*## /  \1\t/p' $(MAKEFILE_LIST) | expand -t 14
	@echo
	@echo "TARGET is a file in targets/: local (this machine, the default) or one of your clusters."
	@echo "make reports every failure as status 2; .venv/bin/runbook has a status for each kind."

rebuild: ## Rebuild the target from nothing and keep a record (ARGS goes to: runbook rebuild)
	@scripts/install $(SCOPE)
	@.venv/bin/runbook rebuild $(TARGET) $(ARGS)

example: ## Make the example run in outputs/examples anew, from nothing, on the local cluster
	@scripts/install local
	@.venv/bin/runbook local up
	@.local/bin/kubectl --kubeconfig .local/kubeconfig delete namespace ai --ignore-not-found --timeout=120s
	@rm -rf outputs/examples
	@.venv/bin/runbook rebuild local --only 00,01,02,03,04,05,06,07 --outputs outputs/examples

lab: ## Open JupyterLab on the notebooks, with the local cluster ready
	@scripts/install $(SCOPE)
	@if [ "$(TARGET)" = local ]; then .venv/bin/runbook local up; fi
	@.venv/bin/jupyter lab --notebook-dir=. $(AS_ROOT) notebooks/00_start_here.ipynb $(ARGS)

test: ## Lint, types, unit, notebook and cluster tests
	@scripts/install dev
	@scripts/test

audit-peer: ## Compare the security audit with checkov, in an environment of its own
	@scripts/install dev
	@scripts/install audit
	@.venv/bin/pytest -q tests/unit/kubernetes/audit/test_peer.py

check: ## Judge lint, format and types; change nothing
	@scripts/install dev
	@scripts/check

fix: ## Repair lint and format
	@scripts/install dev
	@.venv/bin/ruff check --fix .
	@.venv/bin/ruff format .

lock: ## Pin the requirements anew, with hashes
	@scripts/lock

up: ## Start the local cluster
	@scripts/install local
	@.venv/bin/runbook local up

down: ## Stop the local cluster and keep its data
	@.venv/bin/runbook local down

clean: ## Delete the local cluster's data and the built parts, after asking
	@.venv/bin/runbook local clean
