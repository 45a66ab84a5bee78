/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "common/printable.h"
#include "srsd/forwarding/candidate_state.h"

/* The longest list of records; a longer one becomes a sentence. */
#define LIST_SIZE 400

const char *
candidate_kind_name(enum candidate_kind kind)
{
	static const char *const names[CANDIDATE_KINDS] = {
		[CANDIDATE_USABLE] = "usable",
		[CANDIDATE_SPF] = "spf",
		[CANDIDATE_SPF_VARIES] = "spf-varies",
		[CANDIDATE_MX_ELSEWHERE] = "mx-elsewhere",
		[CANDIDATE_NULL_MX] = "null-mx",
		[CANDIDATE_NO_MX] = "no-mx",
		[CANDIDATE_NO_ADDRESSES] = "no-addresses",
		[CANDIDATE_UNAVAILABLE] = "unavailable",
	};

	return names[kind];
}

static void
describe_spf(const struct candidate_state *state, char *text, size_t size)
{
	char ip[IPADDR_TEXT_SIZE];

	ipaddr_format(&state->address, ip);
	if (state->result == SPF_NONE)
		snprintf(text, size, "it has no SPF record");
	else if (state->result == SPF_PERMERROR)
		snprintf(text, size, "its SPF record is invalid (permerror for mail from %s)", ip);
	else
		snprintf(
		    text, size, "SPF is %s for mail from %s", spf_result_name(state->result), ip);
}

static void
describe_mx(const struct candidate_state *state, char *text, size_t size)
{
	char host[HOSTNAME_MAX + 1];

	if (state->host[0] == '\0') {
		snprintf(text, size,
		    "it has no MX record, and its own address is not that of an inbound host");
		return;
	}
	printable(host, sizeof(host), state->host, strlen(state->host));
	snprintf(text, size, "its MX host %s is not an inbound host", host);
}

void
candidate_state_describe(const struct candidate_state *state, char *text, size_t size)
{
	static const char *const texts[CANDIDATE_KINDS] = {
		[CANDIDATE_USABLE] = "usable",
		[CANDIDATE_SPF_VARIES] = "its SPF result depends on the local part or on HELO",
		[CANDIDATE_NULL_MX] = "it has a null MX, so no bounce can come back",
		[CANDIDATE_NO_MX] =
		    "it has no MX record and no address, so no bounce can come back",
		[CANDIDATE_NO_ADDRESSES] = "outbound-addresses is empty",
		[CANDIDATE_UNAVAILABLE] = "no answer from the DNS at the moment",
	};

	switch (state->kind) {
	case CANDIDATE_SPF:
		describe_spf(state, text, size);
		break;
	case CANDIDATE_MX_ELSEWHERE:
		describe_mx(state, text, size);
		break;
	default:
		strlcpy(text, texts[state->kind], size);
		break;
	}
}

/* list_addresses - " ip4:192.0.2.1 ip6:2001:db8::1"; false if there are too many */
static bool
list_addresses(const struct text_list *list, char text[LIST_SIZE])
{
	size_t i, len = 0;

	text[0] = '\0';
	for (i = 0; i < list->n && len < LIST_SIZE; i++)
		len += (size_t)snprintf(text + len, LIST_SIZE - len, " %s:%s",
		    strchr(list->text[i], ':') == NULL ? "ip4" : "ip6", list->text[i]);
	return len < LIST_SIZE;
}

/* list_mx_records - "srs.x.org. MX 10 mx.example.org."; false if there are too many, or none */
static bool
list_mx_records(const struct text_list *hosts, const char *domain, char text[LIST_SIZE])
{
	size_t i, len = 0;

	for (i = 0; i < hosts->n && len < LIST_SIZE; i++)
		len += (size_t)snprintf(text + len, LIST_SIZE - len, "%s%s. MX 10 %.*s.",
		    i == 0 ? "" : ", ", domain,
		    (int)hostname_length(hosts->text[i], strlen(hosts->text[i])), hosts->text[i]);
	return hosts->n > 0 && len < LIST_SIZE;
}

/* advise_label - a label has no records but those that srsd needs */
static void
advise_label(const struct settings *settings, const char *domain, bool srs_domain_usable,
    char *text, size_t size)
{
	char addresses[LIST_SIZE], mx[LIST_SIZE];

	if (srs_domain_usable) {
		snprintf(text, size, "publish %s. CNAME %s.", domain, settings->srs_domain);
		return;
	}
	if (!list_mx_records(&settings->inbound_hosts, domain, mx))
		snprintf(
		    mx, sizeof(mx), "the MX records of %s for %s", settings->srs_domain, domain);
	if (list_addresses(&settings->outbound_addresses, addresses))
		snprintf(
		    text, size, "publish %s, %s. TXT \"v=spf1%s -all\"", mx, domain, addresses);
	else
		snprintf(text, size,
		    "publish %s, and an SPF record for %s with all of outbound-addresses", mx,
		    domain);
}

/* advise_same - the domain has records and senders of its own, which only its owner knows */
static void
advise_same(const struct candidate_state *state, const struct settings *settings,
    const char *domain, bool srs_domain_usable, char *text, size_t size)
{
	char terms[LIST_SIZE];

	if (state->kind != CANDIDATE_SPF && state->kind != CANDIDATE_SPF_VARIES) {
		snprintf(text, size,
		    "per-domain = same is for domains whose mail this host receives; use a label, "
		    "such as srs.");
		return;
	}
	if (state->kind == CANDIDATE_SPF_VARIES) {
		snprintf(text, size, "publish an SPF record for %s without %%{s}, %%{l} and %%{h}",
		    domain);
		return;
	}
	if (srs_domain_usable)
		snprintf(terms, sizeof(terms), " include:%s", settings->srs_domain);
	else if (!list_addresses(&settings->outbound_addresses, terms))
		snprintf(terms, sizeof(terms), " all of outbound-addresses");
	if (state->result == SPF_NONE)
		snprintf(text, size,
		    "publish an SPF record for %s with%s, and with the other hosts that send its mail",
		    domain, terms);
	else
		snprintf(text, size, "add%s to the SPF record of %s", terms, domain);
}

void
candidate_state_remedy(const struct candidate_state *state, const struct settings *settings,
    const char *domain, bool srs_domain_usable, char *text, size_t size)
{
	switch (state->kind) {
	case CANDIDATE_USABLE:
		text[0] = '\0';
		break;
	case CANDIDATE_NO_ADDRESSES:
		snprintf(text, size,
		    "list in outbound-addresses the addresses from which mail leaves this host");
		break;
	case CANDIDATE_UNAVAILABLE:
		snprintf(text, size, "check nameservers, or try again");
		break;
	default:
		if (strcmp(settings->per_domain, "same") == 0)
			advise_same(state, settings, domain, srs_domain_usable, text, size);
		else
			advise_label(settings, domain, srs_domain_usable, text, size);
		break;
	}
}
