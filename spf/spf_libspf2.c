/* SPDX-License-Identifier: ISC */
#include <sys/types.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <arpa/nameser.h>

#include <netdb.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <spf2/spf.h>
#include <spf2/spf_dns_rr.h>
#include <spf2/spf_log.h>

#include "common/ascii.h"
#include "common/attributes.h"
#include "common/log.h"
#include "common/xmalloc.h"
#include "spf/spf_ask.h"
#include "spf/spf_libspf2.h"
#include "spf/spf_record_set.h"

/* Queries of one pass, including repeated ones: more than a record within the limits needs. */
#define CALLS_MAX 300

/* Names that libspf2 must not see get the aliases x0.ALIAS_DOMAIN and so on. */
#define ALIAS_DOMAIN "alias.invalid"
#define ALIASES_MAX 2048

/*
 * libspf2 compiles the terms of a record into one buffer of SPF_MAX_MECH_LEN bytes: four bytes for
 * each term, and its data in blocks of eight. It compiles redirect as a term.
 */
#define COMPILED_MAX (SPF_MAX_MECH_LEN - 11)
#define COMPILED_TERM sizeof(SPF_mech_t)
#define COMPILED_BLOCK(n) (((n) + 7) / 8 * 8)

/* The longest text for that many compiled bytes. */
#define RECORD_SIZE 4096

/* libspf2 gets this record, which is invalid, instead of one that our own parser refuses. */
#define REFUSED_RECORD "v=spf1 refused"

struct libspf2_pass {
	struct spf_ask ask;
	struct spf_request req;
	unsigned calls;
	bool exhausted;
	size_t n_aliases;
	char (*alias)[HOSTNAME_MAX + 1];
	const struct dns_answer *ptr; /* its names are looked up now; NULL: no ptr is evaluated */
	size_t ptr_next;              /* the first of its names that was not looked up */
	const struct dns_answer *failed; /* the latest DNS_ERROR, or NULL; and its query */
	enum dns_type failed_type;
	char failed_name[HOSTNAME_MAX + 1];
};

/* A record for libspf2. */
struct record_text {
	char s[RECORD_SIZE];
	size_t len;
	size_t compiled; /* bytes that libspf2 needs for it */
	bool too_large;
};

/* The destination of fatal errors. The handler of libspf2 has no argument for it. */
static jmp_buf *fatal_jump;

NORETURN static void
on_fatal_error(const char *file, int line, const char *message)
{
	(void)file;
	(void)line;
	(void)message;
	longjmp(*fatal_jump, 1);
}

static bool
is_plain_name(const char *name)
{
	size_t len = strlen(name);
	const char *s;

	for (s = name; *s != '\0'; s++)
		if (!ascii_isalnum(*s) && *s != '-' && *s != '_' && *s != '.')
			return false;
	return spf_answers_is_name(name, len) &&
	       !hostname_is_within(name, len, ALIAS_DOMAIN, sizeof(ALIAS_DOMAIN) - 1);
}

/* put_alias_name - the name itself in lower case if it is plain, else an alias */
static void
put_alias_name(struct libspf2_pass *pass, char buf[HOSTNAME_MAX + 1], const char *name)
{
	size_t i;

	if (is_plain_name(name)) {
		strlcpy(buf, name, HOSTNAME_MAX + 1);
		hostname_lower(buf, strlen(buf));
		return;
	}
	for (i = 0; i < pass->n_aliases; i++)
		if (strcasecmp(pass->alias[i], name) == 0)
			break;
	if (i == pass->n_aliases && i < ALIASES_MAX) {
		pass->alias = xreallocarray(pass->alias, i + 1, sizeof(*pass->alias));
		strlcpy(pass->alias[i], name, sizeof(*pass->alias));
		pass->n_aliases++;
	}
	snprintf(buf, HOSTNAME_MAX + 1, "x%zu." ALIAS_DOMAIN, i);
}

/*
 * find_real_name - of an alias, or the name itself; empty for an unknown alias and a long name
 *
 * It is a copy, because the aliases move when one is added.
 */
static void
find_real_name(const struct libspf2_pass *pass, const char *name, char buf[HOSTNAME_MAX + 1])
{
	size_t i;
	int end = 0;

	if (hostname_is_within(name, strlen(name), ALIAS_DOMAIN, sizeof(ALIAS_DOMAIN) - 1)) {
		if (sscanf(name, "x%zu." ALIAS_DOMAIN "%n", &i, &end) == 1 && name[end] == '\0' &&
		    i < pass->n_aliases)
			name = pass->alias[i];
		else
			name = "";
	}
	if (strlcpy(buf, name, HOSTNAME_MAX + 1) > HOSTNAME_MAX)
		buf[0] = '\0';
}

/* put_record_text - append to a record, and add the bytes that libspf2 compiles it to */
PRINTF_LIKE(3, 4)
static void
put_record_text(struct record_text *text, size_t compiled, const char *format, ...)
{
	size_t room = sizeof(text->s) - text->len;
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(text->s + text->len, room, format, ap);
	va_end(ap);
	text->compiled += compiled;
	if (n < 0 || (size_t)n >= room || text->compiled > COMPILED_MAX)
		text->too_large = true;
	else
		text->len += (size_t)n;
}

static size_t
get_compiled_size(const char *name)
{
	return COMPILED_BLOCK(sizeof(SPF_data_t) + strlen(name));
}

static void
put_network_term(struct record_text *text, const char *mechanism, const struct cidr *net)
{
	char ip[IPADDR_TEXT_SIZE];

	ipaddr_format(&net->addr, ip);
	put_record_text(text, ipaddr_size(&net->addr), "%s:%s", mechanism, ip);
	if (net->prefix < 8 * ipaddr_size(&net->addr))
		put_record_text(text, 0, "/%u", net->prefix);
}

static void
put_prefixes(struct record_text *text, const struct spf_term *term)
{
	if (term->prefix4 < 32 || term->prefix6 < 128)
		put_record_text(text, COMPILED_BLOCK(sizeof(SPF_data_t)), "%s", "");
	if (term->prefix4 < 32)
		put_record_text(text, 0, "/%u", term->prefix4);
	if (term->prefix6 < 128)
		put_record_text(text, 0, "//%u", term->prefix6);
}

/*
 * put_target - a mechanism or modifier with the name that its domain-spec stands for
 *
 * Returns false while answers are missing. A target that never matches gets an alias that has no
 * records.
 */
static bool
put_target(struct libspf2_pass *pass, struct record_text *text, const char *mechanism, char colon,
    struct text spec, const char *domain)
{
	char target[HOSTNAME_MAX + 1], name[HOSTNAME_MAX + 1];

	switch (spf_ask_target(&pass->ask, spec, domain, target)) {
	case SPF_ASKED_PENDING:
		return false;
	case SPF_ASKED_NO:
		target[0] = '\0';
		/* An include of a domain without a record would be an error. */
		if (strcmp(mechanism, "include") == 0)
			mechanism = "exists";
		break;
	case SPF_ASKED_YES:
		break;
	}
	put_alias_name(pass, name, target);
	put_record_text(text, get_compiled_size(name), "%s%c%s", mechanism, colon, name);
	return true;
}

static bool
put_term(struct libspf2_pass *pass, struct record_text *text, const struct spf_term *term,
    const char *domain)
{
	put_record_text(text, COMPILED_TERM, " %c", term->qualifier);
	switch (term->mechanism) {
	case SPF_MECH_ALL:
		put_record_text(text, 0, "all");
		return true;
	case SPF_MECH_IP4:
		put_network_term(text, "ip4", &term->net);
		return true;
	case SPF_MECH_IP6:
		put_network_term(text, "ip6", &term->net);
		return true;
	case SPF_MECH_INCLUDE:
		return put_target(pass, text, "include", ':', term->domain, domain);
	case SPF_MECH_EXISTS:
		return put_target(pass, text, "exists", ':', term->domain, domain);
	case SPF_MECH_PTR:
		return put_target(pass, text, "ptr", ':', term->domain, domain);
	case SPF_MECH_A:
	case SPF_MECH_MX:
		if (!put_target(pass, text, term->mechanism == SPF_MECH_A ? "a" : "mx", ':',
			term->domain, domain))
			return false;
		put_prefixes(text, term);
		return true;
	}
	return true;
}

static bool
is_network_term(const struct spf_term *term)
{
	return term->mechanism == SPF_MECH_IP4 || term->mechanism == SPF_MECH_IP6;
}

/*
 * write_record_text - a record of a domain for libspf2; false while answers are missing
 *
 * shorten leaves out the networks without the client, because they cannot match.
 */
static bool
write_record_text(struct libspf2_pass *pass, struct record_text *text,
    const struct spf_record *record, const char *domain, bool shorten)
{
	size_t i;

	text->len = text->compiled = 0;
	text->too_large = false;
	put_record_text(text, 0, "v=spf1");
	for (i = 0; i < record->n && !text->too_large; i++) {
		const struct spf_term *term = &record->terms[i];

		if (shorten && is_network_term(term) && !cidr_contains(&term->net, &pass->req.ip))
			continue;
		if (!put_term(pass, text, term, domain))
			return false;
	}
	if (record->redirect.s == NULL || text->too_large)
		return true;
	put_record_text(text, COMPILED_TERM, " ");
	return put_target(pass, text, "redirect", '=', record->redirect, domain);
}

/* Resource record sets are made in the same way as in libspf2's own DNS layers. */

static SPF_dns_rr_t *
make_libspf2_rrset(SPF_dns_server_t *server, const char *name, ns_type type, int herrno)
{
	SPF_dns_rr_t *rr = SPF_dns_rr_new_init(server, name, type, 0, herrno);

	if (rr == NULL)
		xmalloc_failed("libspf2");
	return rr;
}

static SPF_dns_rr_data_t *
add_libspf2_rr(SPF_dns_rr_t *rr, size_t size)
{
	if (SPF_dns_rr_buf_realloc(rr, rr->num_rr, size) != SPF_E_SUCCESS)
		xmalloc_failed("libspf2");
	return rr->rr[rr->num_rr++];
}

static void
add_text_rr(SPF_dns_rr_t *rr, const char *s)
{
	memcpy(add_libspf2_rr(rr, strlen(s) + 1), s, strlen(s) + 1);
}

/* is_failed_host - did the lookup of the addresses of an MX host fail? */
static bool
is_failed_host(struct libspf2_pass *pass, const struct dns_rr *rr)
{
	const struct dns_answer *reply =
	    spf_answers_peek(pass->ask.answers, rr->data, spf_ask_address_type(&pass->ask));

	return reply != NULL && reply->status == DNS_ERROR;
}

/* The number of hosts of an MX answer that libspf2 uses. */
#define MX_MAX 10

/*
 * add_mx_hosts - the hosts of an MX answer, with those that fail at the end
 *
 * libspf2 stops at the first host that fails, but a host that matches must decide wherever it is.
 * A failure during this pass has its effect in the next one.
 */
static void
add_mx_hosts(struct libspf2_pass *pass, SPF_dns_rr_t *rr, const struct dns_answer *answer)
{
	char name[HOSTNAME_MAX + 1];
	size_t i, turn, turns = answer->n <= MX_MAX ? 2 : 1;

	for (turn = 0; turn < turns; turn++)
		for (i = 0; i < answer->n; i++) {
			if (turns == 2 && is_failed_host(pass, &answer->rr[i]) != (turn == 1))
				continue;
			if (answer->rr[i].len > HOSTNAME_MAX)
				continue;
			put_alias_name(pass, name, answer->rr[i].data);
			add_text_rr(rr, name);
		}
}

static void
add_answer_rrs(
    struct libspf2_pass *pass, SPF_dns_rr_t *rr, ns_type type, const struct dns_answer *answer)
{
	char name[HOSTNAME_MAX + 1];
	SPF_dns_rr_data_t *data;
	size_t i;

	if (type == ns_t_mx) {
		add_mx_hosts(pass, rr, answer);
		return;
	}
	for (i = 0; i < answer->n; i++) {
		if (type == ns_t_a || type == ns_t_aaaa) {
			data = add_libspf2_rr(rr, sizeof(*data));
			memcpy(data, answer->rr[i].ip.bytes, ipaddr_size(&answer->rr[i].ip));
		} else if (answer->rr[i].len <= HOSTNAME_MAX && is_plain_name(answer->rr[i].data)) {
			put_alias_name(pass, name, answer->rr[i].data);
			add_text_rr(rr, name);
		}
	}
}

/* make_canonical_text - the record of a TXT answer for libspf2; NULL while answers are missing */
static const char *
make_canonical_text(struct libspf2_pass *pass, struct record_text *text,
    const struct spf_record_set *set, const char *domain)
{
	if (set->n > 1 || !set->valid)
		return REFUSED_RECORD;
	if (!write_record_text(pass, text, &set->record, domain, false))
		return NULL;
	if (text->too_large && !write_record_text(pass, text, &set->record, domain, true))
		return NULL;
	return text->too_large ? REFUSED_RECORD : text->s;
}

/* note_failed_lookup - the latest one: libspf2 ends at it. NULL: the answer is missing */
static void
note_failed_lookup(struct libspf2_pass *pass, const struct dns_answer *answer, const char *name,
    enum dns_type type)
{
	pass->failed = answer;
	pass->failed_type = type;
	strlcpy(pass->failed_name, name, sizeof(pass->failed_name));
}

static SPF_dns_rr_t *
answer_record(
    struct libspf2_pass *pass, SPF_dns_server_t *server, const char *asked, const char *name)
{
	struct dns_answer *answer = spf_ask(&pass->ask, name, DNS_TXT);
	const struct spf_record_set *set;
	struct record_text text;
	const char *s;
	SPF_dns_rr_t *rr;

	pass->ptr = NULL;
	if (answer == NULL || answer->status == DNS_ERROR) {
		note_failed_lookup(pass, answer, name, DNS_TXT);
		return make_libspf2_rrset(server, asked, ns_t_txt, TRY_AGAIN);
	}
	set = spf_record_set_of(answer);
	if (set == NULL || set->n == 0)
		return make_libspf2_rrset(server, asked, ns_t_txt, NO_DATA);
	s = make_canonical_text(pass, &text, set, name);
	if (s == NULL)
		return make_libspf2_rrset(server, asked, ns_t_txt, TRY_AGAIN);
	rr = make_libspf2_rrset(server, asked, ns_t_txt, NETDB_SUCCESS);
	/* libspf2 accepts "v=spf1" only if a blank follows. */
	if (strcmp(s, "v=spf1") == 0)
		s = "v=spf1 ";
	add_text_rr(rr, s);
	return rr;
}

/* is_name_of_client - is it a name of the current PTR answer, in their order? */
static bool
is_name_of_client(struct libspf2_pass *pass, const char *name)
{
	size_t i;

	for (i = pass->ptr_next; pass->ptr != NULL && i < pass->ptr->n; i++)
		if (strcasecmp(pass->ptr->rr[i].data, name) == 0) {
			pass->ptr_next = i + 1;
			return true;
		}
	return false;
}

/*
 * ask_for_libspf2 - query the table; *of_client: the query is about the names of the client
 *
 * An error of such a query means no match (5.5).
 * libspf2 looks the names up right after the PTR query; any other query ends that.
 */
static struct dns_answer *
ask_for_libspf2(struct libspf2_pass *pass, const char *name, ns_type type, bool *of_client)
{
	struct dns_answer *answer;

	*of_client = type == ns_t_ptr || is_name_of_client(pass, name);
	if (!*of_client) {
		pass->ptr = NULL;
		return spf_ask(&pass->ask, name, (enum dns_type)type);
	}
	answer = spf_ask_client(&pass->ask, name, (enum dns_type)type);
	if (type == ns_t_ptr) {
		pass->ptr = answer;
		pass->ptr_next = 0;
	}
	return answer;
}

static SPF_dns_rr_t *
answer_records(struct libspf2_pass *pass, SPF_dns_server_t *server, const char *asked,
    const char *name, ns_type type)
{
	bool of_client;
	struct dns_answer *answer = ask_for_libspf2(pass, name, type, &of_client);
	SPF_dns_rr_t *rr;

	if (answer == NULL || (answer->status == DNS_ERROR && !of_client)) {
		note_failed_lookup(pass, answer, name, (enum dns_type)type);
		return make_libspf2_rrset(server, asked, type, TRY_AGAIN);
	}
	if (answer->status != DNS_FOUND)
		return make_libspf2_rrset(server, asked, type, NO_DATA);
	rr = make_libspf2_rrset(server, asked, type, NETDB_SUCCESS);
	add_answer_rrs(pass, rr, type, answer);
	return rr;
}

/* answer_libspf2 - answer its query from the table; never NULL, which crashes libspf2 */
static SPF_dns_rr_t *
answer_libspf2(SPF_dns_server_t *server, const char *asked, ns_type type, int should_cache)
{
	struct libspf2_pass *pass = server->hook;
	char name[HOSTNAME_MAX + 1];

	(void)should_cache;
	find_real_name(pass, asked, name);
	if (type != ns_t_a && type != ns_t_aaaa && type != ns_t_mx && type != ns_t_ptr &&
	    type != ns_t_txt)
		return make_libspf2_rrset(server, asked, type, NO_DATA);
	if (++pass->calls > CALLS_MAX) {
		pass->exhausted = true;
		return make_libspf2_rrset(server, asked, type, TRY_AGAIN);
	}
	if (type == ns_t_txt ? !spf_answers_is_domain(name, strlen(name))
			     : !spf_answers_is_name(name, strlen(name)))
		return make_libspf2_rrset(server, asked, type, NO_DATA);
	return type == ns_t_txt ? answer_record(pass, server, asked, name)
				: answer_records(pass, server, asked, name, type);
}

static enum spf_result
map_result(const SPF_response_t *response)
{
	switch (response->result) {
	case SPF_RESULT_NEUTRAL:
		return SPF_NEUTRAL;
	case SPF_RESULT_PASS:
		return SPF_PASS;
	case SPF_RESULT_FAIL:
		return SPF_FAIL;
	case SPF_RESULT_SOFTFAIL:
		return SPF_SOFTFAIL;
	case SPF_RESULT_NONE:
		return SPF_NONE;
	case SPF_RESULT_TEMPERROR:
		return SPF_TEMPERROR;
	default:
		return SPF_PERMERROR;
	}
}

static SPF_request_t *
make_libspf2_request(SPF_server_t *server, struct libspf2_pass *pass, const char *domain)
{
	SPF_request_t *request = SPF_request_new(server);
	char name[HOSTNAME_MAX + 1], sender[HOSTNAME_MAX + 16];
	struct in6_addr ip6;
	struct in_addr ip4;

	put_alias_name(pass, name, domain);
	snprintf(sender, sizeof(sender), "postmaster@%s", name);
	if (request == NULL || SPF_request_set_env_from(request, sender) != 0)
		xmalloc_failed("libspf2");
	if (pass->req.ip.family == AF_INET) {
		memcpy(&ip4, pass->req.ip.bytes, sizeof(ip4));
		SPF_request_set_ipv4(request, ip4);
	} else {
		memcpy(&ip6, pass->req.ip.bytes, sizeof(ip6));
		SPF_request_set_ipv6(request, ip6);
	}
	return request;
}

/* make_libspf2_server - with an explanation that uses no text of the client */
static SPF_server_t *
make_libspf2_server(SPF_dns_server_t *dns, unsigned lookup_limit)
{
	SPF_server_t *server = SPF_server_new_dns(dns, 0);
	SPF_response_t *response = NULL;

	if (server == NULL)
		xmalloc_failed("libspf2");
	SPF_server_set_explanation(server, "not permitted", &response);
	if (response != NULL)
		SPF_response_free(response);
	SPF_server_set_max_dns_mech(server, (int)lookup_limit);
	return server;
}

/* run_libspf2 - evaluate the record of a domain; a fatal error returns through fatal_jump */
static enum spf_result
run_libspf2(struct libspf2_pass *pass, const char *domain)
{
	SPF_dns_server_t dns = { .lookup = answer_libspf2, .name = "srsd", .hook = pass };
	SPF_server_t *server = make_libspf2_server(&dns, pass->req.lookup_limit);
	SPF_request_t *request = make_libspf2_request(server, pass, domain);
	SPF_response_t *response = NULL;
	enum spf_result result = SPF_PERMERROR;

	if (SPF_request_query_mailfrom(request, &response) == SPF_E_NO_MEMORY)
		xmalloc_failed("libspf2");
	if (response != NULL) {
		result = map_result(response);
		SPF_response_free(response);
	}
	SPF_request_free(request);
	SPF_server_free(server);
	return result;
}

static void
query_libspf2(struct libspf2_pass *pass, const char *domain, struct spf_verdict *verdict)
{
	jmp_buf here;

	SPF_error_handler = on_fatal_error;
	SPF_warning_handler = NULL;
	SPF_info_handler = NULL;
	SPF_debug_handler = NULL;
	fatal_jump = &here;
	if (setjmp(here) == 0) {
		verdict->result = run_libspf2(pass, domain);
		if (verdict->result == SPF_PERMERROR)
			spf_verdict_set_problem(verdict, "refused by libspf2", NULL);
		else if (verdict->result == SPF_TEMPERROR && pass->failed != NULL)
			spf_verdict_set_dns_problem(
			    verdict, pass->failed, pass->failed_name, pass->failed_type);
		else if (verdict->result == SPF_TEMPERROR)
			spf_verdict_set_problem(verdict, "DNS error", NULL);
	} else {
		verdict->result = SPF_PERMERROR;
		spf_verdict_set_problem(verdict, "libspf2 failed", NULL);
	}
	fatal_jump = NULL;
	if (pass->exhausted) {
		verdict->result = SPF_PERMERROR;
		spf_verdict_set_problem(verdict, "too many DNS lookups", NULL);
	}
}

/*
 * evaluate_answer - reach a verdict on the record in a TXT answer
 *
 * A record that our own parser refuses does not reach libspf2.
 */
static void
evaluate_answer(struct libspf2_pass *pass, struct dns_answer *answer, const char *domain,
    struct spf_verdict *verdict)
{
	const struct spf_record_set *set = spf_record_set_of(answer);

	if (answer->status == DNS_ERROR) {
		verdict->result = SPF_TEMPERROR;
		spf_verdict_set_dns_problem(verdict, answer, domain, DNS_TXT);
	} else if (set == NULL || set->n == 0) {
		verdict->result = SPF_NONE;
	} else if (set->n > 1 || !set->valid) {
		verdict->result = SPF_PERMERROR;
		spf_verdict_set_problem(
		    verdict, set->n > 1 ? "more than one SPF record" : set->error, NULL);
	} else {
		verdict->no_mail = set->no_mail;
		query_libspf2(pass, domain, verdict);
	}
}

bool
spf_libspf2_eval(
    const struct spf_request *req, struct spf_answers *answers, struct spf_verdict *verdict)
{
	struct libspf2_pass pass = { .req = *req };
	char domain[HOSTNAME_MAX + 1];
	struct dns_answer *answer;

	spf_verdict_init(verdict);
	if (!spf_request_domain(req, domain))
		return true; /* SPF_NONE */
	pass.req.trace = NULL;
	spf_ask_init(&pass.ask, &pass.req, answers);
	answer = spf_ask(&pass.ask, domain, DNS_TXT);
	if (answer == NULL)
		return false;
	evaluate_answer(&pass, answer, domain, verdict);
	verdict->security = pass.ask.security;
	if (pass.ask.saturated)
		spf_verdict_saturate(verdict);
	free(pass.alias);
	return !pass.ask.pending;
}
