/* SPDX-License-Identifier: ISC */
#include "tests/unit/srs_case.h"

#include <sys/socket.h>

#include <unistd.h>

#include <event2/event.h>

#include "srsd/store/store_backend.h"
#include "srsd/store_opener.h"

static struct event_base *base;
static struct store *store;
static struct store_opener *opener;
static unsigned asked;

static void
count_ask(void *arg)
{
	(void)arg;
	asked++;
}

static int
make_opener(void **state)
{
	(void)state;
	base = event_base_new();
	store = store_new(base, &clock_system, 1000);
	opener = store_opener_new(base, &clock_system, count_ask, NULL);
	asked = 0;
	return 0;
}

static int
free_opener(void **state)
{
	(void)state;
	store_free(&store);
	store_opener_free(&opener);
	event_base_free(base);
	return 0;
}

/* open_database - as the services do (srsd/service/services.c) */
static void
open_database(const char *database)
{
	const struct inputs_database access = { NULL, NULL };
	struct settings *settings = srs_settings();

	srs_set(settings, "envelope-database", database);
	store_set_backend(store, NULL);
	store_opener_open(opener, store, settings, &access);
	settings_free(&settings);
}

/* attach - one end of a socket pair; was it taken over, and not closed? */
static bool
attach(enum link_order kind)
{
	int fd[2];
	char byte;
	bool taken;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
	store_opener_attach(opener, kind, fd[0], NULL);
	taken = recv(fd[1], &byte, 1, 0) == -1;
	close(fd[1]);
	return taken;
}

/* has_sqlite - cmocka reports skip() as a failure */
static bool
has_sqlite(void)
{
#ifdef HAVE_SQLITE
	return true;
#else
	return false;
#endif
}

static void
test_without(void **state)
{
	(void)state;
	open_database("none");
	assert_false(attach(LINK_STORE_PROCESS));
	assert_false(attach(LINK_STORE_SERVER));
}

#ifdef HAVE_SQLITE
static void
test_process(void **state)
{
	(void)state;
	if (!has_sqlite())
		return;
	assert_false(attach(LINK_STORE_PROCESS));
	open_database("sqlite:/nowhere/envelopes.sqlite");
	assert_false(store_counts(store)->connected);
	assert_false(attach(LINK_STORE_SERVER));
	assert_true(attach(LINK_STORE_PROCESS));
	assert_true(store_counts(store)->connected);
	store_opener_attach(opener, LINK_STORE_PROCESS, -1, "no process");
	assert_int_equal(asked, 0);
}

/* test_none - descriptors that were on their way when the database was taken away are closed */
static void
test_none(void **state)
{
	(void)state;
	if (!has_sqlite())
		return;
	open_database("sqlite:/nowhere/envelopes.sqlite");
	assert_true(attach(LINK_STORE_PROCESS));
	open_database("none");
	assert_false(attach(LINK_STORE_PROCESS));
	assert_false(attach(LINK_STORE_SERVER));
	assert_false(store_counts(store)->connected);
}
#endif

#ifdef HAVE_HIREDIS
static void
test_server(void **state)
{
	(void)state;
	open_database("redis:127.0.0.1:6379");
	event_base_loop(base, EVLOOP_NONBLOCK);
	assert_int_equal(asked, 1);
	assert_false(attach(LINK_STORE_PROCESS));
	assert_true(attach(LINK_STORE_SERVER));
	assert_false(attach(LINK_STORE_SERVER));
	open_database("none");
	assert_false(attach(LINK_STORE_SERVER));
	event_base_loop(base, EVLOOP_NONBLOCK);
	assert_int_equal(asked, 1);
}
#endif

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_without, make_opener, free_opener),
#ifdef HAVE_SQLITE
		cmocka_unit_test_setup_teardown(test_process, make_opener, free_opener),
		cmocka_unit_test_setup_teardown(test_none, make_opener, free_opener),
#endif
#ifdef HAVE_HIREDIS
		cmocka_unit_test_setup_teardown(test_server, make_opener, free_opener),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
