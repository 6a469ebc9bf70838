// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright (C) 2026 The ozproxy authors
 *
 * A plugin of QEMU's translator: how often each instruction of the guest ran,
 * between marks that the guest sets (mark.h). It counts and does not sample, so
 * code with interrupts off is seen like any other, and the counts are those of
 * the guest's clock. At the end of the emulator it writes one line for each
 * address, "ADDRESS COUNT", to the file that is its argument out.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "mark.h"

/* Debian packages no header for plugins: this is what we use of version 1. */
#define EXPORT __attribute__((visibility("default")))

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_info;

void qemu_plugin_register_vcpu_tb_trans_cb(
	qemu_plugin_id_t id,
	void (*cb)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb));
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *tb, int op,
					      void *ptr, uint64_t imm);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
					    void (*cb)(unsigned int vcpu,
						       void *data),
					    int flags, void *data);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id,
				    void (*cb)(qemu_plugin_id_t id, void *data),
				    void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *
qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info,
			int argc, char **argv);

enum { INLINE_ADD, NO_REGISTERS = 0 };

EXPORT int qemu_plugin_version = 1;

/**
 * struct block - Instructions that the translator takes together.
 * @next: the block that was translated before
 * @runs: how often it ran, ever
 * @before: how often until the last mark
 * @counted: how often between marks
 * @length: number of instructions
 * @address: where they are
 *
 * The translator's code writes to @runs, so a block stays for good.
 */
struct block {
	struct block *next;
	uint64_t runs;
	uint64_t before;
	uint64_t counted;
	size_t length;
	uint64_t address[];
};

static struct block *blocks;
static FILE *out;

/* What is translated after the mark has not run before it. */
static void start(unsigned int vcpu, void *data)
{
	(void)vcpu;
	(void)data;
	for (struct block *block = blocks; block; block = block->next)
		block->before = block->runs;
}

static void stop(unsigned int vcpu, void *data)
{
	(void)vcpu;
	(void)data;
	for (struct block *block = blocks; block; block = block->next)
		block->counted += block->runs - block->before;
}

static bool is_mark(const struct qemu_plugin_insn *insn, const char *mark)
{
	return qemu_plugin_insn_size(insn) == MARK_SIZE &&
	       !memcmp(qemu_plugin_insn_data(insn), mark, MARK_SIZE);
}

static void watch_for_marks(struct qemu_plugin_insn *insn)
{
	if (is_mark(insn, MARK_START))
		qemu_plugin_register_vcpu_insn_exec_cb(insn, start,
						       NO_REGISTERS, NULL);
	else if (is_mark(insn, MARK_STOP))
		qemu_plugin_register_vcpu_insn_exec_cb(insn, stop, NO_REGISTERS,
						       NULL);
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t length = qemu_plugin_tb_n_insns(tb);
	struct block *block;

	(void)id;
	block = calloc(1, sizeof(*block) + length * sizeof(block->address[0]));
	if (!block)
		abort();
	block->length = length;
	for (size_t i = 0; i < length; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);

		block->address[i] = qemu_plugin_insn_vaddr(insn);
		watch_for_marks(insn);
	}
	qemu_plugin_register_vcpu_tb_exec_inline(tb, INLINE_ADD, &block->runs,
						 1);
	block->next = blocks;
	blocks = block;
}

static void finish(qemu_plugin_id_t id, void *data)
{
	(void)id;
	(void)data;
	for (struct block *block = blocks; block; block = block->next)
		for (size_t i = 0; block->counted && i < block->length; i++)
			fprintf(out, "%016" PRIx64 " %" PRIu64 "\n",
				block->address[i], block->counted);
	fclose(out);
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id,
			       const struct qemu_info *info, int argc,
			       char **argv)
{
	(void)info;
	if (argc != 1 || strncmp(argv[0], "out=", 4))
		return -1;
	out = fopen(argv[0] + 4, "w");
	if (!out)
		return -1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_atexit_cb(id, finish, NULL);
	return 0;
}
