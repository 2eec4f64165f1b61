# The commands of the house. `make run` and `make test` are all that a newcomer needs.
SWIFT_BUILD_FLAGS ?=
SOURCES := Package.swift Sources Tests Benchmarks Fuzzing
EXISTING_SOURCES := $(wildcard $(SOURCES))

.PHONY: help deps run build test bench soak fuzz lint format screenshots

help:
	@echo 'make run     build and start three servers with live streams on 127.0.0.1:8080-8082, until Ctrl-C'
	@echo 'make test    run every test'
	@echo 'make bench   measure, and compare with other programs on this machine'
	@echo 'make soak    run the simulations and the process tests that kill for hours: make soak SOAK=cluster'
	@echo 'make fuzz    fuzz the parsers of outside bytes for a minute each'
	@echo 'make screenshots  take the pictures of the documentation anew'
	@echo 'make lint    check formatting and house rules;  make format  repair the formatting'

deps:
	@scripts/install-dependencies.sh build

build: deps
	swift build -c release --product weir --static-swift-stdlib $(SWIFT_BUILD_FLAGS)

run: build
	@scripts/run-demo.sh "$$(swift build -c release --show-bin-path $(SWIFT_BUILD_FLAGS))/weir"

test: deps
	@scripts/install-dependencies.sh test
	swift build --build-tests $(SWIFT_BUILD_FLAGS)
	scripts/run-tests.sh $(SWIFT_BUILD_FLAGS)

bench: build
	@scripts/install-dependencies.sh bench
	scripts/bench.sh "$$(swift build -c release --show-bin-path $(SWIFT_BUILD_FLAGS))/weir"
	scripts/bench-cluster.sh "$$(swift build -c release --show-bin-path $(SWIFT_BUILD_FLAGS))/weir"
	scripts/bench-archive.sh "$$(swift build -c release --show-bin-path $(SWIFT_BUILD_FLAGS))/weir"
	scripts/bench-m4f.sh "$$(swift build -c release --show-bin-path $(SWIFT_BUILD_FLAGS))/weir"
	scripts/bench-replication.sh "$$(swift build -c release --show-bin-path $(SWIFT_BUILD_FLAGS))/weir"

# SOAK names the runs; all without.
soak: deps
	@scripts/install-dependencies.sh test
	swift build --build-tests $(SWIFT_BUILD_FLAGS)
	scripts/soak.sh $(SOAK)

fuzz: deps
	scripts/fuzz.sh

lint: deps
	swift format lint --strict --recursive $(EXISTING_SOURCES)
	scripts/house-rules.sh

format: deps
	swift format --in-place --recursive $(EXISTING_SOURCES)

screenshots: build
	@scripts/install-dependencies.sh test
	scripts/screenshots.sh "$$(swift build -c release --show-bin-path $(SWIFT_BUILD_FLAGS))/weir"
