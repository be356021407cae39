# SPDX-License-Identifier: GPL-2.0-or-later
# The laws of the tree, checked by machine: who may include whom, shape, warnings, manuals.

LINT_SOURCES = $(shell git ls-files '*.c' '*.h' 2>/dev/null || find . -name '*.[ch]')

.PHONY: lint lint-includes lint-shape lint-format lint-warnings lint-tidy lint-man lint-shell
lint: | $(BUILD)/.packages-build $(BUILD)/.packages-test $(BUILD)/.packages-lint
	$(Q)$(MAKE) --no-print-directory lint-includes lint-shape lint-format lint-warnings lint-tidy \
		lint-man lint-shell
	@echo "make lint: clean"

lint-includes:
	$(Q)mk/lint-includes

lint-shape:
	$(Q)mk/lint-shape $(LINT_SOURCES)

lint-format:
	$(Q)clang-format --dry-run --Werror $(LINT_SOURCES)

# Everything compiled from nothing with both compilers, warnings as errors.
lint-warnings:
	$(Q)$(MAKE) --no-print-directory BUILD=$(BUILD)/lint-gcc CFLAGS="-O2 -g -Werror" test-programs
	$(Q)$(MAKE) --no-print-directory CC=clang BUILD=$(BUILD)/lint-clang CFLAGS="-O2 -g -Werror" \
		test-programs

# One file for each process: with several, the analyzer of clang 14 takes the va_list of one for that of another.
lint-tidy:
	$(Q)printf '%s\n' $(SOURCES) | xargs -P 2 -n 1 sh -c 'clang-tidy --quiet "$$@" -- \
		-std=gnu17 -D_GNU_SOURCE -I. $(PKG_CFLAGS) $(DPDK_CFLAGS) 2>/dev/null' tidy

# References to manuals are looked up, so ours must be found where manuals are.
lint-man: man
	$(Q)rm -rf $(BUILD)/lint-man
	$(Q)mkdir -p $(BUILD)/lint-man/man1 $(BUILD)/lint-man/man5 $(BUILD)/lint-man/man8
	$(Q)cp $(BUILD)/man/poise.1 $(BUILD)/lint-man/man1/
	$(Q)cp $(BUILD)/man/poised.8 $(BUILD)/man/poise-dataplane.8 $(BUILD)/lint-man/man8/
	$(Q)cp $(BUILD)/man/poise.yaml.5 $(BUILD)/lint-man/man5/
	$(Q)MANPATH=$(abspath $(BUILD))/lint-man:/usr/share/man mandoc -T lint -W style \
		$(BUILD)/man/poise.1 $(BUILD)/man/poised.8 $(BUILD)/man/poise-dataplane.8 \
		$(BUILD)/man/poise.yaml.5

lint-shell:
	$(Q)git grep -lE '^#!/(usr/bin/env |bin/)(ba)?sh' -- ':!*.md' | LC_ALL=C.UTF-8 xargs shellcheck -x
