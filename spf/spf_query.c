/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "common/mailaddr.h"
#include "common/xmalloc.h"
#include "spf/spf_outbound.h"
#include "spf/spf_query.h"
#include "spf/spf_report.h"

/* One of check and outbound is not NULL. */
struct spf_query {
	const struct spf_checker *checker;
	struct spf_check *check;
	struct spf_outbound *outbound;
	enum spf_evaluator evaluator;
	json_t *request; /* a reference: it holds the texts */
};

static struct text
get_text_member(const json_t *request, const char *name)
{
	const json_t *value = json_object_get(request, name);
	struct text text = { "", 0 };

	if (json_is_string(value)) {
		text.s = json_string_value(value);
		text.len = json_string_length(value);
	}
	return text;
}

/* get_record - of the request; s is NULL if it has none */
static struct text
get_record(const json_t *request)
{
	static const struct text none = { NULL, 0 };

	return json_is_string(json_object_get(request, "record"))
		   ? get_text_member(request, "record")
		   : none;
}

/* choose_evaluator - false with a reason if the name is unknown */
static bool
choose_evaluator(const json_t *request, const struct settings *settings, struct spf_query *query,
    const char **error)
{
	struct text engine = get_text_member(request, "engine");

#ifdef HAVE_LIBSPF2
	*error = "engine: must be native, libspf2 or both";
#else
	*error = "engine: must be native; this srsd was built without libspf2";
#endif
	if (engine.len == 0)
		query->evaluator = settings->spf.evaluator;
	else if (text_is(engine, "native"))
		query->evaluator = SPF_EVALUATOR_NATIVE;
#ifdef HAVE_LIBSPF2
	else if (text_is(engine, "libspf2"))
		query->evaluator = SPF_EVALUATOR_LIBSPF2;
	else if (text_is(engine, "both"))
		query->evaluator = SPF_EVALUATOR_BOTH;
#endif
	else
		return false;
	return true;
}

/* read_sender - an address, split in the same way as that of a policy request, or a domain */
static void
read_sender(struct spf_check_request *req, struct text sender)
{
	struct mailaddr_parts parts;

	mailaddr_split(&parts, sender.s, sender.len);
	req->sender_domain = sender;
	if (parts.domain == NULL)
		return;
	req->sender_local.s = parts.local;
	req->sender_local.len = parts.local_len;
	req->sender_domain.s = parts.domain;
	req->sender_domain.len = parts.domain_len;
}

/* read_request - the address and the identities; false with a reason */
static bool
read_request(struct spf_check_request *req, const json_t *request, const char **error)
{
	struct text ip = get_text_member(request, "ip");
	struct text sender = get_text_member(request, "sender");

	req->helo = get_text_member(request, "helo");
	req->record = get_record(request);
	req->check_helo = req->helo.len > 0;
	req->check_mailfrom = sender.len > 0 && !text_is(sender, "<>");
	*error = "ip: not an IPv4 or IPv6 address";
	if (!ipaddr_parse(&req->ip, ip.s, ip.len))
		return false;
	*error = "a null sender is checked by its HELO name, which is missing";
	if (!req->check_helo && !req->check_mailfrom)
		return false;
	if (req->check_mailfrom)
		read_sender(req, sender);
	return true;
}

/* start_check - the check stays NULL if the request is wrong, with a reason */
static void
start_check(struct spf_query *query, const struct spf_checker *checker, struct settings *settings,
    time_t now, void (*wake)(void *arg), void *arg, const char **error)
{
	struct spf_check_request req = { .trace = true, .now = now };

	if (!choose_evaluator(query->request, settings, query, error) ||
	    !read_request(&req, query->request, error))
		return;
	req.evaluator = query->evaluator;
	query->check = spf_check_start(checker, settings, &req, wake, arg);
}

struct spf_query *
spf_query_start(const struct spf_checker *checker, struct settings *settings, const json_t *request,
    time_t now, void (*wake)(void *arg), void *arg, const char **error)
{
	struct spf_query *query = xcalloc(1, sizeof(*query));

	query->checker = checker;
	query->request = json_deep_copy(request);
	if (json_object_get(request, "for") != NULL)
		query->outbound =
		    spf_outbound_start(checker, settings, get_text_member(query->request, "for"),
			get_record(query->request), now, wake, arg, error);
	else
		start_check(query, checker, settings, now, wake, arg, error);
	if (query->check == NULL && query->outbound == NULL)
		spf_query_free(&query);
	return query;
}

bool
spf_query_is_done(const struct spf_query *query)
{
	return query->check != NULL ? spf_check_is_done(query->check)
				    : spf_outbound_is_done(query->outbound);
}

/* report_identities - of a check */
static json_t *
report_identities(const struct spf_query *query)
{
	static const enum spf_identity both[] = { SPF_IDENTITY_HELO, SPF_IDENTITY_MAILFROM };
	json_t *identities = json_array(), *report;
	size_t i;

	for (i = 0; i < sizeof(both) / sizeof(both[0]); i++) {
		report = spf_report(query->check, both[i], query->evaluator);
		if (report != NULL)
			json_array_append_new(identities, report);
	}
	return identities;
}

json_t *
spf_query_report(const struct spf_query *query)
{
	static const char *const names[] = { "ip", "sender", "helo", "for", "record" };
	json_t *object = json_object();
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		json_object_set(object, names[i], json_object_get(query->request, names[i]));
	if (query->check != NULL)
		json_object_set_new(object, "identities", report_identities(query));
	else
		json_object_set_new(object, "addresses", spf_outbound_report(query->outbound));
	json_object_set_new(object, "nameservers",
	    spf_report_nameservers(resolver_get_plan(query->checker->resolver)));
	return object;
}

void
spf_query_free(struct spf_query **queryp)
{
	struct spf_query *query = *queryp;

	if (query == NULL)
		return;
	spf_check_free(&query->check);
	spf_outbound_free(&query->outbound);
	json_decref(query->request);
	free(query);
	*queryp = NULL;
}
