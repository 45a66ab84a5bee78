/* SPDX-License-Identifier: ISC */
#include <event2/event.h>

#include "srsd/precedence.h"

static void
on_turn(evutil_socket_t fd, short what, void *arg)
{
	struct precedence *p = arg;

	(void)fd;
	(void)what;
	p->others_had_turn = true;
}

void
precedence_init(struct precedence *p, struct event_base *base)
{
	p->window = 0;
	p->given = 0;
	p->others_had_turn = true;
	event_assign(&p->turn, base, -1, 0, on_turn, p);
	event_priority_set(&p->turn, PRIORITY_REQUESTS);
}

int
precedence_next(struct precedence *p, uint64_t now)
{
	if (p->others_had_turn && now - p->window >= PRECEDENCE_WINDOW_MS) {
		p->window = now;
		p->given = 0;
		p->others_had_turn = false;
		event_active(&p->turn, EV_TIMEOUT, 0);
	}
	return ++p->given <= PRECEDENCE_MAX ? PRIORITY_LOOKUPS : PRIORITY_REQUESTS;
}

void
precedence_end(struct precedence *p)
{
	event_del(&p->turn);
}
