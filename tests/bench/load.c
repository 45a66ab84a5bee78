/* SPDX-License-Identifier: ISC */
/*
 * load - send requests to a tcp_table, socketmap or policy server, or messages to a milter, as fast
 * as it answers, or at a given rate, check every answer, and report number and latency in JSON.
 *
 *	load [-1s] [-c connections] [-e pattern] [-n requests] [-r rate] [-t seconds] [-w seconds]
 *	    table|socketmap|policy|milter PORT|/PATH FILE
 *
 * The server listens on a port of 127.0.0.1, or on a unix socket. A line of the file is a request
 * and the pattern of its answer, separated by tabs:
 *
 *	table:		KEY				PATTERN
 *	socketmap:	MAP KEY				PATTERN
 *	policy:		CLIENT	HELO	SENDER	RECIPIENT	PATTERN
 *	milter:		SENDER	RECIPIENT	ORCPT		PATTERN
 *
 * They are sent in this order, again and again. A pattern is the first line of the answer, with '?'
 * for any byte, and optionally '*' at its end for any rest. Each policy request has its own
 * instance, so it belongs to a message of its own. Sixteen '#' in a key are replaced by another
 * number in each request, so that each key is new.
 *
 * To a milter, a request is a message in two parts, as Postfix sends it: the envelope up to a
 * recipient, and its headers up to its end. A new connection begins with the options. The answer is
 * that at the end, each packet as its letter and its text, with blanks in between: "e<a@x.test> c".
 *
 * By default, the loop is closed: every connection sends a request as soon as the previous one is
 * answered. With -r, requests are due at even intervals, and their latency counts from that time,
 * even if no connection is free, so a server that stalls is charged for all requests that should
 * have been sent in the meantime. With -1, each request gets a new connection.
 *
 * Ends after a number of requests (-n) or seconds (-t). The first seconds (-w) do not count. Each
 * persistent connection has been answered once before the clock starts. With -s, load then prints
 * "ready" and waits for a line on standard input, and after its report for the end of standard
 * input, so that the server can be examined while the connections are open.
 *
 * Exit status 1: it could not run; 2: there were errors.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define EVENTS 256
#define REPLY_MAX 4096
#define SECOND UINT64_C(1000000000)

/* Without an answer for this time, the measurement fails. */
#define STALLED_SECONDS 20

/* Log-linear: exact below 128 ns, then 64 buckets an octave (1.6 %), up to 19 hours. */
#define HISTOGRAM_SUB 64
#define HISTOGRAM_SIZE (HISTOGRAM_SUB * 42)

/* What is sent at once, and answered. */
struct part {
	char *text;
	size_t len;
};

#define PARTS_MAX 3

struct request {
	struct part parts[PARTS_MAX];
	size_t n_parts;
	char *instance; /* INSTANCE_LEN digits in text that no other request has, or NULL */
	const char *pattern;
};

/* A protocol, with a line of the file for a request of it. */
struct protocol {
	const char *name;
	size_t n_fields;
	void (*make)(struct request *r, char *const *field);
	/* the end of a complete reply in the buffer, or NULL */
	const char *(*find_end)(const char *s, size_t len);
	size_t end_len; /* bytes of that end that do not belong to the text */
	/* shows a reply as text, in place, and returns its length; NULL: it is text */
	size_t (*show)(char *s, size_t len);
};

#define INSTANCE_LEN 16
#define NEW_KEY "################"

struct connection {
	int fd;      /* -1: not open */
	bool busy;   /* has a request */
	bool unsent; /* which waits until the connection is established */
	const struct request *request;
	size_t part;
	uint64_t due;
	size_t len;
	char reply[REPLY_MAX];
};

static struct {
	const struct protocol *protocol;
	bool each, step;
	const char *server; /* its port or path */
	unsigned port;      /* 0: server is the path of a unix socket */
	size_t connections;
	const char *pattern; /* for all requests, instead of those in the file */
	uint64_t count, rate;
	double seconds, warm_up;
} options = { .connections = 1, .seconds = 1 };

static struct request *requests;
static size_t n_requests;

static struct connection *connections;
static struct connection **idle; /* ring of those without a request, the longest idle first */
static size_t n_idle, first_idle;
static int epoll;

static uint64_t begin, counting_from, end;
static uint64_t asked, answered, errors, counted;
static uint64_t last_answer;
static uint64_t histogram[HISTOGRAM_SIZE];
static uint64_t slowest;
static char first_error[200];

static uint64_t
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * SECOND + (uint64_t)ts.tv_nsec;
}

static void *
allocate(size_t n, size_t size)
{
	void *p = calloc(n, size);

	if (p == NULL)
		err(1, NULL);
	return p;
}

/* -- latencies */

static size_t
bucket_of(uint64_t ns)
{
	unsigned shift;

	if (ns < 2 * HISTOGRAM_SUB)
		return (size_t)ns;
	shift = 63 - (unsigned)__builtin_clzll(ns) - 6;
	return shift * HISTOGRAM_SUB + (size_t)(ns >> shift);
}

/* bucket_value - the middle of a bucket */
static double
bucket_value(size_t i)
{
	size_t shift;

	if (i < 2 * HISTOGRAM_SUB)
		return (double)i;
	shift = i / HISTOGRAM_SUB - 1;
	return ldexp((double)(i - shift * HISTOGRAM_SUB) + 0.5, (int)shift);
}

static double
quantile_us(double q)
{
	uint64_t wanted = (uint64_t)ceil(q * (double)counted), seen = 0;
	size_t i;

	for (i = 0; i < HISTOGRAM_SIZE; i++) {
		seen += histogram[i];
		if (seen >= wanted && seen > 0)
			return fmin(bucket_value(i), (double)slowest) / 1000;
	}
	return 0;
}

static void
count(uint64_t due, uint64_t now)
{
	uint64_t took = now > due ? now - due : 0, moment = options.rate > 0 ? due : now;

	answered++;
	if (moment < counting_from || moment > end)
		return;
	counted++;
	last_answer = now;
	histogram[bucket_of(took)]++;
	if (took > slowest)
		slowest = took;
}

static void
failed(const char *what, const char *text, size_t len)
{
	if (errors++ == 0)
		snprintf(first_error, sizeof(first_error), "%s: %.*s", what,
		    (int)(len < 150 ? len : 150), text);
}

/* -- requests */

static void
add_part(struct request *r, char *text, size_t len)
{
	r->parts[r->n_parts].text = text;
	r->parts[r->n_parts++].len = len;
}

static void
make_lookup(struct request *r, char *const *field)
{
	const char *key = field[0];
	char *text = allocate(3 * strlen(key) + 6, 1), *p = text;

	for (p += sprintf(p, "get "); *key != '\0'; key++)
		if (*key > ' ' && *key < 0x7f && *key != '%')
			*p++ = *key;
		else
			p += sprintf(p, "%%%02X", (unsigned char)*key);
	*p++ = '\n';
	add_part(r, text, (size_t)(p - text));
	r->instance = strstr(text, NEW_KEY);
}

static void
make_socketmap_lookup(struct request *r, char *const *field)
{
	char *text;
	int len = asprintf(&text, "%zu:%s,", strlen(field[0]), field[0]);

	if (len == -1)
		err(1, NULL);
	add_part(r, text, (size_t)len);
	r->instance = strstr(text, NEW_KEY);
}

static void
make_policy_request(struct request *r, char *const *field)
{
	char *text;
	int len;

	len = asprintf(&text,
	    "request=smtpd_access_policy\nprotocol_state=RCPT\nprotocol_name=ESMTP\n"
	    "client_address=%s\nclient_name=unknown\nclient_port=40000\n"
	    "reverse_client_name=unknown\nserver_address=192.0.2.25\nserver_port=25\n"
	    "helo_name=%s\nsender=%s\nrecipient=%s\nrecipient_count=0\nqueue_id=\n"
	    "size=4711\netrn_domain=\nstress=\nsasl_method=\nsasl_username=\nsasl_sender=\n"
	    "ccert_subject=\nccert_issuer=\nccert_fingerprint=\nccert_pubkey_fingerprint=\n"
	    "encryption_protocol=TLSv1.3\nencryption_cipher=TLS_AES_256_GCM_SHA384\n"
	    "encryption_keysize=256\npolicy_context=\ninstance=%0*d\n\n",
	    field[0], field[1], field[2], field[3], INSTANCE_LEN, 0);
	if (len == -1)
		err(1, NULL);
	add_part(r, text, (size_t)len);
	r->instance = text + len - 2 - INSTANCE_LEN;
}

/* -- messages for a milter */

/* A part that is being made. */
struct packets {
	size_t len;
	char data[16384];
};

/*
 * add_packet - a packet, with a payload of one or two texts after its first byte, which is omitted
 * if it is NUL
 */
static void
add_packet(struct packets *p, char command, char first, const char *one, const char *two)
{
	size_t before = first != '\0' ? 1 : 0, one_len = one == NULL ? 0 : strlen(one) + 1;
	size_t two_len = two == NULL ? 0 : strlen(two) + 1, len;
	char *at = p->data + p->len;

	len = 1 + before + one_len + two_len;
	if (4 + len > sizeof(p->data) - p->len)
		errx(1, "a message that is too long");
	p->len += 4 + len;
	*at++ = (char)(len >> 24);
	*at++ = (char)(len >> 16);
	*at++ = (char)(len >> 8);
	*at++ = (char)len;
	*at++ = command;
	if (before > 0)
		*at++ = first;
	if (one_len > 0)
		memcpy(at, one, one_len);
	if (two_len > 0)
		memcpy(at + one_len, two, two_len);
}

static void
add_packets_part(struct request *r, const struct packets *p)
{
	char *text = allocate(p->len, 1);

	memcpy(text, p->data, p->len);
	add_part(r, text, p->len);
}

static void
add_client(struct packets *p)
{
	static const char client[] = "\0\0\0\026Cmx.test\0004\234\1"
				     "127.0.0.1";

	add_packet(p, 'D', 'C', "j", "mx.test");
	memcpy(p->data + p->len, client, sizeof(client));
	p->len += sizeof(client);
	add_packet(p, 'D', 'H', NULL, NULL);
}

static void
add_envelope(struct packets *p, char *const *field)
{
	char text[1024], original[1024];

	add_packet(p, 'D', 'M', NULL, NULL);
	snprintf(text, sizeof(text), "<%s>", field[0]);
	add_packet(p, 'M', '\0', text, "SIZE=4711");
	add_packet(p, 'D', 'R', "{rcpt_mailer}", "smtp");
	snprintf(text, sizeof(text), "<%s>", field[1]);
	snprintf(original, sizeof(original), "ORCPT=rfc822;%s", field[2]);
	add_packet(p, 'R', '\0', text, original);
}

/* add_headers - those of an ordinary message that came through a first hop */
static void
add_headers(struct packets *p, const char *sender)
{
	static const char *const headers[][2] = {
		{ "Received",
		    "from out.origin.test (out.origin.test [192.0.2.1])\n\t(using TLSv1.3 with "
		    "cipher TLS_AES_256_GCM_SHA384 (256/256 bits))\n\tby mx.test (Postfix) "
		    "with ESMTPS id 4F1C2A3B4D\n\tfor <a@fwd.test>; Sun, 29 Nov 2026 20:33:18 "
		    "+0000 (UTC)" },
		{ "Authentication-Results", "mx.test; dkim=pass (2048-bit key) "
					    "header.d=origin.test header.i=@origin.test "
					    "header.b=AbCdEfGh" },
		{ "DKIM-Signature",
		    "v=1; a=rsa-sha256; c=relaxed/relaxed; d=origin.test;\n\ts=mail; t=1795984398; "
		    "bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=;\n\t"
		    "h=Date:From:To:Subject:From;\n\t"
		    "b=AbCdEfGhIjKlMnOpQrStUvWxYz0123456789AbCdEfGhIjKlMnOpQrStUvWxYz0123456789\n\t "
		    "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789AbCdEfGhIjKlMnOpQrStUvWxYz0123456789==" },
		{ "Received",
		    "by out.origin.test (Postfix, from userid 1000)\n\tid 3E0B192A3C; Sun, 29 "
		    "Nov 2026 20:33:17 +0000 (UTC)" },
		{ "Date", "Sun, 29 Nov 2026 20:33:17 +0000" },
		{ "From", NULL },
		{ "To", "a@fwd.test" },
		{ "Subject", "An ordinary message" },
		{ "Message-ID", "<20261129203317.3E0B192A3C@out.origin.test>" },
		{ "MIME-Version", "1.0" },
		{ "Content-Type", "text/plain; charset=utf-8" },
		{ "Content-Transfer-Encoding", "8bit" },
	};
	size_t i;

	for (i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		add_packet(p, 'D', 'L', "i", "4F1C2A3B4E");
		add_packet(
		    p, 'L', '\0', headers[i][0], headers[i][1] == NULL ? sender : headers[i][1]);
	}
}

static void
add_options_part(struct request *r)
{
	static const char offered[] = "\0\0\0\015O\0\0\0\6\0\0\1\377\0\037\377\377";
	char *text = allocate(sizeof(offered), 1);

	memcpy(text, offered, sizeof(offered));
	add_part(r, text, sizeof(offered) - 1);
}

static void
make_message(struct request *r, char *const *field)
{
	struct packets p = { 0 };

	if (options.each) {
		add_options_part(r);
		add_client(&p);
	} else {
		add_packet(&p, 'A', '\0', NULL, NULL); /* of the message before */
	}
	add_envelope(&p, field);
	add_packets_part(r, &p);
	p.len = 0;
	add_packet(&p, 'D', 'T', "i", "4F1C2A3B4E");
	add_headers(&p, field[0]);
	add_packet(&p, 'D', 'N', "i", "4F1C2A3B4E");
	add_packet(&p, 'N', '\0', NULL, NULL);
	add_packet(&p, 'D', 'E', "i", "4F1C2A3B4E");
	add_packet(&p, 'E', '\0', NULL, NULL);
	add_packets_part(r, &p);
}

/* add_request - from a line, which must stay in memory */
static void
add_request(char *line, const char *path)
{
	size_t wanted = options.protocol->n_fields, i;
	struct request *r;
	char *field[5];

	for (i = 0; i < wanted; i++)
		if ((field[i] = strsep(&line, "\t")) == NULL)
			errx(1, "%s:%zu: not %zu fields", path, n_requests + 1, wanted);
	if (n_requests % 1024 == 0) {
		requests = realloc(requests, (n_requests + 1024) * sizeof(*requests));
		if (requests == NULL)
			err(1, NULL);
	}
	r = &requests[n_requests++];
	memset(r, 0, sizeof(*r));
	options.protocol->make(r, field);
	r->pattern = options.pattern != NULL ? options.pattern : field[wanted - 1];
}

static void
read_requests(const char *path)
{
	FILE *file = fopen(path, "r");
	char *line = NULL;
	size_t size = 0;
	ssize_t n;

	if (file == NULL)
		err(1, "%s", path);
	while ((n = getline(&line, &size, file)) > 0) {
		if (line[n - 1] == '\n')
			line[n - 1] = '\0';
		add_request(line, path);
		if (options.pattern == NULL) { /* the line is in use for its pattern */
			line = NULL;
			size = 0;
		}
	}
	free(line);
	fclose(file);
	if (n_requests == 0)
		errx(1, "%s: no requests", path);
}

static void
number_message(const struct request *r)
{
	static uint64_t messages;
	char digits[INSTANCE_LEN + 1];

	if (r->instance == NULL)
		return;
	snprintf(
	    digits, sizeof(digits), "%06x%010" PRIx64, (unsigned)getpid() & 0xffffff, ++messages);
	memcpy(r->instance, digits, INSTANCE_LEN);
}

static bool
matches(const char *pattern, const char *text, size_t len)
{
	size_t i;

	for (i = 0; pattern[i] != '\0'; i++) {
		if (pattern[i] == '*' && pattern[i + 1] == '\0')
			return true;
		if (i == len || (pattern[i] != '?' && pattern[i] != text[i]))
			return false;
	}
	return i == len;
}

/* -- connections */

/*
 * make_inet_socket - each new connection uses another source address: an address has 28,000 ports,
 * and a port cannot be used again for a minute
 */
static int
make_inet_socket(int flags)
{
	static uint32_t turn;
	struct sockaddr_in from = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | flags, 0), one = 1;

	from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + (turn++ % 1024 << 8));
	if (fd == -1 || setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) == -1 ||
	    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one)) == -1 ||
	    bind(fd, (struct sockaddr *)&from, sizeof(from)) == -1)
		err(1, "socket");
	return fd;
}

static int
make_socket(int flags)
{
	int fd;

	if (options.port != 0)
		return make_inet_socket(flags);
	fd = socket(AF_UNIX, SOCK_STREAM | flags, 0);
	if (fd == -1)
		err(1, "socket");
	return fd;
}

static int
connect_to_path(int fd)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };

	if (strlen(options.server) >= sizeof(to.sun_path))
		errx(1, "%s: too long", options.server);
	strcpy(to.sun_path, options.server);
	return connect(fd, (struct sockaddr *)&to, sizeof(to));
}

static int
connect_to_server(int fd)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)options.port) };

	if (options.port == 0)
		return connect_to_path(fd);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return connect(fd, (struct sockaddr *)&to, sizeof(to));
}

static void
watch(struct connection *c, int operation, uint32_t what)
{
	struct epoll_event event = { .events = what, .data.ptr = c };

	if (epoll_ctl(epoll, operation, c->fd, &event) == -1)
		err(1, "epoll_ctl");
}

static const struct request *
next_request(void)
{
	const struct request *r = &requests[asked++ % n_requests];

	number_message(r);
	return r;
}

static void
send_blocking(int fd, const struct part *part)
{
	char reply[REPLY_MAX];

	if (send(fd, part->text, part->len, MSG_NOSIGNAL) != (ssize_t)part->len ||
	    recv(fd, reply, sizeof(reply), 0) <= 0)
		err(1, "%s does not answer", options.server);
}

/* shake_hands - a milter's connection begins with the options and a client */
static void
shake_hands(int fd)
{
	struct request r = { 0 };
	struct packets p = { 0 };

	add_options_part(&r);
	send_blocking(fd, &r.parts[0]);
	free(r.parts[0].text);
	add_client(&p);
	if (send(fd, p.data, p.len, MSG_NOSIGNAL) != (ssize_t)p.len)
		err(1, "%s", options.server);
}

/* ask_once - over a connection that still blocks, so that the server has accepted it */
static void
ask_once(int fd)
{
	struct timeval wait = { STALLED_SECONDS, 0 };
	const struct request *r = next_request();
	size_t i;

	asked = 0;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) == -1)
		err(1, "socket");
	if (options.protocol->make == make_message)
		shake_hands(fd);
	for (i = 0; i < r->n_parts; i++)
		send_blocking(fd, &r->parts[i]);
}

static void
open_persistent(struct connection *c)
{
	c->fd = make_socket(0);
	if (connect_to_server(c->fd) == -1)
		err(1, "%s", options.server);
	ask_once(c->fd);
	watch(c, EPOLL_CTL_ADD, EPOLLIN);
}

static void
add_idle(struct connection *c)
{
	idle[(first_idle + n_idle++) % options.connections] = c;
}

static struct connection *
take_idle(void)
{
	struct connection *c = idle[first_idle];

	first_idle = (first_idle + 1) % options.connections;
	n_idle--;
	return c;
}

static void
open_connections(void)
{
	size_t i;

	epoll = epoll_create1(0);
	connections = allocate(options.connections, sizeof(*connections));
	idle = allocate(options.connections, sizeof(struct connection *));
	for (i = 0; i < options.connections; i++) {
		connections[i].fd = -1;
		if (!options.each)
			open_persistent(&connections[i]);
		add_idle(&connections[i]);
	}
}

/* send_quit - as Postfix does, which does not wait for an answer */
static void
send_quit(const struct connection *c)
{
	static const char quit[] = "\0\0\0\1A\0\0\0\1A\0\0\0\1Q";

	send(c->fd, quit, sizeof(quit) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* retire - the request of a connection is done, successfully or not */
static void
retire(struct connection *c, bool close_it)
{
	if (close_it && c->fd != -1) {
		if (options.protocol->make == make_message)
			send_quit(c);
		close(c->fd);
		c->fd = -1;
	}
	c->busy = c->unsent = false;
	c->len = 0;
	add_idle(c);
}

static void
give_up(struct connection *c, const char *what, const char *text, size_t len)
{
	failed(what, text, len);
	if (!options.each)
		errx(1, "a connection was lost: %s", first_error);
	retire(c, true);
}

static void
send_request(struct connection *c)
{
	const struct part *part = &c->request->parts[c->part];
	ssize_t n = send(c->fd, part->text, part->len, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n == (ssize_t)part->len) {
		if (c->unsent)
			watch(c, EPOLL_CTL_MOD, EPOLLIN);
		c->unsent = false;
	} else if (n == -1 && errno == EAGAIN && options.each) {
		if (!c->unsent)
			watch(c, EPOLL_CTL_MOD, EPOLLOUT);
		c->unsent = true;
	} else {
		give_up(c, "send", strerror(errno), strlen(strerror(errno)));
	}
}

static void
connect_anew(struct connection *c)
{
	c->fd = make_socket(SOCK_NONBLOCK);
	if (connect_to_server(c->fd) == -1 && errno != EINPROGRESS)
		err(1, "%s", options.server);
	watch(c, EPOLL_CTL_ADD, EPOLLIN);
}

static void
ask(uint64_t due)
{
	struct connection *c = take_idle();

	c->request = next_request();
	c->part = 0;
	c->due = due;
	c->busy = true;
	if (options.each)
		connect_anew(c);
	send_request(c);
}

static const char *
find_line_end(const char *s, size_t len)
{
	return memchr(s, '\n', len);
}

static const char *
find_blank_line(const char *s, size_t len)
{
	return memmem(s, len, "\n\n", 2);
}

/* find_last_packet - after which the milter waits: the end of a verdict, or of options */
static const char *
find_last_packet(const char *s, size_t len)
{
	const unsigned char *u;
	size_t n, at = 0;

	while (len - at > 4) {
		u = (const unsigned char *)s + at;
		n = 4 + ((size_t)u[0] << 24 | (size_t)u[1] << 16 | (size_t)u[2] << 8 | u[3]);
		if (n > len - at)
			return NULL;
		at += n;
		if (memchr("Ocadtry", u[4], 7) != NULL)
			return s + at;
	}
	return NULL;
}

/* find_netstring_end - the comma that ends it */
static const char *
find_netstring_end(const char *s, size_t len)
{
	const char *colon = memchr(s, ':', len);
	size_t n = colon == NULL ? 0 : strtoul(s, NULL, 10);

	return colon == NULL || (size_t)(s + len - colon) < n + 2 ? NULL : colon + n + 1;
}

/* show_netstring - without its length */
static size_t
show_netstring(char *s, size_t len)
{
	const char *colon = memchr(s, ':', len);
	size_t head = (size_t)(colon + 1 - s);

	memmove(s, s + head, len - head);
	return len - head;
}

/* show_packets - packets as text, in place; returns its length */
static size_t
show_packets(char *s, size_t len)
{
	size_t at, to = 0, n;

	for (at = 0; at + 4 < len; at += 4 + n) {
		n = (size_t)(unsigned char)s[at + 2] << 8 | (unsigned char)s[at + 3];
		if (to > 0)
			s[to++] = ' ';
		memmove(s + to, s + at + 4, n);
		to += s[to + n - 1] == '\0' ? n - 1 : n;
	}
	return to;
}

static const struct protocol protocols[] = {
	{ "table", 2, make_lookup, find_line_end, 1, NULL },
	{ "socketmap", 2, make_socketmap_lookup, find_netstring_end, 1, show_netstring },
	{ "policy", 5, make_policy_request, find_blank_line, 2, NULL },
	{ "milter", 4, make_message, find_last_packet, 0, show_packets },
};

/* check_part - the reply to a part that is not the last one: to options or to a recipient */
static void
check_part(struct connection *c)
{
	char expected = options.each && c->part == 0 ? 'O' : 'c';

	if (c->len < 5 || c->reply[4] != expected)
		failed("not accepted", c->reply, c->len);
	c->len = 0;
	c->part++;
	send_request(c);
}

static void
check_reply(struct connection *c, size_t len)
{
	bool more = len + options.protocol->end_len != c->len;

	if (options.protocol->show != NULL)
		len = options.protocol->show(c->reply, len);
	if (!matches(c->request->pattern, c->reply, len))
		failed("answer", c->reply, len);
	else if (more)
		failed("data after the answer", c->reply, len);
}

static void
read_reply(struct connection *c)
{
	ssize_t n = recv(c->fd, c->reply + c->len, sizeof(c->reply) - c->len, MSG_DONTWAIT);
	const char *stop;

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0 || !c->busy) {
		give_up(
		    c, c->busy ? "closed before the answer" : "unexpected data", c->reply, c->len);
		return;
	}
	c->len += (size_t)n;
	stop = options.protocol->find_end(c->reply, c->len);
	if (stop == NULL)
		return;
	if (c->part + 1 < c->request->n_parts) {
		check_part(c);
		return;
	}
	count(c->due, now_ns());
	check_reply(c, (size_t)(stop - c->reply));
	retire(c, options.each);
}

/* -- the loop */

/* due_of - when a request of the open loop is due */
static uint64_t
due_of(uint64_t number)
{
	return begin + (uint64_t)((double)number * (double)SECOND / (double)options.rate);
}

static bool
all_asked(uint64_t now)
{
	if (options.count > 0)
		return asked >= options.count;
	return (options.rate > 0 ? due_of(asked) : now) >= end;
}

/* ask_all_due - returns the milliseconds until the next one; -1: none until an answer arrives */
static int
ask_all_due(void)
{
	uint64_t now = now_ns(), due;

	while (n_idle > 0 && !all_asked(now)) {
		due = options.rate == 0 ? now : due_of(asked);
		if (due > now)
			return (int)((due - now) / 1000000); /* busy-wait for the last one */
		ask(due);
		if (options.each || options.rate == 0)
			now = now_ns();
	}
	return all_asked(now) && n_idle == options.connections ? 0 : -1;
}

static void
run(void)
{
	struct epoll_event events[EVENTS];
	struct connection *c;
	int i, n, wait;

	for (;;) {
		wait = ask_all_due();
		if (all_asked(now_ns()) && n_idle == options.connections)
			return;
		n = epoll_wait(epoll, events, EVENTS, wait == -1 ? STALLED_SECONDS * 1000 : wait);
		if (n == 0 && wait == -1)
			errx(1, "no answer for %d seconds", STALLED_SECONDS);
		for (i = 0; i < n; i++) {
			c = events[i].data.ptr;
			if (c->unsent)
				send_request(c);
			else
				read_reply(c);
		}
	}
}

/* wait_for_line - wait for a line on standard input, or its end */
static void
wait_for_line(void)
{
	int c;

	fflush(stdout);
	while ((c = getchar()) != EOF && c != '\n')
		continue;
}

static void
report(void)
{
	uint64_t until = options.rate > 0 || options.count > 0 ? last_answer : end;
	double took = (double)(until - counting_from) / (double)SECOND;

	printf("{\"requests\": %" PRIu64 ", \"counted\": %" PRIu64 ", \"errors\": %" PRIu64
	       ", \"seconds\": %.6f, \"rate\": %.1f, \"p50_us\": %.1f, \"p99_us\": %.1f"
	       ", \"p999_us\": %.1f, \"max_us\": %.1f}\n",
	    answered, counted, errors, took, counted > 0 ? (double)counted / took : 0,
	    quantile_us(0.5), quantile_us(0.99), quantile_us(0.999), (double)slowest / 1000);
	if (errors > 0)
		warnx("%" PRIu64 " errors; the first: %s", errors, first_error);
}

static void __attribute__((noreturn)) usage(void)
{
	fprintf(stderr, "usage: load [-1s] [-c connections] [-e pattern] [-n requests] [-r rate]\n"
			"            [-t seconds] [-w seconds] table|socketmap|policy|milter\n"
			"            PORT|/PATH FILE\n");
	exit(1);
}

static const struct protocol *
find_protocol(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++)
		if (strcmp(name, protocols[i].name) == 0)
			return &protocols[i];
	usage();
}

static void
read_options(int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "1c:e:n:r:st:w:")) != -1) {
		switch (option) {
		case '1':
			options.each = true;
			break;
		case 'c':
			options.connections = strtoul(optarg, NULL, 10);
			break;
		case 'e':
			options.pattern = optarg;
			break;
		case 'n':
			options.count = strtoull(optarg, NULL, 10);
			break;
		case 'r':
			options.rate = strtoull(optarg, NULL, 10);
			break;
		case 's':
			options.step = true;
			break;
		case 't':
			options.seconds = strtod(optarg, NULL);
			break;
		case 'w':
			options.warm_up = strtod(optarg, NULL);
			break;
		default:
			usage();
		}
	}
	if (argc - optind != 3 || options.connections == 0)
		usage();
	options.protocol = find_protocol(argv[optind]);
	options.server = argv[optind + 1];
	options.port = (unsigned)strtoul(options.server, NULL, 10);
}

int
main(int argc, char **argv)
{
	read_options(argc, argv);
	read_requests(argv[optind + 2]);
	open_connections();
	if (options.step) {
		puts("ready");
		wait_for_line();
	}
	begin = now_ns();
	counting_from = begin + (uint64_t)(options.warm_up * (double)SECOND);
	end = counting_from + (uint64_t)(options.seconds * (double)SECOND);
	if (options.count > 0)
		end = UINT64_MAX;
	run();
	report();
	if (options.step)
		wait_for_line();
	return errors > 0 ? 2 : 0;
}
