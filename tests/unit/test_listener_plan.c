/* SPDX-License-Identifier: ISC */
#include "tests/unit/srs_case.h"
#include "tests/unit/unit_dir.h"

#include "srsd/listener_plan.h"

#define MAX 8

static struct settings *settings;
static char error[500];

/* A listener of the current set: its service, its endpoint, and one address of that endpoint. */
struct have {
	enum service_kind service;
	const char *endpoint;
	const char *addr;
};

/* set_list - the endpoints of an option, separated by blanks; "" for none */
static void
set_list(const char *option, const char *endpoints)
{
	char copy[400], why[OPTION_ERROR_SIZE], *rest = copy, *word;
	const char *values[MAX];
	size_t n = 0;

	snprintf(copy, sizeof(copy), "%s", endpoints);
	while ((word = strsep(&rest, " ")) != NULL)
		if (*word != '\0')
			values[n++] = word;
	if (!option_set(settings, option_find(NULL, option), values, n, why))
		fail_msg("%s: %s", option, why);
}

static int
begin(void **state)
{
	(void)state;
	settings = srs_settings();
	set_list("forward", "");
	set_list("reverse", "");
	set_list("policy", "");
	srs_set(settings, "control", "none");
	srs_set(settings, "metrics", "none");
	return unit_dir_make(state);
}

static int
end(void **state)
{
	settings_free(&settings);
	return unit_dir_remove(state);
}

#define PLAN_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

/* make_current - a set of these listeners, whose descriptors are 100 and following */
static struct listeners *
make_current(const struct have *have)
{
	struct listeners *l = xcalloc(1, sizeof(*l));
	struct endpoint ep;
	const char *why;

	l->listener = xcalloc(MAX, sizeof(*l->listener));
	for (; have->endpoint != NULL; have++) {
		assert_true(endpoint_parse(&ep, have->addr, &why));
		l->listener[l->n] = (struct listener){ have->service, (uint32_t)l->n + 1,
			100 + (int)l->n, ep.addr[0], xstrdup(have->endpoint) };
		if (strcmp(have->endpoint, LISTENER_PLAN_HANDED) == 0)
			l->handed[have->service] = true;
		l->n++;
	}
	return l;
}

static void
free_current(struct listeners *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		free(l->listener[i].endpoint);
	free(l->listener);
	free(l);
}

/*
 * describe - a plan as "forward :10001=100, policy :10003=new 101": the service and port (or path),
 * the current socket or "new", and then the sockets that occupy the address
 */
static const char *
describe(const struct listener_plan *plan)
{
	static char text[500];
	int fds[MAX];
	size_t i, j, n = 0, occupants;

	text[0] = '\0';
	for (i = 0; i < plan->n; i++) {
		const struct planned_listener *w = &plan->wanted[i];
		const char *path = strrchr(w->endpoint, '/');

		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s ", i == 0 ? "" : ", ",
		    service_kind_name(w->service));
		if (w->addr.u.sa.sa_family == AF_UNIX)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s", path + 1);
		else
			n += (size_t)snprintf(
			    text + n, sizeof(text) - n, ":%u", endpoint_port(&w->addr));
		if (w->kept != NULL)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "=%d", w->kept->fd);
		else
			n += (size_t)snprintf(text + n, sizeof(text) - n, "=new");
		occupants = listener_plan_occupants(plan, &w->addr, fds, MAX);
		for (j = 0; j < occupants; j++)
			n += (size_t)snprintf(text + n, sizeof(text) - n, " %d", fds[j]);
	}
	return text;
}

#define FORWARD(endpoint, addr)                 \
	{                                       \
		SERVICE_FORWARD, endpoint, addr \
	}
#define REVERSE(endpoint, addr)                 \
	{                                       \
		SERVICE_REVERSE, endpoint, addr \
	}

static void
test_plans(void **state)
{
	static const struct {
		const char *name;
		struct have have[MAX];
		const char *forward, *reverse;
		const char *want; /* a plan, or an error if it begins with '!' */
	} rows[] = {
		{ "first start", { { 0 } }, "inet:127.0.0.1:1 inet:127.0.0.1:2", "inet:[::1]:1",
		    "forward :1=new, forward :2=new, reverse :1=new" },
		{ "nothing changes",
		    { FORWARD("inet:127.0.0.1:1", "inet:127.0.0.1:1"),
			REVERSE("inet:127.0.0.1:2", "inet:127.0.0.1:2") },
		    "inet:127.0.0.1:1", "inet:127.0.0.1:2", "forward :1=100, reverse :2=101" },
		{ "all addresses of a name stay, and the name is not resolved again",
		    { FORWARD("inet:no.such.invalid:1", "inet:127.0.0.1:1"),
			FORWARD("inet:no.such.invalid:1", "inet:[::1]:1") },
		    "inet:no.such.invalid:1", "", "forward :1=100, forward :1=101" },
		{ "another spelling takes the socket over",
		    { FORWARD("inet:name.invalid:1", "inet:127.0.0.1:1"),
			FORWARD("inet:name.invalid:1", "inet:[::1]:1") },
		    "inet:[0:0::1]:1", "", "forward :1=101" },
		{ "one address becomes all", { FORWARD("inet:127.0.0.1:1", "inet:127.0.0.1:1") },
		    "inet:0.0.0.0:1", "", "forward :1=new 100" },
		{ "all addresses become one", { FORWARD("inet:0.0.0.0:1", "inet:0.0.0.0:1") },
		    "inet:127.0.0.1:1", "", "forward :1=new 100" },
		{ "the same in IPv6", { FORWARD("inet:[::1]:1", "inet:[::1]:1") }, "inet:[::]:1",
		    "", "forward :1=new 100" },
		{ "the families are independent",
		    { FORWARD("inet:127.0.0.1:1", "inet:127.0.0.1:1") }, "inet:[::]:1", "",
		    "forward :1=new" },
		{ "another port is no obstacle",
		    { FORWARD("inet:127.0.0.1:1", "inet:127.0.0.1:1") }, "inet:0.0.0.0:2", "",
		    "forward :2=new" },
		{ "two services swap their ports",
		    { FORWARD("inet:127.0.0.1:1", "inet:127.0.0.1:1"),
			REVERSE("inet:127.0.0.1:2", "inet:127.0.0.1:2") },
		    "inet:127.0.0.1:2", "inet:127.0.0.1:1", "forward :2=101, reverse :1=100" },
		{ "a port moves to another address of another service",
		    { FORWARD("inet:127.0.0.1:1", "inet:127.0.0.1:1") }, "", "inet:0.0.0.0:1",
		    "reverse :1=new 100" },
		{ "twice in one service: once", { { 0 } }, "inet:[::1]:1 inet:[0::1]:1", "",
		    "forward :1=new" },
		{ "a wildcard covers the others", { { 0 } },
		    "inet:127.0.0.1:1 inet:0.0.0.0:1 inet:127.0.0.2:1", "", "forward :1=new" },
		{ "a wildcard replaces the others",
		    { FORWARD("inet:127.0.0.1:1", "inet:127.0.0.1:1"),
			FORWARD("inet:127.0.0.2:1", "inet:127.0.0.2:1") },
		    "inet:127.0.0.1:1 inet:0.0.0.0:1", "", "forward :1=new 100 101" },
		{ "two services at one address", { { 0 } }, "inet:127.0.0.1:1", "inet:0.0.0.0:1",
		    "!reverse: inet:0.0.0.0:1: forward listens there, because of its endpoint "
		    "inet:127.0.0.1:1; use another address" },
		{ "two services at one address, and the first is running",
		    { FORWARD("inet:0.0.0.0:1", "inet:0.0.0.0:1") }, "inet:0.0.0.0:1",
		    "inet:127.0.0.1:1", "!reverse: inet:127.0.0.1:1: forward listens there" },
		{ "a service has a socket of the service manager",
		    { FORWARD(LISTENER_PLAN_HANDED, "inet:127.0.0.1:7") }, "inet:127.0.0.1:1",
		    "inet:127.0.0.1:2", "forward :7=100, reverse :2=new" },
		{ "another service wants the address of that socket",
		    { FORWARD(LISTENER_PLAN_HANDED, "inet:127.0.0.1:7") }, "", "inet:127.0.0.1:7",
		    "!reverse: inet:127.0.0.1:7: forward listens there, on a socket of "
		    "LISTEN_FDS; use another address" },
		{ "a host that is unknown", { { 0 } }, "inet:no.such.invalid:1", "",
		    "!forward: inet:no.such.invalid:1: " },
	};
	struct listeners *current;
	struct listener_plan plan;
	size_t i;

	(void)state;
	srs_set(settings, "clients", "192.0.2.0/24");
	for (i = 0; i < COUNT(rows); i++) {
		set_list("forward", rows[i].forward);
		set_list("reverse", rows[i].reverse);
		current = make_current(rows[i].have);
		if (listener_plan_make(&plan, current, settings, error, sizeof(error))) {
			unit_text(rows[i].name, "plan", describe(&plan), rows[i].want);
			listener_plan_free(&plan);
		} else {
			unit_holds(rows[i].name, "error", error, rows[i].want + 1);
			unit_int(rows[i].name, "is an error", rows[i].want[0], '!');
		}
		assert_null(plan.wanted);
		free_current(current);
	}
	unit_end();
}

/* plan_paths - the plan for endpoints of forward, reverse and control in the directory */
static const char *
plan_paths(const struct have *have, const char *forward, const char *reverse, const char *control)
{
	char text[UNIT_DIR_SIZE + 60];
	struct listener_plan plan;
	struct listeners *current = make_current(have);
	const char *result = error;

	snprintf(text, sizeof(text), "unix:%s", unit_path(forward));
	set_list("forward", text);
	snprintf(text, sizeof(text), "unix:%s", unit_path(reverse));
	set_list("reverse", text);
	snprintf(text, sizeof(text), "unix:%s", unit_path(control));
	srs_set(settings, "control", text);
	if (listener_plan_make(&plan, current, settings, error, sizeof(error))) {
		result = describe(&plan);
		listener_plan_free(&plan);
	}
	free_current(current);
	return result;
}

static void
test_paths(void **state)
{
	char a[UNIT_DIR_SIZE + 60], b[UNIT_DIR_SIZE + 60], c[UNIT_DIR_SIZE + 60];
	const struct have have[] = { FORWARD(a, a), REVERSE(b, b), { SERVICE_CONTROL, c, c },
		{ 0 } };

	(void)state;
	snprintf(a, sizeof(a), "unix:%s", unit_path("a"));
	snprintf(b, sizeof(b), "unix:%s", unit_path("b"));
	snprintf(c, sizeof(c), "unix:%s", unit_path("c"));
	unit_write("a", BYTES(""), 0600);
	unit_write("b", BYTES(""), 0600);
	unit_write("c", BYTES(""), 0600);
	unit_text("same", "plan", plan_paths(have, "a", "b", "c"),
	    "forward a=100, reverse b=101, control c=102");
	unit_text("swapped", "plan", plan_paths(have, "b", "a", "c"),
	    "forward b=101, reverse a=100, control c=102");
	/* Only the control socket is private. */
	unit_text("the path of control", "plan", plan_paths(have, "a", "c", "b"),
	    "forward a=100, reverse c=new 102, control b=new 101");
	assert_int_equal(symlink("a", unit_path("link")), 0);
	unit_holds("two paths to one file", "error", plan_paths(have, "a", "link", "c"),
	    "/link: forward listens there, because of its endpoint unix:");
	assert_int_equal(unlink(unit_path("b")), 0);
	unit_text("a path that was removed", "plan", plan_paths(have, "a", "b", "c"),
	    "forward a=100, reverse b=new 101, control c=102");
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		PLAN_TEST(test_plans),
		PLAN_TEST(test_paths),
	};

	return cmocka_run_group_tests_name("listener_plan", tests, NULL, NULL);
}
