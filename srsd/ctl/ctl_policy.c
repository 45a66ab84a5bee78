/* SPDX-License-Identifier: ISC */
/*
 * srsctl policy - the policy service on standard input and output, for spawn(8): a line of
 * master.cf that ran another policy program needs only another argv.
 *
 * Requests and replies end with an empty line. Only whole requests go to the daemon, and only whole
 * replies come back; a request stays here until its reply is there. So when the daemon goes away
 * the requests without a reply are put to its successor, and the client notices nothing.
 *
 * When no daemon can be reached this ends with an error and without a reply. Postfix then asks once
 * more and defers the mail (smtpd_policy_service_try_limit, smtpd_policy_service_default_action):
 * nothing is lost, and nothing gets by unchecked, as a made-up DUNNO would let it.
 *
 * Standard input is not shut down towards the daemon: it takes a client that sends nothing more for
 * one that left. This ends when all requests that came whole have been answered.
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/endpoint.h"
#include "common/log.h"
#include "common/xmalloc.h"
#include "srsd/ctl/ctl.h"

#define USAGE "policy [--to endpoint]"

/* The daemon takes requests of up to 64 KiB, and writes replies of less than 1 KiB. */
#define BUFFER_SIZE (128 * 1024)
#define CONNECT_MS 5000

/* Waits before each attempt since the last reply; a daemon that is started anew takes no longer. */
static const int retry_ms[] = { 0, 200, 400, 800, 1600 };

#define TRIES (sizeof(retry_ms) / sizeof(retry_ms[0]))

struct buffer {
	size_t len;
	size_t whole; /* bytes of whole messages at its beginning */
	char data[BUFFER_SIZE];
};

struct bridge {
	const struct text_list *endpoints;
	struct buffer requests; /* without a reply yet */
	struct buffer replies;  /* not written yet */
	size_t sent;            /* bytes of requests that this daemon got */
	unsigned waiting;       /* requests without a reply */
	bool finished;          /* the client sends nothing more */
	bool client_left;
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

/* measure_message - of the first message with its empty line; 0 when there is no whole one */
static size_t
measure_message(const char *data, size_t len)
{
	const char *line = data, *end = data + len, *nl;

	while ((nl = memchr(line, '\n', (size_t)(end - line))) != NULL) {
		if (nl == line)
			return (size_t)(nl - data) + 1;
		line = nl + 1;
	}
	return 0;
}

static void
remove_messages(struct buffer *buffer, size_t n)
{
	memmove(buffer->data, buffer->data + n, buffer->len - n);
	buffer->len -= n;
	buffer->whole -= n;
}

/* count_new_messages - find the messages that have become whole; returns how many */
static unsigned
count_new_messages(struct buffer *buffer)
{
	unsigned found = 0;
	size_t n;

	while (
	    (n = measure_message(buffer->data + buffer->whole, buffer->len - buffer->whole)) > 0) {
		buffer->whole += n;
		found++;
	}
	return found;
}

/* read_stream - 1 read something, 0 the end, -1 an error; nothing to read is something */
static int
read_stream(struct buffer *buffer, int fd)
{
	ssize_t n = read(fd, buffer->data + buffer->len, sizeof(buffer->data) - buffer->len);

	if (n == -1)
		return errno == EINTR || errno == EAGAIN ? 1 : -1;
	buffer->len += (size_t)n;
	return n > 0 ? 1 : 0;
}

static bool
is_stream_full(const struct buffer *buffer)
{
	return buffer->len == sizeof(buffer->data);
}

/* -- the daemon's side */

/* disconnect_daemon - what it has not answered goes to the next one */
static void
disconnect_daemon(struct bridge *b)
{
	close(b->daemon);
	b->daemon = -1;
	b->sent = 0;
	b->replies.len = b->replies.whole;
}

/* wait_before_retry - before another attempt, so that a daemon has the time to come up */
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
	const char *error = "the daemon ends each connection without a reply";
	size_t i;

	if (b->endpoints->n == 0) {
		fail_bridge(b, "the configuration says policy = {}: there is no such service");
		return;
	}
	for (; b->daemon == -1 && b->tries < TRIES; b->tries++) {
		wait_before_retry(retry_ms[b->tries]);
		for (i = 0; i < b->endpoints->n && b->daemon == -1; i++)
			b->daemon = ctl_connect(b->endpoints->text[i], CONNECT_MS, &error);
	}
	if (b->daemon == -1)
		fail_bridge(b, error);
}

/* accept_replies - whole ones; each answers the request that has waited longest */
static void
accept_replies(struct bridge *b)
{
	unsigned found = count_new_messages(&b->replies);
	size_t n;

	for (; found > 0; found--) {
		n = measure_message(b->requests.data, b->sent);
		if (n == 0) {
			fail_bridge(b, "a reply to no request");
			return;
		}
		remove_messages(&b->requests, n);
		b->sent -= n;
		b->waiting--;
		b->tries = 0;
	}
	if (is_stream_full(&b->replies) && b->replies.whole == 0)
		fail_bridge(b, "a reply without an end");
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
	ssize_t n = write(b->daemon, b->requests.data + b->sent, b->requests.whole - b->sent);

	if (n >= 0)
		b->sent += (size_t)n;
	else if (errno != EINTR && errno != EAGAIN)
		disconnect_daemon(b);
}

/* -- the client's side */

static void
read_client_requests(struct bridge *b)
{
	if (read_stream(&b->requests, STDIN_FILENO) != 1)
		b->finished = true;
	b->waiting += count_new_messages(&b->requests);
	if (is_stream_full(&b->requests) && b->requests.whole == 0)
		fail_bridge(b, "a request without an end");
}

/* write_client_replies - so little that it does not wait, for the descriptor may be a blocking one */
static void
write_client_replies(struct bridge *b)
{
	size_t len = b->replies.whole < PIPE_BUF ? b->replies.whole : PIPE_BUF;
	ssize_t n = write(STDOUT_FILENO, b->replies.data, len);

	if (n >= 0)
		remove_messages(&b->replies, (size_t)n);
	else if (errno != EINTR && errno != EAGAIN)
		b->client_left = true;
}

/* -- both */

/* set_poll_events - what to wait for; a descriptor that is not wanted must not wake us either */
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
	free(b);
	return failed ? CTL_FAILED : CTL_OK;
}

int
ctl_policy(const struct ctl *ctl, int argc, char **argv)
{
	static const struct option names[] = {
		{ "to", required_argument, NULL, 't' },
		{ NULL, 0, NULL, 0 },
	};
	const char *error;
	char *to = NULL;
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (c != 't')
			return ctl_usage(USAGE);
		to = optarg;
	}
	if (optind != argc)
		return ctl_usage(USAGE);
	if (to != NULL && !endpoint_is_valid(to, &error)) {
		log_warnx("--to %s: %s", to, error);
		return CTL_USAGE;
	}
	return run_bridge(to == NULL ? &ctl->settings->policy : &(struct text_list){ 1, &to });
}
