/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "srsd/postfix/policy_proto.h"

/* The members of struct policy_request. */
enum policy_value {
	PROTOCOL_STATE,
	CLIENT_ADDRESS,
	HELO_NAME,
	SENDER,
	RECIPIENT,
	QUEUE_ID,
	INSTANCE,
	SASL_USERNAME,
	UNUSED = POLICY_VALUES,
};

/* map_attribute - UNUSED for the twenty names that are not used; nearly all differ in length */
static enum policy_value
map_attribute(struct text name)
{
	switch (name.len) {
	case 6:
		return text_is(name, "sender") ? SENDER : UNUSED;
	case 8:
		if (text_is(name, "instance"))
			return INSTANCE;
		return text_is(name, "queue_id") ? QUEUE_ID : UNUSED;
	case 9:
		if (text_is(name, "helo_name"))
			return HELO_NAME;
		return text_is(name, "recipient") ? RECIPIENT : UNUSED;
	case 13:
		return text_is(name, "sasl_username") ? SASL_USERNAME : UNUSED;
	case 14:
		if (text_is(name, "client_address"))
			return CLIENT_ADDRESS;
		return text_is(name, "protocol_state") ? PROTOCOL_STATE : UNUSED;
	default:
		return UNUSED;
	}
}

/*
 * read_attribute - the line from p->line to p->scanned, where its NEWLINE is; an error or NULL
 *
 * An error does not wait for the end of the request: a client that sends CR LF, as telnet(1) does,
 * never sends an empty line.
 */
static const char *
read_attribute(struct policy_parser *p, const char *data)
{
	const char *s = data + p->line, *eq = memchr(s, '=', p->scanned - p->line);
	struct text name = { s, 0 }, value;
	enum policy_value known;

	if (eq == NULL)
		return p->scanned - p->line == 1 && s[0] == '\r' ? "CR at the end of a line"
								 : "line without '='";
	name.len = (size_t)(eq - s);
	value.s = eq + 1;
	value.len = p->scanned - p->line - name.len - 1;
	known = map_attribute(name);
	if (known != UNUSED) {
		p->value[known].at = (size_t)(value.s - data);
		p->value[known].len = value.len;
	} else if (text_is(name, "request")) {
		p->is_policy = text_is(value, "smtpd_access_policy");
	}
	return NULL;
}

static struct text
get_policy_value(const struct policy_parser *p, const char *data, enum policy_value known)
{
	struct text value = { data + p->value[known].at, p->value[known].len };

	return value;
}

/* conclude_request - whose attributes have been read, up to p->line; returns an error or NULL */
static const char *
conclude_request(const struct policy_parser *p, const char *data, struct policy_request *req)
{
	if (memchr(data, '\0', p->line) != NULL)
		return "NUL in an attribute";
	if (!p->is_policy)
		return "no request=smtpd_access_policy";
	req->protocol_state = get_policy_value(p, data, PROTOCOL_STATE);
	req->client_address = get_policy_value(p, data, CLIENT_ADDRESS);
	req->helo_name = get_policy_value(p, data, HELO_NAME);
	req->sender = get_policy_value(p, data, SENDER);
	req->recipient = get_policy_value(p, data, RECIPIENT);
	req->queue_id = get_policy_value(p, data, QUEUE_ID);
	req->instance = get_policy_value(p, data, INSTANCE);
	req->sasl_username = get_policy_value(p, data, SASL_USERNAME);
	return NULL;
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

	while (p->scanned < len) {
		nl = memchr(data + p->scanned, '\n', len - p->scanned);
		p->scanned = nl == NULL ? len : (size_t)(nl - data);
		*error = find_exceeded_limit(p);
		if (*error != NULL)
			return -1;
		if (nl == NULL)
			return 0;
		if (p->scanned == p->line) { /* an empty line */
			*error = conclude_request(p, data, req);
			*used = p->scanned + 1;
			memset(p, 0, sizeof(*p));
			return *error == NULL ? 1 : -1;
		}
		*error = read_attribute(p, data);
		if (*error != NULL)
			return -1;
		p->line = ++p->scanned;
		p->attributes++;
	}
	return 0;
}
