# SPDX-License-Identifier: GPL-2.0-or-later
# poise is built by this one Makefile; mk/ holds a fragment for each purpose. Objects and programs go to
# $(BUILD) (build/), never beside the sources.
#
#   make            the programs           make test       everything that CI runs
#   make demo       see it work            make asan       the tests under ASan and UBSan
#   make lint       laws and warnings      make fuzz       the fuzzers, FUZZ_SECONDS each
#   make bench      figures, as ratios     make install    under DESTDIR and PREFIX
#
# Of the demonstrations alone: demo-dataplane (poise-dataplane), demo-ipvs (a kernel's IPVS), demo-vrrp (two nodes, one dies).
#
# V=1 shows the commands.

BUILD ?= build
CONFIG ?= release

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:

include mk/build.mk
include mk/tests.mk
include mk/dataplane.mk
include mk/lint.mk
include mk/fuzz.mk
include mk/install.mk

.PHONY: all clean help
all: programs man

clean:
	$(Q)rm -rf $(BUILD)

help:
	@sed -n '2,/^$$/s/^# \{0,1\}//p' $(firstword $(MAKEFILE_LIST))
