# SPDX-License-Identifier: GPL-2.0-or-later
# libFuzzer targets of tests/fuzz/fuzz-NAME.c, each with its corpus in tests/fuzz/corpus/NAME/. A crash is
# written there as crash-*, so that test-corpus replays it for ever; commit it with the fix.

FUZZ_SECONDS ?= 60
FUZZ_NAMES := $(patsubst tests/fuzz/fuzz-%.c,%,$(wildcard tests/fuzz/fuzz-*.c))
FUZZ_PROGRAMS := $(FUZZ_NAMES:%=$(BUILD)/tests/fuzz/fuzz-%)
REPLAY_PROGRAMS := $(FUZZ_NAMES:%=$(BUILD)/tests/replay/fuzz-%)

.PHONY: fuzz fuzz-programs
fuzz: | $(BUILD)/.packages-build $(BUILD)/.packages-fuzz
	$(Q)$(MAKE) --no-print-directory CONFIG=fuzz BUILD=$(BUILD)/fuzz fuzz-programs
	$(Q)set -e; for name in $(FUZZ_NAMES); do \
		echo "fuzzing $$name for $(FUZZ_SECONDS) s"; \
		mkdir -p $(BUILD)/fuzz/corpus/$$name; \
		$(BUILD)/fuzz/tests/fuzz/fuzz-$$name -max_total_time=$(FUZZ_SECONDS) -print_final_stats=1 \
			-rss_limit_mb=4096 -timeout=20 \
			-artifact_prefix=tests/fuzz/corpus/$$name/crash- \
			$(BUILD)/fuzz/corpus/$$name tests/fuzz/corpus/$$name \
			2> $(BUILD)/fuzz/$$name.log || { tail -40 $(BUILD)/fuzz/$$name.log; exit 1; }; \
		sed -n 's/^stat::number_of_executed_units: */  runs: /p' $(BUILD)/fuzz/$$name.log; \
	done

fuzz-programs: $(FUZZ_PROGRAMS)

$(FUZZ_PROGRAMS): $(BUILD)/tests/fuzz/fuzz-%: $(BUILD)/obj/tests/fuzz/fuzz-%.o $(CORE_OBJECTS)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS)

# The same targets with a main() that reads the files it is given: needs no clang.
$(REPLAY_PROGRAMS): $(BUILD)/tests/replay/fuzz-%: $(BUILD)/obj/tests/fuzz/fuzz-%.o \
		$(BUILD)/obj/tests/fuzz/replay.o $(CORE_OBJECTS)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS)

test-corpus: $(REPLAY_PROGRAMS)
	$(Q)set -e; for name in $(FUZZ_NAMES); do \
		$(BUILD)/tests/replay/fuzz-$$name tests/fuzz/corpus/$$name; \
	done

-include $(FUZZ_NAMES:%=$(BUILD)/obj/tests/fuzz/fuzz-%.d)
