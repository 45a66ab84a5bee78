/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "common/ascii.h"
#include "common/line.h"
#include "common/mailaddr.h"
#include "spf/spf_header.h"

/* What a value may take with its quotes and escapes; a HELO name when room is short. */
#define HELO_SIZE 81
#define HELO_SIZE_SHORT 33
#define SENDER_SIZE (2 * MAILADDR_MAX + 3) /* never cut */
#define DOMAIN_SIZE 129
#define RECEIVER_SIZE 65

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

static size_t
escaped_size(char c)
{
	return c == '"' || c == '\\' ? 2 : 1;
}

/* What stands for the beginning of a name that was cut. */
static const char cut[] = "...";

#define CUT_LEN (sizeof(cut) - 1)

/* tail - the end of t that fits into room bytes when it is escaped, behind a cut mark */
static struct spf_text
tail(struct spf_text t, size_t room)
{
	size_t n = 0, len = 0;

	room -= CUT_LEN;
	while (n < t.len && len + escaped_size(t.s[t.len - 1 - n]) <= room)
		len += escaped_size(t.s[t.len - 1 - n++]);
	t.s += t.len - n;
	t.len = n;
	return t;
}

static bool
fits(struct spf_text t, size_t room)
{
	size_t i, len = 0;

	for (i = 0; i < t.len && len <= room; i++)
		len += escaped_size(t.s[i]);
	return len <= room;
}

/*
 * put_value - a value as a dot-atom or a quoted-string of at most size - 1 bytes
 *
 * What is too long loses its beginning, never its end: the right end of a name says whose it is,
 * and half a name would be somebody else's, with a result that was not meant for him.
 */
static const char *
put_value(char *buf, size_t size, struct spf_text t)
{
	size_t i, n = 0;
	bool whole;

	if (is_dot_atom(t) && t.len < size) {
		memcpy(buf, t.s, t.len);
		buf[t.len] = '\0';
		return buf;
	}
	whole = fits(t, size - 3); /* two quotes and a NUL */
	if (!whole)
		t = tail(t, size - 3);
	buf[n++] = '"';
	for (i = 0; !whole && i < CUT_LEN; i++)
		buf[n++] = cut[i];
	for (i = 0; i < t.len; i++) {
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

/* How much of a Received-SPF header is left out, the more the higher. */
enum shortening {
	WHOLE,
	NO_RECEIVER,
	SHORT_HELO,
	DOMAIN_ALONE, /* of the sender: half an address would be another one */
	SHORTENINGS,
};

static void
put_named(struct line *line, const char *name, const char *value)
{
	line_put(line, name);
	line_put(line, value);
}

static void
compose(struct line *line, const struct spf_header *h, enum shortening shortening)
{
	char ip[IPADDR_TEXT_SIZE], client[IPADDR_TEXT_SIZE + 2], helo[HELO_SIZE];
	char sender[SENDER_SIZE], receiver[RECEIVER_SIZE];
	struct spf_text hidden = { NULL, 0 };
	bool domain_alone = shortening >= DOMAIN_ALONE || h->sender.len > MAILADDR_MAX;

	ipaddr_format(h->client, ip);
	put_value(client, sizeof(client), text(ip));
	put_value(helo, shortening >= SHORT_HELO ? HELO_SIZE_SHORT : HELO_SIZE, h->helo);
	put_value(sender, domain_alone ? DOMAIN_SIZE : sizeof(sender),
	    domain_alone ? h->domain : h->sender);
	line_begin(line, "Received-SPF: ");
	line_put(line, capitalised(h->result));
	put_named(line, " (", h->comment);
	put_named(line, ") identity=", spf_identity_name(h->identity));
	put_named(line, "; client-ip=", client);
	put_named(line, "; helo=", helo);
	put_named(line, "; envelope-from=", h->sender.len == 0 ? "\"<>\"" : sender);
	put_named(line, "; receiver=",
	    put_receiver(
		receiver, sizeof(receiver), shortening >= NO_RECEIVER ? hidden : h->receiver));
}

size_t
spf_header_received(char buf[SPF_HEADER_SIZE], const struct spf_header *h)
{
	int shortening = WHOLE;
	struct line line;
	size_t n;

	do
		compose(&line, h, (enum shortening)shortening);
	while (line.len >= SPF_HEADER_SIZE && ++shortening < SHORTENINGS);
	n = line.len < SPF_HEADER_SIZE ? line.len : SPF_HEADER_SIZE - 1;
	memcpy(buf, line.text, n);
	buf[n] = '\0';
	return n;
}

size_t
spf_header_authres(char buf[SPF_HEADER_SIZE], const char *authserv_id, const struct spf_header *h,
    const enum spf_result *helo)
{
	bool is_helo = h->identity == SPF_IDENTITY_HELO;
	bool plain = strcmp(h->comment, spf_identity_name(h->identity)) == 0;
	char name[DOMAIN_SIZE], second[HELO_SIZE + 64];
	int n, more;

	n = snprintf(buf, SPF_HEADER_SIZE, "Authentication-Results: %.80s; spf=%s%s%s%s %s=%s",
	    authserv_id, spf_result_name(h->result), plain ? "" : " (", plain ? "" : h->comment,
	    plain ? "" : ")", is_helo ? "smtp.helo" : "smtp.mailfrom",
	    put_value(name, sizeof(name), is_helo ? h->helo : h->domain));
	if (helo == NULL || n >= SPF_HEADER_SIZE)
		return n < SPF_HEADER_SIZE ? (size_t)n : SPF_HEADER_SIZE - 1;
	/* The second method whole, or not at all. */
	more = snprintf(second, sizeof(second), "; spf=%s smtp.helo=", spf_result_name(*helo));
	put_value(second + more, HELO_SIZE, h->helo);
	if ((size_t)n + strlen(second) < SPF_HEADER_SIZE)
		n += (int)strlcpy(buf + n, second, SPF_HEADER_SIZE - (size_t)n);
	return (size_t)n;
}
