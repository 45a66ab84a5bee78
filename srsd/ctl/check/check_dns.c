/* SPDX-License-Identifier: ISC */
/*
 * The DNS of srs-domain and of unauthenticated-domain: the MX must lead to this host, for bounces,
 * and the SPF record must list the addresses that mail leaves from.
 */
#include <sys/types.h>
#include <ifaddrs.h>
#include <net/if.h>

#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "common/ascii.h"
#include "common/hostname.h"
#include "common/idna.h"
#include "common/orgdomain.h"
#include "common/xmalloc.h"
#include "srsd/ctl/check/check.h"
#include "srsd/ctl/offline.h"

/* Hosts of the MX that are looked up, and bytes of a list of addresses. */
#define HOSTS_MAX 10
#define LIST_SIZE 512

/* The maximum number of own domains of which the DMARC record is looked up. */
#define ALIGNED_MAX 20

/* The client in a query that is also sent to the daemon, to compare the results: any address. */
#define PROBE_IP "192.0.2.1"

/* For one query: a person is waiting. */
#define ANSWER_SECONDS 5

/* For all queries together. */
#define CHECK_SECONDS 300

struct ip_list {
	size_t n;
	struct ipaddr *ip;
};

struct dns_check {
	struct check *check;
	struct offline *offline;   /* in the confined process */
	struct ip_list host;       /* of this host, as far as they are known */
	bool behind_nat;           /* all of them are private */
	bool silent;               /* a query has timed out */
	bool moves_aligned;        /* the milter uses unauthenticated-domain for aligned mail */
	struct dns_answer *answer; /* to the pending query */
};

static void
add_ip(struct ip_list *list, const struct ipaddr *ip)
{
	list->ip = xreallocarray(list->ip, list->n + 1, sizeof(*ip));
	list->ip[list->n++] = *ip;
}

static bool
has_ip(const struct ip_list *list, const struct ipaddr *ip)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		if (list->ip[i].family == ip->family &&
		    ipaddr_agree(&list->ip[i], ip, (unsigned)ipaddr_size(ip) * 8))
			return true;
	return false;
}

static void
add_interface_ips(struct ip_list *list)
{
	struct ifaddrs *all, *i;
	struct ipaddr ip;

	if (getifaddrs(&all) == -1)
		return;
	for (i = all; i != NULL; i = i->ifa_next) {
		if (i->ifa_addr == NULL || !(i->ifa_flags & IFF_UP) ||
		    (i->ifa_flags & IFF_LOOPBACK))
			continue;
		if (i->ifa_addr->sa_family == AF_INET)
			ipaddr_from_bytes(
			    &ip, AF_INET, &((struct sockaddr_in *)(void *)i->ifa_addr)->sin_addr);
		else if (i->ifa_addr->sa_family == AF_INET6)
			ipaddr_from_bytes(&ip, AF_INET6,
			    &((struct sockaddr_in6 *)(void *)i->ifa_addr)->sin6_addr);
		else
			continue;
		add_ip(list, &ip);
	}
	freeifaddrs(all);
}

/* add_listed_ips - the addresses in a list of Postfix, some of them in brackets */
static void
add_listed_ips(struct ip_list *list, const char *text)
{
	char word[POSTFIX_WORD_SIZE], *s;
	struct ipaddr ip;

	while (postfix_word(&text, word)) {
		s = word[0] == '[' ? word + 1 : word;
		if (ipaddr_parse(&ip, s, strcspn(s, "]")))
			add_ip(list, &ip);
	}
}

static void
add_given_ips(struct ip_list *list, const struct text_list *given)
{
	struct ipaddr ip;
	size_t i;

	for (i = 0; i < given->n; i++)
		if (ipaddr_parse(&ip, given->text[i], strlen(given->text[i])))
			add_ip(list, &ip);
}

static void
find_host_ips(struct dns_check *dns)
{
	size_t i;

	add_interface_ips(&dns->host);
	add_given_ips(&dns->host, dns->check->addresses);
	if (dns->check->postfix != NULL)
		add_listed_ips(&dns->host, postfix_get(dns->check->postfix, "proxy_interfaces"));
	dns->behind_nat = true;
	for (i = 0; i < dns->host.n; i++)
		dns->behind_nat &= ipaddr_is_private(&dns->host.ip[i]);
}

/* on_record_answer - called with NULL for a query that was cancelled */
static void
on_record_answer(void *arg, struct dns_answer *answer)
{
	if (answer != NULL)
		((struct dns_check *)arg)->answer = answer;
}

static void
on_answer_timeout(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	*(bool *)arg = true;
}

/* ask_record - wait for the answer; after a timeout, further queries are not sent */
static struct dns_answer *
ask_record(struct dns_check *dns, const char *name, enum dns_type type)
{
	const struct timeval patience = { ANSWER_SECONDS, 0 };
	struct event *timer = evtimer_new(dns->offline->base, on_answer_timeout, &dns->silent);
	struct resolver_question *question = NULL;
	struct dns_answer *answer;

	dns->answer = NULL;
	if (timer != NULL && evtimer_add(timer, &patience) == 0 && !dns->silent)
		question = resolver_ask(dns->offline->resolver, name, type, on_record_answer, dns);
	while (question != NULL && dns->answer == NULL && !dns->silent &&
	       event_base_loop(dns->offline->base, EVLOOP_ONCE) == 0)
		;
	answer = dns->answer;
	if (question != NULL && answer == NULL)
		resolver_cancel(question);
	if (timer != NULL)
		event_free(timer);
	return answer == NULL ? dns_answer_new(DNS_ERROR) : answer;
}

static void
ask_host_ips(struct dns_check *dns, const char *name, struct ip_list *list, bool *failed)
{
	static const enum dns_type types[] = { DNS_A, DNS_AAAA };
	struct dns_answer *answer;
	size_t i, j;

	for (i = 0; i < 2; i++) {
		answer = ask_record(dns, name, types[i]);
		*failed |= answer->status == DNS_ERROR;
		for (j = 0; j < answer->n; j++)
			add_ip(list, &answer->rr[j].ip);
		dns_answer_unref(&answer);
	}
}

static void
format_ip_list(const struct ip_list *list, char text[LIST_SIZE])
{
	char ip[IPADDR_TEXT_SIZE];
	size_t i;

	text[0] = '\0';
	for (i = 0; i < list->n; i++) {
		ipaddr_format(&list->ip[i], ip);
		if (i > 0)
			strlcat(text, " ", LIST_SIZE);
		strlcat(text, ip, LIST_SIZE);
	}
}

static void
check_mx_targets(
    struct dns_check *dns, const char *domain, const struct ip_list *targets, bool failed)
{
	struct findings *findings = dns->check->findings;
	char text[LIST_SIZE];
	size_t i;

	format_ip_list(targets, text);
	for (i = 0; i < targets->n; i++) {
		if (!has_ip(&dns->host, &targets->ip[i]))
			continue;
		findings_add(findings, FINDING_OK, "MX of %s leads to this host: %s", domain, text);
		return;
	}
	if (targets->n == 0) {
		findings_add(findings, FINDING_ERROR,
		    failed ? "MX of %s: the DNS does not answer"
			   : "MX of %s: no MX record and no address, so that no bounce can be "
			     "delivered",
		    domain);
		findings_remedy(findings, failed ? "check nameservers, or try again"
						 : "publish an MX record for it that names this "
						   "host");
		return;
	}
	findings_add(findings, dns->behind_nat ? FINDING_WARNING : FINDING_ERROR,
	    "MX of %s leads to %s, %s", domain, text,
	    dns->behind_nat ? "which may or may not be this host: its own addresses are private"
			    : "not to this host");
	findings_remedy(findings,
	    dns->behind_nat
		? "use --address to give the address that other hosts see"
		: "publish an MX record that names this host, or another one with srsd and the same "
		  "secrets; if that is an address of this host, give it with --address");
}

static bool
is_null_mx(const struct dns_answer *mx)
{
	return mx->n == 1 && (mx->rr[0].len == 0 || strcmp(mx->rr[0].data, ".") == 0);
}

static void
check_mx(struct dns_check *dns, const char *domain)
{
	struct dns_answer *mx = ask_record(dns, domain, DNS_MX);
	struct ip_list targets = { 0, NULL };
	bool failed = mx->status == DNS_ERROR;
	char host[HOSTNAME_MAX + 1];
	size_t i;

	if (is_null_mx(mx)) {
		findings_add(dns->check->findings, FINDING_ERROR,
		    "MX of %s is a null MX: the domain accepts no mail", domain);
		findings_remedy(
		    dns->check->findings, "publish an MX record for it that names this host");
		dns_answer_unref(&mx);
		return;
	}
	for (i = 0; i < mx->n && i < HOSTS_MAX; i++) {
		if (strlcpy(host, mx->rr[i].data, sizeof(host)) >= sizeof(host))
			continue;
		hostname_lower(host, strlen(host));
		ask_host_ips(dns, host, &targets, &failed);
	}
	if (mx->status == DNS_VOID)
		ask_host_ips(dns, domain, &targets, &failed);
	check_mx_targets(dns, domain, &targets, failed);
	free(targets.ip);
	dns_answer_unref(&mx);
}

/* query_spf_result - "pass", ... for a sender in the domain and this address */
static json_t *
query_spf_result(struct dns_check *dns, const char *domain, const char *ip)
{
	json_t *request = json_pack("{s:s, s:s}", "ip", ip, "sender", domain);
	const char *error;
	json_t *report = offline_spf(dns->offline, request, &error), *result;

	result = json_incref(
	    json_object_get(json_array_get(json_object_get(report, "identities"), 0), "result"));
	json_decref(request);
	json_decref(report);
	return result;
}

/* check_sending_address - true when it passes; strict: mail is known to leave from there */
static bool
check_sending_address(
    struct dns_check *dns, const char *domain, const struct ipaddr *address, bool strict)
{
	struct findings *findings = dns->check->findings;
	char ip[IPADDR_TEXT_SIZE];
	const char *text;
	json_t *result;
	bool passes;

	ipaddr_format(address, ip);
	result = query_spf_result(dns, domain, ip);
	text = json_is_string(result) ? json_string_value(result) : "no result";
	passes = strcmp(text, "pass") == 0;
	findings_add(findings,
	    passes   ? FINDING_OK
	    : strict ? FINDING_ERROR
		     : FINDING_WARNING,
	    "SPF of %s for %s: %s", domain, ip, text);
	if (strcmp(text, "none") == 0)
		findings_remedy(findings, "publish a TXT record for it: \"v=spf1 %s:%s -all\"",
		    address->family == AF_INET ? "ip4" : "ip6", ip);
	else if (strcmp(text, "temperror") == 0)
		findings_remedy(findings,
		    "the DNS does not answer; check nameservers, or try again: srsctl spf %s %s",
		    ip, domain);
	else if (strcmp(text, "permerror") == 0)
		findings_remedy(findings,
		    "its record is invalid; for details, run: srsctl spf %s %s", ip, domain);
	else if (!passes)
		findings_remedy(findings,
		    "add %s:%s to its record if mail leaves from there; for details, run: srsctl "
		    "spf %s %s",
		    address->family == AF_INET ? "ip4" : "ip6", ip, ip, domain);
	json_decref(result);
	return passes;
}

/* find_outgoing - the addresses that mail leaves from; false when they are a guess */
static bool
find_outgoing(struct dns_check *dns, struct ip_list *list)
{
	const struct postfix *postfix = dns->check->postfix;
	const char *protocols = postfix == NULL ? "all" : postfix_get(postfix, "inet_protocols");
	bool v4 = strstr(protocols, "ipv4") != NULL || strstr(protocols, "all") != NULL,
	     v6 = strstr(protocols, "ipv6") != NULL || strstr(protocols, "all") != NULL;
	size_t i;

	add_given_ips(list, dns->check->addresses);
	if (list->n == 0)
		add_given_ips(list, &dns->check->settings->outbound_addresses);
	if (list->n == 0 && postfix != NULL) {
		add_listed_ips(list, postfix_get(postfix, "smtp_bind_address"));
		add_listed_ips(list, postfix_get(postfix, "smtp_bind_address6"));
	}
	for (i = 0; i < list->n; i++)
		if (!ipaddr_is_private(&list->ip[i]))
			return true;
	list->n = 0;
	if (postfix != NULL && postfix_get(postfix, "relayhost")[0] != '\0')
		return false;
	for (i = 0; i < dns->host.n; i++)
		if (!ipaddr_is_private(&dns->host.ip[i]) &&
		    (dns->host.ip[i].family == AF_INET ? v4 : v6))
			add_ip(list, &dns->host.ip[i]);
	return list->n == 1;
}

static void
check_spf(struct dns_check *dns, const char *domain)
{
	struct findings *findings = dns->check->findings;
	struct ip_list list = { 0, NULL };
	bool known = find_outgoing(dns, &list), passes = false;
	size_t i;

	if (dns->silent) {
		findings_add(findings, FINDING_SKIPPED, "SPF of %s", domain);
		findings_remedy(findings, "the DNS does not answer");
		list.n = 0;
	} else if (list.n == 0) {
		findings_add(findings, FINDING_SKIPPED, "SPF of %s", domain);
		findings_remedy(findings,
		    "the address that mail leaves from is unknown; give it with --address");
	}
	for (i = 0; i < list.n; i++)
		passes |= check_sending_address(dns, domain, &list.ip[i], known);
	if (list.n > 0 && !known && !passes) {
		findings_add(findings, FINDING_ERROR,
		    "SPF of %s passes for none of this host's addresses", domain);
		findings_remedy(
		    findings, "add those that mail leaves from, or give them with --address");
	}
	free(list.ip);
}

/* has_dmarc_tag - does a DMARC record hold name=value, after v=DMARC1? (RFC 7489, 6.3 and 6.4) */
static bool
has_dmarc_tag(const char *record, const char *name, const char *value)
{
	size_t len = strlen(name), value_len = strlen(value);

	while ((record = strchr(record, ';')) != NULL) {
		record++;
		record += strspn(record, " \t");
		if (strncasecmp(record, name, len) != 0)
			continue;
		record += len;
		record += strspn(record, " \t");
		if (*record != '=')
			continue;
		record++;
		record += strspn(record, " \t");
		if (strncasecmp(record, value, value_len) == 0 && !ascii_isalnum(record[value_len]))
			return true;
	}
	return false;
}

/* ask_dmarc - false when the domain itself has no record; *strict: it has aspf=s */
static bool
ask_dmarc(struct dns_check *dns, const char *domain, bool *strict)
{
	char name[HOSTNAME_MAX + sizeof("_dmarc.")];
	struct dns_answer *txt;
	bool found = false;
	size_t i;

	snprintf(name, sizeof(name), "_dmarc.%s", domain);
	txt = ask_record(dns, name, DNS_TXT);
	for (i = 0; i < txt->n && !found; i++) {
		found = txt->rr[i].len >= 8 && strncasecmp(txt->rr[i].data, "v=DMARC1", 8) == 0;
		*strict = found && has_dmarc_tag(txt->rr[i].data, "aspf", "s");
	}
	dns_answer_unref(&txt);
	return found;
}

/* report_aligned - owner has the DMARC record of a domain, org is the organizational domain */
static void
report_aligned(struct dns_check *dns, const char *domain, const char *owner, const char *org)
{
	const struct settings *settings = dns->check->settings;
	const char *srs_domain = settings->srs_domain;
	const char *or_apart =
	    settings->milter.n > 0 && settings->unauthenticated_domain[0] == '\0'
		? ", or set unauthenticated-domain, which the milter uses for such messages"
		: "";

	findings_add(dns->check->findings, FINDING_WARNING,
	    "DMARC of %s passes for forwarded messages with a forged From: in that domain, "
	    "because srs-domain %s is aligned with it",
	    domain, srs_domain);
	if (strcasecmp(domain, srs_domain) == 0)
		findings_remedy(dns->check->findings,
		    "choose another srs-domain, such as srs.%s, list %s in "
		    "reverse-domains, and publish aspf=s in _dmarc.%s%s",
		    domain, domain, owner, or_apart);
	else
		findings_remedy(dns->check->findings,
		    "publish aspf=s in _dmarc.%s, or choose an srs-domain that is not below "
		    "%s%s",
		    owner, org, or_apart);
}

/*
 * check_alignment - of an own domain in the organizational domain of srs-domain
 *
 * A forwarded message passes SPF for srs-domain. If srs-domain is aligned with the From: header, a
 * message from a stranger with a forged From: passes DMARC after it has been forwarded (RFC 7489,
 * 3.1.2). The milter can use unauthenticated-domain instead.
 */
static void
check_alignment(struct dns_check *dns, const char *domain, const char *org)
{
	const char *owner = domain;
	bool strict;

	if (!ask_dmarc(dns, domain, &strict)) {
		owner = org;
		if (strcasecmp(domain, org) == 0 || !ask_dmarc(dns, org, &strict))
			return;
	}
	if (dns->moves_aligned)
		findings_add(dns->check->findings, FINDING_OK,
		    "DMARC of %s: forwards with a forged From: leave under "
		    "unauthenticated-domain",
		    domain);
	else if (strict && strcasecmp(domain, dns->check->settings->srs_domain) != 0)
		findings_add(dns->check->findings, FINDING_OK,
		    "DMARC of %s is not aligned with srs-domain: aspf=s", domain);
	else
		report_aligned(dns, domain, owner, org);
}

/* is_listed_before - a domain may be in the list more than once */
static bool
is_listed_before(const struct text_list *list, size_t number)
{
	size_t i;

	for (i = 0; i < number; i++)
		if (strcasecmp(list->text[i], list->text[number]) == 0)
			return true;
	return false;
}

/*
 * check_dmarc_records - of the organizational domain of srs-domain, and of the own domains in it
 *
 * No message has a From: in srs-domain itself, unless that is the organizational domain.
 */
static void
check_dmarc_records(struct dns_check *dns)
{
	const struct settings *settings = dns->check->settings;
	const struct text_list *list = &settings->domains;
	const char *srs_domain = settings->srs_domain, *start;
	char org[HOSTNAME_MAX + 1], domain[HOSTNAME_MAX + 1];
	size_t i, len, asked = 0;

	if ((settings->forward.n == 0 && settings->milter.n == 0) ||
	    !orgdomain_of(srs_domain, strlen(srs_domain), &start, &len))
		return;
	snprintf(org, sizeof(org), "%.*s", (int)len, start);
	check_alignment(dns, org, org);
	for (i = 0; i < list->n && asked < ALIGNED_MAX; i++) {
		if (list->text[i][0] == '.' || is_listed_before(list, i) ||
		    idna_to_ascii(domain, list->text[i], strlen(list->text[i])) == 0 ||
		    strcasecmp(domain, org) == 0 || strcasecmp(domain, srs_domain) == 0 ||
		    !orgdomain_is_shared(domain, strlen(domain), org, len))
			continue;
		check_alignment(dns, domain, org);
		asked++;
	}
}

/* check_dns_confined - runs without secrets; its findings are the reply */
static json_t *
check_dns_confined(struct offline *offline, void *arg)
{
	struct dns_check *dns = arg;
	const struct settings *settings = dns->check->settings;
	json_t *reply;

	srs_keys_free(&dns->check->keys);
	dns->check->findings = findings_new();
	dns->offline = offline;
	check_mx(dns, settings->srs_domain);
	check_spf(dns, settings->srs_domain);
	if (settings->unauthenticated_domain[0] != '\0') {
		check_mx(dns, settings->unauthenticated_domain);
		check_spf(dns, settings->unauthenticated_domain);
	}
	check_dmarc_records(dns);
	reply = findings_json(dns->check->findings);
	if (!dns->silent)
		json_object_set_new(
		    reply, "result", query_spf_result(dns, settings->srs_domain, PROBE_IP));
	return reply;
}

/* query_daemon_spf_result - a new reference; NULL with a reason in error */
static json_t *
query_daemon_spf_result(const struct check *check, char error[CTL_ERROR_SIZE])
{
	json_t *request = json_pack("{s:s, s:s, s:s}", "command", "spf", "ip", PROBE_IP, "sender",
	    check->settings->srs_domain);
	json_t *reply = ctl_ask(check->ctl, request, CTL_SHOWN, error), *result;

	if (reply != NULL)
		strlcpy(error, ctl_text(reply, "error"), CTL_ERROR_SIZE);
	result = json_incref(
	    json_object_get(json_array_get(json_object_get(reply, "identities"), 0), "result"));
	json_decref(request);
	json_decref(reply);
	return result;
}

static void
report_other_answers(struct check *check, const char *ours, const char *theirs)
{
	const char *domain = check->settings->srs_domain;

	if (strcmp(theirs, "temperror") == 0)
		findings_add(check->findings, FINDING_ERROR,
		    "the daemon gets no answer from the DNS for %s, but srsctl does", domain);
	else
		findings_add(check->findings, FINDING_ERROR,
		    "the daemon gets other answers from the DNS than srsctl: SPF of %s is %s "
		    "instead of %s",
		    domain, theirs, ours);
	findings_remedy(check->findings,
	    "if nameservers or /etc/resolv.conf has changed, run srsctl reload; if the record has "
	    "changed, wait until the daemon's copy has expired");
}

/*
 * check_daemon_answers - the daemon may still use the nameservers of an older resolv.conf, or may be
 * unable to reach them
 *
 * result is that of the same query here. A record that has changed a moment ago may lead to other
 * results than none, as the cache of the daemon has the old one.
 */
static void
check_daemon_answers(struct check *check, const char *result)
{
	char error[CTL_ERROR_SIZE];
	const char *theirs;
	json_t *daemon;

	if (strcmp(result, "temperror") == 0)
		return;
	if (check->ctl->socket == NULL) {
		/* Not skipped: cron(8) would send mail about a setting that was chosen. */
		findings_add(check->findings, FINDING_OK,
		    "the DNS answers srsctl; the daemon may use other nameservers, and cannot be "
		    "asked because control is \"none\"");
		return;
	}
	daemon = query_daemon_spf_result(check, error);
	theirs = ctl_string(daemon);
	if (daemon == NULL) {
		findings_add(check->findings, FINDING_SKIPPED, "the DNS as the daemon sees it");
		findings_remedy(check->findings, "%s", error);
	} else if (strcmp(theirs, "temperror") == 0 ||
		   (strcmp(theirs, "none") == 0) != (strcmp(result, "none") == 0)) {
		report_other_answers(check, result, theirs);
	} else if (strcmp(result, "none") != 0) {
		findings_add(check->findings, FINDING_OK,
		    "the daemon gets the same answers from the DNS as srsctl");
	}
	json_decref(daemon);
}

/* moves_aligned_mail - not if the forward map signs, which knows no From: */
static bool
moves_aligned_mail(const struct check *check)
{
	return check->settings->milter.n > 0 &&
	       check->settings->unauthenticated_domain[0] != '\0' &&
	       (check->postfix == NULL || check_milter_rewrites(check));
}

void
check_dns(struct check *check)
{
	struct dns_check dns = { .check = check };
	char error[OFFLINE_ERROR_SIZE] = "the process that queries the DNS sent an invalid reply";
	json_t *reply;

	find_host_ips(&dns);
	dns.moves_aligned = moves_aligned_mail(check);
	reply = offline_run(check->settings, check_dns_confined, &dns,
	    ctl_timeout(check->ctl, CHECK_SECONDS), error);
	if (reply == NULL || !findings_take(check->findings, reply)) {
		findings_add(check->findings, FINDING_ERROR, "DNS: %s", error);
		findings_remedy(check->findings, "check nameservers, dnssec and trust-anchor");
	} else if (json_is_string(json_object_get(reply, "result"))) {
		check_daemon_answers(check, ctl_text(reply, "result"));
	}
	json_decref(reply);
	free(dns.host.ip);
}
