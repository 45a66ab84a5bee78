/* SPDX-License-Identifier: ISC */
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "spf/policy_proto.h"

#define ATTRIBUTE(name)                                                         \
	{                                                                       \
#name, sizeof(#name) - 1, offsetof(struct policy_request, name) \
	}

static const struct {
	const char *name;
	size_t len;
	size_t offset;
} attributes[] = {
	ATTRIBUTE(protocol_state),
	ATTRIBUTE(client_address),
	ATTRIBUTE(helo_name),
	ATTRIBUTE(sender),
	ATTRIBUTE(recipient),
	ATTRIBUTE(queue_id),
	ATTRIBUTE(instance),
	ATTRIBUTE(sasl_username),
};

static bool
is(struct spf_text text, const char *word, size_t len)
{
	return text.len == len && memcmp(text.s, word, len) == 0;
}

static void
set(struct policy_request *req, struct spf_text name, struct spf_text value)
{
	size_t i;

	for (i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++) {
		if (!is(name, attributes[i].name, attributes[i].len))
			continue;
		memcpy((char *)req + attributes[i].offset, &value, sizeof(value));
		return;
	}
}

/* read_attributes - the lines of a complete request, each with its NEWLINE, into req */
static const char *
read_attributes(const char *s, const char *end, struct policy_request *req)
{
	struct spf_text name, value;
	bool is_policy = false;
	const char *nl, *eq;

	memset(req, 0, sizeof(*req));
	for (; s < end; s = nl + 1) {
		nl = memchr(s, '\n', (size_t)(end - s));
		eq = memchr(s, '=', (size_t)(nl - s));
		if (eq == NULL)
			return "line without '='";
		if (memchr(s, '\0', (size_t)(nl - s)) != NULL)
			return "NUL in an attribute";
		name.s = s;
		name.len = (size_t)(eq - s);
		value.s = eq + 1;
		value.len = (size_t)(nl - value.s);
		if (is(name, "request", 7))
			is_policy = is(value, "smtpd_access_policy", 19);
		else
			set(req, name, value);
	}
	return is_policy ? NULL : "no request=smtpd_access_policy";
}

/* over_limit - the reason why the request so far is too much, or NULL */
static const char *
over_limit(const struct policy_parser *p)
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
		*error = over_limit(p);
		if (*error != NULL)
			return -1;
		if (nl == NULL)
			return 0;
		empty = p->scanned == p->line;
		if (empty) {
			*error = read_attributes(data, data + p->line, req);
			*used = p->scanned + 1;
			memset(p, 0, sizeof(*p));
			return *error == NULL ? 1 : -1;
		}
		p->line = ++p->scanned;
		p->attributes++;
	}
	return 0;
}
