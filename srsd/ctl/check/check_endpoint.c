/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "srsd/ctl/check/check_endpoint.h"
#include "srsd/ctl/connect.h"
#include "srsd/ctl/postfix_endpoint.h"

#define CONNECT_MS 2000

/* describe_target - in the form of an endpoint */
static void
describe_target(const struct endpoint_addr *target, char text[POSTFIX_ENDPOINT_SIZE])
{
	char host[NI_MAXHOST], port[NI_MAXSERV];

	if (getnameinfo(&target->u.sa, target->len, host, sizeof(host), port, sizeof(port),
		NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		strlcpy(host, "?", sizeof(host));
	snprintf(text, POSTFIX_ENDPOINT_SIZE,
	    target->u.sa.sa_family == AF_INET6 ? "inet:[%s]:%s" : "inet:%s:%s", host, port);
}

/* accepts_connections - otherwise errno is set */
static bool
accepts_connections(const char *endpoint)
{
	const char *error;
	int fd = connect_endpoint(endpoint, CONNECT_MS, &error);

	if (fd == -1)
		return false;
	close(fd);
	return true;
}

static void
report_exclusion(struct check *check, const char *parameter, const char *theirs)
{
	findings_add(check->findings, FINDING_ERROR,
	    "%s names %s, but inet_protocols = %s keeps Postfix from connecting to it", parameter,
	    theirs, postfix_get(check->postfix, "inet_protocols"));
	findings_remedy(check->findings,
	    "postconf -e 'inet_protocols = all', or use an address such as %s, in srsd.conf as well "
	    "as in Postfix",
	    theirs[0] == '[' ? "127.0.0.1" : "[::1]");
}

void
check_endpoint_way(struct check *check, const char *parameter, const char *theirs,
    const struct text_list *endpoints)
{
	char text[POSTFIX_ENDPOINT_SIZE];
	struct endpoint targets;
	bool passed = false;
	size_t i;

	if (!postfix_endpoint_reaches(check->postfix, theirs, endpoints))
		return;
	if (postfix_endpoint_is_excluded(check->postfix, theirs)) {
		report_exclusion(check, parameter, theirs);
		return;
	}
	postfix_endpoint_targets(check->postfix, theirs, &targets);
	for (i = 0; i < targets.n; i++) {
		if (postfix_endpoint_is_ours(&targets.addr[i], endpoints)) {
			passed = true;
			continue;
		}
		describe_target(&targets.addr[i], text);
		if (!accepts_connections(text))
			continue;
		findings_add(check->findings, passed ? FINDING_WARNING : FINDING_ERROR,
		    passed
			? "%s names %s, which is also %s, where another program listens: Postfix "
			  "asks that program while srsd is not running"
			: "%s names %s, which is %s first: Postfix asks the program that listens "
			  "there instead of srsd",
		    parameter, theirs, text);
		findings_remedy(check->findings, "use the address of srsd instead of a host name");
		return;
	}
}

void
check_endpoint_remedy(struct check *check, const char *endpoint)
{
	char command[ENDPOINT_COMMAND_SIZE];
	struct endpoint ep;
	const char *error;

	if (accepts_connections(endpoint) && endpoint_parse(&ep, endpoint, &error))
		findings_remedy(check->findings,
		    "find the program that listens there with %s: if it is this version of srsd, "
		    "see its log; otherwise stop it, and start srsd",
		    endpoint_find_command(&ep.addr[0], command));
	else if (errno == EACCES)
		findings_remedy(check->findings,
		    "run srsctl check as root: this user may not connect to that socket");
	else
		findings_remedy(check->findings,
		    "start srsd and see its log, or use -f to name the configuration file that it "
		    "reads");
}
