/* SPDX-License-Identifier: ISC */
/*
 * load - send requests to a tcp_table or policy server as fast as it answers, or at a given rate,
 * check every answer, and report number and latency in JSON.
 *
 *	load [-1s] [-c connections] [-e pattern] [-n requests] [-r rate] [-t seconds] [-w seconds]
 *	    table|policy PORT FILE
 *
 * A line of the file is a request and the pattern of its answer, separated by tabs:
 *
 *	table:	KEY				PATTERN
 *	policy:	CLIENT	HELO	SENDER	RECIPIENT	PATTERN
 *
 * They are sent in this order, again and again. A pattern is the first line of the answer, with '?'
 * for any byte, and optionally '*' at its end for any rest. Each policy request has its own
 * instance, so it belongs to a message of its own.
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

struct request {
	char *text;
	size_t len;
	char *instance; /* INSTANCE_LEN digits in text that identify the message, or NULL */
	const char *pattern;
};

#define INSTANCE_LEN 16

struct connection {
	int fd;      /* -1: not open */
	bool busy;   /* has a request */
	bool unsent; /* which waits until the connection is established */
	const struct request *request;
	uint64_t due;
	size_t len;
	char reply[REPLY_MAX];
};

static struct {
	bool policy, each, step;
	unsigned port;
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

static char *
quoted_key(const char *key)
{
	char *text = allocate(3 * strlen(key) + 6, 1), *p = text;

	for (p += sprintf(p, "get "); *key != '\0'; key++)
		if (*key > ' ' && *key < 0x7f && *key != '%')
			*p++ = *key;
		else
			p += sprintf(p, "%%%02X", (unsigned char)*key);
	*p = '\n';
	return text;
}

static char *
policy_text(char *const field[4])
{
	char *text;

	if (asprintf(&text,
		"request=smtpd_access_policy\nprotocol_state=RCPT\nprotocol_name=ESMTP\n"
		"client_address=%s\nclient_name=unknown\nclient_port=40000\n"
		"reverse_client_name=unknown\nserver_address=192.0.2.25\nserver_port=25\n"
		"helo_name=%s\nsender=%s\nrecipient=%s\nrecipient_count=0\nqueue_id=\n"
		"size=4711\netrn_domain=\nstress=\nsasl_method=\nsasl_username=\nsasl_sender=\n"
		"ccert_subject=\nccert_issuer=\nccert_fingerprint=\nccert_pubkey_fingerprint=\n"
		"encryption_protocol=TLSv1.3\nencryption_cipher=TLS_AES_256_GCM_SHA384\n"
		"encryption_keysize=256\npolicy_context=\ninstance=%0*d\n\n",
		field[0], field[1], field[2], field[3], INSTANCE_LEN, 0) == -1)
		err(1, NULL);
	return text;
}

/* add_request - from a line, which must stay in memory */
static void
add_request(char *line, const char *path)
{
	size_t wanted = options.policy ? 5 : 2, i;
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
	r->text = options.policy ? policy_text(field) : quoted_key(field[0]);
	r->len = strlen(r->text);
	r->instance = options.policy ? r->text + r->len - 2 - INSTANCE_LEN : NULL;
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
 * Each new connection uses another source address: an address has 28,000 ports, and a port cannot
 * be used again for a minute.
 */
static int
make_socket(int flags)
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
connect_to_server(int fd)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)options.port) };

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

/* ask_once - over a connection that still blocks, so that the server has accepted it */
static void
ask_once(int fd)
{
	struct timeval wait = { STALLED_SECONDS, 0 };
	const struct request *r = next_request();
	char reply[REPLY_MAX];

	asked = 0;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) == -1 ||
	    send(fd, r->text, r->len, MSG_NOSIGNAL) != (ssize_t)r->len ||
	    recv(fd, reply, sizeof(reply), 0) <= 0)
		err(1, "127.0.0.1:%u does not answer", options.port);
}

static void
open_persistent(struct connection *c)
{
	c->fd = make_socket(0);
	if (connect_to_server(c->fd) == -1)
		err(1, "127.0.0.1:%u", options.port);
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

/* retire - the request of a connection is done, successfully or not */
static void
retire(struct connection *c, bool close_it)
{
	if (close_it && c->fd != -1) {
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
	const struct request *r = c->request;
	ssize_t n = send(c->fd, r->text, r->len, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n == (ssize_t)r->len) {
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
		err(1, "127.0.0.1:%u", options.port);
	watch(c, EPOLL_CTL_ADD, EPOLLIN);
}

static void
ask(uint64_t due)
{
	struct connection *c = take_idle();

	c->request = next_request();
	c->due = due;
	c->busy = true;
	if (options.each)
		connect_anew(c);
	send_request(c);
}

/* reply_end - the end of a complete reply in the buffer, or NULL */
static const char *
reply_end(const struct connection *c)
{
	return memmem(c->reply, c->len, options.policy ? "\n\n" : "\n", options.policy ? 2 : 1);
}

static void
read_reply(struct connection *c)
{
	ssize_t n = recv(c->fd, c->reply + c->len, sizeof(c->reply) - c->len, MSG_DONTWAIT);
	const char *stop;
	size_t len;

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0 || !c->busy) {
		give_up(
		    c, c->busy ? "closed before the answer" : "unexpected data", c->reply, c->len);
		return;
	}
	c->len += (size_t)n;
	stop = reply_end(c);
	if (stop == NULL)
		return;
	len = (size_t)(stop - c->reply);
	count(c->due, now_ns());
	if (!matches(c->request->pattern, c->reply, len))
		failed("answer", c->reply, len);
	else if (len + (options.policy ? 2 : 1) != c->len)
		failed("data after the answer", c->reply, c->len);
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

static void
usage(void)
{
	fprintf(stderr, "usage: load [-1s] [-c connections] [-e pattern] [-n requests] [-r rate]\n"
			"            [-t seconds] [-w seconds] table|policy PORT FILE\n");
	exit(1);
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
	options.policy = strcmp(argv[optind], "policy") == 0;
	if (!options.policy && strcmp(argv[optind], "table") != 0)
		usage();
	options.port = (unsigned)strtoul(argv[optind + 1], NULL, 10);
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
