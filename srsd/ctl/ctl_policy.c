/* SPDX-License-Identifier: ISC */
/*
 * srsctl policy - the policy service on standard input and output, for spawn(8): a service of
 * master.cf that ran another policy program needs only another argv.
 *
 * Requests and replies end with an empty line. Only complete requests are sent to the daemon, and
 * only complete replies to Postfix. A request is kept until its reply has arrived. If the daemon is
 * restarted in between, the requests without a reply are sent again, and Postfix does not notice.
 *
 * If the daemon cannot be reached, this command fails without a reply. Postfix then tries once more
 * and defers the mail (smtpd_policy_service_try_limit, smtpd_policy_service_default_action). No
 * mail is lost or accepted unchecked, as it would be after a made-up DUNNO.
 *
 * The end of standard input is not passed on with shutdown(2): the daemon considers such a client
 * gone. The command ends when all complete requests have been answered.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/buffer.h"
#include "common/endpoint.h"
#include "common/log.h"
#include "common/xmalloc.h"
#include "srsd/ctl/connect.h"
#include "srsd/ctl/ctl.h"

/* Bytes of a stream. The daemon accepts requests of 64 KiB, and its replies are below 1 KiB. */
#define STREAM_MAX ((size_t)128 * 1024)
#define CONNECT_MS 5000

/* Waits before each attempt since the last reply; a restart of the daemon takes no longer. */
static const int retry_ms[] = { 0, 200, 400, 800, 1600 };

#define TRIES (sizeof(retry_ms) / sizeof(retry_ms[0]))

struct message_stream {
	struct buffer bytes;
	size_t whole; /* bytes of the complete messages at its beginning */
};

struct bridge {
	const struct text_list *endpoints;
	struct message_stream requests; /* without a reply yet */
	struct message_stream replies;  /* not written yet */
	size_t sent;                    /* bytes of requests that this daemon has received */
	unsigned waiting;               /* complete requests without a reply */
	bool finished;                  /* end of standard input */
	bool client_left;               /* standard output is closed */
	bool failed;
	int daemon; /* -1: not connected */
	size_t tries;
};

static void
fail_bridge(struct bridge *b, const char *why)
{
	log_warnx("policy: %s; Postfix defers the mail", why);
	b->failed = true;
}

/* measure_message - returns the length of the first message, or 0 when it is incomplete */
static size_t
measure_message(const char *data, size_t len)
{
	const char *nl;
	size_t at = 0;

	while (at < len && (nl = memchr(data + at, '\n', len - at)) != NULL) {
		if (nl == data + at)
			return at + 1;
		at = (size_t)(nl - data) + 1;
	}
	return 0;
}

/* remove_messages - the first n bytes, which are complete messages or the rest of one */
static void
remove_messages(struct message_stream *stream, size_t n)
{
	struct buffer *bytes = &stream->bytes;

	if (n == 0)
		return;
	memmove(bytes->data, bytes->data + n, bytes->len - n);
	bytes->len -= n;
	stream->whole -= n;
}

/* count_new_messages - returns how many have become complete since the last call */
static unsigned
count_new_messages(struct message_stream *stream)
{
	const struct buffer *bytes = &stream->bytes;
	unsigned found = 0;
	size_t n;

	if (bytes->len == 0)
		return 0;
	while ((n = measure_message(bytes->data + stream->whole, bytes->len - stream->whole)) > 0) {
		stream->whole += n;
		found++;
	}
	return found;
}

/* read_stream - returns 1 while the stream goes on, 0 at its end, -1 for an error */
static int
read_stream(struct message_stream *stream, int fd)
{
	size_t room = STREAM_MAX - stream->bytes.len;
	char buf[16 * 1024];
	ssize_t n = read(fd, buf, room < sizeof(buf) ? room : sizeof(buf));

	if (n == -1)
		return errno == EINTR || errno == EAGAIN ? 1 : -1;
	buffer_add(&stream->bytes, buf, (size_t)n);
	return n > 0 ? 1 : 0;
}

static bool
is_stream_full(const struct message_stream *stream)
{
	return stream->bytes.len == STREAM_MAX;
}

/* disconnect_daemon - the next connection gets all requests that are still without a reply */
static void
disconnect_daemon(struct bridge *b)
{
	close(b->daemon);
	b->daemon = -1;
	b->sent = 0;
	b->replies.bytes.len = b->replies.whole;
}

static void
wait_before_retry(int ms)
{
	struct timespec wait = { ms / 1000, ms % 1000 * 1000000L };

	while (nanosleep(&wait, &wait) == -1 && errno == EINTR)
		;
}

static void
connect_daemon(struct bridge *b)
{
	char why[CTL_ERROR_SIZE] = "the daemon closes each connection without a reply";
	const char *endpoint, *error;
	size_t i;

	if (b->endpoints->n == 0) {
		fail_bridge(b, "srsd.conf has no policy service: policy = {}");
		return;
	}
	for (; b->daemon == -1 && b->tries < TRIES; b->tries++) {
		wait_before_retry(retry_ms[b->tries]);
		for (i = 0; i < b->endpoints->n && b->daemon == -1; i++) {
			endpoint = b->endpoints->text[i];
			b->daemon = connect_endpoint(endpoint, CONNECT_MS, &error);
			if (b->daemon == -1)
				snprintf(
				    why, sizeof(why), "cannot connect to %s: %s", endpoint, error);
		}
	}
	if (b->daemon == -1)
		fail_bridge(b, why);
}

/* accept_replies - each complete reply removes the oldest request */
static void
accept_replies(struct bridge *b)
{
	unsigned found = count_new_messages(&b->replies);
	size_t n;

	for (; found > 0; found--) {
		n = measure_message(b->requests.bytes.data, b->sent);
		if (n == 0) {
			fail_bridge(b, "the daemon sent a reply without a request");
			return;
		}
		remove_messages(&b->requests, n);
		b->sent -= n;
		b->waiting--;
		b->tries = 0;
	}
	if (is_stream_full(&b->replies) && b->replies.whole == 0)
		fail_bridge(b, "the daemon sent a reply of more than 128 KiB");
}

static void
read_daemon_replies(struct bridge *b)
{
	if (read_stream(&b->replies, b->daemon) != 1)
		disconnect_daemon(b);
	else
		accept_replies(b);
}

static void
write_daemon_requests(struct bridge *b)
{
	ssize_t n = write(b->daemon, b->requests.bytes.data + b->sent, b->requests.whole - b->sent);

	if (n >= 0)
		b->sent += (size_t)n;
	else if (errno != EINTR && errno != EAGAIN)
		disconnect_daemon(b);
}

static void
read_client_requests(struct bridge *b)
{
	if (read_stream(&b->requests, STDIN_FILENO) != 1)
		b->finished = true;
	b->waiting += count_new_messages(&b->requests);
	if (is_stream_full(&b->requests) && b->requests.whole == 0)
		fail_bridge(b, "a request of Postfix has more than 128 KiB");
}

/* write_client_replies - PIPE_BUF bytes do not block after POLLOUT, on a blocking one either */
static void
write_client_replies(struct bridge *b)
{
	size_t len = b->replies.whole < PIPE_BUF ? b->replies.whole : PIPE_BUF;
	ssize_t n = write(STDOUT_FILENO, b->replies.bytes.data, len);

	if (n >= 0)
		remove_messages(&b->replies, (size_t)n);
	else if (errno != EINTR && errno != EAGAIN)
		b->client_left = true;
}

/* set_poll_events - without events, poll(2) must not report POLLHUP or POLLERR either */
static void
set_poll_events(struct pollfd *pfd, int fd, short events)
{
	pfd->fd = events == 0 ? -1 : fd;
	pfd->events = events;
	pfd->revents = 0;
}

static void
serve_bridge_once(struct bridge *b)
{
	short input = b->finished || is_stream_full(&b->requests) ? 0 : POLLIN;
	short output = b->replies.whole > 0 ? POLLOUT : 0;
	short daemon = is_stream_full(&b->replies) ? 0 : POLLIN;
	struct pollfd pfd[3];

	if (b->sent < b->requests.whole)
		daemon |= POLLOUT;
	set_poll_events(&pfd[0], STDIN_FILENO, input);
	set_poll_events(&pfd[1], STDOUT_FILENO, output);
	set_poll_events(&pfd[2], b->daemon, b->daemon == -1 ? 0 : daemon);
	if (poll(pfd, 3, -1) == -1) {
		if (errno != EINTR)
			fail_bridge(b, strerror(errno));
		return;
	}
	if (pfd[2].revents & POLLOUT)
		write_daemon_requests(b);
	if (b->daemon != -1 && (pfd[2].revents & ~POLLOUT))
		read_daemon_replies(b);
	if (pfd[0].revents != 0)
		read_client_requests(b);
	if (pfd[1].revents != 0)
		write_client_replies(b);
}

static bool
is_bridge_done(const struct bridge *b)
{
	return b->failed || b->client_left ||
	       (b->finished && b->waiting == 0 && b->replies.whole == 0);
}

static int
run_bridge(const struct text_list *endpoints)
{
	struct bridge *b = xcalloc(1, sizeof(*b));
	bool failed;

	signal(SIGPIPE, SIG_IGN);
	b->endpoints = endpoints;
	b->daemon = -1;
	while (!is_bridge_done(b)) {
		if (b->daemon == -1 && b->waiting > 0)
			connect_daemon(b);
		if (!b->failed)
			serve_bridge_once(b);
		log_flush();
	}
	if (b->daemon != -1)
		close(b->daemon);
	failed = b->failed;
	buffer_free(&b->requests.bytes);
	buffer_free(&b->replies.bytes);
	free(b);
	return failed ? CTL_UNKNOWN : CTL_OK;
}

int
ctl_policy(const struct ctl *ctl, const struct command_line *line)
{
	const char *to = command_line_text(line, "to"), *error;
	struct text_list given;
	char *endpoint;
	int status;

	if (to == NULL)
		return run_bridge(&ctl->settings->policy);
	if (!endpoint_is_valid(to, &error)) {
		log_warnx("policy: --to: '%s': %s", to, error);
		return CTL_USAGE;
	}
	endpoint = xstrdup(to);
	given = (struct text_list){ 1, &endpoint };
	status = run_bridge(&given);
	free(endpoint);
	return status;
}
