/* SPDX-License-Identifier: ISC */
/*
 * zone_case - a request and a zone out of the bytes of a fuzzer: its first line is
 *
 *	LOCAL@DOMAIN IP HELO		blanks before the last two belong to the local part
 *
 * and the others are a zone as tests/unit/fake_dns.h has it. Lines that this could not read are
 * left out.
 */
#ifndef TESTS_FUZZ_ZONE_CASE_H
#define TESTS_FUZZ_ZONE_CASE_H

#include "tests/fuzz/fuzz.h"
#include "tests/unit/fake_dns.h"

#define ZONE_CASE_MAX 8192

struct zone_case {
	struct spf_request req;
	char request[ZONE_CASE_MAX + 1];
	char zone[ZONE_CASE_MAX + 1];
};

/* zone_case_escapes - does each backslash begin the octal number of a byte? */
static inline bool
zone_case_escapes(const char *s)
{
	while ((s = strchr(s, '\\')) != NULL) {
		if (s[1] < '0' || s[1] > '3' || strspn(s + 1, "01234567") < 3)
			return false;
		s += 4;
	}
	return true;
}

/* zone_case_line - NAME TYPE VALUE, with an address where one is required */
static inline bool
zone_case_line(const char *line)
{
	static const char *const types[] = { "A", "AAAA", "MX", "PTR", "TXT" };
	const char *type = strchr(line, ' '), *value;
	struct ipaddr ip;
	size_t i, len;

	if (type == NULL || type == line || !zone_case_escapes(line))
		return false;
	value = strchr(++type, ' ');
	if (value == NULL)
		return false;
	len = (size_t)(value++ - type);
	for (i = 0; i < 5; i++)
		if (strlen(types[i]) == len && memcmp(types[i], type, len) == 0)
			break;
	if (i == 5)
		return false;
	return i > 1 || value[0] == '!' || ipaddr_parse(&ip, value, strlen(value));
}

/* zone_case_last - cut off the last word; NULL if there is only one */
static inline char *
zone_case_last(char *text)
{
	char *blank = strrchr(text, ' ');

	if (blank == NULL)
		return NULL;
	*blank = '\0';
	return blank + 1;
}

/* zone_case_request - parse the first line; defaults replace missing parts */
static inline void
zone_case_request(struct zone_case *c)
{
	static const struct spf_request usual = { .receiver = "mx.receiver.test",
		.now = 1700000000,
		.lookup_limit = 10,
		.void_limit = 2,
		.explain = true };
	char *sender = c->request, *helo, *ip, *at;

	c->req = usual;
	helo = zone_case_last(sender);
	ip = zone_case_last(sender);
	at = strrchr(sender, '@');
	c->req.local.s = sender;
	c->req.local.len = at == NULL ? 0 : (size_t)(at - sender);
	c->req.domain = fake_text(at == NULL ? sender : at + 1);
	c->req.helo = fake_text(helo == NULL ? "mx.relay.test" : helo);
	if (ip == NULL || !ipaddr_parse(&c->req.ip, ip, strlen(ip)))
		ipaddr_parse(&c->req.ip, "192.0.2.1", 9);
}

/* zone_case_read - false if the input is too large to be worth the time */
static inline bool
zone_case_read(struct zone_case *c, const uint8_t *data, size_t size)
{
	char *text, *rest, *line;

	if (size > ZONE_CASE_MAX)
		return false;
	rest = text = fuzz_text(data, size);
	strcpy(c->request, fuzz_line(&rest));
	c->zone[0] = '\0';
	while (*rest != '\0') {
		line = fuzz_line(&rest);
		if (!zone_case_line(line))
			continue;
		strcat(c->zone, line);
		strcat(c->zone, "\n");
	}
	free(text);
	zone_case_request(c);
	return true;
}

#endif
