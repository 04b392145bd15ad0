# ringload: one Makefile, not recursive; everything built lands in build/.
SHELL = /bin/bash
.DELETE_ON_ERROR:
.SUFFIXES:

# VARIANT=release (default), asan (ASan + UBSan) or tsan.
VARIANT ?= release
OUT := build/$(VARIANT)

CC ?= cc
WARNINGS := -Wall -Wextra -Wshadow -Wundef -Wvla -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes
OPT.release := -O2
OPT.asan    := -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
OPT.tsan    := -O1 -fsanitize=thread -fno-omit-frame-pointer
CPPFLAGS_ALL := -D_GNU_SOURCE -Iinclude -Isrc -I$(OUT)/gen $(CPPFLAGS)
CFLAGS_ALL := -std=gnu11 -g $(OPT.$(VARIANT)) $(WARNINGS) $(if $(CI),-Werror) $(CFLAGS)
LDFLAGS_ALL := $(OPT.$(VARIANT)) $(LDFLAGS)
LIBS := -luring -lbpf -lnuma -ljansson -lpthread -lm

MAIN := src/cli/main.c
SOURCES := $(filter-out $(MAIN),$(wildcard src/*/*.c))
OBJECTS := $(SOURCES:%.c=$(OUT)/%.o)

# The programs for the kernel: compiled by clang, embedded in the library byte for byte between the
# symbols that src/loader/loader.h declares.
CLANG ?= clang
BPF_FLAGS := -target bpf -O2 -g -Wall $(if $(CI),-Werror) -Iinclude \
	-isystem /usr/include/$(shell $(CC) -print-multiarch)
BPF := $(patsubst bpf/%.bpf.c,%,$(wildcard bpf/*.bpf.c))
OBJECTS += $(BPF:%=$(OUT)/bpf/%.o)

$(OUT)/bpf/%.bpf.o: bpf/%.bpf.c
	@mkdir -p $(@D)
	$(CLANG) $(BPF_FLAGS) -MMD -MP -c $< -o $@

$(OUT)/bpf/%.S: Makefile
	@mkdir -p $(@D)
	@printf '%s\n' '.section .rodata' '.balign 16' '.global loader_$*, loader_$*_end' \
		'loader_$*: .incbin "$(OUT)/bpf/$*.bpf.o"' 'loader_$*_end: .byte 0' \
		'.section .note.GNU-stack,"",@progbits' > $@

$(OUT)/bpf/%.o: $(OUT)/bpf/%.S $(OUT)/bpf/%.bpf.o
	$(CC) -c $< -o $@

UNIT := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/test_*.c))

.PHONY: all unit clean
all: $(OUT)/ringload ## build everything

$(OUT)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -c $< -o $@

$(OUT)/libringload.a: $(OBJECTS)
	@rm -f $@
	ar rcs $@ $^

$(OUT)/ringload: $(OUT)/src/cli/main.o $(OUT)/libringload.a
	$(CC) $(LDFLAGS_ALL) $^ $(LIBS) -o $@

$(OUT)/tests/unit/test_%: $(OUT)/tests/unit/test_%.o $(OUT)/libringload.a
	$(CC) $(LDFLAGS_ALL) $^ $(LIBS) -lcmocka -o $@

unit: $(UNIT:%=$(OUT)/tests/unit/%) ## unit tests; T=name for one
	@set -e; for t in $(if $(T),test_$(T),$(UNIT)); do echo "== $$t"; $(OUT)/tests/unit/$$t; done

clean: ## remove what was built
	rm -rf build

-include $(shell find $(OUT) -name '*.d' 2>/dev/null)
