// SPDX-License-Identifier: GPL-2.0
/* Copyright (C) 2026 The ozproxy authors */

#include "world.h"
#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>
#include "local.h"
#include "store.h"
#include "tablefile.h"

/* What outlives a helper. */

static char directory[64];

static int begin(void **state)
{
	strcpy(directory, "/tmp/ozproxy-unit-XXXXXX");
	assert_non_null(mkdtemp(directory));
	world_begin(state);
	helper_disconnect(&world->helper);
	world_forget(world);
	return 0;
}

static const char *path_of(const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static int end(void **state)
{
	struct dirent *entry;
	DIR *dir = opendir(directory);

	while ((entry = readdir(dir)))
		unlink(path_of(entry->d_name));
	closedir(dir);
	rmdir(directory);
	return world_end(state);
}

static void write_text(const char *name, const char *text)
{
	FILE *file = fopen(path_of(name), "we");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void read_text(const char *name, char *text, size_t room)
{
	FILE *file = fopen(path_of(name), "re");

	assert_non_null(file);
	text[fread(text, 1, room - 1, file)] = '\0';
	fclose(file);
}

static struct interests *interests(void)
{
	return &world->helper.interests;
}

static const struct job *job_of(const char *name)
{
	return jobs_get(&interests()->jobs, name);
}

static int save(const char *name)
{
	char *text = strcmp(name, STORE_FILE) ? local_compose(interests()) :
						store_compose(interests());
	int err = store_write(directory, name, text, strlen(text));

	free(text);
	return err;
}

static void the_table(void **state)
{
	struct ozp_service shop, empty;
	struct interests other;

	(void)state;
	world_make(&shop, "shop", 3, false);
	world_make(&empty, "e", 0, false);
	interests_restore(interests(), &shop, world->now);
	interests_restore(interests(), &empty, world->now);
	assert_int_equal(save(STORE_FILE), 0);
	assert_int_not_equal(access(path_of(".table.json.new"), F_OK), 0);
	/* Another helper, that knows nothing. */
	other = *interests();
	memset(&other.jobs, 0, sizeof(other.jobs));
	store_load(directory, &other, world->now);
	assert_int_equal(other.jobs.names.count, 1);
	assert_true(record_is_equal(&jobs_get(&other.jobs, "shop")->service,
				    &shop));
	jobs_uninit(&other.jobs);
	ozp_service_free(&shop);
	ozp_service_free(&empty);
}

/* The old file stays until the new one is complete. */
static void a_directory_that_cannot_be_written(void **state)
{
	(void)state;
	write_text("table.json", "old");
	assert_int_equal(mkdir(path_of(".table.json.new"), 0700), 0);
	assert_int_not_equal(store_write(directory, "table.json", "new", 3), 0);
	rmdir(path_of(".table.json.new"));
	assert_int_not_equal(store_write("/proc/nowhere", "x", "x", 1), 0);
}

static void a_table_that_is_none(void **state)
{
	(void)state;
	store_load(directory, interests(), world->now);
	write_text("table.json", "[{\"app_name\": \"shop\"");
	store_load(directory, interests(), world->now);
	assert_int_equal(interests()->jobs.names.count, 0);
}

static void the_jobs(void **state)
{
	char text[256];

	(void)state;
	interests_declare(interests(), "a", true, world->now);
	interests_announce(interests(), "b", world->now);
	assert_int_equal(save(LOCAL_FILE), 0);
	read_text("jobs", text, sizeof(text));
	assert_string_equal(text, "+a\nb\n");
	/* A line that is no job is not one. */
	write_text("jobs", "c\n\n+d\n../x\na b\n+\ne");
	local_load(directory, interests(), world->now);
	assert_int_equal(interests()->jobs.names.count, 5);
	assert_true(job_of("c")->is_announced);
	assert_false(job_of("c")->is_declared);
	assert_true(job_of("d")->is_declared);
	assert_true(job_of("e")->is_announced);
}

/* The cluster is told in the next life what it could not be told in this one. */
static void a_job_that_moved(void **state)
{
	struct own own = interests()->own;
	struct ozp_service shop;
	char text[256];

	(void)state;
	world_make(&shop, "shop", 2, true);
	interests_restore(interests(), &shop, world->now);
	own.v4.v4 = v4("131.1.0.77");
	helper_move(&world->helper, &own, world->now);
	assert_int_equal(save(LOCAL_FILE), 0);
	assert_int_equal(save(STORE_FILE), 0);
	read_text("jobs", text, sizeof(text));
	assert_string_equal(text, ">shop\n");
	interests_uninit(interests());
	memset(&interests()->jobs, 0, sizeof(interests()->jobs));
	store_load(directory, interests(), world->now);
	local_load(directory, interests(), world->now);
	world_forget(world);
	helper_connect(&world->helper, world->now);
	assert_int_equal(world_counts(world, "moved shop 131.1.0.77"), 1);
	/* It is not where an answer says that is older. */
	world_answers_record(world, &shop);
	assert_true(job_of("shop")->is_local);
	assert_true(job_of("shop")->is_moved);
	assert_int_equal(save(LOCAL_FILE), 0);
	read_text("jobs", text, sizeof(text));
	assert_string_equal(text, ">shop\n");
	/* What is said of others is not lost on the way. */
	write_text("jobs", "+>d\n>e\n>\n>>f\n");
	local_load(directory, interests(), world->now);
	assert_true(job_of("d")->is_moved && job_of("d")->is_declared);
	assert_true(job_of("e")->is_moved && job_of("e")->is_announced);
	assert_null(job_of("f"));
}

/* It is there, but cannot be read. */
static void jobs_that_are_not_readable(void **state)
{
	(void)state;
	assert_int_equal(local_load(directory, interests(), world->now), 0);
	assert_int_equal(mkdir(path_of("jobs"), 0700), 0);
	assert_int_equal(local_load(directory, interests(), world->now),
			 -EISDIR);
	rmdir(path_of("jobs"));
	assert_int_equal(symlink("jobs", path_of("jobs")), 0);
	assert_int_equal(local_load(directory, interests(), world->now),
			 -ELOOP);
}

/* Who was told that it is saved is told so after a power cut, too. */
static void names_are_on_the_disk(void **state)
{
	(void)state;
	fake_reset();
	assert_int_equal(store_write(directory, "x", "x", 1), 0);
	assert_int_equal(fake_synced_files(), 1);
	assert_int_equal(fake_synced_directories(), 1);
	/* There is nothing to be done about what is there. */
	assert_int_equal(store_write(directory, "x", "x", 1), 0);
	assert_int_equal(fake_synced_files(), 1);
}

static void one_at_a_time(void **state)
{
	int lock, another;

	(void)state;
	lock = store_lock(directory);
	assert_true(lock >= 0);
	assert_int_equal(store_lock(directory), -EWOULDBLOCK);
	close(lock);
	another = store_lock(path_of("new"));
	assert_true(another >= 0);
	close(another);
	assert_int_equal(rmdir(path_of("new")), 0);
	assert_int_equal(store_lock("/proc/nowhere"), -ENOENT);
}

static void a_table_file(void **state)
{
	struct tablefile_list list = {};
	char error[TABLEFILE_ERROR];

	(void)state;
	assert_int_equal(tablefile_read(path_of("t"), &list, error), -ENOENT);
	assert_non_null(strstr(error, "/t: No such file"));
	write_text("t", "[]");
	assert_int_equal(tablefile_read(path_of("t"), &list, error), 0);
	assert_int_equal(list.count, 0);
	/* Where the error is. */
	write_text("t", "[\n{\"app_name\": \"a\",\n oops}]");
	assert_int_equal(tablefile_read(path_of("t"), &list, error), -EBADMSG);
	assert_non_null(strstr(error, "/t: line 3, column 5"));
	tablefile_free(&list);
	write_text("t", "[{\"app_name\": \"a/b\", \"instance_list\": "
			"[{\"instance_number\": 0}]}]");
	assert_int_equal(tablefile_read(path_of("t"), &list, error), -EINVAL);
	assert_non_null(strstr(error, "/t: result 1, a/b: 'a/b' cannot be the "
				      "name of a job"));
	tablefile_free(&list);
}

/* An instance as it is to be, but for its number, port, and address. */
#define INSTANCE(number, port, address)                                  \
	"{\"instance_number\": " number ", \"host_ip\": \"131.1.0.2\", " \
	"\"host_port\": " port ", \"namespace_ip\": \"10.21.0.1\", "     \
	"\"instance_ip\": \"" address "\", \"service_ip\": []}"

/* Nothing of a file is left out without its author's knowing. */
static void a_table_file_with_a_slip(void **state)
{
	static const struct {
		const char *text;
		const char *said;
	} slips[] = {
		{ "[{\"app_name\": \"a\", \"instance_list\": [" INSTANCE(
			  "0", "\"5010x\"", "10.30.0.6") "]}]",
		  "/t: a instance 0: host_port is not a port" },
		{ "[{\"app_name\": \"a\", \"instance_list\": [" INSTANCE(
			  "\"x\"", "50103", "10.30.0.6") "]}]",
		  "/t: a: an instance without instance_number" },
		{ "[{\"app_name\": \"a\", \"instance_list\": [" INSTANCE(
			  "0", "50103", "10.30.0") "]}]",
		  "/t: a instance 0: instance_ip '10.30.0' is not" },
		{ "[{\"app_name\": \"a\", \"instance_list\": [" INSTANCE(
			  "0", "50103",
			  "10.30.0.6") "]}, {\"app_name\": "
				       "\"a\", \"instance_list\": [" INSTANCE(
					       "0", "50103", "10.30.0.7") "]}]",
		  "/t: result 2, a: this job is there twice" },
		{ "[{\"app_name\": \"a\", \"instance_list\": [" INSTANCE(
			  "0", "50103",
			  "10.30.0.6") "]}, {\"app_name\": "
				       "\"b\", \"instance_list\": [" INSTANCE(
					       "0", "50103", "10.30.0.6") "]}]",
		  "/t: result 2, b: 10.30.0.6 belongs to a already" },
		{ "[{\"app_name\": \"a\", \"instance_list\": []}, 7]",
		  "/t: result 2: this is not a table-query result" },
	};
	struct tablefile_list list = {};
	char error[TABLEFILE_ERROR];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(slips) / sizeof(*slips); i++) {
		write_text("t", slips[i].text);
		assert_true(tablefile_read(path_of("t"), &list, error) < 0);
		if (!strstr(error, slips[i].said))
			fail_msg("'%s' is not in '%s'", slips[i].said, error);
		tablefile_free(&list);
	}
	/* What nobody can know yet is no slip. */
	write_text(
		"t",
		"[{\"app_name\": \"a\", \"instance_list\": [" INSTANCE(
			"0", "50103",
			"10.30.0.6") ", "
				     "{\"instance_number\": 1, \"host_ip\": null}]}]");
	assert_int_equal(tablefile_read(path_of("t"), &list, error), 0);
	assert_int_equal(list.count, 1);
	tablefile_free(&list);
}

/* The source of a default route, or what the operator says. */
static void where_this_node_is(void **state)
{
	char text[LOCAL_TEXT];
	struct own own, other;

	(void)state;
	local_find_own("131.1.0.1", 50103, &own);
	assert_string_equal(local_text(&own, text), "131.1.0.1");
	local_find_own("2001:db8::7", 50103, &other);
	assert_string_equal(local_text(&other, text), "2001:db8::7");
	assert_false(local_is_same(&own, &other));
	other.v4 = own.v4;
	assert_string_equal(local_text(&other, text), "131.1.0.1, 2001:db8::7");
	local_find_own("131.1.0.1", 50104, &other);
	assert_false(local_is_same(&own, &other));
	local_find_own("131.1.0.1", 50103, &other);
	assert_true(local_is_same(&own, &other));
	local_find_own("auto", 50103, &own);
	assert_false(own.v6.family && IN6_IS_ADDR_LINKLOCAL(&own.v6.v6));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_table),
		TEST(a_directory_that_cannot_be_written),
		TEST(a_table_that_is_none),
		TEST(the_jobs),
		TEST(a_job_that_moved),
		TEST(jobs_that_are_not_readable),
		TEST(names_are_on_the_disk),
		TEST(one_at_a_time),
		TEST(a_table_file),
		TEST(a_table_file_with_a_slip),
		TEST(where_this_node_is),
	};

	return cmocka_run_group_tests_name("files", tests, NULL, NULL);
}
