/* SPDX-License-Identifier: ISC */
/*
 * echo - the ceiling for a benchmark: a server that always gives the same answer.
 *
 * It parses requests of tcp_table and of the policy protocol only to count them. The difference to
 * srsd is the cost of srsd's work; the rest is the cost of sockets. It has one thread, uses epoll,
 * and allocates nothing for a request.
 *
 * Prints "TABLE-PORT POLICY-PORT" on standard output, and serves on 127.0.0.1 until the end of
 * standard input.
 */
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EVENTS 256
#define BACKLOG 4096

struct protocol {
	const char *reply;
	bool blank_line; /* a request ends with one */
};

static const struct protocol protocols[] = {
	{ "200 SRS0=AAAA=AA=origin.test=alice@srs.test\n", false },
	{ "action=DUNNO\n\n", true },
};

#define PROTOCOLS (sizeof(protocols) / sizeof(protocols[0]))

struct peer {
	const struct protocol *protocol;
	int fd;
	bool listener;
	bool line_begins; /* the previous byte was a newline */
};

static void
watch(int epoll, struct peer *peer)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = peer };

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, peer->fd, &event) == -1)
		err(1, "epoll_ctl");
}

static struct peer *
peer_new(const struct protocol *protocol, int fd, bool listener)
{
	struct peer *peer = calloc(1, sizeof(*peer));

	if (peer == NULL)
		err(1, NULL);
	peer->protocol = protocol;
	peer->fd = fd;
	peer->listener = listener;
	peer->line_begins = true;
	return peer;
}

/* serve - listen for a protocol; returns the port */
static unsigned
serve(int epoll, const struct protocol *protocol)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd == -1 || bind(fd, (struct sockaddr *)&sin, len) == -1 || listen(fd, BACKLOG) == -1 ||
	    getsockname(fd, (struct sockaddr *)&sin, &len) == -1)
		err(1, "127.0.0.1");
	watch(epoll, peer_new(protocol, fd, true));
	return ntohs(sin.sin_port);
}

static void
accept_all(int epoll, const struct peer *listener)
{
	int fd;

	while ((fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK)) != -1)
		watch(epoll, peer_new(listener->protocol, fd, false));
}

/* count_requests - count the requests that end in these bytes */
static size_t
count_requests(struct peer *peer, const char *data, size_t len)
{
	size_t i, n = 0;

	for (i = 0; i < len; i++) {
		n += data[i] == '\n' && (peer->line_begins || !peer->protocol->blank_line);
		peer->line_begins = data[i] == '\n';
	}
	return n;
}

/* answer - reply to n requests; false if the client is gone or does not read */
static bool
answer(const struct peer *peer, size_t n)
{
	static char out[65536];
	size_t reply_len = strlen(peer->protocol->reply), len = 0;

	for (; n > 0 && len + reply_len <= sizeof(out); n--, len += reply_len)
		memcpy(out + len, peer->protocol->reply, reply_len);
	return n == 0 && (len == 0 || send(peer->fd, out, len, MSG_NOSIGNAL) == (ssize_t)len);
}

static void
read_requests(struct peer *peer)
{
	static char in[16384];
	ssize_t n = recv(peer->fd, in, sizeof(in), 0);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0 && answer(peer, count_requests(peer, in, (size_t)n)))
		return;
	close(peer->fd);
	free(peer);
}

int
main(void)
{
	struct epoll_event events[EVENTS], input = { .events = EPOLLIN };
	int epoll = epoll_create1(0), i, n;
	struct peer *peer;
	unsigned port[PROTOCOLS];
	size_t p;

	/* data.ptr is NULL for standard input, of which only the end matters */
	if (epoll == -1 || epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &input) == -1)
		err(1, "epoll");
	for (p = 0; p < PROTOCOLS; p++)
		port[p] = serve(epoll, &protocols[p]);
	printf("%u %u\n", port[0], port[1]);
	fflush(stdout);
	for (;;) {
		n = epoll_wait(epoll, events, EVENTS, -1);
		for (i = 0; i < n; i++) {
			peer = events[i].data.ptr;
			if (peer == NULL)
				_exit(0); /* exit without freeing the peers */
			if (peer->listener)
				accept_all(epoll, peer);
			else
				read_requests(peer);
		}
	}
}
