# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# For people: `make help`. The module's objects are listed in Kbuild.

VERSION := $(shell cat include/VERSION)
PREFIX ?= /usr/local
DESTDIR ?=

V ?= 0
ifeq ($(V),0)
Q := @
endif

# The running kernel's headers, else the newest that are installed.
kdir-running := /lib/modules/$(shell uname -r)/build
kdir-newest = $(shell ls -d /lib/modules/*/build/Makefile 2>/dev/null | \
	sort -V | tail -n 1)
KDIR ?= $(patsubst %/Makefile,%,$(firstword \
	$(wildcard $(kdir-running)/Makefile) $(kdir-newest)))

# The release that the module will belong to: what `uname -r` says there.
KVER = $(shell sed -n 's/^.define UTS_RELEASE "\(.*\)"/\1/p' \
	$(KDIR)/include/generated/utsrelease.h 2>/dev/null)
MODDIR = /lib/modules/$(KVER)/updates

SOURCETREE ?= /usr/src
DKMS ?= dkms
DKMSFLAGS ?=
dkms-source = $(DESTDIR)$(SOURCETREE)/ozproxy-$(VERSION)

make-module = +$(Q)$(MAKE) --no-print-directory -C $(KDIR) M=$(CURDIR)
make-userspace = +$(Q)$(MAKE) --no-print-directory -C userspace \
	DESTDIR=$(DESTDIR) PREFIX=$(PREFIX) V=$(V)

.PHONY: all module userspace headers libraries check-config install \
	install-module uninstall dkms-install dkms-uninstall \
	test test-user test-kunit test-netns test-kcsan test-build style \
	fuzz bench profile demo clean help

all: module userspace

module: headers dkms.conf
	$(make-module) modules

userspace: libraries
	$(make-userspace) all

headers:
	$(Q)if [ -z "$(KDIR)" ]; then \
		echo "ozproxy: no kernel headers are installed." >&2; \
	elif [ ! -e "$(KDIR)/Makefile" ]; then \
		echo "ozproxy: no kernel headers in KDIR=$(KDIR)." >&2; \
	else \
		exit 0; \
	fi; \
	echo "Install linux-headers-$$(uname -r) (Debian's name)," \
		"or name a built kernel with KDIR=DIRECTORY." >&2; \
	exit 1

libraries:
	$(Q)missing=; \
	for lib in libmnl/libmnl.h:libmnl-dev jansson.h:libjansson-dev \
		ev.h:libev-dev mosquitto.h:libmosquitto-dev; do \
		echo "#include <$${lib%:*}>" | \
		$(CC) $(CPPFLAGS) $(CFLAGS) -E - >/dev/null 2>&1 || \
			missing="$$missing $${lib#*:}"; \
	done; \
	[ -z "$$missing" ] || { \
		echo "ozproxy: the programs need$$missing (Debian's names):" \
			"apt-get install$$missing" >&2; \
		exit 1; \
	}

check-config: headers
	$(Q)kmod/compat/check-config.sh $(KDIR) $(CONFIG)

# DKMS reads the version before it can run anything of ours.
dkms.conf: include/VERSION
	$(Q)grep -qx 'PACKAGE_VERSION="$(VERSION)"' $@ || \
		sed -i 's/^PACKAGE_VERSION=.*/PACKAGE_VERSION="$(VERSION)"/' $@

# Nothing is loaded and no file of the system is edited: depmod only lists what
# is there, and not at all below DESTDIR.
install: all install-module
	$(make-userspace) install
	$(Q)install -D -m 0644 include/uapi/linux/ozproxy.h \
		$(DESTDIR)$(PREFIX)/include/linux/ozproxy.h
	$(Q)install -D -m 0644 include/spec/ozproxy.yaml \
		$(DESTDIR)$(PREFIX)/share/ozproxy/ozproxy.yaml

install-module: module
	$(Q)install -D -m 0644 ozproxy.ko $(DESTDIR)$(MODDIR)/ozproxy.ko
	$(Q)strip -g $(DESTDIR)$(MODDIR)/ozproxy.ko
	$(Q)[ -n "$(DESTDIR)" ] || depmod $(KVER)

uninstall:
	$(make-userspace) uninstall
	$(Q)rm -f $(DESTDIR)$(PREFIX)/include/linux/ozproxy.h
	$(Q)rm -rf $(DESTDIR)$(PREFIX)/share/ozproxy
	$(Q)for dir in $(DESTDIR)/lib/modules/*/updates; do \
		[ -e "$$dir/ozproxy.ko" ] || continue; \
		rm -f "$$dir/ozproxy.ko"; \
		rmdir "$$dir" 2>/dev/null; \
		kver=$${dir%/updates}; \
		[ -n "$(DESTDIR)" ] || depmod "$${kver##*/}"; \
	done

dkms-install: dkms.conf
	$(Q)rm -rf $(dkms-source)
	$(Q)for file in Kbuild LICENSE dkms.conf include/VERSION \
		$$(find kmod include \( -name '*.[ch]' -o -name '*.sh' \) \
			! -name '*.mod.c' ! -name compat_gen.h); do \
		install -D -m "$$(stat -c %a "$$file")" "$$file" \
			"$(dkms-source)/$$file" || exit 1; \
	done
ifeq ($(DESTDIR),)
	$(Q)$(DKMS) add -m ozproxy -v $(VERSION) $(DKMSFLAGS)
	$(Q)$(DKMS) build -m ozproxy -v $(VERSION) -k $(KVER) $(DKMSFLAGS)
	$(Q)$(DKMS) install -m ozproxy -v $(VERSION) -k $(KVER) $(DKMSFLAGS)
endif

dkms-uninstall:
ifeq ($(DESTDIR),)
	$(Q)$(DKMS) remove -m ozproxy -v $(VERSION) --all $(DKMSFLAGS)
endif
	$(Q)rm -rf $(dkms-source)

test:
	$(Q)tests/run

test-user:
	$(Q)tests/run user

test-kunit:
	$(Q)tests/run kunit

test-netns:
	$(Q)tests/run netns $(if $(KERNEL),KERNEL=$(KERNEL)) $(TESTS)

# Races show where packets and changes of the table meet.
kcsan-tests := life-traffic refresh netlink balance seed
test-kcsan:
	$(Q)tests/qemu/selftest.sh kcsan
	$(Q)tests/run netns KERNEL=kcsan $(or $(TESTS),$(kcsan-tests))

test-build:
	$(Q)tests/run build

style:
	$(Q)tests/run style

fuzz:
	$(Q)tests/fuzz/run $(if $(SECONDS),-s $(SECONDS)) $(TARGET)

bench:
	$(Q)SYSTEMS="$(SYSTEMS)" MEASURES="$(MEASURES)" ROUNDS=$(ROUNDS) \
		tests/bench/run

profile:
	$(Q)SYSTEM=$(SYSTEM) tests/bench/profile

demo:
	$(Q)BROKER=$(BROKER) tests/demo/run

clean:
	+$(Q)[ ! -e "$(KDIR)/Makefile" ] || $(MAKE) --no-print-directory \
		-C $(KDIR) M=$(CURDIR) clean
	$(make-userspace) clean

help:
	@echo 'Build'
	@echo '  make                build the module and the programs'
	@echo '  make module         only ozproxy.ko'
	@echo '  make userspace      only the library, ozctl and ozproxyd'
	@echo '  make check-config   name the options that the kernel lacks'
	@echo '  make clean          remove what was built'
	@echo 'Install (loads no module, edits no file)'
	@echo '  make install, make uninstall'
	@echo '  make dkms-install, make dkms-uninstall'
	@echo 'See and test'
	@echo '  make demo           three workers, one Service IP, one curl; with BROKER=1'
	@echo '                      a cluster answers, else a table file'
	@echo '  make test           everything, on two kernels (tests/README.md)'
	@echo '  make style          warnings, sparse, checkpatch, shellcheck, rules'
	@echo '  make test-build     DKMS, install, compile probes'
	@echo '  make test-user      the unit tests of the programs'
	@echo '  make test-kunit     the unit tests of the module, in a guest'
	@echo '  make test-netns     workers and containers in a guest; TESTS="NAME..."'
	@echo '                      for some, KERNEL=6.12, 6.1 or debug for one'
	@echo '  make test-kcsan     a part of them in a kernel that finds data races'
	@echo '  make fuzz           parsers of the programs, until it is interrupted;'
	@echo '                      TARGET=NAME for one, SECONDS=N for an end'
	@echo '  make bench          what a packet costs, beside vxlan, nftables and others;'
	@echo '                      SYSTEMS="NAME..." MEASURES="NAME..." for a part'
	@echo '  make profile        where the instructions of a packet go; SYSTEM=NAME'
	@echo 'Variables'
	@echo '  KDIR     kernel to build for  ($(KDIR))'
	@echo '  PREFIX   of the programs      ($(PREFIX))'
	@echo '  DESTDIR  root to install into ($(or $(DESTDIR),/))'
	@echo '  CONFIG   another configuration for check-config'
	@echo '  V=1      show the commands'
