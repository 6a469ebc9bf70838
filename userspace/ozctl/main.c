// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include <string.h>
#include "ozctl.h"

static const struct noun *const nouns[] = {
	&device_noun, &service_noun, &flow_noun,  &miss_noun,
	&stats_noun,  &monitor_noun, &local_noun,
};

#define N_NOUNS (sizeof(nouns) / sizeof(*nouns))

static enum status help(void)
{
	size_t i;

	puts("Usage: ozctl [-j|--json] OBJECT VERB [ARGUMENTS]\n"
	     "       ozctl -V|--version, ozctl -h|--help\n"
	     "\n"
	     "Controls ozproxy devices, which turn Service IPs into instances.\n"
	     "\n"
	     "Objects ('ozctl OBJECT help' tells more):");
	for (i = 0; i < N_NOUNS; i++)
		printf("  %-8s  %s\n", nouns[i]->name, nouns[i]->help);
	puts("\n"
	     "All objects but device and local take 'dev NAME' right after the\n"
	     "verb; it can be left out when there is only one ozproxy device.\n"
	     "\n"
	     "Exit codes: 0 done, 1 refused by the kernel or the system,\n"
	     "2 wrong usage. Errors and notes go to stderr.");
	return STATUS_OK;
}

static void noun_help(const struct noun *noun)
{
	const struct verb *verb;

	printf("%s: %s\n", noun->name, noun->help);
	for (verb = noun->verbs; verb->run; verb++)
		printf("\n  ozctl %s%s%s%s%s\n      %s\n", noun->name,
		       *verb->name ? " " : "", verb->name,
		       *verb->arguments ? " " : "", verb->arguments,
		       verb->help);
	if (noun->notes)
		printf("\n%s", noun->notes);
}

static const struct noun *find_noun(const char *name)
{
	size_t i;

	for (i = 0; i < N_NOUNS; i++)
		if (!strcmp(nouns[i]->name, name))
			return nouns[i];
	return NULL;
}

static const struct verb *find_verb(const struct noun *noun, const char *name)
{
	const struct verb *verb;

	for (verb = noun->verbs; verb->run; verb++)
		if (!strcmp(verb->name, name))
			return verb;
	return NULL;
}

static enum status run(struct ozctl *ctl, const struct verb *verb)
{
	enum status status;
	int err;

	ctl->verb = verb->name;
	err = ozp_socket_open(&ctl->sock);
	if (err)
		return refused(ctl, "no netlink socket: %s", strerror(-err));
	status = verb->run(ctl);
	ozp_socket_close(ctl->sock);
	return status;
}

static enum status run_noun(struct ozctl *ctl, const struct noun *noun)
{
	const struct verb *verb;

	ctl->object = noun->name;
	if (ctl->argc &&
	    (!strcmp(*ctl->argv, "help") || !strcmp(*ctl->argv, "-h") ||
	     !strcmp(*ctl->argv, "--help"))) {
		noun_help(noun);
		return STATUS_OK;
	}
	if (!*noun->verbs->name)
		return run(ctl, noun->verbs);
	if (!ctl->argc)
		return usage(ctl, "say what to do; see 'ozctl %s help'",
			     noun->name);
	verb = find_verb(noun, *ctl->argv);
	if (!verb)
		return usage(ctl, "there is no '%s'; see 'ozctl %s help'",
			     *ctl->argv, noun->name);
	take_word(ctl);
	return run(ctl, verb);
}

static enum status run_all(struct ozctl *ctl)
{
	const struct noun *noun;
	const char *word;

	while ((word = take_word(ctl)) && *word == '-') {
		if (!strcmp(word, "-j") || !strcmp(word, "--json")) {
			ctl->json = true;
		} else if (!strcmp(word, "-V") || !strcmp(word, "--version")) {
			puts("ozctl " OZP_VERSION);
			return STATUS_OK;
		} else if (!strcmp(word, "-h") || !strcmp(word, "--help")) {
			return help();
		} else {
			return usage(ctl,
				     "there is no option '%s'; "
				     "see 'ozctl help'",
				     word);
		}
	}
	if (!word)
		return usage(ctl,
			     "say what to work on: device, service, flow, "
			     "miss, stats, monitor or local; see 'ozctl help'");
	if (!strcmp(word, "help"))
		return help();
	noun = find_noun(word);
	if (!noun)
		return usage(ctl, "there is no object '%s'; see 'ozctl help'",
			     word);
	return run_noun(ctl, noun);
}

int main(int argc, char **argv)
{
	struct ozctl ctl = { .argc = argc - 1, .argv = argv + 1 };
	enum status status = run_all(&ctl);

	/* What did not reach the reader was not done. */
	if ((fflush(stdout) || ferror(stdout)) && status == STATUS_OK)
		status = refused(&ctl, "the output cannot be written");
	return status;
}
