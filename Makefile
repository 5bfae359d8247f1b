# make run              serve examples/plant.py on tcp://127.0.0.1:5020
# make test             formatter, linter, type checker and all tests; what CI runs
# make lint             of these, the formatter, the linter and the type checker alone
# make test-all         all tests under each Python that Aoba promises to run on, as far as it is here
# make bench            Aoba beside other Modbus servers; six minutes
# make bench-rtu        RTU on a pseudo-terminal, beside pymodbus
# make bench-memory     what clients and stations cost in memory
# make bench-scripts    what a run of a script costs, cold, warm and embedded; six minutes
# make bench-kills      a thousand kills of what runs scripts, and nothing wrong to be seen
# make bench-late       masters and devices that answer late, ten minutes, and no wrong value
# make bench-logs       what the worst clients make the log grow by in a day; five minutes
# make bench-promises   what else is promised in figures; three minutes
# make bench-walks      what way through the source a request, a run and a write take
# make lock             write down exact versions and hashes, the newest that may be with UPGRADE=1
# make clean            remove the virtual environment and the caches
#
# All but the last two install into .venv first, and again only when pyproject.toml or
# requirements-dev.txt has changed. Nothing is installed whose hash that does not name.

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready

# Large libraries for scripts, which neither Aoba nor its tests need.
LIBRARIES := $(VENV)-libraries

# The first one that is new enough.
PYTHON = $(shell for name in python3 python3.13 python3.12 python3.11; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 \
	&& command -v "$$name" && break; done)

# For requests that are not out of memory: reads of what was not read before, and writes.
RARE := --servers aoba,libmodbus --connections 16,64 --quantities 10

# Somebody else's Modbus client, to show that the values are there.
READ := from pymodbus.client import ModbusTcpClient as Client; \
	print(Client('127.0.0.1', port=5020).read_input_registers(0, count=4).registers)

PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help

.PHONY: help
help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

.PHONY: run
run: $(READY)
	@echo "To read the plant, in another terminal:"
	@echo
	@echo "$(CURDIR)/$(BIN)/python -c \"$(READ)\""
	@echo
	@echo "It prints level, temperature, flow and seconds. Ctrl-C ends the server."
	@exec $(BIN)/aoba serve examples/plant.py

.PHONY: lint
lint: $(READY)
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy

# The PATH: scripts under test run with the python3 of .venv, whatever else the machine has.
.PHONY: test
test: lint
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest

.PHONY: test-all
test-all: $(READY)
	$(BIN)/python tests/every_python.py

.PHONY: bench
bench: $(READY)
	$(BIN)/python bench/compare.py
	$(BIN)/python bench/compare.py $(RARE) --spread 9000
	$(BIN)/python bench/compare.py $(RARE) --spread 9000 --function 16

.PHONY: bench-memory
bench-memory: $(READY)
	$(BIN)/python bench/memory.py

.PHONY: bench-rtu
bench-rtu: $(READY)
	$(BIN)/python bench/turnaround.py

.PHONY: bench-scripts
bench-scripts: $(READY) $(LIBRARIES)/ready
	$(BIN)/python bench/hosting.py
	$(BIN)/python bench/resident.py

.PHONY: bench-kills
bench-kills: $(READY)
	$(BIN)/python bench/kills.py embedded
	$(BIN)/python bench/kills.py warm

.PHONY: bench-late
bench-late: $(READY)
	$(BIN)/python bench/late_answers.py

.PHONY: bench-logs
bench-logs: $(READY)
	$(BIN)/python bench/log_floods.py

.PHONY: bench-promises
bench-promises: $(READY)
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python bench/promises.py

.PHONY: bench-walks
bench-walks: $(READY)
	$(BIN)/python bench/walks.py

# On the oldest Python that is promised, as others need no more than that one does. The container's
# packages are some of those that tests run with, in the same versions.
LOCK := $(VENV)-lock
COMPILE = CUSTOM_COMPILE_COMMAND="make lock" $(LOCK)/bin/pip-compile --quiet $(if $(UPGRADE),--upgrade) \
	--generate-hashes --allow-unsafe --strip-extras --no-annotate --no-emit-options \
	--no-emit-index-url --no-emit-trusted-host --no-emit-find-links

.PHONY: lock
lock:
	python3.11 -m venv --clear $(LOCK)
	$(LOCK)/bin/python -m pip --disable-pip-version-check --quiet install pip-tools==7.6.2
	$(COMPILE) --extra dev --build-deps-for editable -o requirements-dev.txt pyproject.toml
	cp requirements-dev.txt requirements.txt
	$(COMPILE) --extra http --extra mqtt --build-deps-for wheel -o requirements.txt pyproject.toml

.PHONY: clean
clean:
	rm -rf $(VENV) $(VENV)-* .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(READY): pyproject.toml requirements-dev.txt
	@test -n "$(PYTHON)" || { echo "Aoba needs Python 3.11 or newer, and none of python3," \
		"python3.13, python3.12 and python3.11 in the PATH is that." >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	$(PIP) install --require-hashes -r requirements-dev.txt
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $(READY)

$(LIBRARIES)/ready: bench/libraries.txt $(READY)
	$(BIN)/python -m venv --clear $(LIBRARIES)
	$(LIBRARIES)/bin/python -m pip --disable-pip-version-check --quiet install -r bench/libraries.txt
	@touch $@
