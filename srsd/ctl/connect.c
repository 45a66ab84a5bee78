/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>
#include <sys/time.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/endpoint.h"
#include "srsd/ctl/connect.h"

/*
 * connect_within - returns 0 or an errno
 *
 * SO_SNDTIMEO limits connect(2) to a unix socket, too. A non-blocking one fails at once when the
 * backlog is full. Linux reports the timeout as EINPROGRESS (TCP) or EAGAIN (unix).
 */
static int
connect_within(int fd, const struct endpoint_addr *addr, int wait_ms)
{
	const struct timeval wait = { wait_ms / 1000, wait_ms % 1000 * 1000 };

	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) == -1)
		return errno;
	if (connect(fd, &addr->u.sa, addr->len) == -1)
		return errno == EINPROGRESS || errno == EAGAIN ? ETIMEDOUT : errno;
	return fcntl(fd, F_SETFL, O_NONBLOCK) == -1 ? errno : 0;
}

/* connect_address - returns a descriptor, or -1 with errno set */
static int
connect_address(const struct endpoint_addr *addr, int wait_ms)
{
	int fd = socket(addr->u.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int error;

	if (fd == -1)
		return -1;
	error = connect_within(fd, addr, wait_ms);
	if (error == 0)
		return fd;
	close(fd);
	errno = error;
	return -1;
}

int
connect_endpoint(const char *endpoint, int wait_ms, const char **error)
{
	struct endpoint ep;
	size_t i;
	int fd = -1;

	errno = 0;
	if (!endpoint_parse(&ep, endpoint, error)) {
		errno = 0;
		return -1;
	}
	*error = "no address";
	for (i = 0; i < ep.n && fd == -1; i++) {
		fd = connect_address(&ep.addr[i], wait_ms);
		if (fd == -1)
			*error = strerror(errno);
	}
	return fd;
}

int
connect_unix(const char *path, int wait_ms, const char **error)
{
	struct endpoint_addr addr = { .len = sizeof(addr.u.un) };
	int fd = -1;

	addr.u.un.sun_family = AF_UNIX;
	if (strlcpy(addr.u.un.sun_path, path, sizeof(addr.u.un.sun_path)) <
	    sizeof(addr.u.un.sun_path))
		fd = connect_address(&addr, wait_ms);
	else
		errno = ENAMETOOLONG;
	if (fd == -1)
		*error = strerror(errno);
	return fd;
}

bool
connect_wait(int fd, short events, uint64_t until, const char **error)
{
	struct pollfd pfd = { .fd = fd, .events = events };
	uint64_t now;
	int n;

	while ((now = clock_elapsed(&clock_system)) < until) {
		n = poll(&pfd, 1, (int)(until - now));
		if (n == 1)
			return true;
		if (n == -1 && errno != EINTR) {
			*error = strerror(errno);
			return false;
		}
	}
	errno = ETIMEDOUT;
	*error = "no answer in time";
	return false;
}

bool
connect_send(int fd, const char *data, size_t len, uint64_t until, const char **error)
{
	ssize_t n;

	while (len > 0) {
		if (!connect_wait(fd, POLLOUT, until, error))
			return false;
		n = send(fd, data, len, MSG_NOSIGNAL);
		if (n == -1 && errno != EAGAIN && errno != EINTR) {
			*error = strerror(errno);
			return false;
		}
		if (n > 0) {
			data += n;
			len -= (size_t)n;
		}
	}
	return true;
}
