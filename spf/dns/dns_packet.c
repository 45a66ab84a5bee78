/* SPDX-License-Identifier: ISC */
#include <sys/types.h>
#include <netinet/in.h>
#include <arpa/nameser.h>
#include <resolv.h>

#include <string.h>

#include "spf/dns/dns_packet.h"

/* dn_expand(3) writes each unusual byte as \DDD. */
#define NAME_SIZE 1025

/*
 * Names are compressed: a packet of 64 KiB may hold a megabyte of them. SPF uses at most eleven
 * (RFC 7208, 4.6.4). Addresses and texts are not compressed, and SPF needs all of them.
 */
#define NAMES_MAX 512

static bool
add_address_rr(struct dns_answer *answer, int family, const unsigned char *data, size_t len)
{
	struct ipaddr ip = { .family = family };

	if (len != ipaddr_size(&ip))
		return false;
	/* Without unmapping: an AAAA record never matches an IPv4 client. */
	memcpy(ip.bytes, data, len);
	dns_answer_add(answer, &ip, 0, NULL, 0);
	return true;
}

/* add_txt_rr - join the character-strings of one TXT record without spaces (RFC 7208, 3.3) */
static bool
add_txt_rr(struct dns_answer *answer, const unsigned char *data, size_t len)
{
	char text[65536];
	size_t n = 0, i, part;

	for (i = 0; i < len; i += part + 1) {
		part = data[i];
		if (part > len - i - 1)
			return false;
		memcpy(text + n, data + i + 1, part);
		n += part;
	}
	dns_answer_add(answer, NULL, 0, text, n);
	return true;
}

static bool
add_name_rr(struct dns_answer *answer, const ns_msg *msg, const unsigned char *data, size_t len,
    uint16_t preference)
{
	char name[NAME_SIZE];

	if (len == 0 ||
	    dn_expand(ns_msg_base(*msg), ns_msg_end(*msg), data, name, sizeof(name)) == -1)
		return false;
	dns_answer_add(answer, NULL, preference, name, strlen(name));
	return true;
}

static bool
add_packet_rr(struct dns_answer *answer, enum dns_type type, const ns_msg *msg, const ns_rr *rr)
{
	const unsigned char *data = ns_rr_rdata(*rr);
	size_t len = ns_rr_rdlen(*rr);

	switch (type) {
	case DNS_A:
		return add_address_rr(answer, AF_INET, data, len);
	case DNS_AAAA:
		return add_address_rr(answer, AF_INET6, data, len);
	case DNS_TXT:
		return add_txt_rr(answer, data, len);
	case DNS_PTR:
		return add_name_rr(answer, msg, data, len, 0);
	case DNS_MX:
		return len > 2 && add_name_rr(answer, msg, data + 2, len - 2,
				      (uint16_t)(data[0] << 8 | data[1]));
	}
	return false;
}

static bool
has_enough_names(const struct dns_answer *answer, enum dns_type type)
{
	return (type == DNS_MX || type == DNS_PTR) && answer->n >= NAMES_MAX;
}

/* read_records - the records of the answer section, and the lowest TTL among them */
static bool
read_records(struct dns_answer *answer, enum dns_type type, ns_msg *msg)
{
	int i, n = ns_msg_count(*msg, ns_s_an);
	ns_rr rr;

	for (i = 0; i < n && !has_enough_names(answer, type); i++) {
		if (ns_parserr(msg, ns_s_an, i, &rr) == -1)
			return false;
		if (i == 0 || ns_rr_ttl(rr) < answer->ttl)
			answer->ttl = ns_rr_ttl(rr);
		if (ns_rr_class(rr) == ns_c_in && ns_rr_type(rr) == (unsigned)type &&
		    !add_packet_rr(answer, type, msg, &rr))
			return false;
	}
	return true;
}

/* read_negative_ttl - the lower one of the TTL and the minimum of the SOA record; 0 without one */
static uint32_t
read_negative_ttl(ns_msg *msg)
{
	int i, n = ns_msg_count(*msg, ns_s_ns);
	uint32_t minimum;
	ns_rr rr;

	for (i = 0; i < n; i++) {
		if (ns_parserr(msg, ns_s_ns, i, &rr) == -1)
			return 0;
		if (ns_rr_type(rr) != ns_t_soa || ns_rr_rdlen(rr) < 4)
			continue;
		minimum = (uint32_t)ns_get32(ns_rr_rdata(rr) + ns_rr_rdlen(rr) - 4);
		return ns_rr_ttl(rr) < minimum ? ns_rr_ttl(rr) : minimum;
	}
	return 0;
}

static bool
read_message(struct dns_answer *answer, enum dns_type type, const unsigned char *packet, size_t len)
{
	ns_msg msg;
	int rcode;

	if (len > 65535 || ns_initparse(packet, (int)len, &msg) == -1)
		return false;
	rcode = ns_msg_getflag(msg, ns_f_rcode);
	if (rcode != ns_r_noerror && rcode != ns_r_nxdomain)
		return false;
	if (rcode == ns_r_noerror && !read_records(answer, type, &msg))
		return false;
	dns_answer_unique(answer, type);
	answer->status = answer->n == 0 ? DNS_VOID : DNS_FOUND;
	answer->no_name = rcode == ns_r_nxdomain;
	if (answer->status == DNS_VOID)
		answer->ttl = read_negative_ttl(&msg);
	return true;
}

struct dns_answer *
dns_packet_read(enum dns_type type, const unsigned char *packet, size_t len)
{
	struct dns_answer *answer = dns_answer_new(DNS_ERROR);

	if (!read_message(answer, type, packet, len)) {
		dns_answer_unref(&answer);
		answer = dns_answer_new(DNS_ERROR);
	}
	return answer;
}
