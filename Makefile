# SPDX-License-Identifier: MIT
#
# ringload: one Makefile, not recursive; everything built lands in build/VARIANT/.
#
# A new .c file needs no edit here: src/*/*.c is the program, and under tests/ the folder decides
# what a file becomes (docs/testing.md). `make help` prints the ## comments.
SHELL := /bin/bash
.DELETE_ON_ERROR:
.SUFFIXES:

# As many jobs as CPUs, unless a parent make or the user decided; goals given together with `clean`
# keep their order.
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += --no-print-directory -j$(shell nproc 2>/dev/null || echo 1)
endif
ifneq ($(filter clean,$(MAKECMDGOALS)),)
.NOTPARALLEL:
endif

# release, asan (ASan + UBSan), tsan, cover (gcov), or fuzz (clang: libFuzzer + ASan + UBSan).
VARIANT ?= release
ifeq ($(filter release asan tsan cover fuzz,$(VARIANT)),)
$(error VARIANT="$(VARIANT)" is none of release, asan, tsan, cover, fuzz)
endif
OUT := build/$(VARIANT)
# V=1 shows the commands.
Q := $(if $(V),,@)
SAY = $(if $(V),true,printf '  %-4s %s\n')

ifeq ($(VARIANT),fuzz)
CC := clang
else ifeq ($(origin CC),default)
CC := cc
endif
CLANG ?= clang

WARNINGS := -Wall -Wextra -Wshadow -Wundef -Wvla -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes
OPT.release := -O2
OPT.asan    := -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
# TSan does not model fences and says so; what a fence orders here is atomic by itself.
OPT.tsan    := -O1 -fsanitize=thread -Wno-tsan -fno-omit-frame-pointer
OPT.cover   := -O0 --coverage
# clang counts formats passed on by a checked wrapper as suspicious, gcc does not.
OPT.fuzz    := $(OPT.asan) -Wno-format-nonliteral
CPPFLAGS_ALL := -D_GNU_SOURCE -Iinclude -Isrc -I$(OUT)/gen -I. $(CPPFLAGS)
CFLAGS_ALL := -std=gnu11 -g $(WARNINGS) $(OPT.$(VARIANT)) $(if $(CI),-Werror) $(CFLAGS)
LDFLAGS_ALL := $(OPT.$(VARIANT)) $(LDFLAGS)
LIBS := -luring -lbpf -lnuma -ljansson -ldw -lelf -lpthread -lm

# What a single test program needs beyond the rest: LIBS.path/of/source := flags.
LIBS.tests/unit/test_http1_peer := -lhttp_parser

MAIN := src/cli/main.c
SOURCES := $(filter-out $(MAIN),$(wildcard src/*/*.c))
OBJECTS := $(SOURCES:%.c=$(OUT)/%.o)

# The programs for the kernel. clang alone does not know where Debian keeps <asm/types.h>.
BPF := $(patsubst bpf/%.bpf.c,%,$(wildcard bpf/*.bpf.c))
OBJECTS += $(BPF:%=$(OUT)/bpf/%.o)
BPF_FLAGS = -target bpf -mcpu=v3 -O2 -g -Wall $(if $(CI),-Werror) -Iinclude \
	-isystem /usr/include/$(shell $(CC) -print-multiarch 2>/dev/null)

.DEFAULT_GOAL := all
.PHONY: all demo test test-san test-kernels bench fuzz coverage lint format unit \
	manual install uninstall clean help test-programs unit-programs fuzz-programs server-programs
.SECONDARY:

## The two commands of the README

demo: ## install what is missing, build, and show a load on the embedded target
	@tools/setup build
	@$(MAKE) all
	@$(OUT)/ringload demo

test: ## install what is missing, build, and run every test; ONLY='cli/*' for some
	@tools/setup build test
	@$(MAKE) VARIANT=release all test-programs
	@tests/run $(ONLY:%=--only '%') --lanes 3 -v release tools unit sim fuzz cli netns

## Building and checking

all: $(OUT)/ringload ## build build/release/ringload; VARIANT=asan or tsan for the sanitizers
	@:

# Times that servers stamp (truth_*), capacities (target_*) and what gives way first (cause_*) say nothing
# of a program that a sanitizer slows down; its code runs in the unit tests as well. What servers do to
# the load and to the probe makes no other threads of ours run than the rest does, and nor do several
# trials but in the unit tests of sessions and of the engine.
CLI_TESTS = $(wildcard tests/cli/*.sh)
ASAN_TESTS = $(filter-out $(addprefix tests/cli/,truth_% target_% cause_% resources_growth.sh \
	breakpoint_cliff.sh),$(CLI_TESTS))
TSAN_TESTS = $(filter-out $(addprefix tests/cli/,robust_% hostile_% nginx_% resources_% kernel_servers.sh \
	breakpoint_% calibrate% doctor%),$(ASAN_TESTS))

ASAN_RUN = -v asan unit sim fuzz $(ASAN_TESTS) netns
# A search without threads, over thousands of servers.
TSAN_UNITS = $(filter-out tests/unit/test_stepper_servers.c,$(wildcard tests/unit/test_*.c))
TSAN_RUN = -v tsan $(TSAN_UNITS) $(TSAN_TESTS)

test-san: ## the tests once more with ASan + UBSan and with TSan
	@tools/setup build test
	@$(MAKE) VARIANT=asan all test-programs
	@$(MAKE) VARIANT=tsan all test-programs
	@tests/run $(ONLY:%=--only '%') --lanes 3 $(ASAN_RUN) $(TSAN_RUN)

test-kernels: ## boot Debian's 6.1 and the newest of its backports, emulated, and test on them; ONLY='hooks-*'
	@tools/setup build test kernels
	@$(MAKE) VARIANT=release all test-programs
	@tests/kernels/run $(ONLY:%=--only '%')

unit: ## unit tests alone; T=noun for one of them, VARIANT=asan or tsan
	@$(MAKE) $(if $(T),$(OUT)/tests/unit/test_$(T),unit-programs)
	@tests/run -v $(VARIANT) $(if $(T),tests/unit/test_$(T).c,unit)

lint: ## layout, layers, sizes, shell scripts
	@tools/setup build test
	@tools/lint

format: ## let clang-format lay the sources out
	@find src include bpf tests tools -name '*.[ch]' 2>/dev/null | xargs -r clang-format -i

bench: ## measure ringload against its peers, write docs/benchmarks.md; BENCH=full, WRK2=…, GCANNON=…
	@tools/setup build test bench
	@$(MAKE) VARIANT=release all server-programs
	@tools/bench/run
	@tools/bench/main-job

fuzz: ## fuzz every parser for SECONDS=60 each; T=name for one
	@tools/setup build fuzz
	@$(MAKE) VARIANT=fuzz fuzz-programs
	@tools/fuzz $(or $(SECONDS),60) $(T)

coverage: ## which branches the unit, simulator and fuzz corpus tests take; T='src/net/*' for some
	@tools/setup build test cover
	@$(MAKE) VARIANT=cover test-programs
	@find build/cover -name '*.gcda' -delete
	@tests/run $(ONLY:%=--only '%') -v cover unit sim fuzz
	@gcovr --branches --filter '$(or $(T),src/)' build/cover

manual: all ## write docs/command-line.md and the table of docs/doctor.md from those of the program
	$(OUT)/ringload help --markdown >docs/command-line.md
	sed -i '/^| check /,$$d' docs/doctor.md
	$(OUT)/ringload doctor --list >>docs/doctor.md

PREFIX ?= /usr/local
COMPLETION = $(wildcard tools/completion/ringload.bash)
install: $(OUT)/ringload $(OUT)/ringload.1 ## copy program, man page and completion to PREFIX (with DESTDIR)
	install -D -m 755 $(OUT)/ringload "$(DESTDIR)$(PREFIX)/bin/ringload"
	install -D -m 644 $(OUT)/ringload.1 "$(DESTDIR)$(PREFIX)/share/man/man1/ringload.1"
	$(if $(COMPLETION),install -D -m 644 $(COMPLETION) \
		"$(DESTDIR)$(PREFIX)/share/bash-completion/completions/ringload")

uninstall: ## remove what install copied
	rm -f "$(DESTDIR)$(PREFIX)/bin/ringload" \
		"$(DESTDIR)$(PREFIX)/share/man/man1/ringload.1" \
		"$(DESTDIR)$(PREFIX)/share/bash-completion/completions/ringload"

clean: ## remove what was built
	rm -rf build

help: ## this text
	@awk -F ':.*## ' '/^## / { printf "\n%s\n", substr($$0, 4) } \
		/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

# --- the program ------------------------------------------------------------------------------

# Every object depends on this file too: flags live here.
$(OUT)/%.o: %.c Makefile
	@mkdir -p $(@D)
	@$(SAY) CC $<
	$(Q)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) $(if $(filter fuzz,$(VARIANT)),-fsanitize=fuzzer-no-link) \
		-MMD -MP -c $< -o $@

# An archive is made anew, so that no member of a deleted source stays in it.
define ARCHIVE
@mkdir -p $(@D)
@rm -f $@
@$(SAY) AR $@
$(Q)$(AR) rcs $@ $(filter %.o,$^)
endef

define LINK
@mkdir -p $(@D)
@$(SAY) LD $@
$(Q)$(CC) $(LDFLAGS_ALL) $(filter %.o,$^) $(filter %.a,$^) $(LIBS.$(@:$(OUT)/%=%)) $(LIBS) -o $@
endef

# A program for the kernel is embedded in the library byte for byte, between the symbols loader_NAME
# and loader_NAME_end that src/loader/loader.h declares.
$(OUT)/bpf/%.bpf.o: bpf/%.bpf.c Makefile
	@mkdir -p $(@D)
	@$(SAY) BPF $<
	$(Q)$(CLANG) $(BPF_FLAGS) -MMD -MP -c $< -o $@

$(OUT)/bpf/%.S: Makefile
	@mkdir -p $(@D)
	@printf '%s\n' '.section .rodata' '.balign 16' '.global loader_$*, loader_$*_end' \
		'loader_$*: .incbin "$(OUT)/bpf/$*.bpf.o"' 'loader_$*_end: .byte 0' \
		'.section .note.GNU-stack,"",@progbits' >$@

$(OUT)/bpf/%.o: $(OUT)/bpf/%.S $(OUT)/bpf/%.bpf.o
	@$(SAY) AS $<
	$(Q)$(CC) -c $< -o $@

$(OUT)/libringload.a: $(OBJECTS)
	$(ARCHIVE)

# From the objects and not from the archive, where two definitions of one name would go unnoticed.
$(OUT)/ringload: $(OUT)/src/cli/main.o $(OBJECTS)
	$(LINK)

$(OUT)/ringload.1: $(OUT)/ringload
	$(OUT)/ringload help --man >$@

# --- tests ------------------------------------------------------------------------------------
# In each folder some file names are programs; the others are linked into them from an archive.

UNIT_PROGRAMS   := $(patsubst %.c,$(OUT)/%,$(wildcard tests/unit/test_*.c))
SIM_PROGRAMS    := $(patsubst %.c,$(OUT)/%,$(wildcard tests/sim/test_*.c))
REAL_PROGRAMS   := $(patsubst %.c,$(OUT)/%,$(wildcard tests/sim/real_*.c))
SERVER_PROGRAMS := $(patsubst %.c,$(OUT)/%,$(wildcard tests/servers/*.c))
FUZZ_PROGRAMS   := $(patsubst %.c,$(OUT)/%,$(filter-out tests/fuzz/replay.c,$(wildcard tests/fuzz/*.c)))
test-programs: $(UNIT_PROGRAMS) $(SIM_PROGRAMS) $(REAL_PROGRAMS) $(SERVER_PROGRAMS) $(FUZZ_PROGRAMS)
	@:
unit-programs: $(UNIT_PROGRAMS)
	@:
fuzz-programs: $(FUZZ_PROGRAMS)
	@:
server-programs: $(SERVER_PROGRAMS)
	@:

SERVER_SHARED := $(wildcard tests/servers/shared/*.c)
UNIT_SHARED := $(filter-out tests/unit/test_%,$(wildcard tests/unit/*.c))
SIM_FAKES   := $(wildcard tests/sim/fake_*.c)
SIM_SHARED  := $(filter-out tests/sim/test_% tests/sim/real_% $(SIM_FAKES),$(wildcard tests/sim/*.c))

# The simulator's program is the library without its kernel (ring and sockets) and its time: those
# come from tests/sim/fake_*.c. They are left out rather than shadowed, so that a function the fakes
# lack is a link error and not the real one.
SIM_REPLACED := $(wildcard src/net/ring*.c) src/net/sock.c src/base/clock.c
$(OUT)/libringload-sim.a: $(patsubst %.c,$(OUT)/%.o,$(filter-out $(SIM_REPLACED),$(SOURCES)))
	$(ARCHIVE)

$(OUT)/tests/unit/shared.a: $(UNIT_SHARED:%.c=$(OUT)/%.o)
	$(ARCHIVE)

$(OUT)/tests/sim/shared.a: $(SIM_SHARED:%.c=$(OUT)/%.o)
	$(ARCHIVE)

$(UNIT_PROGRAMS) $(SIM_PROGRAMS) $(REAL_PROGRAMS): LIBS += -lcmocka

$(UNIT_PROGRAMS): %: %.o $(OUT)/tests/unit/shared.a $(OUT)/libringload.a
	$(LINK)

$(SIM_PROGRAMS): %: %.o $(SIM_FAKES:%.c=$(OUT)/%.o) $(OUT)/tests/sim/shared.a $(OUT)/libringload-sim.a
	$(LINK)

# The same scripts on the real kernel.
$(REAL_PROGRAMS): %: %.o $(OUT)/tests/sim/shared.a $(OUT)/libringload.a
	$(LINK)

$(OUT)/tests/servers/shared.a: $(SERVER_SHARED:%.c=$(OUT)/%.o)
	$(ARCHIVE)

$(SERVER_PROGRAMS): %: %.o $(OUT)/tests/servers/shared.a $(OUT)/libringload.a
	$(LINK)

# A fuzz target defines LLVMFuzzerTestOneInput: under libFuzzer in VARIANT=fuzz, elsewhere called by
# replay.c once for each file of the corpus.
ifeq ($(VARIANT),fuzz)
$(FUZZ_PROGRAMS): LDFLAGS_ALL += -fsanitize=fuzzer
$(FUZZ_PROGRAMS): %: %.o $(OUT)/libringload.a
	$(LINK)
else
$(FUZZ_PROGRAMS): %: %.o $(OUT)/tests/fuzz/replay.o $(OUT)/libringload.a
	$(LINK)
endif

-include $(shell find $(OUT) -name '*.d' 2>/dev/null)
