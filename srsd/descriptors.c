/* SPDX-License-Identifier: ISC */
#include <stdbool.h>
#include <unistd.h>

#include "common/log.h"
#include "srsd/descriptors.h"
#include "srsd/service/service_kind.h"

/* Besides the clients: log, listeners, 1,536 DNS queries, epoll and the like. */
#define SPARE 1792

/* More than the highest connection-limit needs. */
#define ENOUGH ((rlim_t)4000000)

static rlim_t
count_descriptors(int connection_limit)
{
	return (rlim_t)connection_limit * SERVICE_MAIL_KINDS + SPARE;
}

static bool
set_descriptor_limit(rlim_t most, rlim_t hard)
{
	struct rlimit rl = { most < ENOUGH ? most : ENOUGH, hard };

	return setrlimit(RLIMIT_NOFILE, &rl) == 0;
}

void
descriptors_raise(int connection_limit)
{
	rlim_t want = count_descriptors(connection_limit);
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) == -1)
		return;
	if (rl.rlim_max < want && geteuid() == 0 && set_descriptor_limit(want, want))
		return;
	if (rl.rlim_cur < rl.rlim_max)
		set_descriptor_limit(rl.rlim_max, rl.rlim_max);
}

rlim_t
descriptors_most(void)
{
	struct rlimit rl;

	return getrlimit(RLIMIT_NOFILE, &rl) == -1 ? RLIM_INFINITY : rl.rlim_cur;
}

unsigned
descriptors_bound(rlim_t most, int connection_limit)
{
	rlim_t clients;

	if (most >= count_descriptors(connection_limit))
		return (unsigned)connection_limit;
	clients = (most > SPARE ? most - SPARE : most / 2) / SERVICE_MAIL_KINDS;
	return clients < (rlim_t)connection_limit ? (unsigned)clients : (unsigned)connection_limit;
}

void
descriptors_warn(rlim_t most, int connection_limit)
{
	unsigned bound = descriptors_bound(most, connection_limit);

	if (bound == (unsigned)connection_limit)
		return;
	log_warnx(
	    "connection-limit: %d connections for each of %d services need %llu descriptors, but "
	    "the limit is %llu; using %u instead (raise LimitNOFILE= or ulimit -n, then restart)",
	    connection_limit, SERVICE_MAIL_KINDS,
	    (unsigned long long)count_descriptors(connection_limit), (unsigned long long)most,
	    bound);
}
