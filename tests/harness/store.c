/* SPDX-License-Identifier: ISC */
/*
 * store - the store process alone, for test_store.py: store FD DATABASE LIMIT WAIT-MS
 *
 * FD is a connected stream socket, over which the test speaks the protocol of store_wire.h.
 */
#include <err.h>
#include <stdint.h>
#include <stdlib.h>

#include "common/log.h"
#include "srsd/store/store_process.h"

static long long
parse_argument(const char *text)
{
	const char *error;
	long long number = strtonum(text, 0, INT32_MAX, &error);

	if (error != NULL)
		errx(2, "%s: %s", text, error);
	return number;
}

int
main(int argc, char **argv)
{
	struct store_process_start start = { .sandbox = true };

	if (argc != 5)
		errx(2, "usage: store FD DATABASE LIMIT WAIT-MS");
	start.fd = (int)parse_argument(argv[1]);
	start.path = argv[2];
	start.create = true;
	start.clock = &clock_system;
	start.limit = parse_argument(argv[3]);
	start.wait_ms = (unsigned)parse_argument(argv[4]);
	log_open(LOG_SINK_STDERR, "store");
	return store_process_main(&start);
}
