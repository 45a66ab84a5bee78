/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit_dir.h"
#include "tests/unit/unit_fds.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "srsd/link.h"
#include "srsd/pending_reload.h"

static struct pending_reload reload;
static struct inputs inputs; /* in effect */
static struct listeners *current;
static struct identity id;
static char conf_path[UNIT_DIR_SIZE + 30], error[CONFIG_ERROR_SIZE];
static int ends[2]; /* of the link: the monitor's, and the engine's (-1: closed) */
static struct channel_message got;
static unsigned fds_before;

/* configure - a socket of the forward service in the directory, and nothing else; then more lines */
static void
configure(const char *forward, const char *more)
{
	char text[2000];

	snprintf(text, sizeof(text),
	    "srs-domain = srs.test\nsecrets-file = %s\nforward = unix:%s\nreverse = {}\n"
	    "policy = {}\ncontrol = none\nmetrics = none\n%s",
	    unit_path("secret"), unit_path(forward), more);
	unit_write("conf", text, strlen(text), 0644);
}

static int
begin(void **state)
{
	if (unit_dir_make(state) != 0)
		return -1;
	fds_before = unit_fds();
	id = (struct identity){ geteuid(), getegid() };
	unit_write("secret", BYTES("correct horse battery\n"), 0600);
	snprintf(conf_path, sizeof(conf_path), "%s", unit_path("conf"));
	memset(&reload, 0, sizeof(reload));
	memset(&inputs, 0, sizeof(inputs));
	current = listeners_handed_over();
	error[0] = '\0';
	return channel_pair(ends) ? 0 : -1;
}

static int
end(void **state)
{
	pending_reload_end(&reload, current);
	listeners_free(&current, NULL);
	inputs_free(&inputs);
	close(ends[0]);
	close(ends[1]);
	if (unit_fds() != fds_before)
		return -1;
	return unit_dir_remove(state);
}

#define RELOAD_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

static bool
begin_reload(void)
{
	const struct inputs_source source = { .config = conf_path };

	return pending_reload_begin(&reload, ends[0], &source, &id, current, error);
}

/* check_order - the engine's next message: its type, text and number of descriptors */
static void
check_order(enum link_order type, uint32_t number, const char *text, size_t fds)
{
	const char *why = NULL;
	size_t i;

	assert_int_equal(channel_receive(ends[1], &got, LINK_ORDERS - 1, CHANNEL_FDS_MAX, &why), 1);
	assert_int_equal(got.type, type);
	assert_int_equal(got.number, number);
	assert_string_equal(got.text, text);
	assert_int_equal(got.n_fds, fds);
	for (i = 0; i < got.n_fds; i++)
		close(got.fd[i]);
}

static void
check_no_order(void)
{
	const char *why = NULL;

	assert_int_equal(channel_receive(ends[1], &got, LINK_ORDERS - 1, CHANNEL_FDS_MAX, &why), 0);
}

/* apply_first - make the settings with one socket those in effect, and return the socket's id */
static uint32_t
apply_first(void)
{
	char text[40];

	configure("f1", "");
	if (!begin_reload())
		fail_msg("%s", error);
	snprintf(text, sizeof(text), "+0:%u ", (unsigned)reload.listeners->listener[0].id);
	check_order(LINK_RELOAD, reload.number, text, 2);
	pending_reload_apply(&reload, &inputs, &current);
	return current->listener[0].id;
}

static void
test_nothing_to_remove(void **state)
{
	(void)state;
	apply_first();
	assert_int_equal(reload.number, 1);
	assert_string_equal(reload.leaving, "");
	assert_string_equal(inputs.settings->srs_domain, "srs.test");
	pending_reload_end(&reload, current);
	assert_int_equal(reload.state, RELOAD_NONE);
	assert_true(listeners_are_open(current));
	/* The same again: no socket comes, and none leaves. */
	assert_true(begin_reload());
	check_order(LINK_RELOAD, 2, "", 1);
	pending_reload_apply(&reload, &inputs, &current);
	assert_string_equal(reload.leaving, "");
}

static void
test_old_listener_is_removed(void **state)
{
	char text[40];
	uint32_t old = apply_first();

	(void)state;
	pending_reload_end(&reload, current);
	configure("f2", "");
	assert_true(begin_reload());
	assert_int_equal(reload.state, RELOAD_SENT);
	snprintf(text, sizeof(text), "+0:%u ", (unsigned)reload.listeners->listener[0].id);
	check_order(LINK_RELOAD, 2, text, 2);
	pending_reload_apply(&reload, &inputs, &current);
	assert_int_equal(reload.state, RELOAD_REMOVING);
	assert_false(listeners_hold(current, old));
	check_no_order();
	assert_true(pending_reload_remove(&reload, ends[0]));
	snprintf(text, sizeof(text), "-%u ", (unsigned)old);
	check_order(LINK_REMOVE, 2, text, 0);
	assert_int_equal(reload.state, RELOAD_REMOVING); /* until the engine reports */
	pending_reload_end(&reload, current);
	assert_int_equal(reload.state, RELOAD_NONE);
	assert_true(listeners_are_open(current));
}

/* test_discarded - the sockets in effect stay, and the new ones are closed (see end) */
static void
test_discarded(void **state)
{
	char text[40];
	uint32_t old = apply_first();
	unsigned new;

	(void)state;
	pending_reload_end(&reload, current);
	configure("f2", "");
	assert_true(begin_reload());
	new = reload.listeners->listener[0].id;
	pending_reload_end(&reload, current);
	assert_int_equal(reload.state, RELOAD_NONE);
	assert_true(listeners_hold(current, old));
	assert_true(listeners_are_open(current));
	snprintf(text, sizeof(text), "+0:%u ", new);
	check_order(LINK_RELOAD, 2, text, 2);
}

static void
test_refused(void **state)
{
	static const struct {
		const char *more, *error;
	} rows[] = {
		{ "max-age = never\n", "max-age" },
		{ "domains-file = /nonexistent\n", "/nonexistent" },
		{ "reverse = unix:/nonexistent/r\n", "reverse: unix:/nonexistent/r: " },
	};
	size_t i;

	(void)state;
	apply_first();
	pending_reload_end(&reload, current);
	for (i = 0; i < COUNT(rows); i++) {
		configure("f2", rows[i].more);
		unit_true(rows[i].more, "refused", !begin_reload());
		unit_holds(rows[i].more, "error", error, rows[i].error);
		unit_int(rows[i].more, "state", reload.state, RELOAD_NONE);
		check_no_order();
	}
	assert_true(listeners_are_open(current));
	unit_end();
}

static void
test_engine_is_gone(void **state)
{
	(void)state;
	apply_first();
	pending_reload_end(&reload, current);
	close(ends[1]);
	ends[1] = -1;
	configure("f2", "");
	assert_false(begin_reload());
	assert_string_equal(error, "cannot reach the engine: Broken pipe");
	assert_int_equal(reload.state, RELOAD_NONE);
	assert_false(pending_reload_remove(&reload, ends[0]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RELOAD_TEST(test_nothing_to_remove),
		RELOAD_TEST(test_old_listener_is_removed),
		RELOAD_TEST(test_discarded),
		RELOAD_TEST(test_refused),
		RELOAD_TEST(test_engine_is_gone),
	};

	return cmocka_run_group_tests_name("pending_reload", tests, NULL, NULL);
}
