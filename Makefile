# Two commands on a fresh machine: `make report` and `make test`.  `make` alone lists all targets.
VENV   ?= .venv
PYTHON ?= python3
JOBS   ?= auto
BIN    := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest
PDF    := $(if $(shell command -v latexmk),--pdf)
KERNEL := $(if $(shell command -v coqc),--kernel)

.DEFAULT_GOAL := help
.PHONY: help proofs pins report gallery test optimised slow catalogue bench speed gpu crosscheck lint format clean

help:  ## list the targets
	@grep -hE '^[a-z]+:.*##' Makefile | sed -E 's/^([a-z]+):.*## */\1\t/' | expand -t 12

report: $(VENV)/.installed  ## set up and run the main job: prove and report the ResNet-50 stem
	@$(if $(PDF),,echo "no latexmk on this machine: writing LaTeX and HTML, no PDF")
	$(BIN)/symconv report resnet50-stem -o reports $(PDF)

gallery: report  ## what reports/ holds: the report above, and the README's picture
	$(BIN)/symconv draw "conv i1x16 o1 k7 s2 p3 nobias" -o reports/tying-k7-s2.svg
	$(BIN)/symconv gallery proofs/lowerings/*.json -o reports || test $$? -eq 1  # some are refuted
	$(BIN)/symconv report theorems -o reports $(KERNEL)

test: lint  ## set up and pass everything: lint, types, the suite
	$(PYTEST) -n $(JOBS)

# python -O removes every assert from symconv; pytest's own, rewritten, stay.  The variable, and not
# the option, reaches the workers too.  `.ci/run` asks for it before the suite.
optimised: $(VENV)/.tested  ## the suite under `python -O`, with fewer random examples
	PYTHONOPTIMIZE=1 $(PYTEST) -n $(JOBS) -q -p no:cacheprovider --hypothesis-profile=brief

proofs: $(VENV)/.installed  ## build the Coq library, outside the source tree, and audit it
	@$(BIN)/python -c 'from symconv.prove.kernel.library import library_audit as audit, library_faults; \
		print(*map(": ".join, audit().items()), sep="\n"); \
		raise SystemExit("\n".join(library_faults()) or None)'

pins: $(VENV)/.installed  ## after a theorem or definition was changed on purpose: pin what Coq prints
	@$(BIN)/python -c 'from symconv.prove.kernel.pins import write_pins; print(*write_pins(), sep="\n")'
	@$(BIN)/python -c 'from symconv.theorems.table import write_table as write; write()'

slow: $(VENV)/.tested  ## the tests that take minutes
	$(PYTEST) -n $(JOBS) -m slow --ignore tests/bench

catalogue: $(VENV)/.tested  ## every reader of claims, asked of every claim of the catalogue
	$(PYTEST) -n $(JOBS) tests/catalogue -m "slow or not slow"

bench: $(VENV)/.tested  ## the benchmarks, measured side by side with their peers
	$(PYTEST) tests/bench -m "slow or not slow" --benchmark-only --benchmark-columns=min,median,rounds \
		--benchmark-warmup=on --benchmark-group-by=group

speed: $(VENV)/.tested  ## measure the README's speed table, every line in a fresh process, and write it
	$(BIN)/python -m tests.bench.table --write README.md

# On a borrowed machine with PyTorch and CUDA and nothing to install from: its own python runs it.
gpu:  ## compare and time on a GPU, in under five minutes; writes reports/crosscheck-cuda.md
	$(if $(wildcard $(BIN)/python),$(BIN)/python,$(PYTHON)) -m symconv.crosscheck.device --device cuda

crosscheck: $(VENV)/.tested  ## 5,000 random layers a dtype and mode, exact and within their bounds
	$(PYTEST) -n $(JOBS) -m slow -s tests/crosscheck

lint: $(VENV)/.tested  ## ruff and mypy --strict
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.tested  ## let ruff lay out the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:  ## remove the environment, built files and caches
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .benchmarks

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --editable .
	@touch $@

$(VENV)/.tested: pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --editable '.[test]'
	@touch $@ $(VENV)/.installed
