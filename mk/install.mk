# SPDX-License-Identifier: GPL-2.0-or-later
# make install [DESTDIR=…] [PREFIX=/usr/local]

PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
SBINDIR ?= $(PREFIX)/sbin
MANDIR ?= $(PREFIX)/share/man
DATADIR ?= $(PREFIX)/share
UNITDIR ?= $(PREFIX)/lib/systemd/system
UNITS := poised.service poise-dataplane.service
INSTALL ?= install

# The manuals name the places of the default PREFIX.
install_man = sed -e 's,/usr/local/share/poise/,$(DATADIR)/poise/,g' \
	-e 's,/usr/local/share/doc/poise/,$(DATADIR)/doc/poise/,g' \
	-e 's,/usr/local/sbin/,$(SBINDIR)/,g' $(BUILD)/man/$(1) > $(BUILD)/man/$(1).installed && \
	$(INSTALL) -m 644 $(BUILD)/man/$(1).installed $(DESTDIR)$(MANDIR)/man$(2)/$(1)

.PHONY: install uninstall
install: all
	$(Q)$(INSTALL) -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(SBINDIR) $(DESTDIR)$(MANDIR)/man1 $(DESTDIR)$(MANDIR)/man5 \
		$(DESTDIR)$(DATADIR)/poise $(DESTDIR)$(DATADIR)/bash-completion/completions \
		$(DESTDIR)$(DATADIR)/doc/poise $(DESTDIR)$(MANDIR)/man8 $(DESTDIR)$(UNITDIR)
	$(Q)$(INSTALL) -m 755 $(BUILD)/poise $(DESTDIR)$(BINDIR)/poise
	$(Q)$(INSTALL) -m 755 $(BUILD)/poised $(DESTDIR)$(SBINDIR)/poised
	$(Q)$(INSTALL) -m 755 $(BUILD)/poise-dataplane $(DESTDIR)$(SBINDIR)/poise-dataplane
	$(Q)for unit in $(UNITS); do \
		sed 's,@SBINDIR@,$(SBINDIR),' systemd/$$unit.in > $(BUILD)/$$unit && \
		$(INSTALL) -m 644 $(BUILD)/$$unit $(DESTDIR)$(UNITDIR)/$$unit || exit 1; \
	done
	$(Q)$(call install_man,poise.1,1)
	$(Q)$(call install_man,poise.yaml.5,5)
	$(Q)$(call install_man,poised.8,8)
	$(Q)$(call install_man,poise-dataplane.8,8)
	$(Q)$(INSTALL) -m 644 cli/completion/poise.bash \
		$(DESTDIR)$(DATADIR)/bash-completion/completions/poise
	$(Q)$(INSTALL) -m 644 cli/completion/poised.bash \
		$(DESTDIR)$(DATADIR)/bash-completion/completions/poised
	$(Q)$(INSTALL) -m 644 cli/completion/poise-dataplane.bash \
		$(DESTDIR)$(DATADIR)/bash-completion/completions/poise-dataplane
	$(Q)$(BUILD)/poise schema > $(DESTDIR)$(DATADIR)/poise/poise.schema.json
	$(Q)cp -r examples $(DESTDIR)$(DATADIR)/doc/poise/
	$(Q)$(INSTALL) -m 644 README.md ARCHITECTURE.md LICENSE $(DESTDIR)$(DATADIR)/doc/poise/

uninstall:
	$(Q)rm -f $(DESTDIR)$(BINDIR)/poise $(DESTDIR)$(MANDIR)/man1/poise.1 \
		$(DESTDIR)$(MANDIR)/man5/poise.yaml.5 $(DESTDIR)$(SBINDIR)/poised \
		$(DESTDIR)$(SBINDIR)/poise-dataplane $(DESTDIR)$(MANDIR)/man8/poised.8 \
		$(DESTDIR)$(MANDIR)/man8/poise-dataplane.8 $(UNITS:%=$(DESTDIR)$(UNITDIR)/%) \
		$(DESTDIR)$(DATADIR)/bash-completion/completions/poise \
		$(DESTDIR)$(DATADIR)/bash-completion/completions/poised \
		$(DESTDIR)$(DATADIR)/bash-completion/completions/poise-dataplane
	$(Q)rm -rf $(DESTDIR)$(DATADIR)/poise $(DESTDIR)$(DATADIR)/doc/poise
