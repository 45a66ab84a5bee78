/* SPDX-License-Identifier: ISC */
#include "spf/dns/dns_outage.h"

enum dns_outage_change
dns_outage_note_answer(struct dns_outage *outage, uint64_t now)
{
	bool ends = outage->on;

	outage->heard = now;
	outage->on = false;
	outage->errors = false;
	outage->domains = 0;
	if (ends)
		outage->ended = now;
	else
		outage->since = 0;
	return ends ? DNS_OUTAGE_ENDS : DNS_OUTAGE_SAME;
}

static void
add_failing_domain(struct dns_outage *outage, uint32_t domain)
{
	unsigned i;

	for (i = 0; i < outage->domains; i++)
		if (outage->domain[i] == domain)
			return;
	if (outage->domains < DNS_OUTAGE_DOMAINS)
		outage->domain[outage->domains++] = domain;
}

/* is_outage - after a query without a usable answer */
static bool
is_outage(const struct dns_outage *outage, uint64_t now)
{
	bool soon = outage->ended != 0 && now - outage->ended < DNS_OUTAGE_SOON_MS;

	if (outage->domains == DNS_OUTAGE_DOMAINS)
		return now - outage->since >= (soon ? DNS_OUTAGE_LONG_MS : DNS_OUTAGE_MS);
	return !outage->errors && now - outage->series >= DNS_OUTAGE_LONG_MS;
}

static enum dns_outage_change
note_lack(struct dns_outage *outage, uint32_t domain, uint64_t sent, uint64_t now)
{
	bool first = outage->domains == 0;

	/* The last reply shows that the nameserver was there until then. */
	if (first && sent < outage->heard)
		sent = outage->heard;
	if (first)
		outage->since = sent;
	if (first || sent > outage->last + DNS_OUTAGE_LONG_MS)
		outage->series = sent;
	outage->last = now;
	add_failing_domain(outage, domain);
	if (outage->on || !is_outage(outage, now))
		return DNS_OUTAGE_SAME;
	outage->on = true;
	return DNS_OUTAGE_BEGINS;
}

enum dns_outage_change
dns_outage_note_error(struct dns_outage *outage, uint32_t domain, uint64_t sent, uint64_t now)
{
	enum dns_outage_change change;

	outage->errors = true;
	change = note_lack(outage, domain, sent, now);
	outage->heard = now;
	return change;
}

enum dns_outage_change
dns_outage_note_silence(struct dns_outage *outage, uint32_t domain, uint64_t sent, uint64_t now)
{
	return note_lack(outage, domain, sent, now);
}
