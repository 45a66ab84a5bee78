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
#include "common/printable.h"
#include "common/xmalloc.h"
#include "srsd/ctl/ctl.h"
#include "srsd/ctl/reply.h"

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
	char *text = json_dumps(json, JSON_INDENT(2) | JSON_ENSURE_ASCII | JSON_PRESERVE_ORDER);
	const char *s;

	/* jansson takes DEL for visible. */
	for (s = text == NULL ? "" : text; *s != '\0'; s++)
		if (*s == 0x7f)
			fputs("\\u007f", stdout);
		else
			putchar(*s);
	putchar('\n');
	free(text);
}

const char *
ctl_string(const json_t *value)
{
	const char *text = json_string_value(value);

	return text == NULL ? "" : text;
}

const char *
ctl_text(const json_t *object, const char *name)
{
	return ctl_string(json_object_get(object, name));
}

long long
ctl_number(const json_t *object, const char *name)
{
	long long number = json_integer_value(json_object_get(object, name));

	if (number > CTL_NUMBER_MAX)
		return CTL_NUMBER_MAX;
	return number < -CTL_NUMBER_MAX ? -CTL_NUMBER_MAX : number;
}

static json_t *
make_object_printable(json_t *object)
{
	json_t *copy = json_object(), *value;
	const char *name;
	char *shown;

	json_object_foreach (object, name, value) {
		shown = printable_utf8(xstrdup(name));
		json_object_set_new(copy, shown, ctl_make_printable(json_incref(value)));
		free(shown);
	}
	return copy;
}

static json_t *
make_array_printable(const json_t *array)
{
	json_t *copy = json_array(), *value;
	size_t i;

	json_array_foreach (array, i, value)
		json_array_append_new(copy, ctl_make_printable(json_incref(value)));
	return copy;
}

json_t *
ctl_make_printable(json_t *value)
{
	json_t *copy;
	char *shown;

	if (json_is_object(value)) {
		copy = make_object_printable(value);
	} else if (json_is_array(value)) {
		copy = make_array_printable(value);
	} else if (json_is_string(value)) {
		shown = printable_utf8(xstrdup(json_string_value(value)));
		copy = json_string(shown);
		free(shown);
	} else {
		return value;
	}
	json_decref(value);
	return copy;
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
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
	if (connect(fd, (struct sockaddr *)&un, sizeof(un)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* send_daemon_request - false with a reason when the daemon does not take it */
static bool
send_daemon_request(int fd, const json_t *request, const char **error)
{
	char *text = json_dumps(request, JSON_COMPACT | JSON_ENSURE_ASCII), *line;
	size_t done = 0, len;
	ssize_t n = 0;

	*error = "no memory";
	if (text == NULL)
		return false;
	*error = "the daemon does not take the request";
	len = (size_t)xasprintf(&line, "%s\n", text);
	while (done < len && (n != -1 || errno == EINTR)) {
		n = send(fd, line + done, len - done, MSG_NOSIGNAL);
		done += n > 0 ? (size_t)n : 0;
	}
	free(text);
	free(line);
	return done == len;
}

static json_t *
read_daemon_reply(int fd, const char **error)
{
	static const char *const faults[] = {
		[REPLY_NONE] = "",
		[REPLY_LATE] = "the daemon does not answer",
		[REPLY_ENDED] = "the daemon closed the connection without a reply",
		[REPLY_TOO_LONG] = "the daemon's reply is longer than 1 MiB",
		[REPLY_NO_JSON] = "the daemon's reply is not a JSON object",
	};
	enum reply_fault fault;
	json_t *reply = reply_read(fd, WAIT_SECONDS, &fault);

	*error = faults[fault];
	return reply;
}

/* exchange_with_daemon - one line each way */
static json_t *
exchange_with_daemon(int fd, const json_t *request, const char **error)
{
	json_t *reply = NULL;

	if (send_daemon_request(fd, request, error))
		reply = read_daemon_reply(fd, error);
	close(fd);
	return reply;
}

void
ctl_print_unreachable(const struct ctl *ctl, const char *error)
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
ctl_ask(const struct ctl *ctl, const json_t *request, enum ctl_form form, const char **error)
{
	json_t *reply;
	int fd;

	*error = "control is none";
	errno = 0;
	if (ctl->socket == NULL)
		return NULL;
	fd = connect_to(ctl->socket);
	*error = errno == EACCES || errno == EPERM ? "only root and the daemon's user may ask"
						   : "no daemon there";
	reply = fd == -1 ? NULL : exchange_with_daemon(fd, request, error);
	return form == CTL_AS_JSON ? reply : ctl_make_printable(reply);
}

/* print_ctl_error - an error, on standard error */
static void
print_ctl_error(const char *error)
{
	fprintf(stderr, "srsctl: %s\n", error);
}

bool
ctl_print_error(const json_t *reply)
{
	const char *error = json_string_value(json_object_get(reply, "error"));
	char *shown;

	if (error == NULL)
		return false;
	shown = printable_utf8(xstrdup(error));
	print_ctl_error(shown);
	free(shown);
	return true;
}

int
ctl_ask_for(const struct ctl *ctl, const char *command, const char *address, enum ctl_form form,
    json_t **reply)
{
	json_t *request = json_pack("{s:s, s:s?}", "command", command, "address", address);
	const char *error;

	*reply = NULL;
	if (request == NULL) {
		print_ctl_error("an argument is not UTF-8");
		return CTL_USAGE;
	}
	*reply = ctl_ask(ctl, request, form, &error);
	json_decref(request);
	if (*reply == NULL) {
		ctl_print_unreachable(ctl, error);
		return CTL_USAGE;
	}
	if (!ctl_print_error(*reply))
		return CTL_OK;
	json_decref(*reply);
	*reply = NULL;
	return CTL_FAILED;
}
