/* SPDX-License-Identifier: ISC */
/* Blocks of ports, of which each has one owner. */
#include "tests/unit/unit.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <netinet/in.h>

#include <errno.h>
#include <unistd.h>

#include "spf/dns/port_block.h"

#define MANY 20

static int bind_error; /* 0: none */
static unsigned binds_tried;

/* failing_bind - the program has it in the place of the C library's bind */
int failing_bind(int fd, const void *at, socklen_t len) __asm__("bind");

int
failing_bind(int fd, const void *at, socklen_t len)
{
	binds_tried++;
	if (bind_error != 0) {
		errno = bind_error;
		return -1;
	}
	return (int)syscall(SYS_bind, fd, at, len);
}

static unsigned
measure_distance(unsigned a, unsigned b)
{
	return a < b ? b - a : a - b;
}

static void
test_owners(void **state)
{
	struct port_block block[MANY];
	size_t i, k;

	(void)state;
	for (i = 0; i < MANY; i++) {
		assert_true(port_block_reserve(&block[i]));
		assert_in_range(block[i].port, 61001, 65536 - PORT_BLOCK_PORTS);
		for (k = 0; k < i; k++)
			assert_true(
			    measure_distance(block[i].port, block[k].port) > PORT_BLOCK_PORTS);
	}
	for (i = 0; i < MANY; i++) {
		port_block_release(&block[i]);
		assert_int_equal(block[i].port, 0);
	}
}

/* The socket that holds a block receives nothing from other hosts. */
static void
test_address(void **state)
{
	struct port_block block;
	struct sockaddr_in at = { 0 };
	socklen_t len = sizeof(at);

	(void)state;
	assert_true(port_block_reserve(&block));
	assert_int_equal(getsockname(block.fd, (struct sockaddr *)&at, &len), 0);
	assert_int_equal(ntohl(at.sin_addr.s_addr), INADDR_LOOPBACK);
	assert_int_equal(ntohs(at.sin_port), block.port - 1);
	port_block_release(&block);
}

/* Each block is tried once; no block is tried after an error that all of them have. */
static void
test_without_a_free_block(void **state)
{
	static const struct {
		int error;
		unsigned tries;
	} rows[] = { { EADDRINUSE, (65536 - 61000) / (1 + PORT_BLOCK_PORTS) }, { EACCES, 1 } };
	struct port_block block;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		bind_error = rows[i].error;
		binds_tried = 0;
		unit_true(strerror(bind_error), "no block", !port_block_reserve(&block));
		unit_int(strerror(bind_error), "port", block.port, 0);
		unit_int(strerror(bind_error), "tries", binds_tried, rows[i].tries);
		bind_error = 0;
	}
	unit_end();
}

static void
test_without_descriptors(void **state)
{
	struct port_block block = { 1, -1 };
	struct rlimit before, none;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_false(port_block_reserve(&block));
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(block.port, 0);
	port_block_release(&block);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_owners),
		cmocka_unit_test(test_address),
		cmocka_unit_test(test_without_a_free_block),
		cmocka_unit_test(test_without_descriptors),
	};

	return cmocka_run_group_tests_name("port_block", tests, NULL, NULL);
}
