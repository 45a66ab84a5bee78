/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/buffer.h"
#include "common/clock.h"
#include "common/endpoint.h"
#include "common/hostname.h"
#include "common/printable.h"
#include "common/xmalloc.h"
#include "srsd/ctl/confined.h"
#include "srsd/ctl/sibling.h"

#define SMTP_PORT "25"

/*
 * The options of resolv.conf(5) that bound a query to name servers that do not reply, and the time
 * after which no further name is looked up.
 */
#define NAME_OPTIONS "timeout:2 attempts:1"
#define NAMES_MS 10000

/* Seconds for the names, the last of which may have just begun in time. */
#define NAMES_SECONDS 30

/* After the answer the server has this long to reply to QUIT. */
#define QUIT_MS 1000

/* One conversation. */
struct sibling_talk {
	struct endpoint ep;
	size_t next; /* address to try next */
	int fd;      /* -1: no connection */
	bool is_connected;
	uint64_t until;
	struct smtp_question question;
	struct buffer out;
	size_t sent; /* bytes of out */
};

/* Input and memory of the confined process. */
struct sibling_job {
	const struct sibling *siblings;
	size_t n;
	const struct sibling_query *query;
	struct sibling_talk *talks;
};

/* resolve_sibling - false when the talk has ended with a reason */
static bool
resolve_sibling(struct sibling_talk *talk, const char *name, uint64_t until)
{
	const char *error = "no time was left to look up its name";
	bool has_port = !hostname_is_fqdn(name, strlen(name)), ok;
	char *text;

	xasprintf(&text, "inet:%s%s", name, has_port ? "" : ":" SMTP_PORT);
	ok = clock_elapsed(&clock_system) < until && endpoint_parse(&talk->ep, text, &error);
	free(text);
	if (!ok)
		smtp_question_fail(&talk->question, error);
	return ok;
}

/* prepare_talks - look up the names, because the sandbox refuses to open the files for that */
static json_t *
prepare_talks(void *arg)
{
	struct sibling_job *job = arg;
	uint64_t until = clock_elapsed(&clock_system) + NAMES_MS;
	size_t i;

	job->query->forget(job->query->arg);
	setenv("RES_OPTIONS", NAME_OPTIONS, 1);
	job->talks = xcalloc(job->n, sizeof(*job->talks));
	for (i = 0; i < job->n; i++) {
		job->talks[i].fd = -1;
		smtp_question_init(&job->talks[i].question, job->query->helo, job->query->recipient,
		    job->query->forged);
		(void)resolve_sibling(&job->talks[i], job->siblings[i].name, until);
	}
	return NULL;
}

static void
close_talk(struct sibling_talk *talk)
{
	if (talk->fd != -1)
		close(talk->fd);
	talk->fd = -1;
}

/*
 * open_talk - connect to the next address, which gets its share of the time. With no address left,
 * the talk ends with the error of the last one.
 */
static void
open_talk(struct sibling_talk *talk, uint64_t now, uint64_t deadline, const char *error)
{
	const struct endpoint_addr *addr;

	close_talk(talk);
	while (talk->next < talk->ep.n && now < deadline) {
		talk->until = now + (deadline - now) / (talk->ep.n - talk->next);
		addr = &talk->ep.addr[talk->next++];
		talk->fd =
		    socket(addr->u.sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (talk->fd != -1 &&
		    (connect(talk->fd, &addr->u.sa, addr->len) == 0 || errno == EINPROGRESS))
			return;
		error = strerror(errno);
		close_talk(talk);
	}
	smtp_question_fail(&talk->question, error);
}

/* finish_connect - the socket is writable, or has failed */
static void
finish_connect(struct sibling_talk *talk, uint64_t now, uint64_t deadline)
{
	socklen_t len = sizeof(int);
	int error = 0;

	if (getsockopt(talk->fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
		error = errno;
	if (error != 0) {
		open_talk(talk, now, deadline, strerror(error));
		return;
	}
	talk->is_connected = true;
	talk->until = deadline;
}

/* flush_talk - false: the connection has failed */
static bool
flush_talk(struct sibling_talk *talk)
{
	ssize_t n;

	if (talk->sent == talk->out.len)
		return true;
	n = send(talk->fd, talk->out.data + talk->sent, talk->out.len - talk->sent, MSG_NOSIGNAL);
	if (n == -1 && errno != EAGAIN && errno != EINTR) {
		smtp_question_fail(&talk->question, strerror(errno));
		return false;
	}
	talk->sent += n == -1 ? 0 : (size_t)n;
	return true;
}

/* hear_talk - read what has arrived; false when the conversation is over */
static bool
hear_talk(struct sibling_talk *talk)
{
	char data[4096];
	ssize_t n = recv(talk->fd, data, sizeof(data), 0);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (n == -1)
		smtp_question_fail(&talk->question, strerror(errno));
	else if (n == 0)
		smtp_question_fail(&talk->question, "the server closed the connection");
	return n > 0 && smtp_question_take(&talk->question, data, (size_t)n, &talk->out);
}

/* step_talk - the socket is ready, or the time has passed */
static void
step_talk(struct sibling_talk *talk, short events, uint64_t now, uint64_t deadline)
{
	bool was_pending = talk->question.answer == SMTP_PENDING;

	if (now >= talk->until && !talk->is_connected) {
		open_talk(talk, now, deadline, strerror(ETIMEDOUT));
		return;
	}
	if (now >= talk->until) {
		smtp_question_fail(&talk->question, "no reply in time");
		close_talk(talk);
		return;
	}
	if (events != 0 && !talk->is_connected)
		finish_connect(talk, now, deadline);
	else if (events != 0 && (!hear_talk(talk) || !flush_talk(talk)))
		close_talk(talk);
	if (was_pending && talk->question.answer != SMTP_PENDING && talk->until > now + QUIT_MS)
		talk->until = now + QUIT_MS;
}

/* wait_talks - poll all open conversations, each of which then takes a step; false: none is open */
static bool
wait_talks(const struct sibling_job *job, struct pollfd *pfds, uint64_t deadline)
{
	uint64_t now = clock_elapsed(&clock_system), until = now;
	struct sibling_talk *talk;
	bool any = false;
	size_t i;

	for (i = 0; i < job->n; i++) {
		talk = &job->talks[i];
		pfds[i] = (struct pollfd){ .fd = talk->fd, .events = POLLIN };
		if (talk->fd != -1 && (!talk->is_connected || talk->sent < talk->out.len))
			pfds[i].events |= POLLOUT;
		if (talk->fd != -1 && (!any || talk->until < until))
			until = talk->until;
		any |= talk->fd != -1;
	}
	if (!any)
		return false;
	if (poll(pfds, job->n, until > now ? (int)(until - now) : 0) == -1 && errno != EINTR)
		return false;
	now = clock_elapsed(&clock_system);
	for (i = 0; i < job->n; i++)
		if (job->talks[i].fd != -1)
			step_talk(&job->talks[i], pfds[i].revents, now, deadline);
	return true;
}

/* make_talks_reply - the answers, in the order of the siblings; frees the conversations */
static json_t *
make_talks_reply(struct sibling_job *job)
{
	json_t *answers = json_array();
	struct sibling_talk *talk;
	size_t i;

	for (i = 0; i < job->n; i++) {
		talk = &job->talks[i];
		close_talk(talk);
		smtp_question_fail(&talk->question, "no reply");
		json_array_append_new(
		    answers, json_pack("{s:i, s:s}", "answer", (int)talk->question.answer, "reason",
				 talk->question.reason));
		buffer_free(&talk->out);
	}
	free(job->talks);
	return json_pack("{s:o}", "answers", answers);
}

static json_t *
run_talks(void *arg)
{
	struct sibling_job *job = arg;
	uint64_t now = clock_elapsed(&clock_system), deadline = now + job->query->milliseconds;
	struct pollfd *pfds = xcalloc(job->n, sizeof(*pfds));
	size_t i;

	for (i = 0; i < job->n; i++)
		if (job->talks[i].question.answer == SMTP_PENDING)
			open_talk(&job->talks[i], now, deadline, "it has no address");
	while (wait_talks(job, pfds, deadline))
		;
	free(pfds);
	return make_talks_reply(job);
}

/* take_sibling_answer - of a process that may be hostile */
static void
take_sibling_answer(struct sibling *sibling, const json_t *answer, const char *error)
{
	json_int_t number = json_integer_value(json_object_get(answer, "answer"));
	const char *reason = json_string_value(json_object_get(answer, "reason"));

	sibling->answer = SMTP_UNCLEAR;
	if (number == SMTP_ACCEPTS || number == SMTP_REFUSES)
		sibling->answer = (enum smtp_answer)number;
	if (reason == NULL)
		sibling->answer = SMTP_UNCLEAR;
	else
		error = reason;
	printable_text(sibling->reason, sizeof(sibling->reason), error, strlen(error));
}

void
sibling_ask(struct sibling *siblings, size_t n, const struct sibling_query *query)
{
	struct sibling_job job = { siblings, n, query, NULL };
	const struct confined_work work = {
		.prepare = prepare_talks,
		.run = run_talks,
		.arg = &job,
		.seconds = NAMES_SECONDS + query->milliseconds / 1000 + 1,
		.doing = "asks the siblings",
	};
	char error[CONFINED_ERROR_SIZE] = "the process that asks the siblings sent no answer";
	json_t *reply = confined_run(&work, query->id, error);
	size_t i;

	for (i = 0; i < n; i++)
		take_sibling_answer(
		    &siblings[i], json_array_get(json_object_get(reply, "answers"), i), error);
	json_decref(reply);
}
