/* SPDX-License-Identifier: ISC */
/*
 * fake_dns - DNS answers for an evaluation, from a text and in any order.
 *
 * A zone is a text of lines "NAME TYPE VALUE", one line for each record. A name or a type that is
 * not in the zone is void. The value "!" is a SERVFAIL, and "!bogus" one that DNSSEC validation
 * causes; after "!secure" the answer is secure. \NNN is a byte in octal, in names too. The value of
 * an MX is a name.
 */
#ifndef TESTS_UNIT_FAKE_DNS_H
#define TESTS_UNIT_FAKE_DNS_H

#include "tests/unit/unit.h"

#include <strings.h>

#include "spf/spf_eval.h"

/* The order in which pending queries are answered. */
enum fake_order {
	FAKE_ALL,   /* all at once */
	FAKE_FIRST, /* one at a time, the oldest first */
	FAKE_LAST,  /* one at a time, the latest first */
	FAKE_MIXED, /* one at a time, any */
	FAKE_ORDERS,
};

struct fake_dns {
	const char *zone;
	enum fake_order order;
	uint64_t seed; /* of FAKE_MIXED */
	unsigned passes;
	unsigned questions;
	unsigned together; /* the largest number of queries that one pass left pending */
	char asked[2000];  /* all of them, truncated: "TXT x.test, A y.test" */
};

static inline struct text
fake_text(const char *s)
{
	struct text t = { s, strlen(s) };

	return t;
}

/* fake_unescape - convert \NNN to bytes; returns their number */
static inline size_t
fake_unescape(char *buf, const char *s, size_t len)
{
	size_t i, n = 0;

	for (i = 0; i < len; n++) {
		buf[n] = s[i];
		if (s[i] == '\\' && i + 3 < len) {
			buf[n] = (char)((s[i + 1] - '0') << 6 | (s[i + 2] - '0') << 3 |
					(s[i + 3] - '0'));
			i += 3;
		}
		i++;
	}
	return n;
}

static inline void
fake_add(struct dns_answer *answer, enum dns_type type, const char *value, size_t len)
{
	char data[1024], *large = len < sizeof(data) ? data : malloc(len);
	struct ipaddr ip;

	answer->status = DNS_FOUND;
	switch (type) {
	case DNS_A:
	case DNS_AAAA:
		assert_true(ipaddr_parse(&ip, value, len));
		dns_answer_add(answer, &ip, 0, NULL, 0);
		break;
	default:
		len = fake_unescape(large, value, len);
		dns_answer_add(answer, NULL, 10, large, len);
		break;
	}
	if (large != data)
		free(large);
}

/* fake_status - the status of the whole answer, from a value that begins with '!' */
static inline void
fake_status(struct dns_answer *answer, const char *value, size_t len)
{
	if (len == 7 && memcmp(value, "!secure", 7) == 0) {
		answer->security = DNS_SECURE;
		return;
	}
	answer->status = DNS_ERROR;
	answer->rcode = 2;
	if (len == 6 && memcmp(value, "!bogus", 6) == 0)
		answer->security = DNS_BOGUS;
}

/* fake_is_name - does the zone have this name here? */
static inline bool
fake_is_name(const char *written, size_t len, const char *name)
{
	char buf[1100];

	if (len >= sizeof(buf) || memchr(written, '\\', len) == NULL)
		return len == strlen(name) && strncasecmp(written, name, len) == 0;
	len = fake_unescape(buf, written, len);
	return len == strlen(name) && strncasecmp(buf, name, len) == 0;
}

/* fake_answer - the zone's answer for a name and a type */
static inline struct dns_answer *
fake_answer(const char *zone, const char *name, enum dns_type type)
{
	struct dns_answer *answer = dns_answer_new(DNS_VOID);
	size_t type_len = strlen(dns_type_name(type)), n;
	const char *line, *end, *s;

	for (line = zone; *line != '\0'; line = *end == '\n' ? end + 1 : end) {
		end = line + strcspn(line, "\n");
		n = strcspn(line, " \n");
		s = line + n + 1;
		if (!fake_is_name(line, n, name) ||
		    strncmp(s, dns_type_name(type), type_len) != 0 || s[type_len] != ' ')
			continue;
		s += type_len + 1;
		if (*s == '!')
			fake_status(answer, s, (size_t)(end - s));
		else
			fake_add(answer, type, s, (size_t)(end - s));
	}
	return answer;
}

/* Pending queries. */
struct fake_queue {
	struct spf_answers *answers;
	struct spf_answer *out[SPF_ANSWERS_MAX];
	unsigned n;
};

/* fake_note - record one more query, for tests that compare the queries */
static inline void
fake_note(struct fake_dns *dns, const struct spf_answer *answer)
{
	size_t n = strlen(dns->asked);

	snprintf(dns->asked + n, sizeof(dns->asked) - n, "%s%s %s", n == 0 ? "" : ", ",
	    dns_type_name(answer->type), answer->name);
}

static inline void
fake_collect(struct fake_dns *dns, struct fake_queue *queue, struct spf_answers *answers)
{
	struct spf_answer *answer;
	unsigned before = queue->n;

	while ((answer = spf_answers_wanted(answers)) != NULL) {
		answer->asked = true;
		queue->out[queue->n++] = answer;
		fake_note(dns, answer);
		dns->questions++;
	}
	if (queue->n - before > dns->together)
		dns->together = queue->n - before;
}

static inline void
fake_reply(struct fake_dns *dns, struct fake_queue *queue, unsigned i)
{
	struct spf_answer *answer = queue->out[i];

	spf_answers_set(queue->answers, answer, fake_answer(dns->zone, answer->name, answer->type));
	memmove(queue->out + i, queue->out + i + 1, (--queue->n - i) * sizeof(queue->out[0]));
}

static inline void
fake_reply_some(struct fake_dns *dns, struct fake_queue *queue)
{
	switch (dns->order) {
	case FAKE_ALL:
		while (queue->n > 0)
			fake_reply(dns, queue, 0);
		break;
	case FAKE_FIRST:
		fake_reply(dns, queue, 0);
		break;
	case FAKE_LAST:
		fake_reply(dns, queue, queue->n - 1);
		break;
	default:
		fake_reply(dns, queue, unit_random(&dns->seed, queue->n));
		break;
	}
}

/* Evaluated again with each answer, by any engine: true when it is done. */
typedef bool fake_pass_fn(void *arg, struct spf_answers *);

/*
 * fake_drive - evaluate until it is done; dns has the course of it, and the caller owns the answers
 */
static inline struct spf_answers *
fake_drive(struct fake_dns *dns, fake_pass_fn *pass, void *arg)
{
	struct spf_answers *answers = spf_answers_new();
	struct fake_queue queue = { .answers = answers };

	dns->passes = 1;
	dns->questions = dns->together = 0;
	dns->asked[0] = '\0';
	while (!pass(arg, answers)) {
		fake_collect(dns, &queue, answers);
		assert_true(queue.n > 0); /* at least one query must be pending */
		fake_reply_some(dns, &queue);
		dns->passes++;
	}
	return answers;
}

/* The arguments of fake_eval. */
struct fake_eval {
	const struct spf_request *req;
	struct spf_verdict *verdict;
};

static inline bool
fake_eval_pass(void *arg, struct spf_answers *answers)
{
	struct fake_eval *eval = arg;

	return spf_eval(eval->req, answers, eval->verdict);
}

/* fake_eval - the native engine, until there is a verdict */
static inline void
fake_eval(struct fake_dns *dns, const struct spf_request *req, struct spf_verdict *verdict)
{
	struct fake_eval eval = { req, verdict };
	struct spf_answers *answers = fake_drive(dns, fake_eval_pass, &eval);

	spf_answers_free(&answers);
}

#define FAKE_VERDICT_SIZE 800

/* fake_describe - "fail -all 2/1", with the counts of lookups and of voids */
static inline const char *
fake_describe(char *buf, size_t size, const struct spf_verdict *v)
{
	snprintf(buf, size, "%s%s%s %u/%u%s%s%s%s", spf_result_name(v->result),
	    v->mechanism[0] == '\0' ? "" : " ", v->mechanism, v->lookups, v->voids,
	    v->problem[0] == '\0' ? "" : " ", v->problem, v->explanation[0] == '\0' ? "" : ": ",
	    v->explanation);
	return buf;
}

/* fake_request - an ordinary one: "LOCAL@DOMAIN", or "DOMAIN" for the HELO name of a null sender */
static inline struct spf_request
fake_request(const char *sender, const char *ip)
{
	const char *at = strrchr(sender, '@');
	struct spf_request req = {
		.local = { sender, at == NULL ? 0 : (size_t)(at - sender) },
		.domain = fake_text(at == NULL ? sender : at + 1),
		.helo = fake_text("mx.relay.test"),
		.receiver = "mx.receiver.test",
		.now = 1700000000,
		.lookup_limit = 10,
		.void_limit = 2,
	};

	assert_true(ipaddr_parse(&req.ip, ip, strlen(ip)));
	return req;
}

/*
 * fake_check - the verdict is the expected one, in whatever order the answers arrive. want is
 * "RESULT MECHANISM LOOKUPS/VOIDS"; text after that is ignored.
 */
static inline void
fake_check(const char *zone, const struct spf_request *req, const char *want)
{
	struct fake_dns dns = { .zone = zone, .seed = 4408 };
	struct spf_verdict verdict;
	char row[300], got[FAKE_VERDICT_SIZE], first[FAKE_VERDICT_SIZE];
	size_t n = strlen(want);
	unsigned i;

	snprintf(row, sizeof(row), "%.*s@%.*s", (int)req->local.len, req->local.s,
	    (int)req->domain.len, req->domain.s);
	fake_eval(&dns, req, &verdict);
	fake_describe(first, sizeof(first), &verdict);
	if (strncmp(first, want, n) != 0 || (first[n] != '\0' && first[n] != ' '))
		unit_text(row, "verdict", first, want);
	for (i = 0; i < 12; i++) {
		dns.order = i < FAKE_MIXED ? (enum fake_order)i : FAKE_MIXED;
		fake_eval(&dns, req, &verdict);
		unit_text(
		    row, unit_row("order %u", i), fake_describe(got, sizeof(got), &verdict), first);
	}
}

/* A row of a table: the sender, its address, and the expected verdict. */
struct fake_row {
	const char *sender;
	const char *ip;
	const char *want;
};

static inline void
fake_check_rows(const char *zone, const struct fake_row *rows, size_t n)
{
	struct spf_request req;
	size_t i;

	for (i = 0; i < n; i++) {
		req = fake_request(rows[i].sender, rows[i].ip);
		fake_check(zone, &req, rows[i].want);
	}
	unit_end();
}

#endif
