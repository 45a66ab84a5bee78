/* SPDX-License-Identifier: ISC */
#include <sys/syscall.h>

#include <unistd.h>

#include "tests/replay/virtual_time.h"

#define HOUR_MS 3600000

/* Milliseconds. The process has one clock_gettime, hence module state. */
static uint64_t elapsed = HOUR_MS;
static int64_t wall;
static bool passing; /* a story is being played; at other times the time is that of the machine */

static time_t
clock_wall_of_story(void *arg)
{
	(void)arg;
	return virtual_time_wall();
}

static uint64_t
clock_elapsed_of_story(void *arg)
{
	(void)arg;
	return elapsed;
}

const struct clock virtual_time_clock = { clock_wall_of_story, clock_elapsed_of_story, NULL };

int
clock_gettime(clockid_t id, struct timespec *ts)
{
	uint64_t ms = id == CLOCK_REALTIME ? (uint64_t)wall : elapsed;

	if (!passing)
		return (int)syscall(SYS_clock_gettime, id, ts);
	ts->tv_sec = (time_t)(ms / 1000);
	ts->tv_nsec = (long)(ms % 1000) * 1000000;
	return 0;
}

void
virtual_time_begin(time_t now)
{
	passing = true;
	elapsed += HOUR_MS;
	virtual_time_set_wall(now);
}

void
virtual_time_end(void)
{
	passing = false;
}

uint64_t
virtual_time_now(void)
{
	return elapsed;
}

void
virtual_time_pass(uint64_t now)
{
	wall += (int64_t)(now - elapsed);
	elapsed = now;
}

time_t
virtual_time_wall(void)
{
	return (time_t)(wall / 1000);
}

void
virtual_time_set_wall(time_t now)
{
	wall = (int64_t)now * 1000;
}
