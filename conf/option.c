/* SPDX-License-Identifier: ISC */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/ascii.h"
#include "common/closest.h"
#include "common/endpoint.h"
#include "common/hostname.h"
#include "common/ipaddr.h"
#include "conf/envelope_database.h"
#include "conf/option.h"
#include "conf/paths.h"
#include "conf/restriction_class.h"
#include "conf/settings.h"

/* The spellings of policyd-spf (SPF_Not_Pass, No_Check) differ in case, and have '_' for '-'. */
static const struct option_choice reject_words[] = {
	{ "spf-not-pass", SPF_REJECT_NOT_PASS },
	{ "softfail", SPF_REJECT_SOFTFAIL },
	{ "fail", SPF_REJECT_FAIL },
	{ "false", SPF_REJECT_NEVER },
	{ "no-check", SPF_REJECT_NOCHECK },
	{ NULL, 0 },
};

static const struct option_choice helo_reject_words[] = {
	{ "spf-not-pass", SPF_REJECT_NOT_PASS },
	{ "softfail", SPF_REJECT_SOFTFAIL },
	{ "fail", SPF_REJECT_FAIL },
	{ "null", SPF_REJECT_NULL },
	{ "false", SPF_REJECT_NEVER },
	{ "no-check", SPF_REJECT_NOCHECK },
	{ NULL, 0 },
};

static const struct option_choice null_reject_words[] = {
	{ "helo-reject", SPF_REJECT_AS_HELO },
	{ "spf-not-pass", SPF_REJECT_NOT_PASS },
	{ "softfail", SPF_REJECT_SOFTFAIL },
	{ "fail", SPF_REJECT_FAIL },
	{ "null", SPF_REJECT_NULL },
	{ "false", SPF_REJECT_NEVER },
	{ "no-check", SPF_REJECT_NOCHECK },
	{ NULL, 0 },
};

static const struct option_choice header_words[] = {
	{ "received-spf", SPF_HEADER_RECEIVED },
	{ "authentication-results", SPF_HEADER_AUTHRES },
	{ "both", SPF_HEADER_BOTH },
	{ "none", SPF_HEADER_NONE },
	{ "spf", SPF_HEADER_RECEIVED },
	{ "ar", SPF_HEADER_AUTHRES },
	{ NULL, 0 },
};

static const struct option_choice forged_words[] = {
	{ "reject", SRS_FORGED_REJECT },
	{ "check", SRS_FORGED_CHECK },
	{ NULL, 0 },
};

static const struct option_choice nonnull_words[] = {
	{ "check", SRS_NONNULL_CHECK },
	{ "reject", SRS_NONNULL_REJECT },
	{ "defer", SRS_NONNULL_DEFER },
	{ NULL, 0 },
};

static const struct option_choice sender_words[] = {
	{ "skip", SRS_SENDER_SKIP },
	{ "no-reject", SRS_SENDER_NO_REJECT },
	{ "check", SRS_SENDER_CHECK },
	{ NULL, 0 },
};

static const struct option_choice evaluator_words[] = {
	{ "native", SPF_EVALUATOR_NATIVE },
#ifdef HAVE_LIBSPF2
	{ "libspf2", SPF_EVALUATOR_LIBSPF2 },
#endif
	{ NULL, 0 },
};

static const struct option_choice separator_words[] = {
	{ "=", '=' },
	{ "+", '+' },
	{ "-", '-' },
	{ NULL, 0 },
};

static const struct option_choice hash_format_words[] = {
	{ "compatible", HASH_COMPATIBLE },
	{ "separated", HASH_SEPARATED },
	{ NULL, 0 },
};

static const struct option_choice envelope_words[] = {
	{ "embedded", ENVELOPE_EMBEDDED },
	{ "long", ENVELOPE_LONG },
	{ "database", ENVELOPE_DATABASE },
	{ NULL, 0 },
};

static const struct option_choice unauthenticated_words[] = {
	{ "rewrite", UNAUTHENTICATED_REWRITE },
	{ "domain", UNAUTHENTICATED_DOMAIN },
	{ "keep", UNAUTHENTICATED_KEEP },
	{ "hold", UNAUTHENTICATED_HOLD },
	{ NULL, 0 },
};

static const struct option_choice unauthenticated_bounces_words[] = {
	{ "return", UNAUTHENTICATED_BOUNCES_RETURN },
	{ "discard", UNAUTHENTICATED_BOUNCES_DISCARD },
	{ NULL, 0 },
};

static const struct option_choice bool_words[] = {
	{ "true", true },
	{ "false", false },
	{ "yes", true },
	{ "no", false },
	{ "on", true },
	{ "off", false },
	{ "1", true },
	{ "0", false },
	{ NULL, 0 },
};

static bool
accept_srs_domain(const char *value, const char **error)
{
	*error = "a host name of ASCII letters, digits and hyphens with at least one dot";
	return value[0] == '\0' || hostname_is_fqdn(value, strlen(value));
}

static bool
accept_domain(const char *value, const char **error)
{
	size_t dot = value[0] == '.';

	*error = "a domain, or .domain for its subdomains";
	return hostname_is_mail_domain(value + dot, strlen(value + dot));
}

static bool
accept_host(const char *value, const char **error)
{
	*error = "a host name";
	return value[0] == '\0' || hostname_is_mail_domain(value, strlen(value));
}

static bool
accept_path(const char *value, const char **error)
{
	*error = "a path that begins with /";
	return value[0] == '\0' || value[0] == '/';
}

static bool
accept_domain_name(const char *value, const char **error)
{
	*error = "a domain";
	return hostname_is_mail_domain(value, strlen(value));
}

/* The limits of an endpoint, after its forms. */
#define PORT_LIMIT "with a port from 1 to 65535"
#define PATH_LIMIT "a path of at most 107 bytes"

static bool
accept_endpoint(const char *value, const char **error)
{
	const char *why;

	*error = ENDPOINT_FORMS ", " PORT_LIMIT " and " PATH_LIMIT;
	return endpoint_is_valid(value, &why);
}

static bool
accept_control(const char *value, const char **error)
{
	const char *why;

	*error = "none, or unix:/PATH with " PATH_LIMIT;
	return strcmp(value, "none") == 0 ||
	       (strncmp(value, "unix:/", 6) == 0 && endpoint_is_valid(value, &why));
}

static bool
accept_metrics(const char *value, const char **error)
{
	const char *why;

	*error = "none, inet:HOST:PORT or inet:[IPV6]:PORT, " PORT_LIMIT;
	return strcmp(value, "none") == 0 ||
	       (strncmp(value, "inet:", 5) == 0 && endpoint_is_valid(value, &why));
}

#if defined(HAVE_SQLITE) && defined(HAVE_HIREDIS)
#define DATABASES "sqlite:/PATH, redis:HOST:PORT, redis:unix:/PATH or none"
#elif defined(HAVE_SQLITE)
#define DATABASES "sqlite:/PATH or none; this srsd was built without hiredis"
#elif defined(HAVE_HIREDIS)
#define DATABASES "redis:HOST:PORT, redis:unix:/PATH or none; this srsd was built without SQLite"
#else
#define DATABASES "none; this srsd was built without SQLite and hiredis"
#endif

/* accept_database - by its kind; srsd/store reads the rest when it opens the database */
static bool
accept_database(const char *value, const char **error)
{
	*error = DATABASES;
	if (!envelope_database_is_set(value))
		return true;
#ifdef HAVE_SQLITE
	if (envelope_database_path(value) != NULL)
		return envelope_database_path(value)[0] == '/';
#endif
#ifdef HAVE_HIREDIS
	if (envelope_database_server(value) != NULL)
		return strchr(envelope_database_server(value), ':') != NULL;
#endif
	return false;
}

/* is_candidate_form - "same", or a label and a dot: "srs." makes srs.x.org of x.org */
static bool
is_candidate_form(const char *value)
{
	size_t len = strlen(value);

	if (strcmp(value, "same") == 0)
		return true;
	return len > 1 && strchr(value, '.') == value + len - 1 &&
	       hostname_is_mail_domain(value, len - 1);
}

static bool
accept_candidate_form(const char *value, const char **error)
{
	*error = "same, or a label and a dot, such as srs.";
	return is_candidate_form(value);
}

static bool
accept_per_domain(const char *value, const char **error)
{
	*error = "off, same, or a label and a dot, such as srs.";
	return strcmp(value, "off") == 0 || is_candidate_form(value);
}

/* accept_sibling - a host name or an address, perhaps with a port */
static bool
accept_sibling(const char *value, const char **error)
{
	char endpoint[HOSTNAME_MAX + 16];
	const char *why;

	*error = "HOST, HOST:PORT or [ADDRESS]:PORT of an SMTP server";
	if (snprintf(endpoint, sizeof(endpoint), "inet:%s", value) >= (int)sizeof(endpoint))
		return false;
	if (hostname_is_fqdn(value, strlen(value)))
		return true;
	return endpoint_is_valid(endpoint, &why);
}

static bool
accept_nameserver(const char *value, const char **error)
{
	const char *colon = strrchr(value, ':'), *range;
	struct ipaddr ip;

	*error = "IP, IP:PORT or [IPV6]:PORT";
	if (ipaddr_parse(&ip, value, strlen(value)))
		return true;
	if (colon == NULL || strtonum(colon + 1, 1, 65535, &range) == 0)
		return false;
	if (value[0] == '[' && colon[-1] == ']')
		return ipaddr_parse(&ip, value + 1, (size_t)(colon - value) - 2);
	return ipaddr_parse(&ip, value, (size_t)(colon - value));
}

static bool
accept_address(const char *value, const char **error)
{
	struct ipaddr ip;

	*error = "an IPv4 or IPv6 address";
	return value[0] == '\0' || ipaddr_parse(&ip, value, strlen(value));
}

static bool
accept_outbound_address(const char *value, const char **error)
{
	return accept_address(value, error) && value[0] != '\0';
}

static bool
accept_restriction_class(const char *value, const char **error)
{
	*error = "a restriction class of main.cf; actions and restrictions of Postfix are refused, "
		 "because any domain can pass its own SPF check";
	return value[0] == '\0' || restriction_class_is_name(value);
}

static bool
accept_reason_message(const char *value, const char **error)
{
	static const char *const names[] = { "{result}", "{reason}", "{identity}", "{client}",
		"{sender}", "{domain}" };
	const size_t n = sizeof(names) / sizeof(names[0]);
	const char *brace;
	size_t i;

	*error =
	    "printable ASCII, with {result} {reason} {identity} {client} {sender} {domain} and "
	    "no other braces";
	for (brace = value; *brace != '\0'; brace++)
		if (!ascii_isgraph(*brace) && *brace != ' ')
			return false;
	for (brace = value; (brace = strpbrk(brace, "{}")) != NULL; brace += strlen(names[i])) {
		for (i = 0; i < n; i++)
			if (strncmp(brace, names[i], strlen(names[i])) == 0)
				break;
		if (i == n)
			return false;
	}
	return true;
}

/* The section of an option, and its field. */
#define TOP(field) NULL, offsetof(struct settings, field)
#define SPF(field) "spf", offsetof(struct settings, spf.field)

const struct conf_option option_table[] = {
	{ TOP(srs_domain), "srs-domain", OPTION_TEXT, "", .accept = accept_srs_domain,
	    .text = "domain of the SRS addresses" },
	{ TOP(domains), "domains", OPTION_LIST, NULL, .accept = accept_domain,
	    .text = "own domains, whose senders are not rewritten" },
	{ TOP(domains_file), "domains-file", OPTION_TEXT, "", .accept = accept_path,
	    .text = "file of further own domains, one per line" },
	{ TOP(domains_file_watch), "domains-file-watch", OPTION_BOOL, "false",
	    .choices = bool_words, .text = "reload when domains-file changes" },
	{ TOP(reverse_domains), "reverse-domains", OPTION_LIST, NULL, .accept = accept_domain_name,
	    .text = "further SRS domains whose addresses belong to this host" },
	{ TOP(secrets_file), "secrets-file", OPTION_TEXT, PATHS_SECRETS, .accept = accept_path,
	    .text = "file of secrets, one per line: the first signs, all verify" },
	{ TOP(forward), "forward", OPTION_LIST, "inet:127.0.0.1:10001", .accept = accept_endpoint,
	    .text = "endpoints of the forward map" },
	{ TOP(reverse), "reverse", OPTION_LIST, "inet:127.0.0.1:10002", .accept = accept_endpoint,
	    .text = "endpoints of the reverse map" },
	{ TOP(policy), "policy", OPTION_LIST, "inet:127.0.0.1:10003", .accept = accept_endpoint,
	    .text = "endpoints of the policy service" },
	{ TOP(socketmap), "socketmap", OPTION_LIST, NULL, .accept = accept_endpoint,
	    .text = "endpoints that serve both maps as a socketmap" },
	{ TOP(milter), "milter", OPTION_LIST, NULL, .accept = accept_endpoint,
	    .text = "endpoints of the milter" },
	{ TOP(clients), "clients", OPTION_CIDRS, NULL,
	    .text = "addresses that may connect to endpoints of the form inet:" },
	{ TOP(control), "control", OPTION_TEXT, "unix:" PATHS_CONTROL, .accept = accept_control,
	    .text = "control socket for srsctl" },
	{ TOP(metrics), "metrics", OPTION_TEXT, "none", .accept = accept_metrics,
	    .text = "endpoint of the OpenMetrics page" },
	{ TOP(metrics_remote), "metrics-remote", OPTION_BOOL, "false", .choices = bool_words,
	    .text = "allow metrics on an address that is not on loopback" },
	{ TOP(separator), "separator", OPTION_CHOICE, "=", .choices = separator_words,
	    .text = "character after SRS0 and SRS1 in new addresses" },
	{ TOP(hash_length), "hash-length", OPTION_NUMBER, "4", .min = 4, .max = 27,
	    .text = "number of hash characters in new addresses" },
	{ TOP(hash_minimum), "hash-minimum", OPTION_NUMBER, "4", .min = 4, .max = 27,
	    .text = "minimum number of hash characters in returning addresses" },
	{ TOP(hash_avoid_slash), "hash-avoid-slash", OPTION_BOOL, "true", .choices = bool_words,
	    .text = "avoid / and + in new hashes by signing with an earlier day" },
	{ TOP(hash_format), "hash-format", OPTION_CHOICE, "compatible",
	    .choices = hash_format_words, .text = "parts of an address that its hash covers" },
	{ TOP(hash_accept_compatible), "hash-accept-compatible", OPTION_DATE, "none",
	    .text = "last day on which compatible hashes are accepted too" },
	{ TOP(hash_accept_separated), "hash-accept-separated", OPTION_DATE, "none",
	    .text = "last day on which separated hashes are accepted too" },
	{ TOP(max_age), "max-age", OPTION_NUMBER, "21", .min = 1, .max = 365,
	    .text = "days for which an address is valid" },
	{ TOP(always_rewrite), "always-rewrite", OPTION_BOOL, "false", .choices = bool_words,
	    .text = "rewrite senders of own domains too" },
	{ TOP(original_envelope), "original-envelope", OPTION_CHOICE, "embedded",
	    .choices = envelope_words, .text = "senders that are kept in envelope-database" },
	{ TOP(envelope_database), "envelope-database", OPTION_TEXT, "none",
	    .accept = accept_database, .text = "database of long senders" },
	{ TOP(envelope_database_user), "envelope-database-user", OPTION_TEXT, "",
	    .text = "user of a Redis database" },
	{ TOP(envelope_database_password_file), "envelope-database-password-file", OPTION_TEXT, "",
	    .accept = accept_path, .text = "file with the password of a Redis database" },
	{ TOP(envelope_database_tls), "envelope-database-tls", OPTION_BOOL, "false",
	    .choices = bool_words, .text = "connect to a Redis database with TLS" },
	{ TOP(envelope_accept_sha1), "envelope-accept-sha1", OPTION_DATE, "none",
	    .text = "last day on which rows of postsrsd 2 are accepted too" },
	{ TOP(envelope_limit), "envelope-limit", OPTION_NUMBER, "10000000", .min = 1000,
	    .max = 1000000000, .text = "maximum number of senders in envelope-database" },
	{ TOP(store_timeout), "store-timeout", OPTION_NUMBER, "2", .min = 1, .max = 60,
	    .text = "seconds to wait for envelope-database" },
	{ TOP(milter_timeout), "milter-timeout", OPTION_NUMBER, "20", .min = 1, .max = 300,
	    .text = "seconds for the decision on a message, after which it is deferred" },
	{ TOP(milter_test_only), "milter-test-only", OPTION_BOOL, "false", .choices = bool_words,
	    .text = "log the decisions of the milter, and change nothing" },
	{ TOP(rewrite_relayed), "rewrite-relayed", OPTION_BOOL, "true", .choices = bool_words,
	    .text = "rewrite mail that the milter does not recognize as a forward" },
	{ TOP(relay_domains), "relay-domains", OPTION_LIST, NULL, .accept = accept_domain,
	    .text = "recipient domains whose mail is relayed, and not forwarded" },
	{ TOP(no_rewrite_recipients), "no-rewrite-recipients", OPTION_LIST, NULL,
	    .accept = accept_domain, .text = "recipient domains whose servers trust this host" },
	{ TOP(per_domain), "per-domain", OPTION_TEXT, "off", .accept = accept_per_domain,
	    .text = "SRS domain for each forwarding domain: the same, or a subdomain" },
	{ TOP(per_domain_accept), "per-domain-accept", OPTION_LIST, NULL,
	    .accept = accept_candidate_form,
	    .text = "earlier values of per-domain, whose bounces are still accepted" },
	{ TOP(per_domain_except), "per-domain-except", OPTION_LIST, NULL,
	    .accept = accept_domain_name,
	    .text = "domains whose SRS addresses belong to another host" },
	{ TOP(outbound_addresses), "outbound-addresses", OPTION_LIST, NULL,
	    .accept = accept_outbound_address,
	    .text = "addresses from which this host sends mail" },
	{ TOP(inbound_hosts), "inbound-hosts", OPTION_LIST, NULL, .accept = accept_domain_name,
	    .text = "hosts that receive bounces for this host" },
	{ TOP(unauthenticated), "unauthenticated", OPTION_CHOICE, "rewrite",
	    .choices = unauthenticated_words,
	    .text = "treatment of forwards whose sender is not authenticated" },
	{ TOP(unauthenticated_domain), "unauthenticated-domain", OPTION_TEXT, "",
	    .accept = accept_srs_domain,
	    .text = "SRS domain for forwards whose sender is not authenticated" },
	{ TOP(unauthenticated_bounces), "unauthenticated-bounces", OPTION_CHOICE, "return",
	    .choices = unauthenticated_bounces_words,
	    .text = "treatment of bounces to unauthenticated-domain" },
	{ TOP(trusted_authserv_ids), "trusted-authserv-ids", OPTION_LIST, NULL,
	    .accept = accept_domain_name,
	    .text = "names whose Authentication-Results are believed" },
	{ TOP(hold_limit), "hold-limit", OPTION_NUMBER, "1000", .min = 0, .max = 1000000,
	    .text = "maximum number of messages per hour in the hold queue" },
	{ TOP(bounce_warning), "bounce-warning", OPTION_NUMBER, "5", .min = 0, .max = 100,
	    .text = "percentage of bounces in an hour above which a warning is logged" },
	{ TOP(siblings), "siblings", OPTION_LIST, NULL, .accept = accept_sibling,
	    .text = "SMTP servers of the other forwarders with the same secrets" },
	{ TOP(recent_decisions), "recent-decisions", OPTION_NUMBER, "10000", .min = 0,
	    .max = 100000, .text = "decisions kept in memory for srsctl recent; 0: none" },
	{ TOP(idle_timeout), "idle-timeout", OPTION_NUMBER, "1800", .min = 1, .max = 86400,
	    .text = "seconds after which an idle connection is closed" },
	{ TOP(stop_timeout), "stop-timeout", OPTION_NUMBER, "25", .min = 1, .max = 600,
	    .text = "seconds for requests in flight when the daemon is stopped" },
	{ TOP(connection_limit), "connection-limit", OPTION_NUMBER, "1000", .min = 1,
	    .max = 1000000, .text = "maximum number of connections per service" },
	{ TOP(unprivileged_user), "unprivileged-user", OPTION_TEXT, "srsd",
	    .text = "user to run as when started as root" },
	{ TOP(chroot_dir), "chroot-dir", OPTION_TEXT, "", .accept = accept_path,
	    .text = "directory for the chroot" },
	{ TOP(pid_file), "pid-file", OPTION_TEXT, "", .accept = accept_path,
	    .text = "file for the process ID" },
	{ TOP(syslog), "syslog", OPTION_BOOL, "false", .choices = bool_words,
	    .text = "log to syslog, facility mail" },
	{ TOP(nameservers), "nameservers", OPTION_LIST, NULL, .accept = accept_nameserver,
	    .text = "DNS servers to query" },
	{ TOP(dnssec), "dnssec", OPTION_BOOL, "false", .choices = bool_words,
	    .text = "validate DNS answers" },
	{ TOP(trust_anchor), "trust-anchor", OPTION_TEXT, "/usr/share/dns/root.key",
	    .accept = accept_path, .text = "file with the key of the root zone, for dnssec" },
	{ SPF(helo_reject), "helo-reject", OPTION_CHOICE, "fail", .choices = helo_reject_words,
	    .in_section = true, .text = "HELO results for which mail is refused" },
	{ SPF(mail_from_reject), "mail-from-reject", OPTION_CHOICE, "fail", .choices = reject_words,
	    .in_section = true, .text = "MAIL FROM results for which mail is refused" },
	{ SPF(null_sender_reject), "null-sender-reject", OPTION_CHOICE, "helo-reject",
	    .choices = null_reject_words, .in_section = true,
	    .text = "HELO results for which mail with a null sender is refused" },
	{ SPF(permerror_reject), "permerror-reject", OPTION_BOOL, "false", .choices = bool_words,
	    .in_section = true, .text = "refuse mail on permerror" },
	{ SPF(temperror_defer), "temperror-defer", OPTION_BOOL, "false", .choices = bool_words,
	    .in_section = true, .text = "defer mail on temperror" },
	{ SPF(test_only), "test-only", OPTION_BOOL, "false", .choices = bool_words,
	    .in_section = true, .text = "refuse nothing, and show what would have been done" },
	{ SPF(header), "header", OPTION_CHOICE, "received-spf", .choices = header_words,
	    .text = "header to prepend" },
	{ SPF(authserv_id), "authserv-id", OPTION_TEXT, "", .accept = accept_host,
	    .text = "name of this host in Authentication-Results" },
	{ SPF(hide_receiver), "hide-receiver", OPTION_BOOL, "true", .choices = bool_words,
	    .text = "omit the recipient's domain from Received-SPF" },
	{ SPF(skip_addresses), "skip-addresses", OPTION_CIDRS, "127.0.0.0/8 ::1",
	    .text = "clients that are not checked" },
	{ SPF(whitelist), "whitelist", OPTION_CIDRS, NULL, .in_section = true,
	    .text = "relays that are not checked" },
	{ SPF(helo_whitelist), "helo-whitelist", OPTION_LIST, NULL, .accept = accept_domain_name,
	    .in_section = true,
	    .text = "HELO names that are not refused if sent from their own addresses" },
	{ SPF(domain_whitelist), "domain-whitelist", OPTION_LIST, NULL,
	    .accept = accept_domain_name, .in_section = true,
	    .text = "domains whose SPF record exempts a client from refusal" },
	{ SPF(domain_whitelist_ptr), "domain-whitelist-ptr", OPTION_LIST, NULL,
	    .accept = accept_domain_name, .in_section = true,
	    .text = "domains of validated client names that are not refused" },
	{ SPF(reject_not_pass_domains), "reject-not-pass-domains", OPTION_LIST, NULL,
	    .accept = accept_domain, .in_section = true, .text = "domains whose mail must pass" },
	{ SPF(no_mail), "no-mail", OPTION_BOOL, "false", .choices = bool_words, .in_section = true,
	    .text = "refuse only domains that send no mail" },
	{ SPF(prospective), "prospective", OPTION_TEXT, "", .accept = accept_address,
	    .text = "address that replaces the client's address in the evaluation" },
	{ SPF(reason_message), "reason-message", OPTION_TEXT, "", .accept = accept_reason_message,
	    .in_section = true, .text = "text of a refusal" },
	{ SPF(use_exp), "use-exp", OPTION_BOOL, "false", .choices = bool_words,
	    .text = "quote the domain's explanation in a refusal" },
	{ SPF(void_limit), "void-limit", OPTION_NUMBER, "2", .min = 0, .max = 100,
	    .text = "maximum number of terms whose lookups find nothing" },
	{ SPF(lookup_limit), "lookup-limit", OPTION_NUMBER, "10", .min = 1, .max = 40,
	    .text = "maximum number of terms that cause lookups" },
	{ SPF(lookup_time), "lookup-time", OPTION_NUMBER, "20", .min = 1, .max = 90,
	    .text = "seconds for all lookups of one request" },
	{ SPF(evaluator), "engine", OPTION_CHOICE, "native", .choices = evaluator_words,
	    .text = "SPF engine whose verdict counts" },
	{ SPF(nat_guard), "nat-guard", OPTION_BOOL, "true", .choices = bool_words,
	    .text = "do not refuse clients with private addresses" },
	{ SPF(helo_pass_restriction), "helo-pass-restriction", OPTION_TEXT, "",
	    .accept = accept_restriction_class,
	    .text = "restriction class for mail whose HELO name passes" },
	{ SPF(mail_from_pass_restriction), "mail-from-pass-restriction", OPTION_TEXT, "",
	    .accept = accept_restriction_class,
	    .text = "restriction class for mail whose MAIL FROM passes" },
	{ SPF(srs_forged), "srs-forged", OPTION_CHOICE, "reject", .choices = forged_words,
	    .text = "action for forged SRS recipients of this host" },
	{ SPF(srs_nonnull), "srs-nonnull", OPTION_CHOICE, "check", .choices = nonnull_words,
	    .text = "action for valid SRS recipients with a sender that is not null" },
	{ SPF(srs_sender), "srs-sender", OPTION_CHOICE, "skip", .choices = sender_words,
	    .text = "action for senders that are valid SRS addresses of this host" },
	{ SPF(srs_guess_limit), "srs-guess-limit", OPTION_NUMBER, "20", .min = 0, .max = 1000000,
	    .text = "maximum number of bad hashes per client and hour" },
	{ SPF(srs_daily_limit), "srs-daily-limit", OPTION_NUMBER, "200", .min = 0, .max = 1000000,
	    .text = "maximum number of messages per SRS address and day" },
};

const size_t option_count = sizeof(option_table) / sizeof(option_table[0]);

bool
option_is_list(const struct conf_option *o)
{
	return o->type == OPTION_LIST || o->type == OPTION_CIDRS;
}

static bool
is_in_section(const struct conf_option *o, const char *section)
{
	if (o->section == NULL)
		return section == NULL;
	return section != NULL && strcmp(o->section, section) == 0;
}

const struct conf_option *
option_find(const char *section, const char *name)
{
	const struct conf_option *o;

	for (o = option_table; o < option_table + option_count; o++)
		if (strcmp(o->name, name) == 0 && is_in_section(o, section))
			return o;
	return NULL;
}

const struct conf_option *
option_closest(const char *section, const char *name)
{
	const struct conf_option *o;
	struct closest closest;

	closest_start(&closest, name, strlen(name));
	for (o = option_table; o < option_table + option_count; o++)
		if (is_in_section(o, section))
			closest_consider(&closest, o->name, strlen(o->name));
	return closest.found == NULL ? NULL : option_find(section, closest.found);
}
