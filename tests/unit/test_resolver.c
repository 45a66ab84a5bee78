/* SPDX-License-Identifier: ISC */
/*
 * Which resolver the settings and files make: two of them are the same when resolver_is_for says
 * so. And how it asks a nameserver, which is a socket of the test.
 */
#include "tests/unit/log_capture.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <arpa/inet.h>
#include <netinet/in.h>

#include <event2/event.h>

#include "common/clock.h"
#include "common/xmalloc.h"
#include "conf/option.h"
#include "spf/dns/resolver.h"

#define RESOLV_CONF "/etc/resolv.conf"

static struct event_base *base;
static struct settings *settings;
static char error[500];

static void
set_list(const char *name, const char *const *values, size_t n)
{
	char why[OPTION_ERROR_SIZE];

	if (!option_set(settings, option_find(NULL, name), values, n, why))
		fail_msg("%s: %s", name, why);
}

static void
set(const char *name, const char *value)
{
	set_list(name, &value, 1);
}

/* set_nameservers - "A B C", or "" for those of resolv.conf */
static void
set_nameservers(const char *text)
{
	char copy[500], *rest = copy, *word;
	const char *values[8];
	size_t n = 0;

	snprintf(copy, sizeof(copy), "%s", text);
	while ((word = strsep(&rest, " ")) != NULL)
		if (*word != '\0')
			values[n++] = word;
	set_list("nameservers", values, n);
}

static int
begin(void **state)
{
	const struct conf_option *o;

	if (unit_dir_make(state) != 0)
		return -1;
	settings = xcalloc(1, sizeof(*settings));
	for (o = option_table; o < option_table + option_count; o++)
		option_preset(settings, o);
	base = event_base_new();
	error[0] = '\0';
	return 0;
}

static int
end(void **state)
{
	event_base_free(base);
	settings_free(&settings);
	return unit_dir_remove(state);
}

#define RESOLVER_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

/* find - bytes in bytes; memmem(3) is not everywhere */
static char *
find(char *data, size_t len, const char *what, size_t what_len)
{
	size_t i;

	for (i = 0; i + what_len <= len; i++)
		if (memcmp(data + i, what, what_len) == 0)
			return data + i;
	return NULL;
}

/*
 * box_with - a closed box that has a resolv.conf of our own: a file whose path is as long is read
 * into a box, and gets the other path in the memory file
 */
static struct filebox *
box_with(const char *text, size_t len)
{
	static const char stand_in[] = "sixteen-letters!";
	struct filebox *box = filebox_new();
	const char *why;
	char bytes[70000], *path;
	struct file file;
	ssize_t n;
	int fd, folder = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_int_equal(strlen(stand_in), strlen(RESOLV_CONF));
	unit_write(stand_in, text, len, 0644);
	assert_int_equal(chdir(unit_dir), 0);
	assert_true(filebox_read(box, &file, stand_in, 65536, &why));
	file_free(&file);
	assert_int_equal(fchdir(folder), 0);
	close(folder);
	fd = filebox_store(box);
	filebox_free(&box);
	n = pread(fd, bytes, sizeof(bytes), 0);
	close(fd);
	assert_in_range(n, 1, sizeof(bytes) - 1);
	path = find(bytes, (size_t)n, stand_in, strlen(stand_in));
	assert_non_null(path);
	memcpy(path, RESOLV_CONF, strlen(RESOLV_CONF));
	fd = memfd_create("test", MFD_CLOEXEC);
	assert_int_equal(write(fd, bytes, (size_t)n), n);
	box = filebox_load(fd);
	close(fd);
	assert_non_null(box);
	return box;
}

/* make - a resolver for the settings as they are, or NULL; its box may be NULL */
static struct resolver *
make(struct filebox *box)
{
	const struct resolver_host host = { base, &clock_system, NULL };
	char *plan = resolver_plan(settings, box, error, sizeof(error));
	struct resolver *r = NULL;

	if (plan != NULL)
		r = resolver_new(&host, settings, plan, error, sizeof(error));
	free(plan);
	return r;
}

static bool
is_usable(struct filebox *box)
{
	char *plan = resolver_plan(settings, box, error, sizeof(error));

	free(plan);
	return plan != NULL;
}

/* is_for - is the resolver what settings and files would make now? */
static bool
is_for(const struct resolver *r, struct filebox *box)
{
	char *plan = resolver_plan(settings, box, error, sizeof(error));
	bool same = plan != NULL && resolver_is_for(r, plan);

	free(plan);
	return same;
}

/* made_of - a resolver for the settings as they are; its box may be NULL */
static struct resolver *
made_of(struct filebox *box)
{
	struct resolver *r = make(box);

	if (r == NULL)
		fail_msg("%s", error);
	return r;
}

/* The file means the same as these nameservers do in the configuration. */
static void
test_resolv_conf(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		const char *want;
	} rows[] = {
		{ BYTES("nameserver 192.0.2.1\n"), "192.0.2.1" },
		{ BYTES("nameserver 192.0.2.1"), "192.0.2.1" },
		{ BYTES("nameserver\t192.0.2.1\r\n"), "192.0.2.1" },
		{ BYTES("  nameserver   192.0.2.1  \n"), "192.0.2.1" },
		{ BYTES("nameserver 192.0.2.1 # the first one\n"), "192.0.2.1" },
		{ BYTES("nameserver 192.0.2.1 192.0.2.2\n"), "192.0.2.1" },
		{ BYTES("search x.test\noptions edns0 trust-ad\nnameserver 192.0.2.1\n"),
		    "192.0.2.1" },
		{ BYTES("\n\n\r\n\t\nnameserver 192.0.2.1\n\n"), "192.0.2.1" },
		{ BYTES("# nameserver 192.0.2.9\n;nameserver 192.0.2.9\n#nameserver 192.0.2.9\n"
			"nameserver 192.0.2.1\n"),
		    "192.0.2.1" },
		{ BYTES("nameserver\nnameserver \nnameserver192.0.2.9\nnameservers 192.0.2.9\n"
			"name server 192.0.2.9\nNAMESERVER 192.0.2.9\nnameserver 192.0.2.1\n"),
		    "192.0.2.1" },
		{ BYTES("nameserver x.test\nnameserver 192.0.2\nnameserver 192.0.2.256\n"
			"nameserver 192.0.2.9:53\nnameserver [2001:db8::9]\nnameserver ::g\n"
			"nameserver 192.0.2.1\n"),
		    "192.0.2.1" },
		{ BYTES("nameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 192.0.2.3\n"
			"nameserver 192.0.2.4\n"),
		    "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4" },
		{ BYTES("nameserver 2001:db8::1\nnameserver ::1\n"), "2001:db8::1 ::1" },
		/* Scopes are not understood; the others are asked. */
		{ BYTES("nameserver fe80::1%eth0\nnameserver 192.0.2.1\n"), "192.0.2.1" },
		{ BYTES("nameserver fe80::1%\nnameserver fe80::1%2\nnameserver 192.0.2.1\n"),
		    "192.0.2.1" },
		/* Nothing behind a NUL is text. */
		{ BYTES("nameserver 192.0.2.1\n\0nameserver 192.0.2.2\n"), "192.0.2.1" },
	};
	struct resolver *r;
	struct filebox *box;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		set_nameservers(rows[i].want);
		r = made_of(NULL);
		set_nameservers("");
		box = box_with(rows[i].text, rows[i].len);
		unit_true(rows[i].text, "usable", is_usable(box));
		unit_true(rows[i].text, rows[i].want, is_for(r, box));
		filebox_free(&box);
		box = box_with(BYTES("nameserver 192.0.2.99\n"));
		unit_true(rows[i].text, "not like others", !is_for(r, box));
		filebox_free(&box);
		resolver_free(&r);
	}
	unit_end();
}

/* Without a nameserver, and without the file, the root servers are asked: that is one and the same.
 */
static void
test_no_nameserver(void **state)
{
	static const char *const rows[] = { "", "\n", "# nothing\n", "search x.test\n",
		"nameserver fe80::1%eth0\n", "nameserver x\n" };
	struct filebox *none = filebox_new(), *box;
	struct resolver *r;
	size_t i;
	int fd = filebox_store(none);

	(void)state;
	filebox_free(&none);
	none = filebox_load(fd);
	close(fd);
	set_nameservers("");
	log_capture_begin();
	r = made_of(none);
	assert_true(is_for(r, none));
	unit_holds("no file", "log", log_capture_end(), "asking the root servers");
	for (i = 0; i < COUNT(rows); i++) {
		box = box_with(rows[i], strlen(rows[i]));
		unit_true(rows[i], "same", is_for(r, box));
		filebox_free(&box);
	}
	box = box_with(BYTES("nameserver 192.0.2.1\n"));
	assert_false(is_for(r, box));
	filebox_free(&box);
	filebox_free(&none);
	resolver_free(&r);
	unit_end();
}

/* With nameservers of its own it does not look at the file. */
static void
test_nameservers(void **state)
{
	static const struct {
		const char *one, *other;
		bool same;
	} rows[] = {
		{ "192.0.2.1", "192.0.2.1", true },
		{ "192.0.2.1", "192.0.2.2", false },
		{ "192.0.2.1 192.0.2.2", "192.0.2.1", false },
		{ "192.0.2.1 192.0.2.2", "192.0.2.2 192.0.2.1", false },
		{ "192.0.2.1:53", "192.0.2.1:5353", false },
		{ "192.0.2.1:5353", "192.0.2.1:5353", true },
		{ "2001:db8::1", "2001:db8::1", true },
		{ "[2001:db8::1]:53", "[2001:db8::1]:5353", false },
	};
	struct filebox *box = box_with(BYTES("nameserver 192.0.2.99\n"));
	struct resolver *r;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		set_nameservers(rows[i].one);
		r = made_of(NULL);
		set_nameservers(rows[i].other);
		unit_int(rows[i].one, rows[i].other, is_for(r, box), rows[i].same);
		resolver_free(&r);
	}
	filebox_free(&box);
	unit_end();
}

#define KEY ". IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D"

static void
test_trust_anchors(void **state)
{
	static const struct {
		const char *text;
		const char *why; /* NULL: it can be used */
	} rows[] = {
		{ KEY "\n", NULL },
		{ KEY, NULL },
		{ "; a comment\n\n" KEY " ; and another\r\n", NULL },
		{ "   " KEY "\t\n", NULL },
		{ "", "holds no resource record" },
		{ "\n\r\n \t\n", "holds no resource record" },
		{ "; nothing\n  ; but comments\n;", "holds no resource record" },
		{ NULL, "No such file or directory" },
	};
	size_t i;

	(void)state;
	set_nameservers("192.0.2.1");
	set("dnssec", "true");
	set("trust-anchor", unit_path("key"));
	for (i = 0; i < COUNT(rows); i++) {
		const char *row = rows[i].text == NULL ? "no file" : rows[i].text;

		unlink(unit_path("key"));
		if (rows[i].text != NULL)
			unit_write("key", rows[i].text, strlen(rows[i].text), 0644);
		error[0] = '\0';
		unit_int(row, "usable", is_usable(NULL), rows[i].why == NULL);
		unit_holds(row, "error", error, rows[i].why == NULL ? "" : rows[i].why);
		if (rows[i].why != NULL) {
			unit_holds(row, "names the file", error, unit_path("key"));
			unit_true(row, "none is made", make(NULL) == NULL);
		}
	}
	/* Who does not validate needs no key. */
	set("dnssec", "false");
	assert_true(is_usable(NULL));
	unit_end();
}

static void
test_other_anchor_is_another_resolver(void **state)
{
	struct resolver *r, *without;

	(void)state;
	set_nameservers("192.0.2.1");
	without = made_of(NULL);
	set("dnssec", "true");
	set("trust-anchor", unit_path("key"));
	unit_write("key", BYTES(KEY "\n"), 0644);
	r = made_of(NULL);
	assert_true(is_for(r, NULL));
	assert_false(is_for(without, NULL));
	unit_write("key", BYTES("; said otherwise\n\n  " KEY "\n"), 0644);
	assert_true(is_for(r, NULL));
	unit_write("key", BYTES(KEY "\n" KEY "\n"), 0644);
	assert_false(is_for(r, NULL));
	unlink(unit_path("key"));
	assert_false(is_for(r, NULL));
	set("dnssec", "false");
	assert_false(is_for(r, NULL));
	assert_true(is_for(without, NULL));
	resolver_free(&r);
	resolver_free(&without);
}

/* What is a resource record to the reader of the file, libunbound may not take. */
static void
test_no_key(void **state)
{
	(void)state;
	set_nameservers("192.0.2.1");
	set("dnssec", "true");
	set("trust-anchor", unit_write("key", BYTES("this is no key\n"), 0644));
	assert_null(make(NULL));
	assert_true(strlen(error) > 0);
	assert_null(strchr(error, '\n'));
}

static void
test_retired(void **state)
{
	struct resolver *r;

	(void)state;
	set_nameservers("192.0.2.1");
	r = made_of(NULL);
	resolver_retire(&r);
	assert_null(r);
	event_base_loop(base, EVLOOP_NONBLOCK); /* which frees it */
}

/* A nameserver on 127.0.0.1 in the loop of the test. */
static struct {
	int fd;
	struct event *event;
	char address[40];
	unsigned questions; /* so far */
	unsigned silent;    /* of which it leaves the first ones without an answer */
	unsigned char rcode;
} server;

/* answer_question - with the question alone, and a response code */
static void
answer_question(evutil_socket_t fd, short what, void *arg)
{
	unsigned char packet[512];
	struct sockaddr_in from;
	socklen_t from_len = sizeof(from);
	ssize_t n = recvfrom(fd, packet, sizeof(packet), 0, (struct sockaddr *)&from, &from_len);

	(void)what;
	(void)arg;
	if (n < 12 || server.questions++ < server.silent)
		return;
	packet[2] |= 0x80; /* a response */
	packet[3] = 0x80 | server.rcode;
	memset(packet + 6, 0, 6);
	n = 12 + (ssize_t)strlen((const char *)packet + 12) + 5;
	assert_int_equal(sendto(fd, packet, (size_t)n, 0, (struct sockaddr *)&from, from_len), n);
}

static struct resolver *
begin_server(unsigned silent, unsigned char rcode)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t len = sizeof(at);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	server.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(server.fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(getsockname(server.fd, (struct sockaddr *)&at, &len), 0);
	server.event = event_new(base, server.fd, EV_READ | EV_PERSIST, answer_question, NULL);
	event_add(server.event, NULL);
	server.questions = 0;
	server.silent = silent;
	server.rcode = rcode;
	snprintf(server.address, sizeof(server.address), "127.0.0.1:%u", ntohs(at.sin_port));
	set_nameservers(server.address);
	return made_of(NULL);
}

static void
end_server(void)
{
	event_free(server.event);
	close(server.fd);
}

/* What came of a question. */
struct outcome {
	unsigned calls;
	struct dns_answer *answer;
};

static void
note_outcome(void *arg, struct dns_answer *answer)
{
	struct outcome *outcome = arg;

	outcome->calls++;
	outcome->answer = answer;
}

static void
wait_for(const struct outcome *outcome)
{
	while (outcome->calls == 0)
		assert_int_equal(event_base_loop(base, EVLOOP_ONCE), 0);
}

enum { NOERROR, FORMERR, SERVFAIL, NXDOMAIN };

/* A question without an answer is repeated, by libunbound once and then by us. */
static void
test_lost_question(void **state)
{
	struct resolver *r = begin_server(3, NXDOMAIN);
	struct outcome outcome = { 0 };

	(void)state;
	assert_non_null(resolver_ask(r, "lost.test", DNS_TXT, note_outcome, &outcome));
	wait_for(&outcome);
	assert_int_equal(outcome.answer->status, DNS_VOID);
	assert_int_equal(server.questions, 4);
	dns_answer_unref(&outcome.answer);
	resolver_free(&r);
	assert_int_equal(outcome.calls, 1);
	end_server();
}

/* An error of the DNS is an answer; it is kept for a moment, so that it is not asked for at once.
 */
static void
test_error_of_the_dns(void **state)
{
	struct resolver *r = begin_server(0, SERVFAIL);
	struct outcome outcome = { 0 }, again = { 0 };
	unsigned questions;

	(void)state;
	assert_non_null(resolver_ask(r, "sick.test", DNS_TXT, note_outcome, &outcome));
	wait_for(&outcome);
	assert_int_equal(outcome.answer->status, DNS_ERROR);
	assert_int_equal(outcome.answer->failure, DNS_FAILED);
	dns_answer_unref(&outcome.answer);
	questions = server.questions;
	assert_null(resolver_ask(r, "sick.test", DNS_TXT, note_outcome, &again));
	assert_int_equal(again.calls, 1);
	assert_int_equal(again.answer->status, DNS_ERROR);
	assert_int_equal(server.questions, questions);
	dns_answer_unref(&again.answer);
	resolver_free(&r);
	end_server();
}

/* A question that is cancelled ends when libunbound has finished with it, and not before. */
static void
test_cancelled_question(void **state)
{
	struct resolver *r = begin_server(1000, NXDOMAIN);
	struct outcome outcome = { 0 };
	struct resolver_question *q;
	struct dns_answer *none = dns_answer_new(DNS_VOID);

	(void)state;
	outcome.answer = none;
	q = resolver_ask(r, "silent.test", DNS_TXT, note_outcome, &outcome);
	assert_non_null(q);
	resolver_cancel(q);
	assert_int_equal(outcome.calls, 0);
	wait_for(&outcome);
	assert_null(outcome.answer);
	assert_in_range(server.questions, 1, 2); /* it is not repeated */
	/* Or with the resolver. */
	memset(&outcome, 0, sizeof(outcome));
	outcome.answer = none;
	assert_non_null(resolver_ask(r, "silent.test", DNS_MX, note_outcome, &outcome));
	resolver_free(&r);
	assert_int_equal(outcome.calls, 1);
	assert_null(outcome.answer);
	dns_answer_unref(&none);
	end_server();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RESOLVER_TEST(test_resolv_conf),
		RESOLVER_TEST(test_no_nameserver),
		RESOLVER_TEST(test_nameservers),
		RESOLVER_TEST(test_trust_anchors),
		RESOLVER_TEST(test_other_anchor_is_another_resolver),
		RESOLVER_TEST(test_no_key),
		RESOLVER_TEST(test_retired),
		RESOLVER_TEST(test_lost_question),
		RESOLVER_TEST(test_error_of_the_dns),
		RESOLVER_TEST(test_cancelled_question),
	};

	return cmocka_run_group_tests_name("resolver", tests, NULL, NULL);
}
