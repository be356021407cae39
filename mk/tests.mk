# SPDX-License-Identifier: GPL-2.0-or-later
# Tests. `make test` is all of them; each part is a target of its own:
#   test-unit     cmocka programs of tests/unit, and the conformance of the memory backend and of
#                 poise-dataplane's, without packets
#   test-golden   files in, texts out: tests/golden and tests/cli
#   test-corpus   every fuzz input ever kept, replayed
#   test-daemon   parts of poised with the tools and habits of its users: tests/daemon/test-*
#   test-health   the checkers against real servers: tests/health/test-*
#   test-netns    virtual routers in network namespaces, beside the tools of others: tests/netns/test-*
#   test-dataplane  the forwarder beside a plain model of it, byte for byte, and with real traffic: tests/dataplane
#   test-sim      virtual routers by the thousand in virtual time: tests/sim
#   test-vm       the real kernel: one boot runs tests/vm/suite

UNIT_SOURCES := $(wildcard tests/unit/test-*.c)
UNIT_PROGRAMS := $(UNIT_SOURCES:%.c=$(BUILD)/%)
# What test programs share: the in-memory backend, generators.
SUPPORT_SOURCES := $(wildcard tests/memory/*.c tests/support/*.c)
SUPPORT_OBJECTS := $(SUPPORT_SOURCES:%.c=$(BUILD)/obj/%.o)
# An archive: a test has in it what it calls, and the modules of nothing else.
SUPPORT := $(BUILD)/tests/support.a
CONFORMANCE_OBJECTS := $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard tests/conformance/*.c))
SIM_OBJECTS := $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard tests/sim/*.c))
# One program for each source: yardsticks and probes of the benchmarks and the VM tests.
TOOL_SOURCES := $(wildcard tests/bench/*.c tests/daemon/*.c tests/health/*.c tests/netns/*.c \
	tests/vm/tools/*.c)
TOOL_PROGRAMS := $(TOOL_SOURCES:%.c=$(BUILD)/%)
REPLAY_OBJECTS := $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard tests/dataplane/*.c))
# Functions of the forwarder that tests/dataplane/bugs.c stands in for.
REPLAY_WRAPS := checksum_difference_sctp flow_insert icmp_make_error icmp_translate packet_parse \
	packet_parse_inner persistence_choose persistence_extend relay_error rewrite_clamp_mss \
	rewrite_destination rewrite_encapsulate rewrite_source service_image_new transport_opens
TEST_OBJECTS := $(SUPPORT_OBJECTS) $(CONFORMANCE_OBJECTS) $(SIM_OBJECTS) $(REPLAY_OBJECTS) \
	$(patsubst %.c,$(BUILD)/obj/%.o,$(UNIT_SOURCES) $(TOOL_SOURCES))

.PHONY: test test-programs test-unit test-golden test-corpus test-daemon test-health \
	test-netns test-dataplane test-sim test-vm asan bench demo demo-dataplane demo-ipvs demo-vrrp

test-programs: programs $(UNIT_PROGRAMS) $(BUILD)/tests/conformance $(BUILD)/tests/sim/sim \
	$(BUILD)/tests/dataplane/replay $(TOOL_PROGRAMS)

$(SUPPORT): $(SUPPORT_OBJECTS)
	$(call say,AR,$@)
	$(Q)mkdir -p $(@D)
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $^

$(UNIT_PROGRAMS): $(BUILD)/%: $(BUILD)/obj/%.o $(SUPPORT) $(CORE_OBJECTS)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS) -lcmocka

$(TOOL_PROGRAMS): $(BUILD)/%: $(BUILD)/obj/%.o $(CORE_OBJECTS)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS)

# poised and poise with another backend.
$(BUILD)/tests/bench/memory-poised $(BUILD)/tests/bench/memory-poise: $(SUPPORT)
$(BUILD)/tests/bench/memory-poised $(BUILD)/tests/bench/memory-poise: \
	ALL_LDFLAGS += -Wl,--wrap=backend_find

# They count what is allocated.
$(BUILD)/tests/unit/test-dispatcher $(BUILD)/tests/netns/dispatcher: \
	ALL_LDFLAGS += -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc

$(BUILD)/tests/conformance: $(CONFORMANCE_OBJECTS) $(SUPPORT) $(CORE_OBJECTS)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS) -lcmocka

$(BUILD)/tests/sim/sim: $(SIM_OBJECTS) $(CORE_OBJECTS)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^

$(BUILD)/tests/dataplane/replay: $(REPLAY_OBJECTS) $(CORE_OBJECTS)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) $(REPLAY_WRAPS:%=-Wl,--wrap=%) -o $@ $^ $(PKG_LIBS) $(DPDK_LIBS) \
		-lrte_net_ring

$(TEST_OBJECTS): | $(BUILD)/.packages-test

test: | $(BUILD)/.packages-test $(BUILD)/.packages-vm
	$(Q)$(MAKE) --no-print-directory test-unit test-golden test-corpus test-daemon \
		test-health test-netns test-dataplane test-sim test-vm
	@echo "make test: all passed"

test-unit: test-programs
	$(Q)tests/unit/run $(UNIT_PROGRAMS)
	$(Q)$(BUILD)/tests/conformance memory
	$(Q)$(BUILD)/tests/conformance dpdk

test-golden: programs man
	$(Q)BUILD=$(BUILD) tests/golden/run
	$(Q)BUILD=$(BUILD) tests/cli/run

test-daemon: test-programs
	$(Q)set -e; for test in tests/daemon/test-*; do BUILD=$(BUILD) $$test; done

test-health: test-programs
	$(Q)set -e; for test in tests/health/test-*; do BUILD=$(BUILD) $$test; done

test-netns: test-programs
	$(Q)set -e; for test in tests/netns/test-*; do BUILD=$(BUILD) $$test; done

# SEED and CASES in the environment choose others; what fails says which.
test-dataplane: programs $(BUILD)/tests/dataplane/replay
	$(Q)BUILD=$(BUILD) tests/dataplane/run
	$(Q)BUILD=$(BUILD) tests/dataplane/run bugs
	$(Q)set -e; for test in tests/dataplane/test-*; do BUILD=$(BUILD) $$test; done

# SEED and SCHEDULES in the environment choose others; what fails says which.
test-sim: $(BUILD)/tests/sim/sim
	$(Q)$(BUILD)/tests/sim/sim
	$(Q)$(BUILD)/tests/sim/sim bugs

# For all of the kernel's suites; under a sanitizer they take twice as long.
VM_SECONDS ?= 3600

test-vm: test-programs man | $(BUILD)/.packages-vm
	$(Q)BUILD=$(BUILD) tests/vm/run --timeout $(VM_SECONDS) tests/vm/suite $(BUILD)

# The same under the sanitizers, in a build folder of its own. The kernel's cases too: a leak or an
# overflow in the netlink code shows nowhere else.
asan: | $(BUILD)/.packages-test $(BUILD)/.packages-vm
	$(Q)$(MAKE) --no-print-directory CONFIG=asan BUILD=$(BUILD)/asan test-unit test-golden \
		test-daemon test-health test-netns
	$(Q)SCHEDULES=10000 $(MAKE) --no-print-directory CONFIG=asan BUILD=$(BUILD)/asan test-sim
	$(Q)$(MAKE) --no-print-directory CONFIG=asan BUILD=$(BUILD)/asan VM_SECONDS=7200 test-vm
	@echo "make asan: clean"

bench: test-programs | $(BUILD)/.packages-bench $(BUILD)/.packages-vm
	$(Q)BUILD=$(BUILD) tests/bench/run

DEMO_TOOLS := $(addprefix $(BUILD)/tests/vm/tools/,traffic-client traffic-server count-writes)

# The data plane's story and the kernel's.
demo: | $(BUILD)/.packages-demo $(BUILD)/.packages-vm
	$(Q)$(MAKE) --no-print-directory demo-dataplane
	$(Q)$(MAKE) --no-print-directory demo-ipvs
	@echo "make demo: all of it went as it says"

demo-dataplane: programs $(DEMO_TOOLS) | $(BUILD)/.packages-demo
	$(Q)BUILD=$(BUILD) tests/demo/run dataplane

demo-ipvs: programs $(DEMO_TOOLS) | $(BUILD)/.packages-demo $(BUILD)/.packages-vm
	$(Q)BUILD=$(BUILD) tests/demo/run ipvs

demo-vrrp: programs | $(BUILD)/.packages-demo $(BUILD)/.packages-vm
	$(Q)BUILD=$(BUILD) tests/demo/run vrrp

-include $(TEST_OBJECTS:.o=.d)
