/* SPDX-License-Identifier: ISC */
/*
 * instructions - run requests without sockets, so that instructions.py can count their cost.
 *
 *	instructions CASE REQUESTS
 *
 * prepares a case, runs it until everything that is created only once exists, and then runs it
 * REQUESTS times in measured(), the function that callgrind profiles. Prints the number of
 * allocations in that function, or -1 if the C library does not allow to count them.
 *
 * Without CASE, prints the names of the cases; "libraries" prints the versions of the libraries
 * that matter. The sessions are those of the daemon, in memory. The clock is fixed, the DNS is the
 * daemon's cache, filled from the zone below, and the log goes to /dev/null, in the daemon's
 * batches.
 */
#include <event2/event.h>
#include <openssl/crypto.h>

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <gnu/libc-version.h>
#endif

#include "common/buffer.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/xmalloc.h"
#include "conf/option.h"
#include "conf/option_value.h"
#include "conf/spf_sections.h"
#include "spf/dns/dns_cache.h"
#include "spf/spf_eval.h"
#include "spf/spf_record_set.h"
#include "srsd/service/map_service.h"
#include "srsd/service/milter_service.h"
#include "srsd/service/policy_service.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* 2023-11-14: stamp G3 */
#define NOW ((time_t)1700000000)

#define WARM_UP 100
#define MANY_DOMAINS 100000
#define MANY_SECRETS 10
#define MANY_SECTIONS 1000
#define PIPELINED 100

/* fail - print to standard output, because standard error is not read */
static void __attribute__((format(printf, 1, 2), noreturn)) fail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	exit(1);
}

/* -- allocations */

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__)
static long allocations;

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);

void *
malloc(size_t size)
{
	allocations++;
	return __libc_malloc(size);
}

void *
calloc(size_t n, size_t size)
{
	allocations++;
	return __libc_calloc(n, size);
}

void *
realloc(void *p, size_t size)
{
	allocations++;
	return __libc_realloc(p, size);
}

static long
allocations_since(long before)
{
	return allocations - before;
}
#else
static const long allocations;

static long
allocations_since(long before)
{
	(void)before;
	return -1;
}
#endif

/* -- what the services need */

static time_t
wall(void *arg)
{
	(void)arg;
	return NOW;
}

static uint64_t
elapsed(void *arg)
{
	(void)arg;
	return 12345;
}

static const struct clock standing_clock = { wall, elapsed, NULL };

static const struct {
	const char *name;
	enum dns_type type;
	const char *text;
} zone[] = {
	{ "sender.test", DNS_TXT, "v=spf1 ip4:198.51.100.0/28 mx include:_spf.provider.test ~all" },
	{ "sender.test", DNS_MX, "mx.sender.test" },
	{ "mx.sender.test", DNS_A, "198.51.100.25" },
	{ "_spf.provider.test", DNS_TXT,
	    "v=spf1 include:_netblocks1.provider.test include:_netblocks2.provider.test ~all" },
	{ "_netblocks1.provider.test", DNS_TXT,
	    "v=spf1 ip4:203.0.113.0/26 ip4:203.0.113.64/27 ip6:2001:db8:1::/48 ~all" },
	{ "_netblocks2.provider.test", DNS_TXT,
	    "v=spf1 ip4:203.0.113.128/26 ip4:192.0.2.0/25 ip6:2001:db8:2::/48 ~all" },
	{ "mail.provider.test", DNS_TXT, "v=spf1 a -all" },
	{ "mail.provider.test", DNS_A, "192.0.2.25" },
};

/* Replaces spf/dns/resolver.c by its cache. */
struct resolver {
	struct dns_cache *cache;
};

struct dns_answer *
resolver_known(struct resolver *r, const char *name, enum dns_type type)
{
	return dns_cache_find(r->cache, name, type, 0);
}

struct resolver_question *
resolver_ask(
    struct resolver *r, const char *name, enum dns_type type, resolver_done_fn *done, void *arg)
{
	(void)r;
	(void)done;
	(void)arg;
	fail("not in the cache: %s %s", name, dns_type_name(type));
}

void
resolver_count_cached(struct resolver *r, size_t n)
{
	(void)r;
	(void)n;
}

void
resolver_cancel(struct resolver_question *q)
{
	(void)q;
}

void
resolver_expire(struct resolver_question *q)
{
	(void)q;
}

static void
fill_cache(struct dns_cache *cache)
{
	struct dns_answer *answer;
	struct ipaddr ip;
	size_t i;

	for (i = 0; i < COUNT(zone); i++) {
		answer = dns_answer_new(DNS_FOUND);
		answer->ttl = 3600;
		if (ipaddr_parse(&ip, zone[i].text, strlen(zone[i].text)))
			dns_answer_add(answer, &ip, 0, NULL, 0);
		else
			dns_answer_add(answer, NULL, 10, zone[i].text, strlen(zone[i].text));
		if (zone[i].type == DNS_TXT)
			spf_record_set_of(answer);
		dns_cache_put(cache, zone[i].name, zone[i].type, answer, 0);
		dns_answer_unref(&answer);
	}
}

static struct settings *settings;
static struct resolver resolver;
/* Of recent-decisions. */
#define RECENT_DEFAULT 10000

static struct stats stats;
static struct map_service map_service;
static struct policy_service policy_service;
static struct milter_service milter_service;

static void
prepare_settings(void)
{
	const char *domain = "srs.test", *authserv_id = "mx.srs.test";
	char error[OPTION_ERROR_SIZE];
	size_t i;

	settings = xcalloc(1, sizeof(*settings));
	for (i = 0; i < option_count; i++)
		option_preset(settings, &option_table[i]);
	if (!option_set(settings, option_find(NULL, "srs-domain"), &domain, 1, error) ||
	    !option_set(settings, option_find("spf", "authserv-id"), &authserv_id, 1, error))
		fail("%s", error);
	settings->own_domains = domainset_new();
	domainset_add(settings->own_domains, domain, strlen(domain));
	settings->srs_domains = domainset_new();
	domainset_add(settings->srs_domains, domain, strlen(domain));
	settings->srs_excepted = domainset_new();
	settings->relays = domainset_new();
	settings->no_rewrite = domainset_new();
}

/* secrets - n of them; the last one has signed the addresses of the reverse cases */
static struct srs_keys *
secrets(unsigned n)
{
	char text[MANY_SECRETS * 40] = "";
	struct srs_keys *keys;
	const char *error;
	unsigned i, line;

	for (i = 1; i < n; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
		    "the secret with number %u\n", i);
	strlcat(text, "the secret of the benchmark\n", sizeof(text));
	keys = srs_keys_parse(text, strlen(text), &line, &error);
	if (keys == NULL)
		fail("secrets: %s", error);
	return keys;
}

/* -- cases */

struct bench {
	const char *name;
	void (*prepare)(void);
	void (*request)(void);
};

/* The session, its input, and the beginning of the expected reply. */
static struct session *session;
static char input[PIPELINED * 100 + 2000];
static size_t input_len;
static char *instance; /* eight digits in the input that identify the message, or NULL */
static struct buffer output;
static char wanted[200];
static size_t requests_at_once = 1;

static void
wake(void *arg)
{
	(void)arg;
}

static const struct session_host host = { wake, NULL };

static void
prepare_map(enum map_kind kind, unsigned n_secrets)
{
	map_service.kind = kind;
	map_service.settings = settings;
	map_service.keys = secrets(n_secrets);
	map_service.clock = &standing_clock;
	map_service.stats = &stats;
	map_service.recent = recent_new(RECENT_DEFAULT);
	session = map_session_open(&map_service, &host);
}

static void
prepare_forward(void)
{
	prepare_map(MAP_FORWARD, 1);
	strlcpy(input, "get alice@origin.test\n", sizeof(input));
	strlcpy(wanted, "200 SRS0=", sizeof(wanted));
}

static void
prepare_forward_pipelined(void)
{
	size_t i;

	prepare_forward();
	for (i = 1; i < PIPELINED; i++)
		strlcat(input, "get alice@origin.test\n", sizeof(input));
	requests_at_once = PIPELINED;
}

/* prepare_forward_kept - an address in one of very many own domains */
static void
prepare_forward_kept(void)
{
	char domain[40];
	int i;

	prepare_map(MAP_FORWARD, 1);
	for (i = 0; i < MANY_DOMAINS; i++) {
		snprintf(domain, sizeof(domain), "domain%d.test", i);
		domainset_add(settings->own_domains, domain, strlen(domain));
	}
	strlcpy(input, "get alice@domain77777.test\n", sizeof(input));
	strlcpy(wanted, "500 ", sizeof(wanted));
}

/* ask_reverse - a request for the address that the forward map creates today */
static void
ask_reverse(void)
{
	static const char address[] = "alice@origin.test";
	struct srs_result result;
	struct srs_keys *keys = secrets(1);
	const struct srs_context context = { .settings = settings, .keys = keys, .now = NOW };

	srs_rewrite_forward(&result, &context, address, strlen(address));
	snprintf(input, sizeof(input), "get %.*s\n", (int)result.len, result.address);
	snprintf(wanted, sizeof(wanted), "200 %s\n", address);
	srs_keys_free(&keys);
}

static void
prepare_reverse(void)
{
	prepare_map(MAP_REVERSE, 1);
	ask_reverse();
}

static void
prepare_reverse_old_secret(void)
{
	prepare_map(MAP_REVERSE, MANY_SECRETS);
	ask_reverse();
}

static void
prepare_policy_again(void)
{
	resolver.cache = dns_cache_new();
	fill_cache(resolver.cache);
	policy_service.settings = settings;
	policy_service.keys = secrets(1);
	policy_service.checker.base = event_base_new();
	policy_service.checker.resolver = &resolver;
	policy_service.checker.inflight = spf_inflight_new();
	policy_service.checker.clock = &standing_clock;
	policy_service.checker.memory = spf_memory_new();
	policy_service.messages = message_memory_new();
	policy_service.budget = srs_budget_new();
	policy_service.clock = &standing_clock;
	policy_service.stats = &stats;
	policy_service.recent = recent_new(RECENT_DEFAULT);
	session = policy_session_open(&policy_service, &host);
	strlcpy(input,
	    "request=smtpd_access_policy\nprotocol_state=RCPT\nprotocol_name=ESMTP\n"
	    "client_address=192.0.2.25\nclient_name=unknown\nclient_port=40000\n"
	    "reverse_client_name=unknown\nserver_address=192.0.2.1\nserver_port=25\n"
	    "helo_name=mail.provider.test\nsender=alice@sender.test\nrecipient=bob@our.test\n"
	    "recipient_count=0\nqueue_id=\ninstance=7f3c.65536000.1a2b.0\nsize=4711\n"
	    "etrn_domain=\nstress=\nsasl_method=\nsasl_username=\nsasl_sender=\n"
	    "ccert_subject=\nccert_issuer=\nccert_fingerprint=\nccert_pubkey_fingerprint=\n"
	    "encryption_protocol=TLSv1.3\nencryption_cipher=TLS_AES_256_GCM_SHA384\n"
	    "encryption_keysize=256\npolicy_context=\n\n",
	    sizeof(input));
	strlcpy(wanted, "action=", sizeof(wanted));
}

static void
prepare_policy(void)
{
	prepare_policy_again();
	instance = strstr(input, "65536000");
	strlcpy(wanted, "action=PREPEND Received-SPF: Pass", sizeof(wanted));
}

/* prepare_policy_evaluated - no verdict is remembered, but all DNS answers are in the cache */
static void
prepare_policy_evaluated(void)
{
	prepare_policy();
	spf_memory_free(&policy_service.checker.memory);
}

/* add_sections - for very many domains, and in some of them also for an address */
static void
add_sections(void)
{
	const struct conf_option *o = option_find("spf", "mail-from-reject");
	char name[60], error[OPTION_ERROR_SIZE];
	const char *value = "softfail";
	struct spf_section *section;
	int i;

	settings->sections = spf_sections_new();
	for (i = 0; i < MANY_SECTIONS; i++) {
		snprintf(name, sizeof(name), "%scustomer%d.test", i % 4 == 0 ? "info@" : "", i);
		section = spf_sections_add(settings->sections, name, error);
		if (section == NULL || !spf_section_set(section, o, &value, 1, error))
			fail("%s", error);
	}
	spf_sections_complete(settings->sections, &settings->spf);
}

static void
prepare_policy_sections(void)
{
	add_sections();
	prepare_policy();
}

static void
prepare_policy_sections_again(void)
{
	add_sections();
	prepare_policy_again();
}

/* number_message - increment the digits; formatting them would be counted as well */
static void
number_message(void)
{
	char *digit = instance + 7;

	while (*digit == '9')
		*digit-- = '0';
	++*digit;
}

static void
feed_session(void)
{
	size_t used = 0;

	if (instance != NULL)
		number_message();
	if (session->ops->input(session, input, input_len, &used, &output) != SESSION_READING ||
	    used != input_len)
		fail("the session is waiting");
	if (output.len < strlen(wanted) || memcmp(output.data, wanted, strlen(wanted)) != 0)
		fail("wrong reply: %.*s", (int)output.len, output.data);
	buffer_clear(&output);
}

/* add_packet - to the input: a command of the milter protocol, and its payload of len bytes */
static void
add_packet(char command, const char *payload, size_t len)
{
	input[input_len++] = 0;
	input[input_len++] = 0;
	input[input_len++] = (char)((len + 1) >> 8);
	input[input_len++] = (char)(len + 1);
	input[input_len++] = command;
	memcpy(input + input_len, payload, len);
	input_len += len;
}

#define ADD_PACKET(command, payload) add_packet(command, payload, sizeof(payload))

static void
add_header_fields(void)
{
	ADD_PACKET('L', "Received-SPF\0Pass (mailfrom) client-ip=192.0.2.25;"
			" helo=mail.provider.test; envelope-from=\"alice@sender.test\";"
			" receiver=<UNKNOWN>; mechanism=ip4:192.0.2.0/25; identity=mailfrom");
	ADD_PACKET('L', "Received\0from mail.provider.test (mail.provider.test [192.0.2.25])\n"
			"\tby mx.our.test (Postfix) with ESMTPS id 4ABCDE12345\n"
			"\tfor <list@our.test>; Tue, 14 Nov 2023 22:13:20 +0000 (UTC)");
	ADD_PACKET('L', "DKIM-Signature\0v=1; a=rsa-sha256; c=relaxed/simple; d=sender.test;"
			" s=mail; h=from:to:subject:date:message-id; bh=aGFzaA==; b=c2ln");
	ADD_PACKET('L', "From\0Alice <alice@sender.test>");
	ADD_PACKET('L', "To\0<list@our.test>");
	ADD_PACKET('L', "Subject\0The minutes of the meeting");
	ADD_PACKET('L', "Date\0Tue, 14 Nov 2023 22:13:19 +0000");
	ADD_PACKET('L', "Message-ID\0<20231114221319.4711@sender.test>");
}

/* prepare_milter - a message that an alias of ours forwards, on a connection that is kept */
static void
prepare_milter(void)
{
	const char *domain = "our.test";
	size_t used = 0;

	prepare_map(MAP_FORWARD, 1);
	domainset_add(settings->own_domains, domain, strlen(domain));
	milter_service.settings = settings;
	milter_service.keys = map_service.keys;
	milter_service.forward = milter_service.reverse = &map_service;
	milter_service.counts = forward_counts_new();
	milter_service.base = event_base_new();
	milter_service.clock = &standing_clock;
	milter_service.stats = &stats;
	milter_service.recent = recent_new(RECENT_DEFAULT);
	session = milter_session_open(&milter_service, &host);
	ADD_PACKET('O', "\0\0\0\6\0\0\1\377\0\37\377\377");
	ADD_PACKET('C', "localhost\0004\234\100127.0.0.1");
	if (session->ops->input(session, input, input_len, &used, &output) != SESSION_READING)
		fail("the session is waiting");
	buffer_clear(&output);
	input_len = 0;
	ADD_PACKET('M', "<alice@sender.test>");
	ADD_PACKET('D', "Ri\0004ABCDE12345");
	ADD_PACKET('R', "<friend@elsewhere.test>\0ORCPT=rfc822;list@our.test");
	add_header_fields();
	ADD_PACKET('N', "");
	ADD_PACKET('E', "");
}

static struct dns_answer *
known(void *arg, const char *name, enum dns_type type)
{
	return resolver_known(arg, name, type);
}

static void
prepare_spf(void)
{
	resolver.cache = dns_cache_new();
	fill_cache(resolver.cache);
}

/* evaluate - only the evaluation of MAIL FROM, with all answers available */
static void
evaluate(void)
{
	struct spf_answers *answers = spf_answers_new();
	struct spf_request req = {
		.local = { "alice", 5 },
		.domain = { "sender.test", 11 },
		.helo = { "mail.provider.test", 18 },
		.receiver = "mx.srs.test",
		.now = NOW,
		.lookup_limit = 10,
		.void_limit = 2,
	};
	struct spf_verdict verdict;

	ipaddr_parse(&req.ip, "192.0.2.25", 10);
	spf_answers_set_known(answers, known, &resolver);
	if (!spf_eval(&req, answers, &verdict) || verdict.result != SPF_PASS)
		fail("wrong verdict");
	spf_answers_free(&answers);
}

static const struct bench benches[] = {
	{ "forward", prepare_forward, feed_session },
	{ "forward-pipelined", prepare_forward_pipelined, feed_session },
	{ "forward-kept", prepare_forward_kept, feed_session },
	{ "reverse", prepare_reverse, feed_session },
	{ "reverse-tenth-secret", prepare_reverse_old_secret, feed_session },
	{ "policy", prepare_policy, feed_session },
	{ "policy-evaluated", prepare_policy_evaluated, feed_session },
	{ "policy-next-recipient", prepare_policy_again, feed_session },
	{ "policy-sections", prepare_policy_sections, feed_session },
	{ "policy-sections-next", prepare_policy_sections_again, feed_session },
	{ "milter", prepare_milter, feed_session },
	{ "spf", prepare_spf, evaluate },
};

/* measured - profiled by callgrind under this name, so it must not be inlined */
void measured(const struct bench *, unsigned long requests);

void __attribute__((noinline)) measured(const struct bench *bench, unsigned long requests)
{
	unsigned long n;

	for (n = 0; n < requests; n += requests_at_once)
		bench->request();
}

static void
tell_libraries(void)
{
	printf("libcrypto %s, libevent %s", OpenSSL_version(OPENSSL_VERSION_STRING),
	    event_get_version());
#ifdef __GLIBC__
	printf(", libc %s", gnu_get_libc_version());
#endif
	putchar('\n');
}

static void
open_log(void)
{
	int fd = open("/dev/null", O_WRONLY);

	if (fd == -1 || dup2(fd, STDERR_FILENO) == -1)
		fail("/dev/null");
	close(fd);
	log_open(LOG_SINK_STDERR, "srsd");
}

static const struct bench *
find_bench(const char *name)
{
	size_t i;

	for (i = 0; i < COUNT(benches); i++)
		if (strcmp(benches[i].name, name) == 0)
			return &benches[i];
	fail("no such case: %s", name);
}

int
main(int argc, char **argv)
{
	const struct bench *bench;
	unsigned long requests;
	long before;
	size_t i;

	for (i = 0; argc == 1 && i < COUNT(benches); i++)
		printf("%s\n", benches[i].name);
	if (argc == 2)
		tell_libraries();
	if (argc != 3)
		return 0;
	bench = find_bench(argv[1]);
	requests = strtoul(argv[2], NULL, 10);
	prepare_settings();
	bench->prepare();
	if (input_len == 0)
		input_len = strlen(input);
	open_log();
	for (i = 0; i < WARM_UP; i++)
		bench->request();
	before = allocations;
	measured(bench, requests);
	printf("%ld\n", allocations_since(before));
	return 0;
}
