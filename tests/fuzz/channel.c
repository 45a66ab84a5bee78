/* SPDX-License-Identifier: ISC */
/*
 * Messages of a hostile engine. Each has two bytes for its length and one for the number of its
 * descriptors, then its bytes. Whatever they are, received messages keep the contract, and no
 * descriptor stays open.
 */
#include "tests/fuzz/fuzz.h"

#include <sys/socket.h>
#include <unistd.h>

#include "common/channel.h"

#define TYPE_MAX 5
#define FDS_MAX 2
#define MESSAGES_MAX 16

/* lowest_free - the next free descriptor: the same as before if none was left open */
static int
lowest_free(void)
{
	int fd = dup(STDERR_FILENO);

	fuzz_must(fd != -1);
	close(fd);
	return fd;
}

static void
send_raw(int end, const uint8_t *data, size_t len, size_t n_fds)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(4 * sizeof(int))];
	} control = { 0 };
	struct iovec iov = { (void *)(uintptr_t)data, len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cmsg;
	int fds[4] = { STDERR_FILENO, STDERR_FILENO, STDERR_FILENO, STDERR_FILENO };

	if (n_fds > 0) {
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(cmsg), fds, n_fds * sizeof(int));
	}
	fuzz_must(sendmsg(end, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)len);
}

/* check_message - a message that is accepted comes back the same when it is sent */
static void
check_message(int there, int here, struct channel_message *m)
{
	static struct channel_message again;
	const char *error;

	fuzz_must(m->type <= TYPE_MAX && m->n_fds <= FDS_MAX && m->len <= CHANNEL_TEXT_MAX);
	fuzz_must(strlen(m->text) == m->len);
	fuzz_must(channel_send(there, m->type, m->number, m->text, m->fd, m->n_fds));
	fuzz_must(channel_receive(here, &again, TYPE_MAX, FDS_MAX, &error) == 1);
	fuzz_must(again.type == m->type && again.number == m->number && again.n_fds == m->n_fds);
	fuzz_must(fuzz_same(again.text, again.len, m->text, m->len));
	fuzz_say("[%u %zu bytes, %zu fds]", (unsigned)m->type, m->len, m->n_fds);
	while (m->n_fds > 0)
		close(m->fd[--m->n_fds]);
	while (again.n_fds > 0)
		close(again.fd[--again.n_fds]);
}

static void
receive(int there, int here)
{
	static struct channel_message m;
	const char *error = "untouched";
	int got = channel_receive(here, &m, TYPE_MAX, FDS_MAX, &error);

	fuzz_must(got != 0);
	if (got == 1) {
		check_message(there, here, &m);
		return;
	}
	/* An empty message without descriptors means the end, like a closed channel. */
	fuzz_must(m.n_fds == 0);
	fuzz_must(error == NULL || fuzz_is_visible(error, strlen(error)));
	fuzz_say("[%s]", error == NULL ? "end" : error);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd[2], before = lowest_free(), i;
	struct channel_message m;
	const char *error;
	size_t len;

	fuzz_must(channel_pair(fd));
	for (i = 0; i < MESSAGES_MAX && size >= 3; i++) {
		len = (size_t)(data[0] << 8 | data[1]);
		if (len > size - 3)
			len = size - 3;
		send_raw(fd[0], data + 3, len, data[2] % 5);
		receive(fd[0], fd[1]);
		data += 3 + len;
		size -= 3 + len;
	}
	fuzz_must(channel_receive(fd[1], &m, TYPE_MAX, FDS_MAX, &error) == 0);
	close(fd[0]);
	fuzz_must(channel_receive(fd[1], &m, TYPE_MAX, FDS_MAX, &error) == -1 && error == NULL);
	close(fd[1]);
	fuzz_must(lowest_free() == before);
	return 0;
}
