/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/ipaddr.h"
#include "common/printable.h"
#include "conf/envelope_database.h"
#include "srsd/store/store_redis_url.h"

#define UNIX "unix:"

static bool
parse_redis_path(struct store_redis_url *url, const char *path, const char **error)
{
	if (path[0] != '/') {
		*error = "the path of a unix socket must begin with /";
		return false;
	}
	if (printable_has_control(path, strlen(path))) {
		*error = "the path of a unix socket has a control character";
		return false;
	}
	if (strlcpy(url->path, path, sizeof(url->path)) >= sizeof(url->path)) {
		*error = "the path of a unix socket can have at most 107 bytes";
		return false;
	}
	return true;
}

static bool
parse_redis_port(struct store_redis_url *url, const char *text, const char **error)
{
	const char *range = NULL;
	long long port = 0;

	/* strtonum(3) accepts blanks and a sign as well. */
	if (text[strspn(text, "0123456789")] == '\0')
		port = strtonum(text, 1, UINT16_MAX, &range);
	if (port == 0) {
		*error = "port is not a number from 1 to 65535";
		return false;
	}
	url->port = (uint16_t)port;
	return true;
}

/* is_ipv6_host - an address, with its interface when it is a link-local one: fe80::1%eth0 */
static bool
is_ipv6_host(const char *host, size_t len)
{
	const char *percent = memchr(host, '%', len);
	size_t n = percent == NULL ? len : (size_t)(percent - host), i;
	struct ipaddr ip;

	if (memchr(host, ':', n) == NULL || !ipaddr_parse(&ip, host, n) || n + 1 == len)
		return false;
	for (i = n; i < len; i++)
		if (host[i] <= ' ' || host[i] >= 0x7f)
			return false;
	return true;
}

/*
 * is_host - an IPv4 address or a name
 *
 * getaddrinfo(3) accepts numbers such as 127.1 as addresses; a name does not end in a number.
 */
static bool
is_host(const char *host, size_t len)
{
	size_t last = len;
	struct ipaddr ip;

	if (ipaddr_parse(&ip, host, len))
		return true;
	while (last > 0 && host[last - 1] != '.')
		last--;
	return hostname_is_mail_domain(host, len) && (host[last] < '0' || host[last] > '9');
}

/* parse_redis_host - the host of "HOST:PORT" or "[HOST]:PORT", which ends before the colon */
static bool
parse_redis_host(struct store_redis_url *url, const char *host, size_t len, const char **error)
{
	bool valid = false;

	if (len > 2 && host[0] == '[' && host[len - 1] == ']') {
		host++;
		len -= 2;
		*error = "no IPv6 address in the brackets";
		valid = is_ipv6_host(host, len);
	} else if (memchr(host, ':', len) != NULL) {
		*error = "an IPv6 address needs brackets: redis:[::1]:PORT";
	} else {
		*error = "host is neither an address nor a name";
		valid = is_host(host, len);
	}
	if (!valid || len >= sizeof(url->host))
		return false;
	memcpy(url->host, host, len);
	url->host[len] = '\0';
	return true;
}

bool
store_redis_url_parse(struct store_redis_url *url, const char *text, const char **error)
{
	const char *colon, *rest;

	memset(url, 0, sizeof(*url));
	*error = "not of the form " STORE_REDIS_FORMS;
	rest = envelope_database_server(text);
	if (rest == NULL)
		return false;
	if (strncmp(rest, UNIX, strlen(UNIX)) == 0)
		return parse_redis_path(url, rest + strlen(UNIX), error);
	colon = strrchr(rest, ':');
	if (colon == NULL || colon == rest)
		return false;
	return parse_redis_host(url, rest, (size_t)(colon - rest), error) &&
	       parse_redis_port(url, colon + 1, error);
}

bool
store_redis_url_needs_password(const struct store_redis_url *url)
{
	static const struct ipaddr loopback6 = { .family = AF_INET6, .bytes = { [15] = 1 } };
	struct ipaddr ip;

	if (url->path[0] != '\0' || strcasecmp(url->host, "localhost") == 0)
		return false;
	if (!ipaddr_parse(&ip, url->host, strlen(url->host)))
		return true;
	return ip.family == AF_INET ? ip.bytes[0] != 127
				    : memcmp(ip.bytes, loopback6.bytes, sizeof(ip.bytes)) != 0;
}

bool
store_redis_url_resolve(
    const struct store_redis_url *url, struct endpoint *endpoint, const char **error)
{
	char text[sizeof("inet:[]:65535") + sizeof(url->host)];

	if (url->path[0] != '\0')
		snprintf(text, sizeof(text), "unix:%s", url->path);
	else if (strchr(url->host, ':') != NULL)
		snprintf(text, sizeof(text), "inet:[%s]:%u", url->host, url->port);
	else
		snprintf(text, sizeof(text), "inet:%s:%u", url->host, url->port);
	return endpoint_parse(endpoint, text, error);
}
