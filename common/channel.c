/* SPDX-License-Identifier: ISC */
#include <sys/socket.h>
#include <sys/uio.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "common/channel.h"

/* Precedes the text of a message. */
struct channel_header {
	uint32_t type;
	uint32_t number;
};

bool
channel_pair(int fd[2])
{
	struct sockaddr none = { .sa_family = AF_UNIX };
	size_t i;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fd) == -1)
		return false;
	/* The kernel chooses abstract names. A socket that has one cannot be bound to a path. */
	for (i = 0; i < 2; i++)
		(void)bind(fd[i], &none, sizeof(none.sa_family));
	return true;
}

bool
channel_send(
    int end, uint32_t type, uint32_t number, const char *text, const int *fds, size_t n_fds)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(CHANNEL_FDS_MAX * sizeof(int))];
	} control;
	struct channel_header header = { type, number };
	struct iovec iov[2] = { { &header, sizeof(header) }, { NULL, 0 } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };
	struct cmsghdr *cmsg;
	char copy[CHANNEL_TEXT_MAX + 1];

	iov[1].iov_base = copy;
	iov[1].iov_len = text == NULL ? 0 : strlcpy(copy, text, sizeof(copy));
	if (iov[1].iov_len > CHANNEL_TEXT_MAX)
		iov[1].iov_len = CHANNEL_TEXT_MAX;
	if (n_fds > CHANNEL_FDS_MAX) {
		errno = EMSGSIZE;
		return false;
	}
	if (n_fds > 0) {
		memset(&control, 0, sizeof(control));
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(cmsg), fds, n_fds * sizeof(int));
	}
	return sendmsg(end, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) != -1;
}

/* collect_descriptors - collect all descriptors of a message */
static void
collect_descriptors(struct channel_message *m, struct msghdr *msg)
{
	struct cmsghdr *cmsg;
	size_t n;

	for (cmsg = CMSG_FIRSTHDR(msg); cmsg != NULL; cmsg = CMSG_NXTHDR(msg, cmsg)) {
		if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		n = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(m->fd + m->n_fds, CMSG_DATA(cmsg), n * sizeof(int));
		m->n_fds += n;
	}
}

static const char *
find_message_fault(const struct channel_message *m, const struct msghdr *msg, ssize_t got,
    uint32_t max_type, size_t max_fds)
{
	if ((size_t)got < sizeof(struct channel_header) ||
	    (msg->msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
		return "a message of impossible size";
	if (m->type > max_type)
		return "a message of unknown type";
	if (m->n_fds > max_fds)
		return "unexpected descriptors";
	if (memchr(m->text, '\0', m->len) != NULL)
		return "a text with a NUL";
	return NULL;
}

int
channel_receive(
    int end, struct channel_message *m, uint32_t max_type, size_t max_fds, const char **error)
{
	/* Room for as many descriptors as m->fd holds. The kernel closes the others. */
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(CHANNEL_FDS_MAX * sizeof(int))];
	} control;
	struct channel_header header = { 0, 0 };
	struct iovec iov[2] = { { &header, sizeof(header) }, { m->text, CHANNEL_TEXT_MAX } };
	struct msghdr msg = { .msg_iov = iov,
		.msg_iovlen = 2,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(end, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return 0;
	*error = NULL;
	m->n_fds = 0;
	if (n != -1)
		collect_descriptors(m, &msg);
	/* A message of 0 bytes that has descriptors is not the end, and they must be closed. */
	if (n == -1 || (n == 0 && m->n_fds == 0))
		return -1;
	m->type = header.type;
	m->number = header.number;
	m->len = (size_t)n < sizeof(header) ? 0 : (size_t)n - sizeof(header);
	m->text[m->len] = '\0';
	*error = find_message_fault(m, &msg, n, max_type, max_fds);
	if (*error == NULL)
		return 1;
	while (m->n_fds > 0)
		close(m->fd[--m->n_fds]);
	return -1;
}
