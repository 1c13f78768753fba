# The habits of this project as commands; `make` or `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: all audit bench conformance dev fmt fuzz help hostile interop lint test

VENV ?= .venv
BIN := $(VENV)/bin

$(BIN)/maturin:
	python3 -m venv $(VENV)
	$(BIN)/pip install --quiet 'maturin>=1.16,<2'

dev: $(BIN)/maturin  ## build the extension (unoptimised) into .venv and install what the tests need
	VIRTUAL_ENV=$(abspath $(VENV)) $(BIN)/maturin develop --extras test

fmt:  ## format Rust and Python
	cargo fmt
	$(BIN)/ruff check --fix --exit-zero --quiet
	$(BIN)/ruff format

lint:  ## what the gate asks of the text: rustfmt, clippy with and without Python, ruff
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings
	cargo clippy --all-targets --no-default-features -- -D warnings
	$(BIN)/ruff check
	$(BIN)/ruff format --check

test:  ## every test, the Rust ones included
	$(BIN)/pytest

conformance:  ## Locust's own tests, stock against core; LOCUST_SRC=<a checkout of Locust's repository> (half an hour)
	@test -n "$(LOCUST_SRC)" || { echo "say where Locust's repository is: make conformance LOCUST_SRC=<checkout>"; exit 2; }
	PYTHONPATH=tests python3 -m conformance $(abspath $(LOCUST_SRC)) $(CONFORMANCE_OPTIONS)

interop:  ## masters and workers, stock and native, every way round: a table of totals, also across network namespaces
	$(BIN)/python tests/interop.py

audit:  ## licences, sources and known vulnerabilities of what we depend on, as far as this machine can tell
	@if cargo deny --version >/dev/null 2>&1; then cargo deny check licenses bans sources; \
	  cargo deny check advisories || echo "audit: no advisories checked, or findings above"; \
	else echo "audit: skipped cargo deny; cargo install --locked cargo-deny"; fi
	@if $(BIN)/pip-audit --version >/dev/null 2>&1; then \
	  $(BIN)/pip-audit --local --skip-editable || echo "audit: no advisories checked, or findings above"; \
	else echo "audit: skipped pip-audit; $(BIN)/pip install pip-audit"; fi
	$(BIN)/pip check

hostile:  ## every fault of a hostile network on both user classes, 10,000 rounds of them, bodies of 1 GiB (minutes)
	HOSTILE=all HOSTILE_ROUNDS=10000 HYPOTHESIS_PROFILE=default $(BIN)/pytest tests/hostile --timeout 3600

FUZZ_SECONDS ?= 180
FUZZ := responses cookies dates redirects bodies shop

fuzz:  ## feed what parses bytes from the network, FUZZ_SECONDS each (needs `cargo install cargo-fuzz`)
	@for target in $(FUZZ); do \
	  mkdir -p fuzz/corpus/$$target; \
	  RUSTC_BOOTSTRAP=1 cargo fuzz run --sanitizer none $$target fuzz/corpus/$$target fuzz/seeds/$$target -- \
	    -max_total_time=$(FUZZ_SECONDS) -max_len=4096 -timeout=20 -rss_limit_mb=3000 || exit 1; \
	done

BEFORE ?= e4f0ef9
BESIDE := target/beside/$(BEFORE)

$(BESIDE)/.venv/bin/locust: $(BIN)/maturin
	mkdir -p $(BESIDE)
	git archive $(BEFORE) | tar -x -C $(BESIDE)
	python3 -m venv $(BESIDE)/.venv
	cd $(BESIDE) && VIRTUAL_ENV=$$PWD/.venv $(abspath $(BIN))/maturin develop --release

bench: $(BESIDE)/.venv/bin/locust  ## build with optimisation, measure, write benches/RESULTS.md; BEFORE=<commit to compare> (an hour)
	VIRTUAL_ENV=$(abspath $(VENV)) $(BIN)/maturin develop --release
	cargo build --release --no-default-features --bin mock-saleor
	$(BIN)/python benches/peers.py --write
	$(BIN)/python benches/overload.py --write
	$(BIN)/python benches/cost.py --beside $(BESIDE)/.venv/bin/python --called $(BEFORE) --write
	$(BIN)/python benches/funnel.py --write
	$(BIN)/python benches/funnel.py --users 5000 --minutes 2 --write

all: dev lint test  ## dev, lint and test

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "%-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
