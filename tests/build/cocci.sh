#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The ozproxy authors
#
# ring: style
#
# The kernel's semantic patches that fit a network device find nothing in the
# module and its unit tests.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

need_packages_for style || exit 1
tools=$(kernel_tools) || exit 1

# Left out: what needs an OCaml compiler (badzero), what knows only other
# subsystems, and minmax, which is slower than all the rest.
rules="api/alloc/zalloc-simple api/err_cast api/kfree_mismatch
	api/kfree_sensitive api/kstrdup api/kvmalloc api/memdup
	api/atomic_as_refcounter free/ifnullfree free/kfree free/kfreeaddr
	iterators/itnull iterators/list_entry_update iterators/use_after_iter
	locks/call_kern locks/double_lock locks/flags locks/mini_lock
	misc/array_size misc/badty misc/boolconv misc/cond_no_effect
	misc/do_div misc/doubleinit misc/excluded_middle misc/flexible_array
	misc/ifcol misc/newline_in_nl_msg misc/noderef misc/orplus
	misc/returnvar misc/semicolon misc/struct_size misc/swap
	misc/uninitialized_var misc/warn null/deref_null null/eno null/kmerr
	tests/doublebitand tests/doubletest tests/odd_ptr_err
	tests/unsigned_lesser_than_zero"

# Its words, if it has any, and failure then.
cocci()
{
	local found

	found=$(spatch -D report --very-quiet --no-show-diff --no-includes \
		--include-headers \
		--cocci-file "$tools/scripts/coccinelle/$1.cocci" "${@:2}" 2>&1)
	[[ -z $found ]] || { echo "$found"; return 1; }
}

passed_needs
# The faults of this one stand where those of a module would.
scratch
cat >"$scratch/broken.c" <<'END'
static int broken(struct ozp_misses *misses, struct ozp_miss *miss)
{
	struct ozp_miss *copy = kmalloc(sizeof(*copy), GFP_KERNEL);

	mutex_lock(&misses->lock);
	if (!copy) {
		mutex_unlock(&misses->lock);
		return -ENOMEM;
	}
	kfree(miss);
	if (miss->packets)
		return -EBUSY;
	mutex_unlock(&misses->lock);
	return 0;
}
END
refuse "a lock that is kept is found" cocci locks/mini_lock "$scratch/broken.c"
refuse "a use after a free is found" cocci free/kfree "$scratch/broken.c"

mapfile -t files < <(
	project_files 'kmod/*.[ch]' 'tests/kunit/*.[ch]' | grep -v '^kmod/compat/'
)
for rule in $rules; do
	# ozp_netlink_lock() is there to keep its lock.
	mapfile -t looked_at < <(printf '%s\n' "${files[@]}" |
		if [[ $rule == locks/mini_lock ]]; then
			grep -vx kmod/netlink.c
		else
			cat
		fi)
	check_files "$rule finds nothing in ${#looked_at[@]} files" \
		cocci "$rule" -- "${looked_at[@]}"
done
tap_done
