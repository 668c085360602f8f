# Everything runs from a virtual environment in .venv, made from the hashed locks. Only python3 (3.10 to 3.13), make and
# a package index that pip reaches are needed. `make` alone lists the targets.

PYTHON ?= python3
PYTHONS ?= python3.10 python3.11 python3.12 python3.13
VENV := .venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest
# A test's processes mostly wait for each other, so there are more workers than the two processors of a small machine.
WORKERS ?= 6
PARALLEL := -n $(WORKERS) --dist worksteal --max-worker-restart 0
# What needs an image, a client's own environment or an account, or says again what another cell has said.
BRIEF := not image_tests and not clients and not requires_creds and not full_matrix
# Byte code halves the start of every connector process, so the environment's own wish not to write it is not heard.
unexport PYTHONDONTWRITEBYTECODE
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# One date for everything that is packed: the same sources give the same bytes.
export SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || echo 1767225600)

VERSION = $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
ARCH = $(shell uname -m)

PIP_INSTALL := $(BIN)/python -m pip install -qq --no-compile --no-deps
# Installs the packages of a lock by two processors; what fails is said, and left to the one that installs all of them.
INSTALL_BY_HALVES = for half in 0 1; do \
	awk -v half=$$half '/^[^ \#]/ { n++ } n % 2 == half' $(1) > $(VENV)/half-$$half.lock; \
	$(PIP_INSTALL) --require-hashes -r $(VENV)/half-$$half.lock & done; wait
# Half of what is installed is never imported: it need not be compiled.
COMPILE := $(BIN)/python -m compileall -q -j 0 -x '/(tests|pandas|nltk|google|pip|mypy|mypyc|setuptools|airbyte_api)/' $(VENV)/lib

.DEFAULT_GOAL := help
.PHONY: help demo test beside lint format types unit faults clients-test image-test clients-matrix pythons image bench fuzz properties world soak lock wheel sbom release-notes publish image-push image-manifest release-record clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 10) <= sys.version_info[:2] <= (3, 13) else "python3 is %d.%d; one from 3.10 to 3.13 is needed: make PYTHON=/path/to/python" % sys.version_info[:2])'
	$(PYTHON) -m venv $(VENV)

# The connector as a user has it: runtime packages only, then the project itself.
$(VENV)/.runtime: requirements.lock pyproject.toml | $(VENV)/bin/python
	@echo "Installing the connector into $(VENV) (about half a minute)"
	@$(PIP_INSTALL) --require-hashes -r requirements.lock
	@$(PIP_INSTALL) .
	@$(COMPILE) > /dev/null || true
	@rm -f $(VENV)/.dev
	@touch $@

# The same and the tools; the project is taken from the checkout.
$(VENV)/.dev: requirements-dev.lock pyproject.toml | $(VENV)/bin/python
	@echo "Installing the connector and its tools into $(VENV) (about half a minute)"
	@$(call INSTALL_BY_HALVES,requirements-dev.lock)
	@$(PIP_INSTALL) --require-hashes -r requirements-dev.lock
	@$(PIP_INSTALL) --no-build-isolation -e .
	@$(COMPILE) > /dev/null || true
	@touch $(VENV)/.runtime $@

# The benchmark's own packages on top; their versions of what is there already are the same.
$(VENV)/.bench: requirements-bench.lock $(VENV)/.dev
	@echo "Installing what the benchmark needs besides"
	@$(PIP_INSTALL) --require-hashes -r requirements-bench.lock
	@touch $@

demo: $(VENV)/.dev ## read all platforms from a sandbox on this machine, in one command
	@$(BIN)/python -m integration_tests.demo

# Style, types and stories have a processor to themselves while the tests wait for their processes.
test: $(VENV)/.dev ## everything that needs no image and no other client
	@$(MAKE) --no-print-directory -j 2 unit beside

beside:
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory types
	@$(MAKE) --no-print-directory world MINUTES=0.25

lint: $(VENV)/.dev ## style and likely bugs
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/hadolint Dockerfile
	@$(BIN)/actionlint
	@test ! -x $(BIN)/zizmor || $(BIN)/zizmor --offline --quiet .github # not there for Python 3.10

types: $(VENV)/.dev ## static types
	@$(BIN)/mypy

format: $(VENV)/.dev ## lay out the code and repair what can be repaired by itself
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

# The first line compiles the test modules, once for all workers. What is wrong with one, the second line says.
unit: $(VENV)/.dev
	@$(PYTEST) --collect-only -qq unit_tests integration_tests > /dev/null 2>&1 || true
	@$(PYTEST) $(PARALLEL) unit_tests integration_tests -m "$(BRIEF)" $(RECORD)

faults: $(VENV)/.dev ## every fault at every platform, for docs/faults.md
	@$(BIN)/python -m integration_tests.fault_matrix $(PARALLEL)

image: ## build the container image with docker
	docker build --tag source-lms-reports:dev .

image-test: $(VENV)/.dev ## build the image without an engine and run the connector inside (Debian, root)
	@scripts/image/test.sh

clients-test: $(VENV)/.dev ## PyAirbyte, Meltano, Dagster and Airbyte's tools, each in its own environment
	@$(PYTEST) integration_tests/clients -m clients

# A client whose tests fail, or cannot run here, is left out of the table; the last line then fails and names it.
clients-matrix: $(VENV)/.dev ## run every client, the image too, and write docs/clients.md by what passed
	@rm -f integration_tests/clients/results.json
	@-$(PYTEST) integration_tests unit_tests/project/packaging/test_distribution.py -m "not image_tests and not requires_creds and not full_matrix" --record-clients
	@-scripts/image/test.sh --record-clients
	@$(BIN)/python -m integration_tests.clients.matrix

# Each in a clone of what is committed, so that nothing that lies here helps it.
pythons: $(VENV)/.dev ## `make test` on each Python of PYTHONS="python3.10 ...", and write docs/clients.md by what passed
	@scripts/pythons.sh $(PYTHONS)
	@$(BIN)/python -m integration_tests.clients.matrix

bench: $(VENV)/.bench ## speed and memory, as ratios measured in one run
	@$(BIN)/python -m benchmarks.waits
	@$(BIN)/python -m benchmarks

fuzz: $(VENV)/.dev ## wild input for each parser for ten minutes or MINUTES=...; REPLAY=file repeats a finding
	@$(BIN)/python -m unit_tests.fuzz --minutes $(or $(MINUTES),10) $(addprefix --seed ,$(SEED)) $(addprefix --replay ,$(REPLAY)) $(PARSERS)

properties: $(VENV)/.dev ## the property tests with many more examples
	@$(PYTEST) unit_tests integration_tests -m hypothesis --hypothesis-profile=many

world: $(VENV)/.dev ## random stories in simulated time for half a minute or MINUTES=...; SEED=... tells one again
	@$(BIN)/python -m unit_tests.sync.world --minutes $(or $(MINUTES),0.5) $(addprefix --seed ,$(SEED))

soak: $(VENV)/.dev ## random stories in simulated time and by the command line, random faults and kills: half an hour each or MINUTES=...
	@$(MAKE) --no-print-directory world MINUTES=$(or $(MINUTES),30)
	@$(BIN)/python -m integration_tests.small_world --minutes $(or $(MINUTES),30)
	@$(BIN)/python -m integration_tests.soak $(or $(MINUTES),30)

UPGRADE = $(if $(KEEP),,--upgrade)
lock: $(VENV)/.dev ## renew the three locks from pyproject.toml; KEEP=1 leaves what is locked as it is
	@$(BIN)/python -m pip install -qq uv
	@$(BIN)/uv pip compile pyproject.toml -q $(UPGRADE) --universal --python-version 3.10 --generate-hashes --no-header -o requirements.lock
	@$(BIN)/uv pip compile pyproject.toml --extra dev -c requirements.lock -q $(UPGRADE) --universal --python-version 3.10 --generate-hashes --no-header -o requirements-dev.lock
	@$(BIN)/uv pip compile pyproject.toml --extra bench -c requirements-dev.lock -q $(UPGRADE) --universal --python-version 3.10 --generate-hashes --no-header -o requirements-bench.lock
	@! grep -n '://' requirements.lock requirements-dev.lock requirements-bench.lock

wheel: $(VENV)/.dev ## wheel and sdist in dist/, byte for byte the same from the same commit
	@$(BIN)/python -m build --no-isolation --outdir dist .

sbom: $(VENV)/.runtime ## what the connector brings along: dist/sbom.cdx.json and dist/licenses.csv
	@$(BIN)/python scripts/sbom.py dist

release-notes: ## what the changelog says of this version: dist/notes.md
	@mkdir -p dist
	@$(PYTHON) scripts/release_notes.py $(VERSION) > dist/notes.md

publish: $(VENV)/.dev ## put dist/ on the package index by trusted publishing; DRY_RUN=1 only looks at it
	@$(BIN)/python -m pip install -qq uv
	@$(BIN)/uv publish --trusted-publishing $(if $(DRY_RUN),never --dry-run,always) dist/*.whl dist/*.tar.gz

image-push: ## build the image for this processor and push it: IMAGE=registry/name
	docker build --tag $(IMAGE):$(VERSION)-$(ARCH) .
	docker push $(IMAGE):$(VERSION)-$(ARCH)

image-manifest: ## one name for the images of both processors: IMAGE=registry/name
	docker manifest create $(IMAGE):$(VERSION) $(IMAGE):$(VERSION)-x86_64 $(IMAGE):$(VERSION)-aarch64
	docker manifest push $(IMAGE):$(VERSION)

release-record: $(VENV)/.dev ## keep what this version promises in releases/, for later versions to be held against
	@$(BIN)/python -m integration_tests.releases

clean: ## remove what the targets made
	rm -rf $(VENV) dist build .tmp .ctr .clients .pythons .mypy_cache .pytest_cache .ruff_cache .hypothesis .fuzz
