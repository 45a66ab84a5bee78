/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "common/ascii.h"
#include "spf/spf_header.h"

/* What a HELO name and a sender may take, quotes included. */
#define HELO_MAX 80
#define SENDER_MAX 150

const char *
spf_identity_name(enum spf_identity identity)
{
	return identity == SPF_IDENTITY_HELO ? "helo" : "mailfrom";
}

static bool
is_dot_atom(struct spf_text t)
{
	size_t i;

	if (t.len == 0 || t.s[0] == '.' || t.s[t.len - 1] == '.')
		return false;
	for (i = 0; i < t.len; i++) {
		if (t.s[i] == '.' ? t.s[i + 1] == '.'
				  : !ascii_isalnum(t.s[i]) && t.s[i] != '-' && t.s[i] != '_')
			return false;
	}
	return true;
}

/* put_value - a value as a dot-atom or a quoted-string, cut to size - 1 bytes with its quotes */
static const char *
put_value(char *buf, size_t size, struct spf_text t)
{
	size_t i, n = 0;

	if (is_dot_atom(t) && t.len < size) {
		memcpy(buf, t.s, t.len);
		buf[t.len] = '\0';
		return buf;
	}
	buf[n++] = '"';
	for (i = 0; i < t.len && n + 3 < size; i++) {
		if (t.s[i] == '"' || t.s[i] == '\\')
			buf[n++] = '\\';
		buf[n++] = ascii_isgraph(t.s[i]) || t.s[i] == ' ' ? t.s[i] : '?';
	}
	buf[n++] = '"';
	buf[n] = '\0';
	return buf;
}

static const char *
capitalised(enum spf_result result)
{
	static const char *const words[SPF_RESULTS] = { "None", "Neutral", "Pass", "Fail",
		"Softfail", "Temperror", "Permerror" };

	return words[result];
}

static struct spf_text
text(const char *s)
{
	struct spf_text t = { s, strlen(s) };

	return t;
}

static const char *
put_receiver(char *buf, size_t size, struct spf_text receiver)
{
	return receiver.s == NULL ? "<UNKNOWN>" : put_value(buf, size, receiver);
}

size_t
spf_header_received(char buf[SPF_HEADER_SIZE], const struct spf_header *h)
{
	char ip[IPADDR_TEXT_SIZE], client[IPADDR_TEXT_SIZE + 2], helo[HELO_MAX];
	char sender[SENDER_MAX], receiver[64];
	struct spf_text from = h->sender;
	int n;

	/* A sender too long to be shown is told by its domain: half an address would be another. */
	if (from.len + 8 > sizeof(sender))
		from = h->domain;
	ipaddr_format(h->client, ip);
	n = snprintf(buf, SPF_HEADER_SIZE,
	    "Received-SPF: %s (%s) identity=%s; client-ip=%s; helo=%s; envelope-from=%s; "
	    "receiver=%s",
	    capitalised(h->result), h->comment, spf_identity_name(h->identity),
	    put_value(client, sizeof(client), text(ip)), put_value(helo, sizeof(helo), h->helo),
	    h->sender.len == 0 ? "\"<>\"" : put_value(sender, sizeof(sender), from),
	    put_receiver(receiver, sizeof(receiver), h->receiver));
	return n < SPF_HEADER_SIZE ? (size_t)n : SPF_HEADER_SIZE - 1;
}

size_t
spf_header_authres(char buf[SPF_HEADER_SIZE], const char *authserv_id, const struct spf_header *h,
    const enum spf_result *helo)
{
	const char *property = h->identity == SPF_IDENTITY_HELO ? "smtp.helo" : "smtp.mailfrom";
	char name[128], second[128];
	bool plain = strcmp(h->comment, spf_identity_name(h->identity)) == 0;
	int n;

	n = snprintf(buf, SPF_HEADER_SIZE, "Authentication-Results: %.80s; spf=%s%s%s%s %s=%s",
	    authserv_id, spf_result_name(h->result), plain ? "" : " (", plain ? "" : h->comment,
	    plain ? "" : ")", property,
	    put_value(name, sizeof(name), h->identity == SPF_IDENTITY_HELO ? h->helo : h->domain));
	if (helo != NULL && n < SPF_HEADER_SIZE)
		n += snprintf(buf + n, SPF_HEADER_SIZE - (size_t)n, "; spf=%s smtp.helo=%s",
		    spf_result_name(*helo), put_value(second, sizeof(second), h->helo));
	return n < SPF_HEADER_SIZE ? (size_t)n : SPF_HEADER_SIZE - 1;
}
