/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "spf/dns/dns_servers.h"
#include "spf/dns/resolver_plan.h"

/* Room for the mark of an incomplete list. */
static const char more[] = ", ...";

/* format_server - "IP" or "IP@PORT", the notation of libunbound, as "IP", "IP:PORT", "[IP]:PORT" */
static void
format_server(const char *s, size_t len, char text[DNS_SERVERS_ONE_SIZE])
{
	const char *at = memchr(s, '@', len);
	size_t ip = at == NULL ? len : (size_t)(at - s);
	bool brackets = at != NULL && memchr(s, ':', ip) != NULL;

	snprintf(text, DNS_SERVERS_ONE_SIZE, "%s%.*s%s", brackets ? "[" : "", (int)ip, s,
	    brackets ? "]" : "");
	if (at == NULL)
		return;
	ip = strlen(text);
	snprintf(text + ip, DNS_SERVERS_ONE_SIZE - ip, ":%.*s", (int)(s + len - at - 1), at + 1);
}

bool
dns_servers_next(const char **plan, char text[DNS_SERVERS_ONE_SIZE])
{
	static const char word[] = RESOLVER_PLAN_FORWARD;
	const char *line;
	size_t len;

	text[0] = '\0';
	while (**plan != '\0' && text[0] == '\0') {
		line = *plan;
		len = strcspn(line, "\n");
		*plan += len + (line[len] == '\n');
		if (strncmp(line, word, sizeof(word) - 1) == 0)
			format_server(line + sizeof(word) - 1, len - (sizeof(word) - 1), text);
	}
	return text[0] != '\0';
}

size_t
dns_servers_list(const char *plan, char text[DNS_SERVERS_SIZE])
{
	char one[DNS_SERVERS_ONE_SIZE];
	bool full = false;
	size_t n = 0;

	text[0] = '\0';
	for (; dns_servers_next(&plan, one); n++) {
		if (full)
			continue;
		full = strlen(text) + 2 + strlen(one) + sizeof(more) > DNS_SERVERS_SIZE;
		if (!full && n > 0)
			strlcat(text, ", ", DNS_SERVERS_SIZE);
		strlcat(text, full ? more : one, DNS_SERVERS_SIZE);
	}
	return n;
}
