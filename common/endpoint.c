/* SPDX-License-Identifier: ISC */
#include <sys/stat.h>
#include <arpa/inet.h>
#include <netinet/tcp.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "common/endpoint.h"
#include "common/ipaddr.h"
#include "common/pathowner.h"

#define HOST_SIZE 256

/* is_ipv6 - a link-local address may have an interface: fe80::1%eth0 */
static bool
is_ipv6(const char *host)
{
	size_t len = strcspn(host, "%");
	struct ipaddr ip;

	return memchr(host, ':', len) != NULL && ipaddr_parse(&ip, host, len);
}

/* split_inet - parse "HOST:PORT" or "[HOST]:PORT"; an empty host or port is an error */
static bool
split_inet(const char *text, char host[HOST_SIZE], const char **port, const char **error)
{
	const char *colon = strrchr(text, ':'), *end = colon;
	bool bracket = text[0] == '[';
	long long number;
	const char *range;

	*error = "expected " ENDPOINT_FORMS;
	if (colon == NULL || colon == text)
		return false;
	if (bracket) {
		text++;
		end = colon - 1;
		if (end <= text || *end != ']')
			return false;
	} else if (memchr(text, ':', (size_t)(end - text)) != NULL) {
		*error = "an IPv6 address needs brackets: inet:[::1]:PORT";
		return false;
	}
	if ((size_t)(end - text) >= HOST_SIZE)
		return false;
	memcpy(host, text, (size_t)(end - text));
	host[end - text] = '\0';
	if (strchr(host, ':') != NULL && !is_ipv6(host)) {
		*error = "the brackets do not contain an IPv6 address";
		return false;
	}
	number = strtonum(colon + 1, 1, 65535, &range);
	if (range != NULL || number == 0) {
		*error = "the port is not a number from 1 to 65535";
		return false;
	}
	*port = colon + 1;
	return true;
}

/* has_resolved - is the address already known? One that a name has twice must be bound once. */
static bool
has_resolved(const struct endpoint *ep, const struct endpoint_addr *addr)
{
	size_t i;

	for (i = 0; i < ep->n; i++)
		if (endpoint_is_same(&ep->addr[i], addr))
			return true;
	return false;
}

/* has_family - does the kernel have this address family? It may run with ipv6.disable=1. */
static bool
has_family(int family)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd != -1)
		close(fd);
	return fd != -1 || errno != EAFNOSUPPORT;
}

static void
add_resolved(struct endpoint *ep, const struct addrinfo *ai)
{
	struct endpoint_addr addr = { .len = ai->ai_addrlen };

	if (ai->ai_addrlen > sizeof(addr.u))
		return;
	memcpy(&addr.u, ai->ai_addr, ai->ai_addrlen);
	if (ep->n < ENDPOINT_ADDRS && !has_resolved(ep, &addr))
		ep->addr[ep->n++] = addr;
}

/* look_up_host - getaddrinfo(3) with these flags besides AI_PASSIVE; returns its error, or 0 */
static int
look_up_host(struct endpoint *ep, const char *host, const char *port, int flags)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | flags };
	struct addrinfo *res, *ai;
	int e = getaddrinfo(host, port, &hints, &res);

	if (e != 0)
		return e;
	for (ai = res; ai != NULL; ai = ai->ai_next)
		if ((flags & AI_NUMERICHOST) || has_family(ai->ai_family))
			add_resolved(ep, ai);
	freeaddrinfo(res);
	return 0;
}

/*
 * resolve_host - set the addresses of a host, which may be one, a name or '*'
 *
 * For a name, AI_ADDRCONFIG omits the address families of which this host has no address. With it,
 * glibc would refuse the address ::1 on a host that has no other IPv6 address. It omits nothing
 * where glibc cannot read the addresses of the host, as in a unit without AF_NETLINK.
 */
static bool
resolve_host(struct endpoint *ep, const char *host, const char *port, const char **error)
{
	bool any = strcmp(host, "*") == 0;
	int e = any ? EAI_NONAME : look_up_host(ep, host, port, AI_NUMERICHOST);

	if (e == EAI_NONAME)
		e = look_up_host(ep, any ? NULL : host, port, AI_ADDRCONFIG);
	if (e != 0)
		*error = gai_strerror(e);
	else if (ep->n == 0)
		*error = "this host does not support its address family";
	return e == 0 && ep->n > 0;
}

static bool
parse_unix(struct endpoint *ep, const char *path, const char **error)
{
	struct sockaddr_un *un = &ep->addr[0].u.un;

	if (path[0] != '/') {
		*error = "the path of a unix socket must begin with /";
		return false;
	}
	un->sun_family = AF_UNIX;
	if (strlcpy(un->sun_path, path, sizeof(un->sun_path)) >= sizeof(un->sun_path)) {
		*error = "the path of a unix socket can have at most 107 bytes";
		return false;
	}
	ep->addr[0].len = sizeof(*un);
	ep->n = 1;
	return true;
}

static bool
parse_endpoint(struct endpoint *ep, const char *text, bool look_up, const char **error)
{
	char host[HOST_SIZE];
	const char *port;

	memset(ep, 0, sizeof(*ep));
	if (strncmp(text, "unix:", 5) == 0)
		return parse_unix(ep, text + 5, error);
	if (strncmp(text, "inet:", 5) != 0) {
		*error = "expected " ENDPOINT_FORMS;
		return false;
	}
	if (!split_inet(text + 5, host, &port, error))
		return false;
	return !look_up || resolve_host(ep, host, port, error);
}

bool
endpoint_is_valid(const char *text, const char **error)
{
	struct endpoint ep;

	return parse_endpoint(&ep, text, false, error);
}

bool
endpoint_parse(struct endpoint *ep, const char *text, const char **error)
{
	return parse_endpoint(ep, text, true, error);
}

bool
endpoint_parse_literal(struct endpoint_addr *addr, const char *text)
{
	char host[HOST_SIZE];
	const char *port, *error;

	memset(addr, 0, sizeof(*addr));
	if (strncmp(text, "inet:", 5) != 0 || !split_inet(text + 5, host, &port, &error))
		return false;
	if (inet_pton(AF_INET, host, &addr->u.in.sin_addr) == 1) {
		addr->len = sizeof(addr->u.in);
		addr->u.sa.sa_family = AF_INET;
		addr->u.in.sin_port = htons((in_port_t)atoi(port));
		return true;
	}
	addr->len = sizeof(addr->u.in6);
	addr->u.sa.sa_family = AF_INET6;
	addr->u.in6.sin6_port = htons((in_port_t)atoi(port));
	return inet_pton(AF_INET6, host, &addr->u.in6.sin6_addr) == 1;
}

bool
endpoint_is_local(const char *text)
{
	char host[HOST_SIZE];
	const char *port, *error;
	struct ipaddr ip;

	if (strncmp(text, "inet:", 5) != 0)
		return strncmp(text, "unix:", 5) == 0;
	if (!split_inet(text + 5, host, &port, &error))
		return false;
	if (ipaddr_parse(&ip, host, strlen(host)))
		return ipaddr_is_loopback(&ip);
	return strcasecmp(host, "localhost") == 0;
}

bool
endpoint_ip(const struct endpoint_addr *addr, struct ipaddr *ip)
{
	if (addr->u.sa.sa_family == AF_INET)
		ipaddr_from_bytes(ip, AF_INET, &addr->u.in.sin_addr);
	else if (addr->u.sa.sa_family == AF_INET6)
		ipaddr_from_bytes(ip, AF_INET6, &addr->u.in6.sin6_addr);
	else
		return false;
	return true;
}

bool
endpoint_is_wildcard(const struct endpoint_addr *addr)
{
	static const struct in6_addr any6;

	if (addr->u.sa.sa_family == AF_INET)
		return addr->u.in.sin_addr.s_addr == 0;
	return addr->u.sa.sa_family == AF_INET6 &&
	       memcmp(&addr->u.in6.sin6_addr, &any6, sizeof(any6)) == 0;
}

static bool
is_same_ip(const struct endpoint_addr *a, const struct endpoint_addr *b)
{
	if (a->u.sa.sa_family == AF_INET)
		return a->u.in.sin_addr.s_addr == b->u.in.sin_addr.s_addr;
	return a->u.in6.sin6_scope_id == b->u.in6.sin6_scope_id &&
	       memcmp(&a->u.in6.sin6_addr, &b->u.in6.sin6_addr, sizeof(struct in6_addr)) == 0;
}

bool
endpoint_is_same_path(const char *a, const char *b)
{
	struct stat sa, sb;

	return strcmp(a, b) == 0 || (stat(a, &sa) == 0 && stat(b, &sb) == 0 &&
					sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino);
}

unsigned
endpoint_port(const struct endpoint_addr *addr)
{
	if (addr->u.sa.sa_family == AF_INET)
		return ntohs(addr->u.in.sin_port);
	return addr->u.sa.sa_family == AF_INET6 ? ntohs(addr->u.in6.sin6_port) : 0;
}

char *
endpoint_find_command(const struct endpoint_addr *addr, char text[ENDPOINT_COMMAND_SIZE])
{
	if (addr->u.sa.sa_family == AF_UNIX)
		snprintf(text, ENDPOINT_COMMAND_SIZE, "ss -lxp src %s", addr->u.un.sun_path);
	else
		snprintf(text, ENDPOINT_COMMAND_SIZE, "ss -ltnp sport = :%u", endpoint_port(addr));
	return text;
}

bool
endpoint_covers(const struct endpoint_addr *a, const struct endpoint_addr *b)
{
	if (a->u.sa.sa_family != b->u.sa.sa_family)
		return false;
	if (a->u.sa.sa_family == AF_UNIX)
		return endpoint_is_same_path(a->u.un.sun_path, b->u.un.sun_path);
	return endpoint_port(a) == endpoint_port(b) &&
	       (endpoint_is_wildcard(a) || is_same_ip(a, b));
}

bool
endpoint_is_same(const struct endpoint_addr *a, const struct endpoint_addr *b)
{
	return endpoint_covers(a, b) && endpoint_covers(b, a);
}

bool
endpoint_overlaps(const struct endpoint_addr *a, const struct endpoint_addr *b)
{
	return endpoint_covers(a, b) || endpoint_covers(b, a);
}

/* remove_stale - unlink a socket that no process listens on; if one does, bind(2) fails */
static void
remove_stale(const struct endpoint_addr *addr)
{
	struct stat st;
	int fd;

	if (lstat(addr->u.un.sun_path, &st) == -1 || !S_ISSOCK(st.st_mode))
		return;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return;
	if (connect(fd, &addr->u.sa, addr->len) == -1 && errno == ECONNREFUSED)
		unlink(addr->u.un.sun_path);
	close(fd);
}

/* A socket to create. The mode and the owner are those of a unix socket. */
struct new_socket {
	const struct endpoint_addr *addr;
	mode_t mode;
	uid_t uid;
	gid_t gid;
};

/*
 * bind_with_mode - bind to a path, with the mode set by the same call
 *
 * Between bind(2) and chmod(2), a user with write access to the directory could replace the socket.
 */
static int
bind_with_mode(int fd, const struct new_socket *un)
{
	mode_t saved;
	int result;

	remove_stale(un->addr);
	saved = umask(~un->mode & 0777);
	result = bind(fd, &un->addr->u.sa, un->addr->len);
	umask(saved);
	return result;
}

/* bind_as - bind to a path with the rights of actor */
static int
bind_as(int fd, const struct new_socket *un, uid_t actor)
{
	int result = -1, saved;

	errno = EPERM;
	if (pathowner_act(actor, un->gid))
		result = bind_with_mode(fd, un);
	saved = errno;
	if (!pathowner_act(0, 0))
		abort();
	errno = saved;
	return result;
}

static int
bind_unix(int fd, const struct new_socket *un)
{
	return bind_as(fd, un, pathowner(un->addr->u.un.sun_path, un->uid));
}

static int
bind_inet(int fd, const struct new_socket *inet)
{
	const struct endpoint_addr *addr = inet->addr;
	int on = 1;

	/* A restart must not wait for old connections. [::] must not occupy the port of 0.0.0.0. */
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == -1)
		return -1;
	if (addr->u.sa.sa_family == AF_INET6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) == -1)
		return -1;
	return bind(fd, &addr->u.sa, addr->len);
}

static void
share_port(int fd, int on)
{
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
}

static int
bind_shared(int fd, const struct new_socket *inet)
{
	share_port(fd, 1);
	return bind_inet(fd, inet);
}

/* listen_on - bind a new socket with this function, and listen on it */
static int
listen_on(const struct new_socket *new, int (*bind_socket)(int fd, const struct new_socket *))
{
	int fd, saved;

	fd = socket(new->addr->u.sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -1;
	if (bind_socket(fd, new) == -1 || listen(fd, ENDPOINT_BACKLOG) == -1) {
		saved = errno;
		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

int
endpoint_listen(const struct endpoint_addr *addr, uid_t uid, gid_t gid)
{
	const struct new_socket new = { addr, 0666, uid, gid };

	return listen_on(&new, addr->u.sa.sa_family == AF_UNIX ? bind_unix : bind_inet);
}

int
endpoint_listen_beside(const struct endpoint_addr *addr, const int *old, size_t n)
{
	const struct new_socket new = { .addr = addr };
	int fd, saved;
	size_t i;

	for (i = 0; i < n; i++)
		share_port(old[i], 1);
	fd = listen_on(&new, bind_shared);
	saved = errno;
	/* A program that does not set the same option cannot listen there by mistake. */
	for (i = 0; i < n; i++)
		share_port(old[i], 0);
	if (fd != -1)
		share_port(fd, 0);
	errno = saved;
	return fd;
}

bool
endpoint_hide(int fd)
{
	int none = INT_MAX;

	return setsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &none, sizeof(none)) == 0;
}

bool
endpoint_address(int fd, struct endpoint_addr *addr)
{
	memset(addr, 0, sizeof(*addr));
	addr->len = sizeof(addr->u);
	return getsockname(fd, &addr->u.sa, &addr->len) == 0;
}

bool
endpoint_is_listening(int fd)
{
	struct pollfd pfd = { .fd = fd };
	int listening = 0;
	socklen_t len = sizeof(listening);

	/* A unix socket still listens after shutdown(2), but accepts no connections. */
	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) == 0 && listening &&
	       poll(&pfd, 1, 0) != -1 && !(pfd.revents & (POLLHUP | POLLERR | POLLNVAL));
}

static bool
is_bound_to(int fd, const struct endpoint_addr *addr)
{
	struct endpoint_addr now;

	return endpoint_address(fd, &now) && now.len == addr->len &&
	       memcmp(&now.u, &addr->u, now.len) == 0;
}

/* restore_socket_options - set the options that the sandbox allows to those of a new socket */
static void
restore_socket_options(int fd, int family)
{
	static const struct {
		int level, name;
	} options[] = {
		{ IPPROTO_IP, IP_MTU_DISCOVER },
		{ IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT },
		{ IPPROTO_IPV6, IPV6_MTU_DISCOVER },
		{ IPPROTO_TCP, TCP_NODELAY },
	};
	int fresh = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0), value, on = 1;
	socklen_t len;
	size_t i;

	for (i = 0; fresh != -1 && i < sizeof(options) / sizeof(options[0]); i++) {
		len = sizeof(value);
		if (getsockopt(fresh, options[i].level, options[i].name, &value, &len) == 0)
			(void)setsockopt(fd, options[i].level, options[i].name, &value, len);
	}
	if (fresh != -1)
		close(fresh);
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
}

/*
 * restore_open_file - restore the flags and the signal owner, and remove the socket filter
 *
 * The sandbox does not allow the engine to set them; this is a second line of defence. False if the
 * filter is locked and so cannot be removed.
 */
static bool
restore_open_file(int fd)
{
	int locked = 0, on = 1;
	socklen_t len = sizeof(locked);

	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	(void)fcntl(fd, F_SETOWN, 0);
	(void)getsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &locked, &len);
	(void)setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &on, sizeof(on));
	return !locked;
}

/* stop_listening - disconnect a TCP socket, whether it listens or is connected */
static bool
stop_listening(int fd)
{
	struct sockaddr none = { .sa_family = AF_UNSPEC };

	return connect(fd, &none, sizeof(none)) == 0;
}

bool
endpoint_revive(int fd, const struct endpoint_addr *addr)
{
	bool is_inet = addr->u.sa.sa_family != AF_UNIX, restored = restore_open_file(fd);

	if (is_inet)
		restore_socket_options(fd, addr->u.sa.sa_family);
	if (restored && endpoint_is_listening(fd))
		return true;
	/* While it listens, no other socket can have its address. */
	if (!is_inet || !stop_listening(fd) || !restored)
		return false;
	/* A port that the kernel chose is now released, though getsockname(2) still reports it. */
	if (!is_bound_to(fd, addr) && bind(fd, &addr->u.sa, addr->len) == -1)
		return false;
	return listen(fd, ENDPOINT_BACKLOG) == 0 && is_bound_to(fd, addr) &&
	       endpoint_is_listening(fd);
}

static void
make_parent_directory(const char *path)
{
	char directory[sizeof(((struct sockaddr_un *)0)->sun_path)];
	char *slash;

	strlcpy(directory, path, sizeof(directory));
	slash = strrchr(directory, '/');
	if (slash == NULL || slash == directory)
		return;
	*slash = '\0';
	(void)mkdir(directory, 0755); /* bind(2) reports a failure */
}

/*
 * give_socket_away - change the owner of a socket that was created with the rights of actor
 *
 * A file that replaced it in the meantime has another owner, or a second name.
 */
static int
give_socket_away(const struct new_socket *un, uid_t actor)
{
	int held = open(un->addr->u.un.sun_path, O_PATH | O_NOFOLLOW | O_CLOEXEC), result = -1;
	struct stat st;

	if (held == -1 || fstat(held, &st) == -1)
		result = -1;
	else if (!S_ISSOCK(st.st_mode) || st.st_uid != actor || st.st_nlink != 1)
		errno = EPERM;
	else
		result = fchownat(held, "", un->uid, un->gid, AT_EMPTY_PATH);
	if (held != -1)
		close(held);
	return result;
}

/* bind_private_socket - mode 0600, so that until the owner is changed only root can connect */
static int
bind_private_socket(int fd, const struct new_socket *un)
{
	uid_t actor = pathowner(un->addr->u.un.sun_path, un->uid);

	if (pathowner_act(actor, un->gid))
		make_parent_directory(un->addr->u.un.sun_path);
	if (bind_as(fd, un, actor) == -1)
		return -1;
	return geteuid() != 0 || actor == un->uid ? 0 : give_socket_away(un, actor);
}

int
endpoint_listen_private(const struct endpoint_addr *addr, uid_t uid, gid_t gid)
{
	const struct new_socket un = { addr, 0600, uid, gid };

	return listen_on(&un, bind_private_socket);
}

char *
endpoint_describe(int fd, char text[ENDPOINT_TEXT_SIZE])
{
	struct endpoint_addr addr;
	char host[INET6_ADDRSTRLEN];

	strlcpy(text, "?", ENDPOINT_TEXT_SIZE);
	if (!endpoint_address(fd, &addr))
		return text;
	if (addr.u.sa.sa_family == AF_UNIX)
		snprintf(text, ENDPOINT_TEXT_SIZE, "unix:%s", addr.u.un.sun_path);
	else if (addr.u.sa.sa_family == AF_INET)
		snprintf(text, ENDPOINT_TEXT_SIZE, "inet:%s:%u",
		    inet_ntop(AF_INET, &addr.u.in.sin_addr, host, sizeof(host)),
		    ntohs(addr.u.in.sin_port));
	else if (addr.u.sa.sa_family == AF_INET6)
		snprintf(text, ENDPOINT_TEXT_SIZE, "inet:[%s]:%u",
		    inet_ntop(AF_INET6, &addr.u.in6.sin6_addr, host, sizeof(host)),
		    ntohs(addr.u.in6.sin6_port));
	return text;
}
