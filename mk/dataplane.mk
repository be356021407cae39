# SPDX-License-Identifier: GPL-2.0-or-later
# The data plane's programs, which alone are linked with DPDK.

programs: $(BUILD)/poise-dataplane
# Drivers are loaded at run time, and must find what stands before the C library's function.
$(BUILD)/poise-dataplane: ALL_LDFLAGS += -Wl,--export-dynamic-symbol=setsockopt
$(BUILD)/poise-dataplane: $(BUILD)/obj/backends/dpdk/dataplane/main.o \
		$(BUILD)/obj/backends/dpdk/dataplane/fanout.o $(BUILD)/poise.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS) $(DPDK_LIBS)

# Unit tests of what cannot be without it.
DPDK_UNIT_TESTS := $(addprefix $(BUILD)/tests/unit/test-dataplane-,attendant card connection eal meeting route)
$(DPDK_UNIT_TESTS): PKG_LIBS += $(DPDK_LIBS)
$(DPDK_UNIT_TESTS:$(BUILD)/%=$(BUILD)/obj/%.o): CONFIG_CFLAGS += $(DPDK_CFLAGS)

BENCH_DATAPLANE := $(BUILD)/tests/bench/dataplane/bench
BENCH_DATAPLANE_OBJECTS := $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard tests/bench/dataplane/*.c))

$(BENCH_DATAPLANE): $(BENCH_DATAPLANE_OBJECTS) $(CORE_OBJECTS)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS) $(DPDK_LIBS)

.PHONY: bench-dataplane
bench-dataplane: $(BENCH_DATAPLANE) | $(BUILD)/.packages-bench
	$(Q)BUILD=$(BUILD) tests/bench/dataplane/run

-include $(BENCH_DATAPLANE_OBJECTS:.o=.d)
