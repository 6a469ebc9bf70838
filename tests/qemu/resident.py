#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
"""resident.py PATH…

Prints the host's files that every guest keeps in its own memory, one a line:
the programs that tests start again and again, what these and those
among PATH… are linked to, and the modules that our python scripts import.
Symbolic links on the way to a file are named as well.

Each open() of a file of the host is three requests to the emulator, which make
the start of a small program take four times as long.
"""

import glob
import importlib
import os
import shutil
import subprocess
import sys

PROGRAMS = """
awk basename bash bridge busybox cat chmod cmp conntrack cp curl cut date
dirname env ethtool find gojq grep head id ip iptables kill ln ls mkdir mkfifo
mktemp mv nc nft nsenter od paste ping ps python3 readlink rm seq setpriv sh
sleep sort ss stat sysctl tail tc tcpdump tee timeout touch tr uniq wc xargs
""".split()

MODULES = """
argparse contextlib ctypes encodings errno ipaddress json os
random re select selectors signal socket struct subprocess time
""".split()

OTHERS = """
/etc/group /etc/host.conf /etc/hosts /etc/ld.so.cache /etc/nsswitch.conf
/etc/passwd /etc/protocols /etc/selinux/config /etc/services
/usr/lib/x86_64-linux-gnu/gconv/gconv-modules.cache /usr/share/locale/locale.alias
""".split()
LOCALE = "/usr/lib/locale/C.utf8/**"


def steps(path):
    """Yields path and, where links lead on, all that is on the way."""
    parts, done = path.split("/")[1:], ""
    while parts:
        done += "/" + parts.pop(0)
        if not os.path.islink(done):
            continue
        yield done
        target = os.path.join(os.path.dirname(done), os.readlink(done))
        parts = os.path.normpath(target).split("/")[1:] + parts
        done = ""
    if os.path.isfile(done):
        yield done


def libraries(programs):
    listed = subprocess.run(["ldd", *programs], stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL, text=True, check=False)
    for line in listed.stdout.splitlines():
        words = line.split()
        if line.startswith("\t"):
            yield from (word for word in words if word.startswith("/"))


def module_files():
    for name in MODULES:
        importlib.import_module(name)
    for module in list(sys.modules.values()):
        for kind in ("__file__", "__cached__"):
            path = getattr(module, kind, None)
            if path and path != os.path.abspath(__file__):
                yield path


def main():
    programs = [*filter(None, map(shutil.which, PROGRAMS))]
    modules = [*module_files()]
    linked = [path for path in modules if path.endswith(".so")] + sys.argv[1:]
    paths = {*programs, *libraries(programs + linked), *modules, *OTHERS,
             *glob.glob(LOCALE, recursive=True)}
    print(*sorted({step for path in paths if os.path.exists(path)
                   for step in steps(path)}), sep="\n")


main()
