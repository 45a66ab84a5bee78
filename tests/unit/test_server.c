/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include <sys/socket.h>
#include <netinet/in.h>

#include <unistd.h>

#include <event2/buffer.h>
#include <event2/event.h>

#include "common/xmalloc.h"
#include "srsd/priority.h"
#include "srsd/server.h"

#define ROUNDS 20000

/* Sessions that say nothing, and note whose turn it was. */
struct service {
	char letter;
	int answer; /* a descriptor that gets a byte for each request; -1: none */
};

struct session_of {
	struct session session;
	struct service *service;
};

static struct event_base *base;
static struct server *server;
static struct service urgent, patient;
static struct sockaddr_in urgent_address, patient_address;
static char turns[100];
static size_t n_turns;
static unsigned urgent_turns, patient_turns;

static enum session_state
input(struct session *session, const char *data, size_t len, size_t *used, struct evbuffer *out)
{
	struct service *service = ((struct session_of *)session)->service;

	(void)data;
	(void)out;
	if (n_turns < sizeof(turns) - 1)
		turns[n_turns++] = service->letter;
	if (service == &patient)
		patient_turns++;
	if (service->answer != -1 && patient_turns == 0 && urgent_turns++ < ROUNDS)
		assert_int_equal(write(service->answer, "x", 1), 1);
	*used = len;
	return SESSION_READING;
}

static void
close_session(struct session *session)
{
	free(session);
}

static struct session *
open_session(void *service, const struct session_host *host)
{
	static const struct session_ops ops = { input, close_session };
	struct session_of *s = xcalloc(1, sizeof(*s));

	(void)host;
	s->session.ops = &ops;
	s->service = service;
	return &s->session;
}

/* listen_for - a service of the server on a port of its own */
static void
listen_for(struct service *service, char letter, bool is_urgent, struct sockaddr_in *address)
{
	socklen_t len = sizeof(*address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	service->letter = letter;
	service->answer = -1;
	memset(address, 0, sizeof(*address));
	address->sin_family = AF_INET;
	address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)address, len), 0);
	assert_int_equal(listen(fd, 10), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)address, &len), 0);
	server_add_listener(
	    server, server_add_service(server, "test", open_session, service, 0, is_urgent), 1, fd);
}

static int
begin(void **state)
{
	struct server_limits limits = { .connections = 10, .idle_seconds = 60 };

	(void)state;
	base = event_base_new();
	assert_int_equal(event_base_priority_init(base, PRIORITIES), 0);
	server = server_new(base, &limits);
	listen_for(&urgent, 'u', true, &urgent_address);
	listen_for(&patient, 'p', false, &patient_address);
	memset(turns, 0, sizeof(turns));
	n_turns = urgent_turns = patient_turns = 0;
	return 0;
}

static int
end(void **state)
{
	(void)state;
	server_free(&server);
	event_base_free(base);
	return 0;
}

/* client - a connection that the server has accepted */
static int
client(const struct sockaddr_in *address)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(connect(fd, (const struct sockaddr *)address, sizeof(*address)), 0);
	event_base_loop(base, EVLOOP_NONBLOCK);
	event_base_loop(base, EVLOOP_NONBLOCK);
	return fd;
}

static void
request(int fd)
{
	assert_int_equal(write(fd, "x", 1), 1);
}

/* Whoever came first: the urgent one is answered first. */
static void
test_urgent_first(void **state)
{
	int p = client(&patient_address), u = client(&urgent_address), i;

	(void)state;
	request(p);
	request(u);
	for (i = 0; n_turns < 2 && i < ROUNDS; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
	assert_string_equal(turns, "up");
	close(p);
	close(u);
}

/* A client whose next request is there as soon as one is answered holds nobody up for ever. */
static void
test_others_have_their_turn(void **state)
{
	int p = client(&patient_address), u = client(&urgent_address), i;

	(void)state;
	urgent.answer = u;
	request(u);
	request(p);
	for (i = 0; patient_turns == 0 && i < ROUNDS; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
	assert_int_equal(patient_turns, 1);
	assert_in_range(urgent_turns, 1, ROUNDS - 1);
	close(p);
	close(u);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_urgent_first, begin, end),
		cmocka_unit_test_setup_teardown(test_others_have_their_turn, begin, end),
	};

	return cmocka_run_group_tests_name("server", tests, NULL, NULL);
}
