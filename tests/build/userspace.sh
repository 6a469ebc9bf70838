#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# ring: style
#
# The programs and the C files of their tests: laid out as .clang-format says,
# nothing for cppcheck to find, no warning from either compiler. (That the
# programs themselves build with both is in tests/user/consistency.sh.)

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

need_packages_for build style user || exit 1

# Formats differ between versions; 14 is Debian 12's.
format()
{
	clang-format-14 --dry-run -Werror "$@"
}

includes=(-Iinclude/uapi -Iinclude -Iuserspace/lib -Iuserspace/table
	-Iuserspace/ozctl -Iuserspace/ozproxyd -Itests/user)

# Loops are macros, which cppcheck has to be told.
cppcheck_all()
{
	cat >"$OZP_TMP/mnl.cfg" <<'END'
<?xml version="1.0"?>
<def format="2">
  <define name="mnl_attr_for_each(attr, nlh, offset)"
    value="for (attr = mnl_nlmsg_get_payload_offset(nlh, offset); attr; attr = mnl_attr_next(attr))"/>
  <define name="mnl_attr_for_each_nested(attr, nest)"
    value="for (attr = mnl_attr_get_payload(nest); attr; attr = mnl_attr_next(attr))"/>
  <define name="json_array_foreach(array, index, value)"
    value="for (index = 0; (value = json_array_get(array, index)); index++)"/>
  <define name="map_for_each(map, node, after)"
    value="for (node = (map)->first; node; node = after)"/>
</def>
END
	cppcheck --quiet --enable=warning,performance,portability \
		--inline-suppr --error-exitcode=1 --std=c11 -j 2 \
		--library="$OZP_TMP/mnl.cfg" -D_GNU_SOURCE \
		-DOZP_VERSION='"0"' -DGOLDEN='""' "${includes[@]}" "$@"
}

warns_of()
{
	local compiler=$1
	shift

	# Tests leave members out that are to be zero.
	"$compiler" -fsyntax-only -std=gnu11 -O1 -Wall -Wextra -Werror \
		-Wno-missing-field-initializers -D_GNU_SOURCE \
		-DOZP_VERSION='"0"' -DGOLDEN='""' "${includes[@]}" "$@"
}

# One that cannot find anything would agree with everything.
broken=$OZP_TMP/broken.c
cat >"$broken" <<'END'
#include <libmnl/libmnl.h>
int broken(const struct nlattr *nest);
int  broken(const struct nlattr *nest) {
	int array[2], unused;
	const struct nlattr *nla;
	mnl_attr_for_each_nested(nla, nest)
		array[2] = mnl_attr_get_type(nla);
	return array[2];
}
END
cp .clang-format "$OZP_TMP"
refuse "clang-format finds a fault" format "$broken"
refuse "cppcheck finds a fault" cppcheck_all "$broken"
like "it is the one that is there" "$(<"$OZP_TMP/output")" arrayIndexOutOfBounds

# tests/netlink has a layout of its own.
mapfile -t files < <(project_files 'userspace/*.[ch]' 'tests/user/*.[ch]' \
	'tests/fuzz/*.[ch]' 'tests/qemu/*.c' 'tests/bench/*.[ch]' | handwritten)
for file in "${files[@]}"; do
	check "format of $file" format "$file"
done
mapfile -t sources < <(project_files 'userspace/*.c' 'tests/user/*.c' \
	'tests/fuzz/*.c' 'tests/netlink/*.c' 'tests/qemu/*.c' \
	'tests/bench/*.c')
check "cppcheck finds nothing in ${#sources[@]} files" \
	cppcheck_all "${sources[@]}"
mapfile -t sources < <(project_files 'tests/user/*.c' 'tests/fuzz/*.c' \
	'tests/netlink/*.c' 'tests/qemu/*.c' 'tests/bench/*.c')
for compiler in gcc clang-14; do
	refuse "$compiler finds a fault" warns_of "$compiler" "$broken"
	check "$compiler warns of nothing in ${#sources[@]} files of tests" \
		warns_of "$compiler" "${sources[@]}"
done
tap_done
