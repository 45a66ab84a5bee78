/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/endpoint.h"
#include "common/ipaddr.h"
#include "srsd/ctl/import/postsrsd2_address.h"

/* The families that postsrsd listens in. */
enum inet_family {
	INET_ANY,
	INET_V4,
	INET_V6,
};

static bool
starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* write_text - false if it does not fit */
static bool
write_text(char text[POSTSRSD2_ADDRESS_SIZE], const char *prefix, const char *rest)
{
	return snprintf(text, POSTSRSD2_ADDRESS_SIZE, "%s%s", prefix, rest) <
	       POSTSRSD2_ADDRESS_SIZE;
}

/* The two parts of PLACE; the host is "" if it has none. */
struct inet_place {
	char host[POSTSRSD2_ADDRESS_SIZE];
	const char *port;
};

/* split_place - at the first colon outside of brackets */
static bool
split_place(const char *text, struct inet_place *place)
{
	bool bracket = text[0] == '[';
	const char *end = strchr(text, bracket ? ']' : ':');

	place->host[0] = '\0';
	place->port = text;
	if (end == NULL)
		return !bracket && text[0] != '\0';
	text += bracket;
	if ((size_t)(end - text) >= sizeof(place->host))
		return false;
	memcpy(place->host, text, (size_t)(end - text));
	place->host[end - text] = '\0';
	end += bracket;
	place->port = end + 1;
	return *end == ':' && *place->port != '\0';
}

/* choose_host - that of srsd, with the brackets of an IPv6 address */
static void
choose_host(const char *host, enum inet_family family, char text[POSTSRSD2_ADDRESS_SIZE])
{
	static const char *const loopback[] = { "localhost", "127.0.0.1", "[::1]" };
	static const char *const all[] = { "*", "0.0.0.0", "[::]" };

	if (host[0] == '\0' || strcmp(host, "localhost") == 0)
		write_text(text, "", loopback[family]);
	else if (strcmp(host, "*") == 0)
		write_text(text, "", all[family]);
	else
		snprintf(
		    text, POSTSRSD2_ADDRESS_SIZE, strchr(host, ':') == NULL ? "%s" : "[%s]", host);
}

static bool
translate_inet(const char *place_text, enum inet_family family, char text[POSTSRSD2_ADDRESS_SIZE],
    const char **why)
{
	char host[POSTSRSD2_ADDRESS_SIZE];
	struct inet_place place;

	*why = "postsrsd does not start with this value";
	if (!split_place(place_text, &place))
		return false;
	choose_host(place.host, family, host);
	if (snprintf(text, POSTSRSD2_ADDRESS_SIZE, "inet:%s:%s", host, place.port) >=
	    POSTSRSD2_ADDRESS_SIZE)
		return false;
	return endpoint_is_valid(text, why);
}

bool
postsrsd2_address_endpoint(const char *value, char text[POSTSRSD2_ADDRESS_SIZE], const char **why)
{
	if (starts_with(value, "inet:"))
		return translate_inet(value + 5, INET_ANY, text, why);
	if (starts_with(value, "inet4:"))
		return translate_inet(value + 6, INET_V4, text, why);
	if (starts_with(value, "inet6:"))
		return translate_inet(value + 6, INET_V6, text, why);
	*why = "postsrsd does not start with this value";
	if (!starts_with(value, "unix:") && !starts_with(value, "local:"))
		return false;
	return write_text(text, "unix:", strchr(value, ':') + 1) && endpoint_is_valid(text, why);
}

const char *
postsrsd2_address_table(const char *endpoint, char text[POSTSRSD2_ADDRESS_SIZE])
{
	static const char queue[] = "unix:/var/spool/postfix/", all[] = "inet:*:";

	if (starts_with(endpoint, queue))
		write_text(text, "unix:", endpoint + strlen(queue));
	else if (starts_with(endpoint, all))
		write_text(text, "inet:127.0.0.1:", endpoint + strlen(all));
	else
		write_text(text, "", endpoint);
	return text;
}

/* parse_host - the address of inet:HOST:PORT; false for a name and for all addresses */
static bool
parse_host(const char *endpoint, struct ipaddr *ip)
{
	static const uint8_t all[sizeof(ip->bytes)];
	const char *host = endpoint + 5, *end = strrchr(host, ':');
	size_t bracket = host[0] == '[';

	return ipaddr_parse(ip, host + bracket, (size_t)(end - host) - 2 * bracket) &&
	       memcmp(ip->bytes, all, ipaddr_size(ip)) != 0;
}

bool
postsrsd2_address_collides(const char *endpoint, const char *other)
{
	struct ipaddr a, b;

	if (!starts_with(endpoint, "inet:") || !starts_with(other, "inet:"))
		return strcmp(endpoint, other) == 0;
	if (strcmp(strrchr(endpoint, ':'), strrchr(other, ':')) != 0)
		return false;
	return !parse_host(endpoint, &a) || !parse_host(other, &b) ||
	       ipaddr_agree(&a, &b, 8 * (unsigned)ipaddr_size(&a));
}

/*
 * append_path - add the components of a path to an absolute one; false if it does not fit
 *
 * As in a chroot, ".." does not lead out of the directory that base names.
 */
static bool
append_path(char text[POSTSRSD2_ADDRESS_SIZE], const char *path)
{
	size_t base = strlen(text), len = base, n;

	for (; *path != '\0'; path += n) {
		path += strspn(path, "/");
		n = strcspn(path, "/");
		if (n == 0 || (n == 1 && path[0] == '.'))
			continue;
		if (n == 2 && strncmp(path, "..", 2) == 0) {
			while (len > base && text[--len] != '/')
				;
			continue;
		}
		if (len + n + 2 > POSTSRSD2_ADDRESS_SIZE)
			return false;
		text[len++] = '/';
		memcpy(text + len, path, n);
		len += n;
	}
	text[len] = '\0';
	return len > base;
}

/* find_file - the path of a file outside of the chroot, after a prefix */
static enum postsrsd2_database
find_file(
    const char *prefix, const char *chroot_dir, const char *path, char text[POSTSRSD2_ADDRESS_SIZE])
{
	const char *start = chroot_dir[0] == '\0' ? path : chroot_dir;
	size_t len;

	if (start[0] != '/')
		return POSTSRSD2_DATABASE_RELATIVE;
	if (!write_text(text, prefix, chroot_dir))
		return POSTSRSD2_DATABASE_INVALID;
	for (len = strlen(text); len > strlen(prefix) && text[len - 1] == '/';)
		text[--len] = '\0';
	return append_path(text, path) ? POSTSRSD2_DATABASE_FOUND : POSTSRSD2_DATABASE_INVALID;
}

static enum postsrsd2_database
find_redis(const char *place, const char *chroot_dir, char text[POSTSRSD2_ADDRESS_SIZE])
{
	const char *colon = strchr(place, ':');
	char *end;

	if (place[0] == '\0' || colon == place)
		return POSTSRSD2_DATABASE_INVALID;
	if (strchr(place, '/') != NULL || colon == NULL)
		return find_file("redis:unix:", chroot_dir, place, text);
	if (strtol(colon + 1, &end, 10) <= 0 || *end != '\0' || !write_text(text, "redis:", place))
		return POSTSRSD2_DATABASE_INVALID;
	return POSTSRSD2_DATABASE_FOUND;
}

enum postsrsd2_database
postsrsd2_address_database(
    const char *value, const char *chroot_dir, char text[POSTSRSD2_ADDRESS_SIZE])
{
	static const char sqlite[] = "sqlite:", redis[] = "redis:";

	if (starts_with(value, redis))
		return find_redis(value + strlen(redis), chroot_dir, text);
	if (!starts_with(value, sqlite))
		return POSTSRSD2_DATABASE_INVALID;
	value += strlen(sqlite);
	if (value[0] == '\0' || strcmp(value, ":memory:") == 0)
		return POSTSRSD2_DATABASE_VOLATILE;
	return find_file(sqlite, chroot_dir, value, text);
}
