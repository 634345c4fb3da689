# make demo    a sample shot, its background replaced, beside the truth
# make test    the test suite
# make test-all the same with the few that take longest
# make check   format, lint, types, import layers
# make bench   seconds and memory a frame
# make clean   take away what was made here
#
# PYTHON=... names the interpreter (3.11 or newer) from which .venv is made.

PYTHON ?= $(firstword $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p; done))
VENV := .venv
BIN := $(VENV)/bin
PACKAGE := $(VENV)/.package
TOOLS := $(VENV)/.tools
CODE := src tests benchmarks examples
APT := DEBIAN_FRONTEND=noninteractive apt-get -qq
PIP := $(BIN)/python -m pip install -qq --no-compile --disable-pip-version-check

.PHONY: demo test test-all check bench install clean

demo: $(PACKAGE)
	@$(BIN)/python examples/demo.py out/demo

test: $(TOOLS)
	@$(BIN)/python -m pytest -n 2 --dist worksteal -m "not long"

test-all: $(TOOLS)
	@$(BIN)/python -m pytest -n 2 --dist worksteal

check: $(TOOLS)
	@$(BIN)/ruff check $(CODE)
	@$(BIN)/ruff format --check --quiet $(CODE)
	@$(BIN)/mypy
	@$(BIN)/python -m pytest tests/test_import_layers.py

bench: $(TOOLS)
	@$(BIN)/python benchmarks/speed.py

install: $(TOOLS)

$(TOOLS): $(PACKAGE)
	@echo "installing the development tools ..."
	@$(PIP) -e '.[dev]'
	@touch $@

# Debian keeps ensurepip, without which an environment has no pip, in a package of its own.
$(PACKAGE): pyproject.toml
	@'$(PYTHON)' -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Python 3.11 or newer is needed and '$(PYTHON)' is none; install one (Debian: apt-get install python3)"; \
	  echo "or name one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 2; } >&2
	@'$(PYTHON)' -c 'import ensurepip, venv' 2>/dev/null || { \
	  package=$$('$(PYTHON)' -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])'); \
	  if [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then \
	    echo "$(PYTHON) cannot make environments yet; run this once: sudo apt-get install $$package" >&2; exit 2; fi; \
	  echo "installing $$package ..."; \
	  { $(APT) update && $(APT) install -y --no-install-recommends $$package; } >/dev/null; }
	@echo "installing into $(VENV) ..."
	@'$(PYTHON)' -m venv --clear $(VENV)
	@$(PIP) -e .
	@touch $@

clean:
	rm -rf $(VENV) out build dist
