/* SPDX-License-Identifier: ISC */
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/endpoint.h"
#include "srsd/ctl/postfix_endpoint.h"

/* choose_family - the address family for getaddrinfo(3) that inet_protocols permits */
static int
choose_family(const struct postfix *postfix)
{
	const char *protocols = postfix_get(postfix, "inet_protocols");
	bool v4 = postfix_list_has(protocols, "ipv4"), v6 = postfix_list_has(protocols, "ipv6");

	return v4 == v6 ? AF_UNSPEC : v4 ? AF_INET : AF_INET6;
}

/* split_target - HOST:PORT, [HOST]:PORT, :PORT or PORT, as in host_port(3) of Postfix */
static bool
split_target(char *text, const char **host, const char **port)
{
	char *end;

	*host = "localhost";
	if (text[0] == '[') {
		end = strchr(text, ']');
		if (end == NULL || end[1] != ':')
			return false;
		*end = '\0';
		*host = text + (strncasecmp(text, "[ipv6:", 6) == 0 ? 6 : 1);
		*port = end + 2;
	} else if ((end = strrchr(text, ':')) != NULL) {
		*end = '\0';
		if (end > text)
			*host = text;
		*port = end + 1;
	} else {
		*port = text;
	}
	return **host != '\0' && **port != '\0';
}

/* resolve_target - NULL: HOST:PORT has no such address */
static struct addrinfo *
resolve_target(const char *theirs, int family, int flags)
{
	struct addrinfo hints = { .ai_family = family, .ai_flags = flags }, *all;
	char text[POSTFIX_ENDPOINT_SIZE];
	const char *host, *port;

	hints.ai_socktype = SOCK_STREAM;
	if (strlcpy(text, theirs, sizeof(text)) >= sizeof(text) ||
	    !split_target(text, &host, &port) || getaddrinfo(host, port, &hints, &all) != 0)
		return NULL;
	return all;
}

bool
postfix_endpoint_is_excluded(const struct postfix *postfix, const char *theirs)
{
	struct addrinfo *all = resolve_target(theirs, AF_UNSPEC, AI_NUMERICHOST);
	int family = choose_family(postfix);
	bool excluded;

	if (all == NULL)
		return false;
	excluded = family != AF_UNSPEC && family != all->ai_family;
	freeaddrinfo(all);
	return excluded;
}

void
postfix_endpoint_targets(
    const struct postfix *postfix, const char *theirs, struct endpoint *targets)
{
	struct addrinfo *all = resolve_target(theirs, AF_UNSPEC, AI_NUMERICHOST), *ai;

	targets->n = 0;
	if (all == NULL)
		all = resolve_target(theirs, choose_family(postfix), 0);
	if (all == NULL)
		return;
	for (ai = all; ai != NULL && targets->n < ENDPOINT_ADDRS; ai = ai->ai_next) {
		targets->addr[targets->n].len = ai->ai_addrlen;
		memcpy(&targets->addr[targets->n++].u, ai->ai_addr, ai->ai_addrlen);
	}
	freeaddrinfo(all);
}

bool
postfix_endpoint_is_ours(const struct endpoint_addr *theirs, const struct text_list *endpoints)
{
	struct endpoint ours;
	const char *error;
	size_t i, j;

	for (i = 0; i < endpoints->n; i++) {
		if (strncmp(endpoints->text[i], "inet:", 5) != 0 ||
		    !endpoint_parse(&ours, endpoints->text[i], &error))
			continue;
		for (j = 0; j < ours.n; j++)
			if (endpoint_covers(&ours.addr[j], theirs))
				return true;
	}
	return false;
}

bool
postfix_endpoint_reaches(
    const struct postfix *postfix, const char *theirs, const struct text_list *endpoints)
{
	struct endpoint targets;
	size_t i;

	postfix_endpoint_targets(postfix, theirs, &targets);
	for (i = 0; i < targets.n; i++)
		if (postfix_endpoint_is_ours(&targets.addr[i], endpoints))
			return true;
	return false;
}

/* resolve_socket_path - the file that smtpd(8) means by a path */
static void
resolve_socket_path(const struct postfix *postfix, const char *path, bool chrooted,
    char file[POSTFIX_ENDPOINT_SIZE])
{
	bool in_queue = chrooted || path[0] != '/';

	snprintf(file, POSTFIX_ENDPOINT_SIZE, "%s%s%s",
	    in_queue ? postfix_get(postfix, "queue_directory") : "",
	    in_queue && path[0] != '/' ? "/" : "", path);
}

/* is_tcp_map_of - is one of the tables tcp:HOST:PORT one of the endpoints? */
static bool
is_tcp_map_of(const struct postfix *postfix, const char *maps, const struct text_list *endpoints)
{
	char word[POSTFIX_WORD_SIZE];
	const char *s;

	while (postfix_word(&maps, word)) {
		s = strncmp(word, "proxy:", 6) == 0 ? word + 6 : word;
		if (strncmp(s, "tcp:", 4) == 0 &&
		    postfix_endpoint_reaches(postfix, s + 4, endpoints))
			return true;
	}
	return false;
}

bool
postfix_endpoint_is_one(const struct text_list *endpoints, const char *theirs,
    const struct postfix *postfix, bool chrooted)
{
	char file[POSTFIX_ENDPOINT_SIZE];
	const char *ours, *path;
	size_t i;

	/* The case of the first word matters (auto_clnt_create() of Postfix). */
	if (strncmp(theirs, "inet:", 5) == 0)
		return postfix_endpoint_reaches(postfix, theirs + 5, endpoints);
	if (strncmp(theirs, "unix:", 5) != 0 && strncmp(theirs, "local:", 6) != 0)
		return false;
	path = strchr(theirs, ':') + 1;
	for (i = 0; i < endpoints->n; i++) {
		ours = endpoints->text[i];
		if (strncmp(ours, "unix:", 5) != 0)
			continue;
		resolve_socket_path(postfix, path, chrooted, file);
		if (endpoint_is_same_path(file, ours + 5))
			return true;
	}
	return false;
}

struct postfix_map_place
postfix_endpoint_place(const struct settings *settings, const char *name)
{
	struct postfix_map_place place = { name, &settings->forward, &settings->socketmap };

	if (strcmp(name, "reverse") == 0)
		place.tcp = &settings->reverse;
	return place;
}

/* is_socketmap_of - is it ENDPOINT:NAME, with the name of the map and one of its endpoints? */
static bool
is_socketmap_of(const struct postfix *postfix, const char *table,
    const struct postfix_map_place *place, bool chrooted)
{
	const char *colon = strrchr(table, ':');
	char endpoint[POSTFIX_ENDPOINT_SIZE];

	if (colon == NULL || strcmp(colon + 1, place->name) != 0 ||
	    (size_t)(colon - table) >= sizeof(endpoint))
		return false;
	memcpy(endpoint, table, (size_t)(colon - table));
	endpoint[colon - table] = '\0';
	return postfix_endpoint_is_one(place->socketmap, endpoint, postfix, chrooted);
}

bool
postfix_endpoint_names_map(const struct postfix *postfix, const char *maps,
    const struct postfix_map_place *place, bool chrooted)
{
	char word[POSTFIX_WORD_SIZE];
	const char *rest = maps, *s;
	bool is_proxied;

	if (is_tcp_map_of(postfix, maps, place->tcp))
		return true;
	while (postfix_word(&rest, word)) {
		is_proxied = strncmp(word, "proxy:", 6) == 0; /* proxymap(8) has no chroot */
		s = is_proxied ? word + 6 : word;
		if (strncmp(s, "socketmap:", 10) == 0 &&
		    is_socketmap_of(postfix, s + 10, place, chrooted && !is_proxied))
			return true;
	}
	return false;
}

void
postfix_endpoint_for_client(const char *endpoint, char text[POSTFIX_ENDPOINT_SIZE])
{
	const char *port = strrchr(endpoint, ':');

	if (strncmp(endpoint, "inet:*:", 7) == 0 || strncmp(endpoint, "inet:0.0.0.0:", 13) == 0)
		snprintf(text, POSTFIX_ENDPOINT_SIZE, "inet:127.0.0.1%s", port);
	else if (strncmp(endpoint, "inet:[::]:", 10) == 0)
		snprintf(text, POSTFIX_ENDPOINT_SIZE, "inet:[::1]%s", port);
	else
		strlcpy(text, endpoint, POSTFIX_ENDPOINT_SIZE);
}

/* find_inet_table - HOST:PORT of the first endpoint that a TCP client can use */
static bool
find_inet_table(const struct text_list *endpoints, char table[POSTFIX_ENDPOINT_SIZE])
{
	size_t i;

	for (i = 0; i < endpoints->n; i++) {
		if (strncmp(endpoints->text[i], "inet:", 5) != 0)
			continue;
		postfix_endpoint_for_client(endpoints->text[i], table);
		memmove(table + 4, table + 5, strlen(table + 5) + 1);
		memcpy(table, "tcp:", 4);
		return true;
	}
	return false;
}

bool
postfix_endpoint_for_map(const struct postfix_map_place *place, char table[POSTFIX_ENDPOINT_SIZE])
{
	char text[POSTFIX_ENDPOINT_SIZE];

	if (find_inet_table(place->tcp, table))
		return true;
	if (place->socketmap->n == 0)
		return false;
	postfix_endpoint_for_client(place->socketmap->text[0], text);
	return snprintf(table, POSTFIX_ENDPOINT_SIZE, "socketmap:%s:%s", text, place->name) <
	       POSTFIX_ENDPOINT_SIZE;
}
