/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "common/ipaddr.h"
#include "spf/dns/dns_servers.h"
#include "spf/dns/resolver_plan.h"

/* Room for the mark of an incomplete list. */
static const char more[] = ", ...";

/* measure_server_ip - of "IP" or "IP@PORT", the notation of libunbound */
static size_t
measure_server_ip(const char *s, size_t len)
{
	const char *at = memchr(s, '@', len);

	return at == NULL ? len : (size_t)(at - s);
}

/* format_server - "IP" or "IP@PORT" as "IP", "IP:PORT", "[IP]:PORT" */
static void
format_server(const char *s, size_t len, char text[DNS_SERVERS_ONE_SIZE])
{
	size_t ip = measure_server_ip(s, len), port = ip + 1;
	bool brackets = ip < len && memchr(s, ':', ip) != NULL;

	snprintf(text, DNS_SERVERS_ONE_SIZE, "%s%.*s%s", brackets ? "[" : "", (int)ip, s,
	    brackets ? "]" : "");
	if (ip == len)
		return;
	ip = strlen(text);
	snprintf(text + ip, DNS_SERVERS_ONE_SIZE - ip, ":%.*s", (int)(len - port), s + port);
}

/* find_plan_server - the next one of a plan, "IP" or "IP@PORT"; moves *plan past its line */
static bool
find_plan_server(const char **plan, const char **server, size_t *len)
{
	static const char word[] = RESOLVER_PLAN_FORWARD;
	const char *line;
	size_t n;

	while (**plan != '\0') {
		line = *plan;
		n = strcspn(line, "\n");
		*plan += n + (line[n] == '\n');
		if (strncmp(line, word, sizeof(word) - 1) != 0)
			continue;
		*server = line + sizeof(word) - 1;
		*len = n - (sizeof(word) - 1);
		return true;
	}
	return false;
}

bool
dns_servers_next(const char **plan, char text[DNS_SERVERS_ONE_SIZE])
{
	const char *server;
	size_t len;

	text[0] = '\0';
	if (!find_plan_server(plan, &server, &len))
		return false;
	format_server(server, len, text);
	return true;
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

struct dns_servers_kinds
dns_servers_find_kinds(const char *plan)
{
	struct dns_servers_kinds kinds = { .loopback = true };
	const char *server;
	struct ipaddr ip;
	size_t len;

	while (find_plan_server(&plan, &server, &len)) {
		len = measure_server_ip(server, len);
		if (memchr(server, ':', len) != NULL)
			kinds.ip6 = true;
		else
			kinds.ip4 = true;
		if (!ipaddr_parse(&ip, server, len) || !ipaddr_is_loopback(&ip))
			kinds.loopback = false;
	}
	kinds.loopback = kinds.loopback && (kinds.ip4 || kinds.ip6);
	return kinds;
}
