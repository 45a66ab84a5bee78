/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "common/duration.h"
#include "common/hash.h"
#include "common/log.h"
#include "common/orgdomain.h"
#include "spf/dns/dns_watch.h"

void
dns_watch_begin(struct dns_watch *watch, const char *plan)
{
	memset(watch, 0, sizeof(*watch));
	watch->n = dns_servers_list(plan, watch->servers);
}

/* name_servers - "nameserver ", "nameservers ", or "root servers" without a list */
static const char *
name_servers(const struct dns_watch *watch)
{
	if (watch->n == 0)
		return "root servers";
	return watch->n == 1 ? "nameserver " : "nameservers ";
}

static void
log_outage_change(const struct dns_watch *watch, enum dns_outage_change change, uint64_t now)
{
	char time[DURATION_TEXT_SIZE];

	if (change == DNS_OUTAGE_SAME)
		return;
	duration_format(time, now - watch->outage.since);
	if (change == DNS_OUTAGE_ENDS)
		log_warnx("dns: the %s%s %s again after %s", name_servers(watch), watch->servers,
		    watch->n == 1 ? "answers" : "answer", time);
	else if (watch->outage.errors)
		log_warnx("dns: all queries to the %s%s have failed for %s", name_servers(watch),
		    watch->servers, time);
	else
		log_warnx("dns: the %s%s %s not answered for %s", name_servers(watch),
		    watch->servers, watch->n == 1 ? "has" : "have", time);
}

static uint32_t
hash_orgdomain(const char *name)
{
	size_t len = strlen(name);

	orgdomain_of(name, len, &name, &len);
	return hash_bytes(HASH_BEGIN, name, len);
}

void
dns_watch_note_answer(struct dns_watch *watch, uint64_t now)
{
	log_outage_change(watch, dns_outage_note_answer(&watch->outage, now), now);
}

void
dns_watch_note_error(struct dns_watch *watch, const char *name, uint64_t sent, uint64_t now)
{
	uint32_t domain = hash_orgdomain(name);

	log_outage_change(watch, dns_outage_note_error(&watch->outage, domain, sent, now), now);
}

void
dns_watch_note_silence(struct dns_watch *watch, const char *name, uint64_t sent, uint64_t now)
{
	uint32_t domain = hash_orgdomain(name);

	log_outage_change(watch, dns_outage_note_silence(&watch->outage, domain, sent, now), now);
}
