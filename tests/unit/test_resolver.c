/* SPDX-License-Identifier: ISC */
/*
 * Which changes of the settings and files need another resolver, and how a resolver queries a
 * nameserver, which is a socket of the test.
 */
#include "tests/unit/dns_settings.h"

#include <sys/socket.h>
#include <arpa/inet.h>
#include <netinet/in.h>

#include <event2/event.h>

#include "common/clock.h"
#include "spf/dns/dns_watch.h"
#include "spf/dns/resolver.h"
#include "spf/dns/resolver_plan.h"

static struct event_base *base;
static struct settings *settings;
static char error[500];

static int
make_settings(void **state)
{
	if (unit_dir_make(state) != 0)
		return -1;
	settings = make_dns_settings();
	base = event_base_new();
	error[0] = '\0';
	return 0;
}

static int
free_settings(void **state)
{
	event_base_free(base);
	settings_free(&settings);
	return unit_dir_remove(state);
}

#define RESOLVER_TEST(test) cmocka_unit_test_setup_teardown(test, make_settings, free_settings)

/* make_resolver - for the settings as they are, or NULL */
static struct resolver *
make_resolver(void)
{
	const struct resolver_host host = { base, &clock_system, NULL };
	char *plan = resolver_plan_make(settings, NULL, error, sizeof(error));
	struct resolver *r = NULL;

	if (plan != NULL)
		r = resolver_new(&host, settings, plan, error, sizeof(error));
	free(plan);
	return r;
}

/* is_for_settings - is the resolver right for the settings and files as they are now? */
static bool
is_for_settings(const struct resolver *r)
{
	char *plan = resolver_plan_make(settings, NULL, error, sizeof(error));
	bool same = plan != NULL && resolver_is_for(r, plan);

	free(plan);
	return same;
}

/* need_resolver - for the settings as they are */
static struct resolver *
need_resolver(void)
{
	struct resolver *r = make_resolver();

	if (r == NULL)
		fail_msg("%s", error);
	return r;
}

#define KEY ". IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D"

static void
test_other_nameserver_is_another_resolver(void **state)
{
	struct resolver *r;

	(void)state;
	set_nameservers(settings, "192.0.2.1");
	r = need_resolver();
	assert_true(is_for_settings(r));
	set_nameservers(settings, "192.0.2.1:5353");
	assert_false(is_for_settings(r));
	resolver_free(&r);
}

static void
test_other_anchor_is_another_resolver(void **state)
{
	struct resolver *r, *without;

	(void)state;
	set_nameservers(settings, "192.0.2.1");
	without = need_resolver();
	set_value(settings, "dnssec", "true");
	set_value(settings, "trust-anchor", unit_path("key"));
	unit_write("key", BYTES(KEY "\n"), 0644);
	r = need_resolver();
	assert_true(is_for_settings(r));
	assert_false(is_for_settings(without));
	unit_write("key", BYTES("; another comment\n\n  " KEY "\n"), 0644);
	assert_true(is_for_settings(r));
	unit_write("key", BYTES(KEY "\n" KEY "\n"), 0644);
	assert_false(is_for_settings(r));
	unlink(unit_path("key"));
	assert_false(is_for_settings(r));
	set_value(settings, "dnssec", "false");
	assert_false(is_for_settings(r));
	assert_true(is_for_settings(without));
	resolver_free(&r);
	resolver_free(&without);
}

/* libunbound refuses a line of the file that is not a resource record. */
static void
test_no_key(void **state)
{
	(void)state;
	set_nameservers(settings, "192.0.2.1");
	set_value(settings, "dnssec", "true");
	set_value(settings, "trust-anchor", unit_write("key", BYTES("this is no key\n"), 0644));
	assert_null(make_resolver());
	assert_true(strlen(error) > 0);
	assert_null(strchr(error, '\n'));
}

static void
test_retired(void **state)
{
	struct resolver *r;

	(void)state;
	set_nameservers(settings, "192.0.2.1");
	r = need_resolver();
	resolver_retire(&r);
	assert_null(r);
	event_base_loop(base, EVLOOP_NONBLOCK); /* frees it */
}

/* A nameserver on 127.0.0.1 in the event loop of the test. */
static struct {
	int fd;
	struct event *event;
	char address[40];
	unsigned questions; /* so far */
	unsigned silent;    /* the number of first ones that get no answer */
	unsigned char rcode;
	bool from[65536]; /* the ports of the questions */
} server;

/* answer_question - with a response code and without records */
static void
answer_question(evutil_socket_t fd, short what, void *arg)
{
	unsigned char packet[512];
	struct sockaddr_in from;
	socklen_t from_len = sizeof(from);
	ssize_t n = recvfrom(fd, packet, sizeof(packet), 0, (struct sockaddr *)&from, &from_len);

	(void)what;
	(void)arg;
	server.from[ntohs(from.sin_port)] = true;
	if (n < 12 || server.questions++ < server.silent)
		return;
	packet[2] |= 0x80; /* a response */
	packet[3] = 0x80 | server.rcode;
	memset(packet + 6, 0, 6);
	n = 12 + (ssize_t)strlen((const char *)packet + 12) + 5;
	assert_int_equal(sendto(fd, packet, (size_t)n, 0, (struct sockaddr *)&from, from_len), n);
}

static struct resolver *
start_server(unsigned silent, unsigned char rcode)
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
	memset(server.from, 0, sizeof(server.from));
	snprintf(server.address, sizeof(server.address), "127.0.0.1:%u", ntohs(at.sin_port));
	set_nameservers(settings, server.address);
	return need_resolver();
}

static void
stop_server(void)
{
	event_free(server.event);
	close(server.fd);
}

/* The calls of a done function, and their answer. */
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

/* A query without an answer is repeated, by libunbound once and then by the resolver. */
static void
test_lost_question(void **state)
{
	struct resolver *r = start_server(3, NXDOMAIN);
	struct outcome outcome = { 0 };

	(void)state;
	assert_non_null(resolver_ask(r, "lost.test", DNS_TXT, note_outcome, &outcome));
	wait_for(&outcome);
	assert_int_equal(outcome.answer->status, DNS_VOID);
	assert_int_equal(server.questions, 4);
	dns_answer_unref(&outcome.answer);
	resolver_free(&r);
	assert_int_equal(outcome.calls, 1);
	stop_server();
}

/* One lost packet costs two seconds. */
static void
test_lost_packet(void **state)
{
	struct resolver *r = start_server(1, NXDOMAIN);
	uint64_t started = clock_elapsed(&clock_system);
	struct outcome outcome = { 0 };

	(void)state;
	assert_non_null(resolver_ask(r, "lost.test", DNS_TXT, note_outcome, &outcome));
	wait_for(&outcome);
	assert_int_equal(outcome.answer->status, DNS_VOID);
	assert_in_range(clock_elapsed(&clock_system) - started, 1900, 7000);
	dns_answer_unref(&outcome.answer);
	resolver_free(&r);
	stop_server();
}

/* A nameserver that does not accept TCP gets its next packet after the attempt over TCP. */
static void
test_silence_without_tcp(void **state)
{
	struct resolver *r = start_server(4, NXDOMAIN);
	struct outcome outcome = { 0 };

	(void)state;
	assert_non_null(resolver_ask(r, "lost.test", DNS_TXT, note_outcome, &outcome));
	wait_for(&outcome);
	assert_int_equal(outcome.answer->status, DNS_VOID);
	assert_int_equal(server.questions, 5);
	dns_answer_unref(&outcome.answer);
	resolver_free(&r);
	stop_server();
}

/* Names for which libunbound has answers of its own. The nameserver may know them. */
static void
test_names_of_local_zones(void **state)
{
	static const struct {
		const char *name;
		enum dns_type type;
	} rows[] = {
		{ "host.test", DNS_TXT },
		{ "host.invalid", DNS_TXT },
		{ "host.home.arpa", DNS_TXT },
		{ "1.0.0.127.in-addr.arpa", DNS_PTR },
		{ "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa",
		    DNS_PTR },
		{ "1.0.0.10.in-addr.arpa", DNS_PTR },
		{ "1.2.168.192.in-addr.arpa", DNS_PTR },
		{ "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa",
		    DNS_PTR },
	};
	struct resolver *r = start_server(0, NXDOMAIN);
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		struct outcome outcome = { 0 };
		unsigned before = server.questions;

		assert_non_null(
		    resolver_ask(r, rows[i].name, rows[i].type, note_outcome, &outcome));
		wait_for(&outcome);
		unit_true(rows[i].name, "reaches the nameserver", server.questions > before);
		dns_answer_unref(&outcome.answer);
	}
	resolver_free(&r);
	stop_server();
	unit_end();
}

/* An error of the DNS is an answer, which is cached for a moment. */
static void
test_error_of_the_dns(void **state)
{
	struct resolver *r = start_server(0, SERVFAIL);
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
	stop_server();
}

/* A cancelled query ends when libunbound has finished with it, and not before. */
static void
test_cancelled_question(void **state)
{
	struct resolver *r = start_server(1000, NXDOMAIN);
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
	assert_in_range(server.questions, 1, 10); /* two, or up to ten with libunbound 1.13 */
	/* Or when the resolver is freed. */
	memset(&outcome, 0, sizeof(outcome));
	outcome.answer = none;
	assert_non_null(resolver_ask(r, "silent.test", DNS_MX, note_outcome, &outcome));
	resolver_free(&r);
	assert_int_equal(outcome.calls, 1);
	assert_null(outcome.answer);
	dns_answer_unref(&none);
	stop_server();
}

/* A client that leaves is no fault of the DNS; silence until the time of the caller is over is. */
static void
test_counts_of_ended_questions(void **state)
{
	struct resolver *r = start_server(1000, NXDOMAIN);
	struct resolver_counts counts = { .cached = 0 };
	struct outcome outcome = { 0 };

	(void)state;
	resolver_count_in(r, &counts);
	resolver_cancel(resolver_ask(r, "left.test", DNS_TXT, note_outcome, &outcome));
	assert_int_equal(counts.cancelled, 1);
	assert_int_equal(counts.timeout, 0);
	resolver_expire(resolver_ask(r, "late.test", DNS_TXT, note_outcome, &outcome));
	assert_int_equal(counts.cancelled, 1);
	assert_int_equal(counts.timeout, 1);
	resolver_free(&r);
	assert_int_equal(outcome.calls, 2);
	assert_int_equal(counts.found + counts.none + counts.failed, 0);
	stop_server();
}

/* Every reply is reported, and so is silence. */
static void
test_reports(void **state)
{
	struct resolver *r = start_server(2, SERVFAIL);
	struct dns_watch watch = { .n = 0 };
	struct outcome outcome = { 0 };

	(void)state;
	resolver_report_to(r, &watch);
	resolver_ask(r, "sick.test", DNS_TXT, note_outcome, &outcome);
	while (watch.outage.domains == 0)
		assert_int_equal(event_base_loop(base, EVLOOP_ONCE), 0);
	assert_int_equal(watch.outage.heard, 0);
	assert_false(watch.outage.errors);
	wait_for(&outcome);
	dns_answer_unref(&outcome.answer);
	assert_true(watch.outage.errors);
	assert_true(watch.outage.heard > 0);
	assert_int_equal(watch.outage.domains, 1);
	server.rcode = NXDOMAIN;
	outcome.calls = 0;
	resolver_ask(r, "well.test", DNS_TXT, note_outcome, &outcome);
	wait_for(&outcome);
	dns_answer_unref(&outcome.answer);
	assert_int_equal(watch.outage.domains, 0);
	resolver_free(&r);
	stop_server();
}

/* The ports of eight sockets, in at most two turns. */
#define SHARED_PORTS 16
#define MANY 200

/* Queries to a nameserver on loopback share sockets, and none of them waits for another one. */
static void
test_shared_sockets(void **state)
{
	struct resolver *r = start_server(MANY, NXDOMAIN);
	struct outcome outcome = { 0 };
	unsigned i, ports = 0;
	char name[20];

	(void)state;
	for (i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "n%u.test", i);
		assert_non_null(resolver_ask(r, name, DNS_TXT, note_outcome, &outcome));
	}
	while (server.questions < MANY)
		assert_int_equal(event_base_loop(base, EVLOOP_ONCE), 0);
	for (i = 0; i < COUNT(server.from); i++)
		ports += server.from[i];
	assert_in_range(ports, 1, SHARED_PORTS);
	assert_int_equal(outcome.calls, 0);
	resolver_free(&r);
	assert_int_equal(outcome.calls, MANY);
	stop_server();
}

/* A host that has no nameserver any more is as silent as one that is switched off. */
static void
test_closed_port(void **state)
{
	struct resolver *r = start_server(0, NXDOMAIN);
	struct resolver_counts counts = { .cached = 0 };
	struct dns_watch watch = { .n = 0 };
	struct outcome outcome = { 0 };
	struct resolver_question *q;

	(void)state;
	stop_server();
	resolver_count_in(r, &counts);
	resolver_report_to(r, &watch);
	q = resolver_ask(r, "lost.test", DNS_TXT, note_outcome, &outcome);
	while (watch.outage.domains == 0)
		assert_int_equal(event_base_loop(base, EVLOOP_ONCE), 0);
	assert_int_equal(watch.outage.heard, 0);
	assert_false(watch.outage.errors);
	assert_int_equal(outcome.calls, 0);
	resolver_expire(q);
	assert_int_equal(counts.timeout, 1);
	assert_int_equal(counts.failed + counts.cancelled, 0);
	resolver_free(&r);
}

/* The nameservers of a resolver that has retired are not those in use. */
static void
test_retired_reports_nothing(void **state)
{
	struct resolver *r = start_server(0, NXDOMAIN);
	struct dns_watch watch = { .n = 0 };
	struct outcome outcome = { 0 };

	(void)state;
	resolver_report_to(r, &watch);
	resolver_ask(r, "well.test", DNS_TXT, note_outcome, &outcome);
	resolver_retire(&r);
	wait_for(&outcome);
	assert_int_equal(outcome.answer->status, DNS_VOID);
	dns_answer_unref(&outcome.answer);
	assert_int_equal(watch.outage.heard, 0);
	event_base_loop(base, EVLOOP_NONBLOCK); /* frees it */
	stop_server();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RESOLVER_TEST(test_other_nameserver_is_another_resolver),
		RESOLVER_TEST(test_other_anchor_is_another_resolver),
		RESOLVER_TEST(test_no_key),
		RESOLVER_TEST(test_retired),
		RESOLVER_TEST(test_lost_question),
		RESOLVER_TEST(test_lost_packet),
		RESOLVER_TEST(test_silence_without_tcp),
		RESOLVER_TEST(test_names_of_local_zones),
		RESOLVER_TEST(test_error_of_the_dns),
		RESOLVER_TEST(test_cancelled_question),
		RESOLVER_TEST(test_counts_of_ended_questions),
		RESOLVER_TEST(test_reports),
		RESOLVER_TEST(test_shared_sockets),
		RESOLVER_TEST(test_closed_port),
		RESOLVER_TEST(test_retired_reports_nothing),
	};

	return cmocka_run_group_tests_name("resolver", tests, NULL, NULL);
}
