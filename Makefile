# Everything runs in an environment of its own, made from requirements/dev.txt: `make help` tells what there is.

VENV ?= .venv
BIN := $(abspath $(VENV))/bin
ENVIRONMENT := $(VENV)/made
PYTHON_FILES := src tests tools examples

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

export PATH := $(BIN):$(PATH)
# uv takes the certificates that this machine trusts, as pip and lamina do.
export UV_SYSTEM_CERTS ?= 1
# Modules compiled once, by the first worker, take seconds off each run.
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV PYTHONDONTWRITEBYTECODE

.PHONY: help
help: ## Tell what can be made
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 24

.PHONY: demo
demo: $(ENVIRONMENT) ## Build examples/hello, bump its version, build again, run it
	@python tools/demo.py

.PHONY: check
check: lint types unit ## What each commit must pass; no network, under a minute

.PHONY: lint
lint: $(ENVIRONMENT) ## Format, lint, import contract
	ruff format --check $(PYTHON_FILES)
	ruff check $(PYTHON_FILES)
	lint-imports

.PHONY: format
format: $(ENVIRONMENT) ## Let ruff lay out the code and mend what it can
	ruff format $(PYTHON_FILES)
	ruff check --fix $(PYTHON_FILES)

.PHONY: types
types: $(ENVIRONMENT) ## mypy, strict
	mypy

.PHONY: unit
unit: $(ENVIRONMENT) ## The tests that need no other program, and the examples in docstrings
	TMPDIR=$$(tools/temporary-folder) pytest -q -n auto --dist worksteal --ignore=tests/integration -m "not integration"

.PHONY: test
test: $(ENVIRONMENT) ## All tests but the slow proofs; installs from Debian what they run
	tools/install-test-tools
	@$(MAKE) --no-print-directory lint types
	@LAMINA_LAWS=100 $(MAKE) --no-print-directory unit
	tools/test-other-pythons
	pytest -q -n auto --dist loadfile \
	  -m "integration and not seed and not fidelity and not kills and not apt and not scenarios"
	pytest -q -n auto -m scenarios

.PHONY: scenarios
scenarios: $(ENVIRONMENT) ## Small projects of every kind, chosen and installed as the real uv does
	pytest -q -n auto -m scenarios

.PHONY: scenarios-random
scenarios-random: $(ENVIRONMENT) ## Many random projects, chosen from as the real uv does (LAMINA_EXAMPLES)
	LAMINA_EXAMPLES=$${LAMINA_EXAMPLES:-500} pytest -q -n auto -m scenarios -k choose_what_uv

.PHONY: golden
golden: $(ENVIRONMENT) ## Freeze the bytes of layers anew; review the difference
	PYTHONPATH=tests python tests/golden/rewrite.py

.PHONY: docs
docs: $(ENVIRONMENT) ## Do the links in the documentation lead anywhere?
	pytest -q tests/unit/test_docs.py

.PHONY: rules
rules: $(ENVIRONMENT) ## Write the pages about the rules of `lamina doctor`, from the rules
	python tools/rule_pages.py

.PHONY: fuzz-dockerfile
fuzz-dockerfile: $(ENVIRONMENT) ## Does any of 100,000 strange Dockerfiles upset the doctor?
	LAMINA_DOCKERFILES=$${LAMINA_DOCKERFILES:-100000} pytest -q tests/property/test_dockerfile.py

.PHONY: build
build: $(ENVIRONMENT) ## The wheel and the sdist of lamina, in dist/
	python -m build --no-isolation --outdir dist .

.PHONY: image
image: $(ENVIRONMENT) ## The image of lamina for Dockerfiles, by lamina, in build/lamina.tar
	@mkdir -p build
	tools/make-image -t lamina:$$(python -c "import lamina; print(lamina.__version__)") \
	  -o docker-archive:build/lamina.tar

.PHONY: bench-lock
bench-lock: $(ENVIRONMENT) ## How long reading a lock and selecting from it takes
	@python tools/bench_lock.py

.PHONY: bench-apt
bench-apt: $(ENVIRONMENT) ## How long choosing Debian packages takes, with the lists of this machine's apt
	@python tools/bench_apt.py

.PHONY: bench-seed
bench-seed: $(ENVIRONMENT) ## Speed beside uv's, with the 200 pins of the report (4.2 GB twice)
	@python tools/bench_seed.py

.PHONY: bench-sync
bench-sync: $(ENVIRONMENT) ## Speed of sync beside uv's, with 20 wheels and with the 200 pins (BENCH=small: the former)
	@python tools/bench_sync.py $(BENCH)

.PHONY: bench-registry
bench-registry: $(ENVIRONMENT) ## Builds that only a registry helps, beside Docker's own; pulls (40 GB of disk)
	tools/install-test-tools
	@python tools/bench_registry.py $(BENCH)

.PHONY: bench-bytecode
bench-bytecode: $(ENVIRONMENT) ## What bytecode costs and saves: size, time to build, time to import
	tools/install-test-tools
	@python tools/bench_bytecode.py

.PHONY: bench-unpack
bench-unpack: $(ENVIRONMENT) ## How long our layers take to unpack, beside ordinary ones (4.2 GB in)
	tools/install-test-tools
	@python tools/bench_unpack.py

.PHONY: test-seed
test-seed: $(ENVIRONMENT) ## The environment of the 200 pins, file by file beside uv's (30 GB of disk)
	tools/install-test-tools
	@python tools/seed.py pytest -q -m seed

.PHONY: test-bytecode
test-bytecode: $(ENVIRONMENT) ## Layers of 20 large wheels with bytecode, three times: are they the same?
	@python tools/prove_bytecode.py

.PHONY: test-fidelity
test-fidelity: $(ENVIRONMENT) ## The wheels of 150 much-downloaded projects, installed as uv does (0.5 GB in)
	pytest -q -m fidelity

.PHONY: test-kills
test-kills: $(ENVIRONMENT) ## 200 syncs killed at random moments; is each mended by the next? (2 minutes)
	pytest -q -n auto -m integration -k that_was_killed tests/integration/test_sync_interruptions.py

.PHONY: test-apt
test-apt: $(ENVIRONMENT) ## Images with Debian packages, beside what apt makes of their bases (2 GB in)
	tools/install-test-tools
	pytest -q -m apt

.PHONY: lock-dev
lock-dev: $(ENVIRONMENT) ## Pin anew what is needed for development
	uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock-dev" \
	  --output-file requirements/dev.txt pyproject.toml requirements/dev.in

.PHONY: clean
clean: ## Delete all that was made here
	rm -rf .venv .venvs build dist .coverage .hypothesis .import_linter_cache .mypy_cache \
	  .pytest_cache .ruff_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

$(ENVIRONMENT): requirements/dev.txt tools/make-environment
	@tools/make-environment $(VENV)
	@touch $@
