/* SPDX-License-Identifier: ISC */
/*
 * echo - the ceiling for a benchmark: a server that always gives the same answer.
 *
 *	echo [DIRECTORY]
 *
 * It parses requests of tcp_table, of the policy, milter and socketmap protocols only to count them.
 * The difference to srsd is the cost of srsd's work; the rest is the cost of sockets. It has one
 * thread, uses epoll, and allocates nothing for a request. As a milter it negotiates what srsd does,
 * and continues at each recipient and at the end of a message.
 *
 * Prints "TABLE-PORT POLICY-PORT MILTER-PORT SOCKETMAP-PORT" on standard output, and serves on
 * 127.0.0.1 until the end of standard input. With DIRECTORY, it also serves each protocol on a unix
 * socket there, DIRECTORY/table and so on.
 */
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EVENTS 256
#define BACKLOG 4096

/* The length of a milter's packet, and its command. */
#define PACKET_HEAD 5

struct peer;

/* The replies to the requests of one read. */
struct replies {
	size_t len;
	bool full;
	char data[65536];
};

struct protocol {
	const char *name;
	void (*answer)(struct peer *peer, const char *data, size_t len, struct replies *replies);
	const char *reply;
	size_t reply_len;
};

struct peer {
	const struct protocol *protocol;
	int fd;
	bool listener;
	bool line_begins; /* the previous byte was a newline */
	size_t head_len;  /* bytes of head; of a netstring, its length so far */
	size_t skip;      /* bytes of a payload that follow */
	unsigned char head[PACKET_HEAD];
};

static void
add_reply(struct replies *replies, const char *reply, size_t len)
{
	replies->full = replies->full || len > sizeof(replies->data) - replies->len;
	if (replies->full)
		return;
	memcpy(replies->data + replies->len, reply, len);
	replies->len += len;
}

/* answer_lines - each line is a request */
static void
answer_lines(struct peer *peer, const char *data, size_t len, struct replies *replies)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (data[i] == '\n')
			add_reply(replies, peer->protocol->reply, peer->protocol->reply_len);
}

/* answer_blank_lines - each blank line ends a request */
static void
answer_blank_lines(struct peer *peer, const char *data, size_t len, struct replies *replies)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (data[i] == '\n' && peer->line_begins)
			add_reply(replies, peer->protocol->reply, peer->protocol->reply_len);
		peer->line_begins = data[i] == '\n';
	}
}

/* answer_packets - a milter's: options, recipients and ends of messages have a reply */
static void
answer_packets(struct peer *peer, const char *data, size_t len, struct replies *replies)
{
	static const char options[] = "\0\0\0\101O\0\0\0\6\0\0\1\154\0\4\123\222\0\0\0\0j\0"
				      "\0\0\0\2i {auth_authen}\0\0\0\0\3i {rcpt_mailer}\0"
				      "\0\0\0\5i";
	size_t n, at;

	for (at = 0; at < len; at += n) {
		n = len - at;
		if (peer->skip > 0) {
			n = n < peer->skip ? n : peer->skip;
			peer->skip -= n;
			continue;
		}
		n = n < PACKET_HEAD - peer->head_len ? n : PACKET_HEAD - peer->head_len;
		memcpy(peer->head + peer->head_len, data + at, n);
		peer->head_len += n;
		if (peer->head_len < PACKET_HEAD)
			continue;
		peer->head_len = 0;
		peer->skip = ((size_t)peer->head[0] << 24 | (size_t)peer->head[1] << 16 |
				 (size_t)peer->head[2] << 8 | peer->head[3]) -
			     1;
		if (peer->head[4] == 'O')
			add_reply(replies, options, sizeof(options));
		else if (peer->head[4] == 'R' || peer->head[4] == 'E')
			add_reply(replies, peer->protocol->reply, peer->protocol->reply_len);
	}
}

/* answer_netstrings - socketmap: each netstring is a request; peer->skip is its rest */
static void
answer_netstrings(struct peer *peer, const char *data, size_t len, struct replies *replies)
{
	size_t n, at;

	for (at = 0; at < len; at += n) {
		n = 1;
		if (peer->skip > 0) {
			n = len - at < peer->skip ? len - at : peer->skip;
			peer->skip -= n;
			if (peer->skip == 0)
				add_reply(
				    replies, peer->protocol->reply, peer->protocol->reply_len);
		} else if (data[at] == ':') {
			peer->skip = peer->head_len + 1;
			peer->head_len = 0;
		} else {
			peer->head_len = 10 * peer->head_len + (size_t)(data[at] - '0');
		}
	}
}

#define REPLY(literal) literal, sizeof(literal) - 1

static const struct protocol protocols[] = {
	{ "table", answer_lines, REPLY("200 SRS0=AAAA=AA=origin.test=alice@srs.test\n") },
	{ "policy", answer_blank_lines, REPLY("action=DUNNO\n\n") },
	{ "milter", answer_packets, REPLY("\0\0\0\1c") },
	{ "socketmap", answer_netstrings, REPLY("42:OK SRS0=AAAA=AA=origin.test=alice@srs.test,") },
};

#define PROTOCOLS (sizeof(protocols) / sizeof(protocols[0]))

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

/* serve_locally - listen for a protocol on a unix socket in a directory */
static void
serve_locally(int epoll, const struct protocol *protocol, const char *directory)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	int len = snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/%s", directory, protocol->name);

	if ((size_t)len >= sizeof(sun.sun_path))
		errx(1, "%s: too long", directory);
	if (fd == -1 || bind(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1 ||
	    listen(fd, BACKLOG) == -1)
		err(1, "%s", sun.sun_path);
	watch(epoll, peer_new(protocol, fd, true));
}

static void
accept_all(int epoll, const struct peer *listener)
{
	int fd;

	while ((fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK)) != -1)
		watch(epoll, peer_new(listener->protocol, fd, false));
}

static void
read_requests(struct peer *peer)
{
	static char in[16384];
	static struct replies replies;
	ssize_t n = recv(peer->fd, in, sizeof(in), 0);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	replies.len = 0;
	replies.full = false;
	if (n > 0)
		peer->protocol->answer(peer, in, (size_t)n, &replies);
	if (n > 0 && !replies.full &&
	    (replies.len == 0 ||
		send(peer->fd, replies.data, replies.len, MSG_NOSIGNAL) == (ssize_t)replies.len))
		return;
	close(peer->fd);
	free(peer);
}

int
main(int argc, char **argv)
{
	struct epoll_event events[EVENTS], input = { .events = EPOLLIN };
	int epoll = epoll_create1(0), i, n;
	struct peer *peer;
	unsigned port[PROTOCOLS];
	size_t p;

	/* data.ptr is NULL for standard input, of which only the end matters */
	if (epoll == -1 || epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &input) == -1)
		err(1, "epoll");
	for (p = 0; p < PROTOCOLS; p++) {
		port[p] = serve(epoll, &protocols[p]);
		if (argc > 1)
			serve_locally(epoll, &protocols[p], argv[1]);
	}
	printf("%u %u %u %u\n", port[0], port[1], port[2], port[3]);
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
