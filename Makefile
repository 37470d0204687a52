# Carillon's front door. Each target first installs what it lacks (tools/setup, Debian 12), then builds with visible progress.
#
#   JOBS=n             jobs at once; by default one per 2 GB of memory, at most one per core
#   CARILLON_SEEDS=n   how many random schedules each randomised test plays (500 for the hub's; sanitized 150)
#   CARILLON_THREADS_SECONDS=n   for how long each test plays on real threads (2; under tsan 15)

JOBS ?= $(shell awk -v cores=$$(nproc) '/^MemTotal/ {n = int($$2 / 2097152 + 0.5); print n < 1 ? 1 : n < cores ? n : cores}' /proc/meminfo 2>/dev/null || echo 1)
export JOBS := $(JOBS)
export CMAKE_BUILD_PARALLEL_LEVEL := $(JOBS)
export CTEST_PARALLEL_LEVEL := $(JOBS)
export NINJA_STATUS := [%p %f/%t] # the blank before this comment belongs to it

# What `make check` runs, in this order; .ci/run asks for the list and times each.
STAGES := test headers asan tsan-threads lint-changed fuzz-short

# Whose objects meet on several threads; `make tsan` plays the others too, which have one.
THREADED := net hub edge server library embedded admin

# A browser client's packages are installed once per lock file.
CLIENTS := $(patsubst %/package-lock.json,%/node_modules/.package-lock.json,$(wildcard test/clients/package-lock.json))
CTEST := ctest --output-on-failure --no-tests=error --output-junit junit.xml --test-dir
# GCC 12's sanitizers cannot place their shadow where a new kernel randomises addresses widely.
PLAIN_ADDRESSES := $(shell setarch -R true 2>/dev/null && echo setarch -R)

.PHONY: help run test check stages headers asan tsan tsan-threads lint lint-changed fuzz fuzz-short bench soak abuse format clean setup-run setup-test setup-check
.NOTPARALLEL:

help:
	@echo "make run      build the server and start it on 127.0.0.1:6001"
	@echo "make test     every suite, in one build"
	@echo "make check    test, headers alone, sanitizers, lint of what changed lately, a little fuzzing"
	@echo "make lint     format, rooms, documents and clang-tidy on every file; make format puts the format right"
	@echo "make fuzz     60 s per fuzz target, and which lines of the parsers that reached"
	@echo "make bench    measurements of this machine"
	@echo "make soak     ten minutes of load, and every delivery counted at both ends; SECONDS=n"
	@echo "make abuse    twelve minutes of attacks, and what those who sit beside them feel of it"
	@echo "make clean    removes build/"

run: setup-run build/release/build.ninja
	@cmake --build build/release --target carillon
	@exec build/release/carillon serve

test: setup-test build/dev/build.ninja $(CLIENTS)
	@cmake --build build/dev
	@$(CTEST) build/dev

check: $(STAGES)
stages:
	@echo $(STAGES)

headers: setup-test build/dev/build.ninja
	@cmake --build build/dev --target all_verify_interface_header_sets

asan tsan tsan-threads: export UBSAN_OPTIONS := print_stacktrace=1
asan tsan tsan-threads: export TSAN_OPTIONS := halt_on_error=1:second_deadlock_stack=1
tsan tsan-threads: export CARILLON_THREADS_SECONDS ?= 15
# Fewer random schedules where each takes ten times as long; `make test` plays all.
asan tsan tsan-threads: export CARILLON_SEEDS ?= 150
asan: setup-check build/asan/build.ninja
tsan tsan-threads: setup-check build/tsan/build.ninja
asan tsan:
	@$(PLAIN_ADDRESSES) cmake --build build/$@ --target room_tests
	@$(PLAIN_ADDRESSES) $(CTEST) build/$@ -L room
tsan-threads:
	@$(PLAIN_ADDRESSES) cmake --build build/tsan --target $(THREADED:%=%_test)
	@$(PLAIN_ADDRESSES) $(CTEST) build/tsan -L room -R '^($(subst $(eval) ,|,$(THREADED)))\.'

lint: setup-check
	@tools/lint all
lint-changed: setup-check
	@tools/lint changed
format: setup-check
	@tools/lint format

fuzz: BUDGET := --each 60
fuzz-short: BUDGET := --all 45
fuzz fuzz-short: setup-check build/fuzz/build.ninja
	@cmake --build build/fuzz --target room_fuzzers
	@tools/run_fuzz $(BUDGET)

bench: setup-test build/release/build.ninja
	@cmake --build build/release
	@tools/bench/run

soak: SECONDS := 600
soak: setup-test build/release/build.ninja
	@cmake --build build/release --target carillon soak
	@tools/soak/run --seconds $(SECONDS)

abuse: setup-test build/release/build.ninja
	@cmake --build build/release --target carillon abuse
	@tools/abuse/run

clean:
	@rm -rf build

setup-run setup-test setup-check:
	@tools/setup $(@:setup-%=%)

build/%/build.ninja: CMakePresets.json
	@cmake --preset $* --log-level=NOTICE
	@touch $@

test/clients/node_modules/.package-lock.json: test/clients/package-lock.json
	@npm ci --prefix test/clients --loglevel=error >/dev/null
	@touch $@
