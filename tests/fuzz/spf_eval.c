/* SPDX-License-Identifier: ISC */
/*
 * The native engine with a hostile DNS (zone_case.h). It ends, keeps its limits, and reaches the
 * same verdict in whatever order the answers arrive, or if they are known already. Its texts fit a
 * log line and a header.
 */
#include "tests/fuzz/zone_case.h"

#include "spf/spf_header.h"
#include "spf/spf_trace.h"

static void
check_verdict(const struct spf_request *req, const struct spf_verdict *v)
{
	bool error = v->result == SPF_TEMPERROR || v->result == SPF_PERMERROR;

	fuzz_must((unsigned)v->result < SPF_RESULTS);
	/* The first term beyond the limit counts, too. */
	fuzz_must(v->lookups <= req->lookup_limit + 1 && v->voids <= req->void_limit + 1);
	fuzz_must(error || (v->lookups <= req->lookup_limit && v->voids <= req->void_limit));
	fuzz_must(error == (v->problem[0] != '\0'));
	fuzz_must(strlen(v->mechanism) < SPF_MECHANISM_SIZE);
	fuzz_must(strpbrk(v->mechanism, " <>") == NULL);
	fuzz_must(fuzz_is_visible(v->mechanism, strlen(v->mechanism)));
	fuzz_must(strlen(v->explanation) <= SPF_EXPLANATION_MAX);
	fuzz_must(fuzz_is_visible(v->explanation, strlen(v->explanation)));
	fuzz_must(v->explanation[0] == '\0' || v->result == SPF_FAIL);
	fuzz_must(!v->differs);
}

static void
check_header(const struct spf_request *req, const struct spf_verdict *v)
{
	struct spf_header h = { .identity = SPF_IDENTITY_MAILFROM,
		.result = v->result,
		.comment = "mailfrom",
		.mechanism = v->mechanism,
		.problem = v->problem,
		.client = &req->ip,
		.helo = req->helo,
		.domain = req->domain };
	static const char end[] = "; identity=mailfrom";
	char buf[SPF_HEADER_SIZE];
	size_t n;

	h.sender = req->local;
	h.sender.len = strlen(req->local.s); /* with its domain */
	h.receiver = req->helo;
	n = spf_header_received(buf, &h);
	fuzz_must(n < SPF_HEADER_SIZE && fuzz_is_visible(buf, n) && n == strlen(buf));
	fuzz_must(n > strlen(end) && strcmp(buf + n - strlen(end), end) == 0);
	n = spf_header_authres(buf, "mx.receiver.test", &h, &v->result);
	fuzz_must(n < SPF_HEADER_SIZE && fuzz_is_visible(buf, n) && n == strlen(buf));
}

static struct dns_answer *
known(void *zone, const char *name, enum dns_type type)
{
	return fake_answer(zone, name, type);
}

/* check_known - with a cache that has every answer, one pass is enough */
static void
check_known(struct zone_case *c, const char *want)
{
	struct spf_answers *answers = spf_answers_new();
	struct spf_verdict verdict;
	char got[800];

	spf_answers_set_known(answers, known, c->zone);
	fuzz_must(spf_eval(&c->req, answers, &verdict));
	fuzz_must(strcmp(fake_describe(got, sizeof(got), &verdict), want) == 0);
	fuzz_must(spf_answers_wanted(answers) == NULL);
	spf_answers_free(&answers);
}

static void
check_trace(struct zone_case *c, struct fake_dns *dns, const char *want)
{
	struct spf_trace *trace = spf_trace_new();
	struct spf_verdict verdict;
	char got[800];
	size_t i;

	c->req.trace = trace;
	fake_eval(dns, &c->req, &verdict);
	c->req.trace = NULL;
	fuzz_must(strcmp(fake_describe(got, sizeof(got), &verdict), want) == 0);
	fuzz_must(trace->n <= SPF_TRACE_STEPS);
	for (i = 0; i < trace->n; i++) {
		fuzz_must(trace->step[i].n <= SPF_TRACE_ASKED);
		fuzz_must(trace->step[i].outcome != NULL);
		fuzz_must(strcmp(trace->step[i].outcome, "waiting") != 0);
	}
	spf_trace_free(&trace);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct zone_case c;
	struct fake_dns dns = { .zone = c.zone, .seed = 4408 };
	struct spf_verdict verdict;
	char first[800], got[800];
	unsigned order;

	if (!zone_case_read(&c, data, size))
		return 0;
	fake_eval(&dns, &c.req, &verdict);
	check_verdict(&c.req, &verdict);
	check_header(&c.req, &verdict);
	fake_describe(first, sizeof(first), &verdict);
	for (order = FAKE_FIRST; order <= FAKE_ORDERS; order++) {
		dns.order = order < FAKE_MIXED ? (enum fake_order)order : FAKE_MIXED;
		fake_eval(&dns, &c.req, &verdict);
		if (strcmp(fake_describe(got, sizeof(got), &verdict), first) != 0)
			fprintf(stderr, "order %u: <%s>, not <%s>\n", order, got, first);
		fuzz_must(strcmp(got, first) == 0);
		fuzz_must(dns.questions <= SPF_ANSWERS_MAX);
	}
	check_known(&c, first);
	check_trace(&c, &dns, first);
	fuzz_say("%s", first);
	return 0;
}
