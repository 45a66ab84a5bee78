/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "common/privdrop.h"
#include "conf/spf_sections.h"
#include "srsd/ctl/check/check.h"
#include "srsd/ctl/check/check_endpoint.h"
#include "srsd/ctl/check/postfix_restriction.h"
#include "srsd/ctl/connect.h"
#include "srsd/ctl/postfix_endpoint.h"

#define CONNECT_MS 5000

/* Public smtpd services that are checked. */
#define SERVICES_MAX 32

/* A walk through the restrictions of one smtpd service. The texts are "" when nothing was found. */
struct smtpd_walk {
	const struct check *check;
	bool chrooted;
	char other[POSTFIX_WORD_SIZE];   /* a policy service that is not srsd */
	char spawned[POSTFIX_WORD_SIZE]; /* a service of spawn(8) with another SPF program */
	char absent[POSTFIX_WORD_SIZE];  /* unix:private/NAME without a service in master.cf */
	char ours[POSTFIX_WORD_SIZE];    /* inet:HOST:PORT that is an endpoint of srsd */
};

/* is_socket_absent - neither master(8) nor another program creates the socket private/NAME */
static bool
is_socket_absent(const struct postfix *postfix, const char *endpoint)
{
	struct postfix_service service;
	char path[POSTFIX_WORD_SIZE];

	if (strncmp(endpoint, "unix:private/", 13) != 0 ||
	    postfix_find_service(postfix, endpoint, &service))
		return false;
	snprintf(
	    path, sizeof(path), "%s/%s", postfix_get(postfix, "queue_directory"), endpoint + 5);
	return access(path, F_OK) == -1 && errno == ENOENT;
}

/* is_policy_bridge - does it run `srsctl ... policy`? */
static bool
is_policy_bridge(const struct postfix_service *service)
{
	const char *srsctl = strstr(service->arguments, "srsctl");

	return srsctl != NULL && strstr(srsctl, " policy") != NULL;
}

static bool
is_our_policy(void *arg, const char *endpoint)
{
	struct smtpd_walk *walk = arg;
	const struct postfix *postfix = walk->check->postfix;
	struct postfix_service service;

	if (postfix_endpoint_is_one(
		&walk->check->settings->policy, endpoint, postfix, walk->chrooted)) {
		if (strncmp(endpoint, "inet:", 5) == 0)
			strlcpy(walk->ours, endpoint, sizeof(walk->ours));
		return true;
	}
	if (postfix_find_service(postfix, endpoint, &service) &&
	    strcmp(service.command, "spawn") == 0) {
		if (is_policy_bridge(&service))
			return true;
		if (strcasestr(service.arguments, "spf") != NULL)
			strlcpy(walk->spawned, service.name, sizeof(walk->spawned));
	}
	if (is_socket_absent(postfix, endpoint))
		strlcpy(walk->absent, endpoint, sizeof(walk->absent));
	strlcpy(walk->other, endpoint, sizeof(walk->other));
	return false;
}

static const char *
find_walk_class(void *arg, const char *name)
{
	const struct smtpd_walk *walk = arg;

	return postfix_class(walk->check->postfix, name);
}

/* choose_policy_endpoint - the one to suggest; false when smtpd(8) can reach no endpoint */
static bool
choose_policy_endpoint(const struct check *check, bool chrooted, char text[POSTFIX_ENDPOINT_SIZE])
{
	const struct text_list *list = &check->settings->policy;
	const char *queue = postfix_get(check->postfix, "queue_directory");
	size_t i, len = strlen(queue);

	for (i = 0; i < list->n; i++) {
		postfix_endpoint_for_client(list->text[i], text);
		if (strncmp(text, "unix:", 5) != 0 || !chrooted)
			return true;
		if (strncmp(text + 5, queue, len) == 0 && text[5 + len] == '/') {
			snprintf(
			    text, POSTFIX_ENDPOINT_SIZE, "unix:%s", list->text[i] + 5 + len + 1);
			return true;
		}
	}
	return false;
}

/* suggest_socket_move - if the chroot of smtpd(8) hides all endpoints of srsd */
static void
suggest_socket_move(struct check *check)
{
	const char *queue = postfix_get(check->postfix, "queue_directory");

	findings_remedy(check->findings,
	    "its chroot is %s, and srsd listens outside of it: set policy = "
	    "{\"unix:%s/srsd/policy\"} in srsd.conf, and use check_policy_service unix:srsd/policy",
	    queue, queue);
}

/* suggest_policy_check - in master.cf if the service has its own list there, or in main.cf */
static void
suggest_policy_check(struct check *check, const struct smtpd_walk *walk,
    const struct postfix_service *service, const char *right)
{
	static const char list[] = "smtpd_recipient_restrictions";
	bool own =
	    postfix_service_get(check->postfix, service, list) != postfix_get(check->postfix, list);
	const char *other = walk->other;

	findings_remedy(check->findings,
	    "add check_policy_service %s to %s%s, after reject_unauth_destination%s%s%s", right,
	    list, own ? " of that service in master.cf" : "",
	    other[0] == '\0' ? "" : ", instead of ", other,
	    other[0] == '\0' ? "" : " if that was meant to be srsd");
}

static void
report_not_asked(
    struct check *check, const struct smtpd_walk *walk, const struct postfix_service *service)
{
	bool unreachable = walk->chrooted && strncasecmp(walk->other, "unix:", 5) == 0;
	char right[POSTFIX_ENDPOINT_SIZE];
	bool reachable = choose_policy_endpoint(check, walk->chrooted, right);

	if (walk->spawned[0] != '\0') {
		findings_add(check->findings, FINDING_ERROR,
		    "smtpd %s asks another SPF policy program, %s in master.cf", service->name,
		    walk->spawned);
		findings_remedy(check->findings,
		    "change argv of that service to argv=" SBINDIR "/srsctl policy, or name "
		    "%s instead",
		    reachable ? right : "unix:srsd/policy");
		return;
	}
	findings_add(check->findings, FINDING_ERROR,
	    "smtpd %s does not ask the policy service%s%s%s", service->name,
	    walk->other[0] == '\0' ? "" : " but ", walk->other,
	    unreachable ? " (it runs in a chroot)" : "");
	if (reachable)
		suggest_policy_check(check, walk, service, right);
	else
		suggest_socket_move(check);
}

/* check_place - report where the restrictions of a service ask srsd */
static void
check_place(struct check *check, const struct smtpd_walk *walk,
    const struct postfix_service *service, enum postfix_place place)
{
	switch (place) {
	case POSTFIX_NOWHERE:
		report_not_asked(check, walk, service);
		break;
	case POSTFIX_UNREACHED:
		findings_add(check->findings, FINDING_ERROR,
		    "smtpd %s never asks the policy service: a permit, reject or defer comes "
		    "before it",
		    service->name);
		findings_remedy(check->findings,
		    "move check_policy_service before that, but after reject_unauth_destination");
		break;
	case POSTFIX_TOO_EARLY:
		findings_add(check->findings, FINDING_ERROR,
		    "smtpd %s asks the policy service before reject_unauth_destination",
		    service->name);
		findings_remedy(check->findings,
		    "move check_policy_service after it in smtpd_recipient_restrictions: "
		    "otherwise mail that is going to be refused is checked, and a service that "
		    "answers OK makes an open relay");
		break;
	case POSTFIX_BEFORE_ANOTHER:
		findings_add(check->findings, FINDING_WARNING,
		    "smtpd %s asks the policy service before reject_unauth_destination in the "
		    "same list; only an earlier list rejects before that",
		    service->name);
		findings_remedy(check->findings,
		    "move check_policy_service after it, and after permit_mynetworks: otherwise "
		    "SPF is checked for mail from your own hosts");
		break;
	case POSTFIX_RIGHT:
		findings_add(check->findings, FINDING_OK,
		    "smtpd %s asks the policy service after reject_unauth_destination",
		    service->name);
		break;
	}
}

/* check_other_services - policy services that are asked in addition to srsd */
static void
check_other_services(
    struct check *check, const struct smtpd_walk *walk, const struct postfix_service *service)
{
	if (walk->spawned[0] != '\0') {
		findings_add(check->findings, FINDING_WARNING,
		    "smtpd %s asks another SPF policy program as well, %s in master.cf",
		    service->name, walk->spawned);
		findings_remedy(check->findings,
		    "remove check_policy_service unix:private/%s, and that service", walk->spawned);
	}
	if (walk->absent[0] == '\0')
		return;
	findings_add(check->findings, FINDING_ERROR,
	    "smtpd %s asks the policy service %s, where nothing listens: all mail is deferred",
	    service->name, walk->absent);
	findings_remedy(check->findings, "remove it, or add that service to master.cf");
}

/*
 * check_short_senders - after the SPF check, cleanup(8) turns a MAIL FROM without '@', such as
 * site!user or user%site, into user@site
 */
static void
check_short_senders(
    struct check *check, const struct postfix_lists *lists, const struct postfix_service *service)
{
	const struct postfix *p = check->postfix;

	if (postfix_lists_have(lists, "reject_non_fqdn_sender") ||
	    (strcmp(postfix_get(p, "swap_bangpath"), "no") == 0 &&
		strcmp(postfix_get(p, "allow_percent_hack"), "no") == 0))
		return;
	findings_add(check->findings, FINDING_WARNING,
	    "smtpd %s accepts senders without a domain, such as site!user, which Postfix "
	    "completes later",
	    service->name);
	findings_remedy(check->findings,
	    "add reject_non_fqdn_sender before check_policy_service, or postconf -e "
	    "'swap_bangpath = no' 'allow_percent_hack = no'");
}

/*
 * check_early_judges - restrictions that distinguish valid SRS hashes from others before the policy
 * service counts the guess
 */
static void
check_early_judges(
    struct check *check, const struct postfix_lists *lists, const struct postfix_service *service)
{
	static const char sender[] = "smtpd_reject_unlisted_sender";
	char word[POSTFIX_WORD_SIZE];

	if (postfix_lists_judge_early(lists, is_our_policy, word)) {
		findings_add(check->findings, FINDING_WARNING,
		    "smtpd %s has %s before check_policy_service: a client can guess SRS hashes there, "
		    "and srsd does not count the guesses",
		    service->name, word);
		findings_remedy(check->findings, "move check_policy_service before it");
	}
	if (strcmp(postfix_service_get(check->postfix, service, sender), "yes") == 0) {
		findings_add(check->findings, FINDING_WARNING,
		    "smtpd %s has %s = yes: a client can guess SRS hashes in senders, and srsd does "
		    "not count the guesses",
		    service->name, sender);
		findings_remedy(check->findings, "postconf -e '%s = no'", sender);
	}
}

/* check_smtpd - its restrictions, in the order of their evaluation */
static void
check_smtpd(struct check *check, const struct postfix_service *service)
{
	static const char order[] = "smtpd_relay_before_recipient_restrictions";
	const struct postfix *p = check->postfix;
	struct smtpd_walk walk = { .check = check, .chrooted = postfix_is_chrooted(p, service) };
	const char *recipient = postfix_service_get(p, service, "smtpd_recipient_restrictions");
	const char *relay = postfix_service_get(p, service, "smtpd_relay_restrictions");
	bool relay_first = strcmp(postfix_service_get(p, service, order), "yes") == 0;
	const char *lists[] = {
		postfix_service_get(p, service, "smtpd_client_restrictions"),
		postfix_service_get(p, service, "smtpd_helo_restrictions"),
		postfix_service_get(p, service, "smtpd_sender_restrictions"),
		relay_first ? relay : recipient,
		relay_first ? recipient : relay,
	};

	const struct postfix_lists all = { lists, sizeof(lists) / sizeof(lists[0]), find_walk_class,
		&walk };
	enum postfix_place place =
	    postfix_policy_place(lists, all.n, is_our_policy, find_walk_class, &walk);

	check_place(check, &walk, service, place);
	if (place == POSTFIX_NOWHERE)
		return;
	check_other_services(check, &walk, service);
	check_short_senders(check, &all, service);
	check_early_judges(check, &all, service);
	if (walk.ours[0] != '\0')
		check_endpoint_way(
		    check, "check_policy_service", walk.ours + 5, &check->settings->policy);
}

static void
check_each_smtpd(struct check *check)
{
	struct postfix_service service;
	size_t i, found = 0;

	if (check->settings->policy.n == 0)
		return;
	for (i = 0; found < SERVICES_MAX && postfix_service_at(check->postfix, i, &service); i++) {
		if (!postfix_is_public(&service))
			continue;
		check_smtpd(check, &service);
		found++;
	}
	if (found > 0)
		return;
	findings_add(check->findings, FINDING_SKIPPED, "restrictions of smtpd");
	findings_remedy(check->findings, "master.cf has no smtpd service for mail from strangers");
}

static int
try_connect(const char *endpoint)
{
	const char *error;

	return connect_endpoint(endpoint, CONNECT_MS, &error) == -1 ? errno : 0;
}

/* try_connect_as - can that user connect? Returns 0 or an errno. */
static int
try_connect_as(const struct passwd *user, const char *endpoint)
{
	const struct identity id = { user->pw_uid, user->pw_gid };

	return privdrop_try(&id, try_connect, endpoint);
}

/* check_sockets - Postfix must have access to the directory of a unix socket */
static void
check_sockets(struct check *check, const char *service, const struct text_list *list)
{
	const char *name = postfix_get(check->postfix, "mail_owner");
	const struct passwd *user = getpwnam(name);
	size_t i;
	int e;

	for (i = 0; i < list->n; i++) {
		if (strncmp(list->text[i], "unix:", 5) != 0)
			continue;
		if (geteuid() != 0 || user == NULL) {
			findings_add(check->findings, FINDING_SKIPPED, "%s %s as user %s", service,
			    list->text[i], name);
			findings_remedy(check->findings, "only root can test it");
			continue;
		}
		e = try_connect_as(user, list->text[i]);
		if (e == 0) {
			findings_add(check->findings, FINDING_OK, "user %s can connect to %s %s",
			    name, service, list->text[i]);
			continue;
		}
		findings_add(check->findings, FINDING_ERROR, "user %s cannot connect to %s %s: %s",
		    name, service, list->text[i], strerror(e));
		findings_remedy(check->findings,
		    e == EACCES
			? "give that user access to the directory of the socket (mode, group)"
			: "start srsd and see its log");
	}
}

/* check_permits - a class that ends the restrictions would do so for any sender */
static void
check_permits(struct check *check, const char *option, const char *name, const char *class)
{
	char word[POSTFIX_WORD_SIZE];

	while (postfix_word(&class, word)) {
		if (strcasecmp(word, "permit") != 0)
			continue;
		findings_add(check->findings, FINDING_WARNING,
		    "%s = %s, and that class has permit: any domain can pass its own SPF check, and "
		    "then skips all restrictions after check_policy_service",
		    option, name);
		findings_remedy(check->findings, "remove permit from %s in main.cf", name);
		return;
	}
}

/* check_pass_class - must be declared: smtpd(8) defers mail for which it gets an unknown word */
static void
check_pass_class(struct check *check, const char *option, const char *name)
{
	const char *classes = postfix_get(check->postfix, "smtpd_restriction_classes"), *class;

	if (name[0] == '\0')
		return;
	class = postfix_class(check->postfix, name);
	if (class != NULL) {
		findings_add(check->findings, FINDING_OK, "main.cf declares the class %s of %s",
		    name, option);
		check_permits(check, option, name, class);
		return;
	}
	findings_add(check->findings, FINDING_ERROR,
	    "%s = %s, which is not a restriction class of main.cf: mail that passes is deferred "
	    "with 451 4.3.5",
	    option, name);
	findings_remedy(check->findings,
	    "postconf -e 'smtpd_restriction_classes = %s%s%s' '%s = RESTRICTIONS', or remove the "
	    "option",
	    classes, classes[0] == '\0' ? "" : " ", name, name);
}

/* find_section_of_address - the first one of any address; or NULL */
static const struct spf_section *
find_section_of_address(const struct settings *settings)
{
	const struct spf_section *section;
	size_t i;

	for (i = 0; (section = spf_sections_at(settings->sections, i)) != NULL; i++)
		if (strchr(section->name, '@') != NULL)
			return section;
	return NULL;
}

/* check_delimiter - a section of an address applies to its extensions after '+' alone */
static void
check_delimiter(struct check *check)
{
	const char *delimiter = postfix_get(check->postfix, "recipient_delimiter");
	const struct spf_section *section = find_section_of_address(check->settings);
	char *address;

	if (section == NULL || delimiter[strspn(delimiter, "+")] == '\0')
		return;
	findings_add(check->findings, FINDING_WARNING,
	    "recipient_delimiter = %s, but the section spf \"%s\" applies to extensions after '+' "
	    "only",
	    delimiter, section->name);
	address = strchr(section->name, '@');
	findings_remedy(check->findings,
	    "add sections for the other extensions of %.*s, or set the options for %s",
	    (int)(address - section->name), section->name, address + 1);
}

void
check_restrictions(struct check *check)
{
	const struct spf_settings *spf = &check->settings->spf;

	check_each_smtpd(check);
	if (check->settings->policy.n > 0) {
		check_pass_class(check, "helo-pass-restriction", spf->helo_pass_restriction);
		check_pass_class(
		    check, "mail-from-pass-restriction", spf->mail_from_pass_restriction);
		check_delimiter(check);
	}
	check_sockets(check, "policy", &check->settings->policy);
	check_sockets(check, "socketmap", &check->settings->socketmap);
	check_sockets(check, "milter", &check->settings->milter);
}
