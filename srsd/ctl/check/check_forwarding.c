/* SPDX-License-Identifier: ISC */
/*
 * The milter of srsd recognizes a forward only on a second smtpd(8), a hop, and only by the ORCPT
 * of Postfix's own client.
 */
#include <string.h>

#include "srsd/ctl/check/check.h"
#include "srsd/ctl/check/check_hop.h"
#include "srsd/ctl/check/check_way.h"
#include "srsd/ctl/postfix_endpoint.h"

/* The services that have the milter. */
struct milter_uses {
	size_t hops, public;
	struct check_hop first_public;
};

static const char sender_maps[] = "sender_canonical_maps";

/* find_sender_map - does main.cf or a service name the map forward? *service is "" for main.cf */
static bool
find_sender_map(const struct check *check, char service[POSTFIX_WORD_SIZE])
{
	const struct postfix_map_place forward = postfix_endpoint_place(check->settings, "forward");
	const char *maps = postfix_get(check->postfix, sender_maps);
	size_t i;

	service[0] = '\0';
	if (postfix_endpoint_names_map(check->postfix, maps, &forward, false))
		return true;
	for (i = 0; (maps = postfix_override(check->postfix, sender_maps, i, service)) != NULL; i++)
		if (postfix_endpoint_names_map(check->postfix, maps, &forward, false))
			return true;
	return false;
}

/* is_milter_meant - a service that inherits the milter of main.cf and has no_milters does not want it */
static bool
is_milter_meant(const struct check_hop *hop)
{
	return hop->own || !hop->off;
}

static bool
has_hop(const struct check *check)
{
	struct check_hop hop;
	size_t i;

	for (i = 0; check_hop_at(check, i, &hop); i++)
		if (hop.hop && is_milter_meant(&hop))
			return true;
	return false;
}

bool
check_milter_rewrites(const struct check *check)
{
	char service[POSTFIX_WORD_SIZE];

	return check->settings->milter.n > 0 &&
	       (has_hop(check) || !find_sender_map(check, service));
}

/* leads_to_another_instance - does mail leave to a port of this host where nothing here listens? */
static bool
leads_to_another_instance(const struct check *check)
{
	const char *port = check_way_port(check);
	struct postfix_service service;

	return port != NULL && !check_way_find_service(check, port, &service);
}

static void
report_not_used(struct check *check)
{
	char endpoint[POSTFIX_ENDPOINT_SIZE];

	if (leads_to_another_instance(check)) {
		findings_add(check->findings, FINDING_SKIPPED, "milter");
		findings_remedy(check->findings,
		    "mail leaves through another instance of Postfix: run srsctl check --postfix "
		    "with the directory of its main.cf");
		return;
	}
	postfix_endpoint_for_client(check->settings->milter.text[0], endpoint);
	findings_add(check->findings, FINDING_ERROR, "no smtpd has the milter in smtpd_milters");
	findings_remedy(check->findings,
	    "add -o smtpd_milters=%s to the smtpd of a hop in master.cf, or remove milter from "
	    "srsd.conf; see contrib/postfix/forwarding",
	    endpoint);
}

/* report_no_hop - on the first hop, the public smtpd, aliases are not expanded yet */
static void
report_no_hop(struct check *check, const struct check_hop *public)
{
	char service[POSTFIX_WORD_SIZE];

	if (find_sender_map(check, service)) {
		findings_add(check->findings, FINDING_OK,
		    "smtpd %s has the milter, which reverses recipients there; %s rewrites senders",
		    public->service.name, sender_maps);
		return;
	}
	findings_add(check->findings, FINDING_ERROR,
	    "smtpd %s has the milter, and no hop has it: forwards are not rewritten, because "
	    "aliases are not expanded yet on a public smtpd",
	    public->service.name);
	findings_remedy(check->findings,
	    "add the hop of contrib/postfix/forwarding, with -o smtpd_milters of its own");
}

static void
report_off(struct check *check, const struct check_hop *hop)
{
	findings_add(check->findings, FINDING_ERROR,
	    "receive_override_options of smtpd %s contains no_milters: the milter is not used there",
	    hop->service.name);
	findings_remedy(check->findings, "remove no_milters from that service in master.cf");
}

/* check_use - of a service that has the milter */
static void
check_use(struct check *check, const struct check_hop *hop, struct milter_uses *uses)
{
	if (!is_milter_meant(hop))
		return;
	if (!hop->hop && !hop->off && uses->public ++ == 0)
		uses->first_public = *hop;
	if (hop->hop)
		uses->hops++;
	if (hop->off)
		report_off(check, hop);
	else if (hop->hop) {
		check_hop_settings(check, hop);
		check_hop_client(check, hop);
	}
}

static void
check_exclusive(struct check *check)
{
	char service[POSTFIX_WORD_SIZE];

	if (!find_sender_map(check, service))
		return;
	findings_add(check->findings, FINDING_ERROR,
	    "%s%s%s names the map forward, and a hop has the milter: mail for mailboxes is "
	    "rewritten too, and at the hop every foreign sender is already an SRS address",
	    sender_maps, service[0] == '\0' ? "" : " of ", service);
	if (service[0] == '\0')
		findings_remedy(check->findings, "postconf -X %s", sender_maps);
	else
		findings_remedy(check->findings, "remove it from that service in master.cf");
}

/* check_client_orcpt - may a client of this service choose ORCPT? */
static void
check_client_orcpt(struct check *check, const struct postfix_service *service)
{
	static const char name[] = "smtpd_discard_ehlo_keywords";

	if (postfix_list_has(postfix_service_get(check->postfix, service, name), "dsn"))
		return;
	if (check->settings->rewrite_relayed) {
		findings_add(check->findings, FINDING_OK,
		    "smtpd %s accepts ORCPT from clients; they can choose which of domains forwards, "
		    "but not whether mail is rewritten",
		    service->name);
		return;
	}
	findings_add(check->findings, FINDING_ERROR,
	    "smtpd %s accepts ORCPT from clients: with rewrite-relayed = false a client can keep "
	    "srsd from rewriting its mail",
	    service->name);
	findings_remedy(check->findings,
	    "postconf -e '%s = dsn, silent-discard', and -o %s= for the hop in master.cf", name,
	    name);
}

/* check_orcpt - of each smtpd(8) that others than Postfix talk to */
static void
check_orcpt(struct check *check)
{
	struct postfix_service service;
	size_t i;

	for (i = 0; postfix_service_at(check->postfix, i, &service); i++)
		if (strcmp(service.command, "smtpd") == 0 && !postfix_is_hop(&service))
			check_client_orcpt(check, &service);
}

/* check_masquerade - a sender of a subdomain becomes one of ours after the gate has judged it */
static void
check_masquerade(struct check *check)
{
	static const char classes[] = "masquerade_classes", domains[] = "masquerade_domains";

	if (postfix_get(check->postfix, domains)[0] == '\0' ||
	    !postfix_list_has(postfix_get(check->postfix, classes), "envelope_sender"))
		return;
	findings_add(check->findings, FINDING_WARNING,
	    "%s changes envelope senders: a forged sender in a subdomain becomes one of your "
	    "domains, which the milter does not rewrite",
	    domains);
	findings_remedy(
	    check->findings, "postconf -e '%s = header_sender, header_recipient'", classes);
}

static void
report_local_mail(struct check *check, const char *service)
{
	static const char name[] = "non_smtpd_milters";

	findings_add(check->findings, FINDING_ERROR,
	    "%s%s%s names the milter: mail that is submitted on this host is judged before its "
	    "aliases are expanded",
	    name, service[0] == '\0' ? "" : " of ", service);
	findings_remedy(check->findings, "remove it%s; the milter belongs only on the hop",
	    service[0] == '\0' ? "" : " from that service in master.cf");
}

static void
check_local_mail(struct check *check)
{
	static const char name[] = "non_smtpd_milters";
	char service[POSTFIX_WORD_SIZE] = "", word[POSTFIX_WORD_SIZE];
	const char *list = postfix_get(check->postfix, name);
	size_t i;

	if (check_hop_find_word(check, list, false, word))
		report_local_mail(check, "");
	for (i = 0; (list = postfix_override(check->postfix, name, i, service)) != NULL; i++)
		if (check_hop_find_word(check, list, false, word))
			report_local_mail(check, service);
}

void
check_forwarding(struct check *check)
{
	struct milter_uses uses = { .hops = 0 };
	struct check_hop hop;
	size_t i;

	if (check->settings->milter.n == 0)
		return;
	for (i = 0; check_hop_at(check, i, &hop); i++)
		check_use(check, &hop, &uses);
	if (uses.hops > 0) {
		check_exclusive(check);
		check_orcpt(check);
		check_masquerade(check);
	} else if (uses.public > 0) {
		report_no_hop(check, &uses.first_public);
	} else {
		report_not_used(check);
	}
	check_local_mail(check);
}
