/* SPDX-License-Identifier: ISC */
#include <sys/stat.h>

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/endpoint.h"
#include "srsd/check_endpoint.h"

static bool
same_address(const struct endpoint_addr *ours, const struct endpoint_addr *theirs)
{
	static const struct in6_addr any6;

	if (ours->u.sa.sa_family != theirs->u.sa.sa_family)
		return false;
	if (ours->u.sa.sa_family == AF_INET)
		return ours->u.in.sin_port == theirs->u.in.sin_port &&
		       (ours->u.in.sin_addr.s_addr == 0 ||
			   ours->u.in.sin_addr.s_addr == theirs->u.in.sin_addr.s_addr);
	return ours->u.in6.sin6_port == theirs->u.in6.sin6_port &&
	       (memcmp(&ours->u.in6.sin6_addr, &any6, sizeof(any6)) == 0 ||
		   memcmp(&ours->u.in6.sin6_addr, &theirs->u.in6.sin6_addr, sizeof(any6)) == 0);
}

static bool
same_file(const char *a, const char *b)
{
	struct stat sa, sb;

	return strcmp(a, b) == 0 || (stat(a, &sa) == 0 && stat(b, &sb) == 0 &&
					sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino);
}

/* same_inet - an endpoint of ours, and HOST:PORT or PORT as Postfix writes it */
static bool
same_inet(const char *ours, const char *theirs)
{
	struct endpoint a, b;
	char text[CHECK_ENDPOINT_SIZE];
	const char *error;
	size_t i, j;

	snprintf(text, sizeof(text), "inet:%s%s", strchr(theirs, ':') == NULL ? "localhost:" : "",
	    theirs);
	if (strncmp(ours, "inet:", 5) != 0 || !endpoint_parse(&a, ours, &error) ||
	    !endpoint_parse(&b, text, &error))
		return false;
	for (i = 0; i < a.n; i++)
		for (j = 0; j < b.n; j++)
			if (same_address(&a.addr[i], &b.addr[j]))
				return true;
	return false;
}

/* socket_path - the file that smtpd reaches under a path */
static void
socket_path(
    const struct postfix *postfix, const char *path, bool chrooted, char file[CHECK_ENDPOINT_SIZE])
{
	bool in_queue = chrooted || path[0] != '/';

	snprintf(file, CHECK_ENDPOINT_SIZE, "%s%s%s",
	    in_queue ? postfix_get(postfix, "queue_directory") : "",
	    in_queue && path[0] != '/' ? "/" : "", path);
}

bool
check_endpoint_in_maps(const char *maps, const struct text_list *endpoints)
{
	char word[POSTFIX_WORD_SIZE];
	const char *s;
	size_t i;

	while (postfix_word(&maps, word)) {
		s = strncmp(word, "proxy:", 6) == 0 ? word + 6 : word;
		for (i = 0; strncmp(s, "tcp:", 4) == 0 && i < endpoints->n; i++)
			if (same_inet(endpoints->text[i], s + 4))
				return true;
	}
	return false;
}

bool
check_endpoint_is_one(const struct text_list *endpoints, const char *theirs,
    const struct postfix *postfix, bool chrooted)
{
	char file[CHECK_ENDPOINT_SIZE];
	const char *ours;
	size_t i;

	for (i = 0; i < endpoints->n; i++) {
		ours = endpoints->text[i];
		if (strncasecmp(theirs, "inet:", 5) == 0 && same_inet(ours, theirs + 5))
			return true;
		if (strncasecmp(theirs, "unix:", 5) != 0 || strncmp(ours, "unix:", 5) != 0)
			continue;
		socket_path(postfix, theirs + 5, chrooted, file);
		if (same_file(file, ours + 5))
			return true;
	}
	return false;
}

void
check_endpoint_for_client(const char *endpoint, char text[CHECK_ENDPOINT_SIZE])
{
	const char *port = strrchr(endpoint, ':');

	if (strncmp(endpoint, "inet:*:", 7) == 0 || strncmp(endpoint, "inet:0.0.0.0:", 13) == 0)
		snprintf(text, CHECK_ENDPOINT_SIZE, "inet:127.0.0.1%s", port);
	else if (strncmp(endpoint, "inet:[::]:", 10) == 0)
		snprintf(text, CHECK_ENDPOINT_SIZE, "inet:[::1]%s", port);
	else
		strlcpy(text, endpoint, CHECK_ENDPOINT_SIZE);
}

bool
check_endpoint_for_map(const struct text_list *endpoints, char table[CHECK_ENDPOINT_SIZE])
{
	size_t i;

	for (i = 0; i < endpoints->n; i++) {
		if (strncmp(endpoints->text[i], "inet:", 5) != 0)
			continue;
		check_endpoint_for_client(endpoints->text[i], table);
		memmove(table, table + 5, strlen(table + 5) + 1);
		return true;
	}
	return false;
}
