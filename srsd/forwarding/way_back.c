/* SPDX-License-Identifier: ISC */
#include <string.h>
#include <strings.h>

#include "common/idna.h"
#include "srsd/forwarding/way_back.h"

/* One evaluation. */
struct way_back_pass {
	const struct settings *settings;
	struct spf_answers *answers;
	const struct dns_answer *our_mx; /* of srs-domain; NULL with inbound-hosts */
	bool pending;                    /* an answer is missing */
};

/* The relation of a host to the inbound hosts. */
enum host_owner {
	OWNER_US,
	OWNER_OTHER,
	OWNER_NONE,    /* it has no address */
	OWNER_UNKNOWN, /* because of a DNS error, or while an answer is missing */
};

/* The addresses of a host. */
struct host_addresses {
	const struct dns_answer *a, *aaaa; /* NULL: unknown */
};

/* The replies to a query for a name that is impossible, and to one for which there is no room. */
static const struct dns_answer impossible_name = { .status = DNS_VOID };
static const struct dns_answer full_table = { .status = DNS_ERROR };

/* ask_host_record - NULL while the answer is missing */
static const struct dns_answer *
ask_host_record(struct way_back_pass *pass, const char *name, enum dns_type type)
{
	const struct spf_answer *answer;

	if (!spf_answers_is_name(name, strlen(name)))
		return &impossible_name;
	answer = spf_answers_get(pass->answers, name, type);
	if (answer == NULL)
		return &full_table;
	pass->pending |= answer->reply == NULL;
	return answer->reply;
}

static struct host_addresses
ask_host_addresses(struct way_back_pass *pass, const char *name)
{
	struct host_addresses addresses;

	addresses.a = ask_host_record(pass, name, DNS_A);
	addresses.aaaa = ask_host_record(pass, name, DNS_AAAA);
	return addresses;
}

static bool
is_null_host(const struct dns_rr *rr)
{
	return rr->len == 0 || strcmp(rr->data, ".") == 0;
}

static void
copy_listed_host(char host[HOSTNAME_MAX + 1], const char *name)
{
	idna_to_ascii(host, name, hostname_length(name, strlen(name)));
}

/* get_inbound_host - by its number, from 0, if the list is known; false after the last */
static bool
get_inbound_host(const struct way_back_pass *pass, size_t number, char host[HOSTNAME_MAX + 1])
{
	const struct settings *settings = pass->settings;

	if (pass->our_mx == NULL) {
		if (number >= settings->inbound_hosts.n)
			return false;
		copy_listed_host(host, settings->inbound_hosts.text[number]);
		return true;
	}
	if (pass->our_mx->status == DNS_VOID) {
		copy_listed_host(host, settings->srs_domain);
		return number == 0;
	}
	if (number >= pass->our_mx->n)
		return false;
	copy_listed_host(host, pass->our_mx->rr[number].data);
	return true;
}

/* find_inbound_hosts - false while the list is unknown, or if it cannot be known */
static bool
find_inbound_hosts(struct way_back_pass *pass)
{
	char domain[HOSTNAME_MAX + 1];

	if (pass->settings->inbound_hosts.n > 0)
		return true;
	copy_listed_host(domain, pass->settings->srs_domain);
	pass->our_mx = ask_host_record(pass, domain, DNS_MX);
	return pass->our_mx != NULL && pass->our_mx->status != DNS_ERROR;
}

static bool
is_inbound_name(const struct way_back_pass *pass, const char *name)
{
	char host[HOSTNAME_MAX + 1];
	size_t i;

	for (i = 0; get_inbound_host(pass, i, host); i++)
		if (host[0] != '\0' && strcasecmp(host, name) == 0)
			return true;
	return false;
}

static bool
holds_address(const struct dns_answer *answer, const struct ipaddr *ip)
{
	size_t i;

	for (i = 0; i < answer->n; i++)
		if (ipaddr_agree(&answer->rr[i].ip, ip, (unsigned)ipaddr_size(ip) * 8))
			return true;
	return false;
}

/* find_address_owner - OWNER_UNKNOWN if it may be an address of an inbound host that is unknown */
static enum host_owner
find_address_owner(struct way_back_pass *pass, const struct ipaddr *ip)
{
	enum dns_type type = ip->family == AF_INET ? DNS_A : DNS_AAAA;
	enum host_owner owner = OWNER_OTHER;
	const struct dns_answer *answer;
	char host[HOSTNAME_MAX + 1];
	size_t i;

	for (i = 0; get_inbound_host(pass, i, host); i++) {
		answer = ask_host_record(pass, host, type);
		if (answer == NULL || answer->status == DNS_ERROR)
			owner = OWNER_UNKNOWN;
		else if (holds_address(answer, ip))
			return OWNER_US;
	}
	return owner;
}

/* find_owner_of_all - of the addresses in an answer: us only if all are ours */
static enum host_owner
find_owner_of_all(struct way_back_pass *pass, const struct dns_answer *answer)
{
	enum host_owner owner, all = OWNER_US;
	size_t i;

	for (i = 0; i < answer->n; i++) {
		owner = find_address_owner(pass, &answer->rr[i].ip);
		if (owner == OWNER_OTHER)
			return OWNER_OTHER;
		if (owner == OWNER_UNKNOWN)
			all = OWNER_UNKNOWN;
	}
	return all;
}

/* request_inbound_addresses - ahead of the comparison, so that all queries are sent together */
static void
request_inbound_addresses(struct way_back_pass *pass)
{
	char host[HOSTNAME_MAX + 1];
	size_t i;

	for (i = 0; get_inbound_host(pass, i, host); i++)
		ask_host_addresses(pass, host);
}

static bool
are_addresses_known(const struct host_addresses *addresses)
{
	const struct dns_answer *a = addresses->a, *aaaa = addresses->aaaa;

	return a != NULL && aaaa != NULL && a->status != DNS_ERROR && aaaa->status != DNS_ERROR;
}

static bool
has_no_address(const struct host_addresses *addresses)
{
	return are_addresses_known(addresses) && addresses->a->n + addresses->aaaa->n == 0;
}

static enum host_owner
compare_addresses_of(struct way_back_pass *pass, const struct host_addresses *addresses)
{
	enum host_owner owner, owner6;

	if (!are_addresses_known(addresses))
		return OWNER_UNKNOWN;
	if (has_no_address(addresses))
		return OWNER_NONE;
	owner = find_owner_of_all(pass, addresses->a);
	owner6 = find_owner_of_all(pass, addresses->aaaa);
	return owner == OWNER_OTHER || owner6 == OWNER_US ? owner : owner6;
}

static enum host_owner
find_host_owner(struct way_back_pass *pass, const char *name)
{
	struct host_addresses addresses;

	if (is_inbound_name(pass, name))
		return OWNER_US;
	request_inbound_addresses(pass);
	addresses = ask_host_addresses(pass, name);
	return compare_addresses_of(pass, &addresses);
}

/* is_before - in the order in which hosts that are not ours are named */
static bool
is_before(const struct dns_rr *a, const struct dns_rr *b)
{
	if (a->preference != b->preference)
		return a->preference < b->preference;
	return strcasecmp(a->data, b->data) < 0;
}

static void
name_other_host(struct way_back *way_back, const struct dns_rr *rr)
{
	way_back->kind = WAY_BACK_ELSEWHERE;
	strlcpy(way_back->host, is_null_host(rr) ? "." : rr->data, sizeof(way_back->host));
	hostname_lower(way_back->host, strlen(way_back->host));
}

/* find_first_other_name - of too many hosts: the first without the name of an inbound host */
static const struct dns_rr *
find_first_other_name(struct way_back_pass *pass, const struct dns_answer *mx)
{
	const struct dns_rr *first = NULL;
	size_t i;

	for (i = 0; i < mx->n; i++)
		if (!is_inbound_name(pass, mx->rr[i].data) &&
		    (first == NULL || is_before(&mx->rr[i], first)))
			first = &mx->rr[i];
	return first != NULL ? first : &mx->rr[0];
}

static void
evaluate_mx_hosts(struct way_back_pass *pass, const struct dns_answer *mx, struct way_back *result)
{
	const struct dns_rr *other = NULL;
	bool unknown = false;
	size_t i;

	if (mx->n > WAY_BACK_HOSTS) {
		name_other_host(result, find_first_other_name(pass, mx));
		return;
	}
	for (i = 0; i < mx->n; i++)
		switch (
		    is_null_host(&mx->rr[i]) ? OWNER_NONE : find_host_owner(pass, mx->rr[i].data)) {
		case OWNER_US:
			break;
		case OWNER_UNKNOWN:
			unknown = true;
			break;
		default:
			if (other == NULL || is_before(&mx->rr[i], other))
				other = &mx->rr[i];
			break;
		}
	if (other != NULL)
		name_other_host(result, other);
	else if (!unknown)
		result->kind = WAY_BACK_OURS;
}

/* find_own_host_owner - of a domain without an MX record, which is its own host */
static enum host_owner
find_own_host_owner(struct way_back_pass *pass, const char *domain, bool ours_known)
{
	struct host_addresses addresses = ask_host_addresses(pass, domain);
	enum host_owner owner;

	if (!ours_known)
		return has_no_address(&addresses) ? OWNER_NONE : OWNER_UNKNOWN;
	request_inbound_addresses(pass);
	owner = compare_addresses_of(pass, &addresses);
	return owner != OWNER_NONE && is_inbound_name(pass, domain) ? OWNER_US : owner;
}

static enum way_back_kind
evaluate_own_host(struct way_back_pass *pass, const char *domain, bool ours_known)
{
	switch (find_own_host_owner(pass, domain, ours_known)) {
	case OWNER_US:
		return WAY_BACK_OURS;
	case OWNER_OTHER:
		return WAY_BACK_ELSEWHERE;
	case OWNER_NONE:
		return WAY_BACK_NONE;
	default:
		return WAY_BACK_UNAVAILABLE;
	}
}

bool
way_back_eval(const struct settings *settings, const char *domain, struct spf_answers *answers,
    struct way_back *result)
{
	struct way_back_pass pass = { .settings = settings, .answers = answers };
	const struct dns_answer *mx = ask_host_record(&pass, domain, DNS_MX);
	bool ours_known = find_inbound_hosts(&pass);

	result->kind = WAY_BACK_UNAVAILABLE;
	result->host[0] = '\0';
	if (mx == NULL || mx->status == DNS_ERROR)
		return !pass.pending;
	if (mx->status == DNS_VOID)
		result->kind = evaluate_own_host(&pass, domain, ours_known);
	else if (mx->n == 1 && is_null_host(&mx->rr[0]))
		result->kind = WAY_BACK_NULL_MX;
	else if (ours_known)
		evaluate_mx_hosts(&pass, mx, result);
	return !pass.pending;
}
