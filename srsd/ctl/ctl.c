/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/printable.h"
#include "common/xmalloc.h"
#include "srsd/ctl/connect.h"
#include "srsd/ctl/ctl.h"
#include "srsd/ctl/reply.h"

/* For a connection, a request and a reply each: longer than any lookup-time. */
#define WAIT_SECONDS 120

int
ctl_usage(const struct command_line *line, const char *fmt, ...)
{
	char error[COMMAND_LINE_ERROR_SIZE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(error, sizeof(error), fmt, ap);
	va_end(ap);
	fprintf(stderr, "srsctl: %s: %s\n", line->command->name, printable_line(error));
	return CTL_USAGE;
}

unsigned
ctl_timeout(const struct ctl *ctl, unsigned preset)
{
	return ctl->timeout == 0 ? preset : ctl->timeout;
}

/* put_json_text - jansson considers DEL printable */
static void
put_json_text(const json_t *json, size_t flags)
{
	char *text = json_dumps(json, flags | JSON_ENSURE_ASCII | JSON_PRESERVE_ORDER);
	const char *s;

	for (s = text == NULL ? "" : text; *s != '\0'; s++)
		if (*s == 0x7f)
			fputs("\\u007f", stdout);
		else
			putchar(*s);
	putchar('\n');
	free(text);
}

void
ctl_print_json(const json_t *json)
{
	put_json_text(json, JSON_INDENT(2));
}

void
ctl_print_json_line(const json_t *json)
{
	put_json_text(json, JSON_COMPACT);
}

void
ctl_print_query(const char *text)
{
	char *shown = printable_utf8(xstrdup(text));

	printf("%s\t", shown);
	free(shown);
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

const char *
ctl_time_span(char text[DURATION_TEXT_SIZE], long long seconds)
{
	return duration_format(text, seconds > 0 ? 1000 * (uint64_t)seconds : 0);
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

/* send_daemon_request - returns false with a reason in *error */
static bool
send_daemon_request(int fd, const json_t *request, unsigned seconds, const char **error)
{
	uint64_t until = clock_elapsed(&clock_system) + seconds * UINT64_C(1000);
	char *text = json_dumps(request, JSON_COMPACT | JSON_ENSURE_ASCII), *line;
	size_t len;
	bool ok;

	*error = "out of memory";
	if (text == NULL)
		return false;
	len = (size_t)xasprintf(&line, "%s\n", text);
	ok = connect_send(fd, line, len, until, error);
	free(text);
	free(line);
	return ok;
}

static json_t *
read_daemon_reply(int fd, unsigned seconds, const char **error)
{
	static const char *const faults[] = {
		[REPLY_NONE] = "",
		[REPLY_LATE] = "the daemon did not reply in time",
		[REPLY_ENDED] = "the daemon closed the connection without a reply",
		[REPLY_TOO_LONG] = "the daemon's reply is longer than 1 MiB",
		[REPLY_NO_JSON] = "the daemon's reply is not a JSON object",
	};
	enum reply_fault fault;
	json_t *reply = reply_read(fd, seconds, &fault);

	*error = fault == REPLY_LATE && errno != 0 ? strerror(errno) : faults[fault];
	return reply;
}

/* hint_at_cause - of a failed connect(2) to the control socket; "" for an unknown cause */
static const char *
hint_at_cause(int e)
{
	switch (e) {
	case ENOENT:
	case ECONNREFUSED:
		return " (is srsd running?)";
	case EACCES:
	case EPERM:
		return " (only root and the daemon's user may connect)";
	default:
		return "";
	}
}

int
ctl_open(const struct ctl *ctl, char error[CTL_ERROR_SIZE])
{
	const char *why;
	int fd;

	if (ctl->socket == NULL) {
		strlcpy(error, "the control socket is disabled: srsd.conf has control = \"none\"",
		    CTL_ERROR_SIZE);
		return -1;
	}
	fd = connect_unix(ctl->socket, (int)ctl_timeout(ctl, WAIT_SECONDS) * 1000, &why);
	if (fd == -1)
		snprintf(error, CTL_ERROR_SIZE,
		    "cannot connect to the control socket unix:%s: %s%s", ctl->socket, why,
		    hint_at_cause(errno));
	return fd;
}

/* wait_for_reply - without a limit */
static void
wait_for_reply(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	while (poll(&pfd, 1, -1) == -1 && errno == EINTR)
		;
}

json_t *
ctl_exchange(const struct ctl *ctl, int fd, const json_t *request, bool patient, enum ctl_form form,
    char error[CTL_ERROR_SIZE])
{
	unsigned seconds = ctl_timeout(ctl, WAIT_SECONDS);
	const char *why = "";
	json_t *reply = NULL;

	if (send_daemon_request(fd, request, seconds, &why)) {
		if (patient)
			wait_for_reply(fd);
		reply = read_daemon_reply(fd, seconds, &why);
	}
	if (reply == NULL)
		snprintf(error, CTL_ERROR_SIZE, "control socket unix:%s: %s", ctl->socket, why);
	return form == CTL_AS_JSON ? reply : ctl_make_printable(reply);
}

json_t *
ctl_ask(
    const struct ctl *ctl, const json_t *request, enum ctl_form form, char error[CTL_ERROR_SIZE])
{
	int fd = ctl_open(ctl, error);
	json_t *reply;

	if (fd == -1)
		return NULL;
	reply = ctl_exchange(ctl, fd, request, false, form, error);
	close(fd);
	return reply;
}

void
ctl_print_error(const char *error)
{
	fprintf(stderr, "srsctl: %s\n", error);
}

bool
ctl_print_reply_error(const json_t *reply)
{
	const char *error = json_string_value(json_object_get(reply, "error"));
	char *shown;

	if (error == NULL)
		return false;
	shown = printable_utf8(xstrdup(error));
	ctl_print_error(shown);
	free(shown);
	return true;
}

int
ctl_ask_for(const struct ctl *ctl, const char *command, const char *address, enum ctl_form form,
    json_t **reply)
{
	json_t *request = json_pack("{s:s, s:s?}", "command", command, "address", address);
	char error[CTL_ERROR_SIZE];

	*reply = NULL;
	if (request == NULL) {
		ctl_print_error("an argument is not UTF-8");
		return CTL_USAGE;
	}
	*reply = ctl_ask(ctl, request, form, error);
	json_decref(request);
	if (*reply == NULL) {
		ctl_print_error(error);
		return CTL_UNKNOWN;
	}
	if (!ctl_print_reply_error(*reply))
		return CTL_OK;
	if (form == CTL_AS_JSON)
		ctl_print_json(*reply);
	json_decref(*reply);
	*reply = NULL;
	return CTL_FAILED;
}
