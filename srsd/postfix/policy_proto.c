/* SPDX-License-Identifier: ISC */
#include <stdbool.h>
#include <string.h>

#include "srsd/postfix/policy_proto.h"

/*
 * find_attribute - the field for the value of this name; NULL for the twenty names that are not
 * used
 *
 * Nearly all names differ in length.
 */
static struct text *
find_attribute(struct policy_request *req, struct text name)
{
	switch (name.len) {
	case 6:
		return text_is(name, "sender") ? &req->sender : NULL;
	case 8:
		if (text_is(name, "instance"))
			return &req->instance;
		return text_is(name, "queue_id") ? &req->queue_id : NULL;
	case 9:
		if (text_is(name, "helo_name"))
			return &req->helo_name;
		return text_is(name, "recipient") ? &req->recipient : NULL;
	case 13:
		return text_is(name, "sasl_username") ? &req->sasl_username : NULL;
	case 14:
		if (text_is(name, "client_address"))
			return &req->client_address;
		return text_is(name, "protocol_state") ? &req->protocol_state : NULL;
	default:
		return NULL;
	}
}

/*
 * parse_attributes - the lines of a complete request, each with its NEWLINE; returns an error or
 * NULL
 */
static const char *
parse_attributes(const char *s, const char *end, struct policy_request *req)
{
	struct text name, value, *to;
	const char *begin = s, *nl, *eq;
	bool is_policy = false;

	memset(req, 0, sizeof(*req));
	for (; s < end; s = nl + 1) {
		nl = memchr(s, '\n', (size_t)(end - s));
		eq = memchr(s, '=', (size_t)(nl - s));
		if (eq == NULL)
			return "line without '='";
		name.s = s;
		name.len = (size_t)(eq - s);
		value.s = eq + 1;
		value.len = (size_t)(nl - value.s);
		if (text_is(name, "request"))
			is_policy = text_is(value, "smtpd_access_policy");
		to = find_attribute(req, name);
		if (to != NULL)
			*to = value;
	}
	if (memchr(begin, '\0', (size_t)(end - begin)) != NULL)
		return "NUL in an attribute";
	return is_policy ? NULL : "no request=smtpd_access_policy";
}

/* find_exceeded_limit - by the request so far, as a text; or NULL */
static const char *
find_exceeded_limit(const struct policy_parser *p)
{
	if (p->scanned - p->line > POLICY_LINE_MAX)
		return "line over 8 KiB";
	if (p->scanned > POLICY_REQUEST_MAX)
		return "request over 64 KiB";
	return p->attributes > POLICY_ATTRIBUTES_MAX ? "more than 128 attributes" : NULL;
}

int
policy_parse(struct policy_parser *p, const char *data, size_t len, size_t *used,
    struct policy_request *req, const char **error)
{
	const char *nl;
	bool empty;

	while (p->scanned < len) {
		nl = memchr(data + p->scanned, '\n', len - p->scanned);
		p->scanned = nl == NULL ? len : (size_t)(nl - data);
		*error = find_exceeded_limit(p);
		if (*error != NULL)
			return -1;
		if (nl == NULL)
			return 0;
		empty = p->scanned == p->line;
		if (empty) {
			*error = parse_attributes(data, data + p->line, req);
			*used = p->scanned + 1;
			memset(p, 0, sizeof(*p));
			return *error == NULL ? 1 : -1;
		}
		p->line = ++p->scanned;
		p->attributes++;
	}
	return 0;
}
