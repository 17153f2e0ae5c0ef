# Two commands do everything on a machine with Python 3.11+, pip and make:
#   make demo   sets up and scrubs the demo fixtures
#   make test   sets up and runs linters, types, layers and all tests
PYTHON ?= python3
VENV   ?= .venv
comma  := ,
BIN    := $(VENV)/bin
# What an installation is made of, besides the Python that lies where it is.
BUILT  := pyproject.toml hatch_build.py x12proc/wire/_native.c
# Spark is large and its tests skip without it; in CI nothing skips.
DEV    := dev$(if $(filter true,$(CI)),$(comma)spark)

.PHONY: demo test docs reference mutate compare-guides fuzz reliability bench bench-scaling bench-memory clean

demo: $(VENV)/.installed
	@$(BIN)/x12proc scrub fixtures/demo -o demo-out --as-of 2024-04-01 || test $$? -eq 1
	@echo
	@echo "Open demo-out/clinic-837p.report.html in a browser. Exit code 1 above means: claims were rejected."

test: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	PYTHONPATH=tests $(BIN)/python tools/judged_score.py
	$(BIN)/pytest -n auto

docs: $(VENV)/.dev
	$(BIN)/python tools/build_docs.py

# Builds the reference edition anew from config/reference/sources. With FROM=FOLDER the downloads in that folder are
# taken into the sources first: make reference FROM=downloads
reference: $(VENV)/.dev
	$(BIN)/python tools/build_reference.py $(if $(FROM),--take $(FROM))
	@git --no-pager diff --stat config/reference || true

# Breaks the rules in thousands of small ways and says which breaks no fixture notices; a minute or two.
mutate: $(VENV)/.dev
	$(BIN)/python tools/mutate_rules.py

# Ever new bytes against the promises of tools/fuzz_targets.py. make fuzz MINUTES=20 TARGET=wire
MINUTES ?= 1
fuzz: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[fuzz]'
	$(BIN)/python tools/fuzzing.py --minutes $(MINUTES) $(TARGET)

# Files with faults put in, held against their guides quickly and by pyx12 alone. make compare-guides COUNT=10000
COUNT ?= 10000
compare-guides: $(VENV)/.dev
	PYTHONPATH=tests $(BIN)/python tests/support/guide_agreement.py $(COUNT)

# Speed beside peers and floors, into bench/RESULTS.md; then memory on 1 GB and 10 GB, which needs 40 GB of disk.
bench: $(VENV)/.dev
	$(BIN)/python bench/speed.py

bench-scaling: $(VENV)/.dev
	$(BIN)/python bench/speed.py --scaling --times 3

bench-memory: $(VENV)/.dev
	$(BIN)/python bench/speed.py --memory 1000 10000

# Hostile files, timed and weighed one by one: rewrites the table in docs/reliability.md; some minutes.
reliability: $(VENV)/.dev
	$(BIN)/python tools/measure_faults.py

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(VENV)/bin/python $(BUILT)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/.dev: $(VENV)/bin/python $(BUILT)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[$(DEV)]'
	@touch $@ $(VENV)/.installed

clean:
	rm -rf $(VENV) demo-out build dist

# -- coverage and releases: CONTRIBUTING.md tells what each is for
.PHONY: coverage lock audit release-check

# How much of the code the tests run, by room, into docs/coverage.md; fails when the core falls short.
coverage: $(VENV)/.dev
	@rm -rf build/coverage && mkdir -p build/coverage
	$(BIN)/coverage run -m pytest -n auto
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage json --quiet -o build/coverage/report.json
	$(BIN)/python tools/coverage_table.py build/coverage/report.json

# After a change to the dependencies in pyproject.toml; 'make lock UPGRADE=--upgrade' takes the newest of all.
lock: $(VENV)/.release
	$(BIN)/python tools/lock.py $(UPGRADE)

# The lock, wheel and sdist, the demo in fresh environments, licences, SBOM, known vulnerabilities; dist/ holds what
# was checked. STEPS="build contents" runs some of it. Without a network the audit can't be passed, and says so.
release-check: $(VENV)/.release
	$(BIN)/python tools/release_check.py $(STEPS)

audit: $(VENV)/.release
	$(BIN)/python tools/release_check.py audit

$(VENV)/.release: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev,release]'
	@touch $@
