/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/filebox.h"
#include "common/log.h"
#include "conf/config.h"
#include "spf/dns/dns_servers.h"
#include "spf/dns/resolver_plan.h"
#include "srsd/link.h"
#include "srsd/nameserver_watch.h"

bool
nameserver_watch_use(struct filewatch **watch, const struct settings *settings)
{
	bool wanted = settings->nameservers.n == 0;

	if (!wanted)
		filewatch_free(watch);
	if (!wanted || *watch != NULL)
		return false;
	*watch = filewatch_new(RESOLVER_PLAN_FILE);
	if (*watch == NULL)
		log_warn("cannot watch %s; reload srsd after a change", RESOLVER_PLAN_FILE);
	return *watch != NULL;
}

/* send_nameservers - the files of the plan in effect, to an engine; a later one is forked with it */
static void
send_nameservers(int link, const struct filebox *box)
{
	int fd;

	if (link == -1)
		return;
	fd = filebox_store(box);
	if (fd == -1 || !channel_send(link, LINK_NAMESERVERS, 0, NULL, &fd, 1))
		log_warn("cannot pass the new nameservers to the engine; reload srsd");
	if (fd != -1)
		close(fd);
}

/* lost_nameservers - does the new plan have none, although the old one has? */
static bool
lost_nameservers(const char *old, const char *new)
{
	char server[DNS_SERVERS_ONE_SIZE];

	return dns_servers_next(&old, server) && !dns_servers_next(&new, server);
}

void
nameserver_watch_read(const struct settings *settings, char **plan, int link)
{
	struct filebox *box = filebox_new();
	char error[CONFIG_ERROR_SIZE], *new;

	new = resolver_plan_make(settings, box, error, sizeof(error));
	if (new == NULL) {
		log_warnx(
		    "%s has changed, keeping the old nameservers: %s", RESOLVER_PLAN_FILE, error);
	} else if (lost_nameservers(*plan, new)) {
		log_warnx("%s has no nameserver, keeping the old ones", RESOLVER_PLAN_FILE);
	} else if (strcmp(new, *plan) != 0) {
		free(*plan);
		*plan = new;
		new = NULL;
		send_nameservers(link, box);
	}
	free(new);
	filebox_free(&box);
}
