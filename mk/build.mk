# SPDX-License-Identifier: GPL-2.0-or-later
# Compiling and linking: every *.c of the folders below, one object each, header dependencies by -MMD -MP.

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' $(1) $(2))

VERSION := $(shell sed -n 's/^\#define POISE_VERSION "\(.*\)"$$/\1/p' base/version.h)

CC ?= gcc
PKG_CONFIG ?= pkg-config
LIBRARIES := yaml-0.1 libnl-3.0 libnl-genl-3.0 libnl-route-3.0 jansson nettle libsystemd libcap-ng libseccomp libmicrohttpd \
	libcares libpcre2-8

# Only goals that compile need the libraries, and `make test` installs them first (mk/packages).
# libcurl is opened at run time, by who probes (health/curl_library.c): of it only the headers are needed.
PKG_CFLAGS = $(shell $(PKG_CONFIG) --cflags $(LIBRARIES) libcurl)
PKG_LIBS = $(shell $(PKG_CONFIG) --libs $(LIBRARIES))

# Only the data plane sees DPDK. Its headers are the system's: their warnings are not ours.
DPDK_CFLAGS = $(patsubst -I%,-isystem %,$(shell $(PKG_CONFIG) --cflags libdpdk))
DPDK_LIBS = $(shell $(PKG_CONFIG) --libs libdpdk)

WARNINGS := -Wall -Wextra -Wshadow -Wpointer-arith -Wstrict-prototypes -Wmissing-prototypes \
	-Wwrite-strings -Wvla -Wformat=2 -Wundef -Wcast-align -Wimplicit-fallthrough
HARDENING := -fstack-protector-strong -fPIE
CFLAGS ?= -O2 -g
ALL_CFLAGS = -std=gnu17 -D_GNU_SOURCE -I. $(WARNINGS) $(CFLAGS) $(CONFIG_CFLAGS) $(PKG_CFLAGS)
# A program carries only the libraries whose functions it calls: `poise` starts often, and must start fast.
ALL_LDFLAGS = -Wl,--as-needed $(LDFLAGS) $(CONFIG_LDFLAGS)

ifeq ($(CONFIG),release)
CONFIG_CFLAGS = $(HARDENING) -D_FORTIFY_SOURCE=2
CONFIG_LDFLAGS = -pie -Wl,-z,relro,-z,now
else ifeq ($(CONFIG),asan)
CONFIG_CFLAGS = -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
CONFIG_LDFLAGS = -fsanitize=address,undefined
else ifeq ($(CONFIG),fuzz)
CC := clang
CONFIG_CFLAGS = -O1 -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined \
	-fno-sanitize-recover=all
CONFIG_LDFLAGS = -fsanitize=fuzzer,address,undefined
else
$(error CONFIG is release, asan or fuzz)
endif

FOLDERS := base model backends backends/ipvs backends/dpdk backends/dpdk/dataplane reconciler vrrp health \
	cli daemon
SOURCES := $(foreach folder,$(FOLDERS),$(wildcard $(folder)/*.c))
OBJECTS := $(SOURCES:%.c=$(BUILD)/obj/%.o)
# All of it but what has a main(): an archive, of which a program takes only the members that it needs.
MAIN_OBJECTS := $(BUILD)/obj/cli/main.o $(BUILD)/obj/daemon/main.o \
	$(BUILD)/obj/backends/dpdk/dataplane/main.o $(BUILD)/obj/backends/dpdk/dataplane/fanout.o
CORE_OBJECTS := $(BUILD)/poise.a

.PHONY: programs man
programs: $(BUILD)/poise $(BUILD)/poised

$(BUILD)/poise.a: $(filter-out $(MAIN_OBJECTS),$(OBJECTS))
	$(call say,AR,$@)
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $^

$(BUILD)/poise: $(BUILD)/obj/cli/main.o $(BUILD)/poise.a
$(BUILD)/poised: $(BUILD)/obj/daemon/main.o $(BUILD)/poise.a
$(BUILD)/poise $(BUILD)/poised:
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(PKG_LIBS)

$(BUILD)/obj/%.o: %.c Makefile mk/build.mk | $(BUILD)/.packages-build
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# What runs for each packet is worth the compiler's time.
ifeq ($(CONFIG),release)
DATAPLANE_CFLAGS := -O3
endif
$(BUILD)/obj/backends/dpdk/dataplane/%.o $(BUILD)/obj/tests/dataplane/%.o \
	$(BUILD)/obj/tests/bench/dataplane%.o: CONFIG_CFLAGS += $(DATAPLANE_CFLAGS) $(DPDK_CFLAGS)

# Installs what is missing, once for each change of the list; says nothing when all is there.
$(BUILD)/.packages-%: mk/packages mk/install-packages
	$(Q)mkdir -p $(@D)
	$(Q)mk/install-packages $*
	$(Q)touch $@

# poise.yaml.5's tables of keys come out of the schema tables in model/schema.c.
man: $(addprefix $(BUILD)/man/,poise.1 poised.8 poise-dataplane.8 poise.yaml.5)

$(BUILD)/man/poise.yaml.5: man/poise.yaml.5.in $(BUILD)/poise
	$(call say,MAN,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(BUILD)/poise schema --mdoc > $@.tables
	$(Q)sed -e '/^\.\\" @TABLES@$$/{r $@.tables' -e 'd}' $< > $@
	$(Q)rm -f $@.tables

$(BUILD)/man/%: man/%
	$(Q)mkdir -p $(@D)
	$(Q)cp $< $@

-include $(OBJECTS:.o=.d)
