/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/endpoint.h"
#include "srsd/ctl.h"

/* Longer than any lookup-time. */
#define WAIT_SECONDS 120

int
ctl_usage(const char *text)
{
	fprintf(stderr, "usage: srsctl [-f file] [-s socket] %s\n", text);
	return CTL_USAGE;
}

void
ctl_print_json(const json_t *json)
{
	json_dumpf(json, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII | JSON_PRESERVE_ORDER);
	putchar('\n');
}

const char *
ctl_text(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text == NULL ? "" : text;
}

long long
ctl_number(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

static int
connect_to(const char *path)
{
	struct timeval wait = { WAIT_SECONDS, 0 };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd;

	if (strlcpy(un.sun_path, path, sizeof(un.sun_path)) >= sizeof(un.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	if (connect(fd, (struct sockaddr *)&un, sizeof(un)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* converse - one line each way */
static json_t *
converse(int fd, const json_t *request, const char **error)
{
	FILE *stream = fdopen(fd, "r+");
	json_t *reply;
	json_error_t bad;

	*error = "no memory";
	if (stream == NULL) {
		close(fd);
		return NULL;
	}
	*error = "the daemon does not answer";
	if (json_dumpf(request, stream, JSON_COMPACT | JSON_ENSURE_ASCII) != 0 ||
	    putc('\n', stream) == EOF || fflush(stream) == EOF)
		reply = NULL;
	else
		reply = json_loadf(stream, JSON_DISABLE_EOF_CHECK, &bad);
	fclose(stream);
	return reply;
}

void
ctl_say_unreachable(const struct ctl *ctl, const char *error)
{
	fprintf(stderr, "srsctl: %s: %s%s%s\n", ctl->socket == NULL ? "control" : ctl->socket,
	    error, errno == 0 ? "" : ": ", errno == 0 ? "" : strerror(errno));
}

/* finish_connect - 0, or the errno of a connection that was begun */
static int
finish_connect(int fd, int wait_ms)
{
	struct pollfd pfd = { .fd = fd, .events = POLLOUT };
	socklen_t len = sizeof(int);
	int error = ETIMEDOUT;

	if (poll(&pfd, 1, wait_ms) == 1)
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
	return error;
}

static int
connect_address(const struct endpoint_addr *addr, int wait_ms)
{
	int fd = socket(addr->u.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int error = 0;

	if (fd == -1)
		return -1;
	if (connect(fd, &addr->u.sa, addr->len) == -1)
		error = errno == EINPROGRESS ? finish_connect(fd, wait_ms) : errno;
	if (error == 0)
		return fd;
	close(fd);
	errno = error;
	return -1;
}

int
ctl_connect(const char *endpoint, int wait_ms, const char **error)
{
	struct endpoint ep;
	size_t i;
	int fd = -1;

	if (!endpoint_parse(&ep, endpoint, error))
		return -1;
	*error = "it has no address";
	for (i = 0; i < ep.n && fd == -1; i++) {
		fd = connect_address(&ep.addr[i], wait_ms);
		if (fd == -1)
			*error = strerror(errno);
	}
	return fd;
}

json_t *
ctl_ask(const struct ctl *ctl, const json_t *request, const char **error)
{
	int fd;

	*error = "control is none";
	errno = 0;
	if (ctl->socket == NULL)
		return NULL;
	fd = connect_to(ctl->socket);
	*error = errno == EACCES || errno == EPERM ? "only root and the daemon's user may ask"
						   : "no daemon there";
	return fd == -1 ? NULL : converse(fd, request, error);
}

/* say - an error, on standard error */
static void
say(const char *error)
{
	fprintf(stderr, "srsctl: %s\n", error);
}

int
ctl_ask_for(const struct ctl *ctl, const char *command, const char *address, json_t **reply)
{
	json_t *request = json_pack("{s:s, s:s?}", "command", command, "address", address);
	const char *error;

	*reply = NULL;
	if (request == NULL) {
		say("an argument is not UTF-8");
		return CTL_USAGE;
	}
	*reply = ctl_ask(ctl, request, &error);
	json_decref(request);
	if (*reply == NULL) {
		ctl_say_unreachable(ctl, error);
		return CTL_USAGE;
	}
	error = json_string_value(json_object_get(*reply, "error"));
	if (error == NULL)
		return CTL_OK;
	say(error);
	json_decref(*reply);
	*reply = NULL;
	return CTL_FAILED;
}
