/* SPDX-License-Identifier: ISC */
/*
 * The milter of the daemon: does it answer as one? Of the protocol only the negotiation is used, which
 * has no effect.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "srsd/ctl/check/check.h"
#include "srsd/ctl/check/check_endpoint.h"
#include "srsd/ctl/connect.h"

#define CONNECT_MS 5000
#define ANSWER_MS 5000

/*
 * The packet of an MTA: its length, SMFIC_OPTNEG, version 6, all actions and all steps of Postfix. A
 * milter answers with such a packet of its own.
 */
static const char options[] = "\0\0\0\015O\0\0\0\006\0\0\001\377\0\037\377\377";

/* Bytes of a packet up to its command. */
#define HEAD_LEN 5

static bool
read_reply_head(int fd, uint64_t until, char head[HEAD_LEN], const char **error)
{
	size_t got = 0;
	ssize_t n;

	while (got < HEAD_LEN) {
		if (!connect_wait(fd, POLLIN, until, error))
			return false;
		n = read(fd, head + got, HEAD_LEN - got);
		if (n == -1 && (errno == EAGAIN || errno == EINTR))
			continue;
		*error = n == 0 ? "the connection was closed without a reply" : strerror(errno);
		if (n <= 0)
			return false;
		got += (size_t)n;
	}
	return true;
}

/* negotiate_options - false with a reason: it cannot be reached, or is not a milter */
static bool
negotiate_options(const char *endpoint, const char **error)
{
	uint64_t until = clock_elapsed(&clock_system) + ANSWER_MS;
	int fd = connect_endpoint(endpoint, CONNECT_MS, error);
	char head[HEAD_LEN];
	bool ok;

	if (fd == -1)
		return false;
	ok = connect_send(fd, options, sizeof(options) - 1, until, error) &&
	     read_reply_head(fd, until, head, error);
	close(fd);
	if (!ok)
		return false;
	*error = "it does not answer as a milter";
	return head[0] == '\0' && head[HEAD_LEN - 1] == options[HEAD_LEN - 1];
}

void
check_milter(struct check *check)
{
	const struct text_list *list = &check->settings->milter;
	const char *error;
	size_t i;

	for (i = 0; i < list->n; i++) {
		if (negotiate_options(list->text[i], &error)) {
			findings_add(
			    check->findings, FINDING_OK, "milter %s answers", list->text[i]);
			continue;
		}
		findings_add(check->findings, FINDING_ERROR, "milter %s: %s", list->text[i], error);
		check_endpoint_remedy(check, list->text[i]);
	}
}
