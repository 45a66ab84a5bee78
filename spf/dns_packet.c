/* SPDX-License-Identifier: ISC */
#include <sys/types.h>
#include <netinet/in.h>
#include <arpa/nameser.h>
#include <resolv.h>

#include <string.h>

#include "spf/dns_packet.h"

/* dn_expand(3) writes a byte that is no plain character as \DDD. */
#define NAME_SIZE 1025

/* An address record is 4 or 16 bytes, a packet 64 KiB: enough for the largest honest answer. */
#define RR_MAX 4096

static bool
add_address(struct spf_answer *answer, const unsigned char *data, size_t len)
{
	int family = answer->type == DNS_A ? AF_INET : AF_INET6;
	struct ipaddr ip = { .family = family };

	if (len != ipaddr_size(&ip))
		return false;
	/* As it stands: an AAAA record never matches an IPv4 client. */
	memcpy(ip.bytes, data, len);
	spf_answer_add(answer, &ip, 0, NULL, 0);
	return true;
}

/* add_text - join the character-strings of one TXT record without anything between (3.3) */
static bool
add_text(struct spf_answer *answer, const unsigned char *data, size_t len)
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
	spf_answer_add(answer, NULL, 0, text, n);
	return true;
}

static bool
add_name(struct spf_answer *answer, const ns_msg *msg, const unsigned char *data, size_t len)
{
	size_t skip = answer->type == DNS_MX ? 2 : 0;
	uint16_t preference = 0;
	char name[NAME_SIZE];

	if (len <= skip)
		return false;
	if (skip == 2)
		preference = (uint16_t)(data[0] << 8 | data[1]);
	if (dn_expand(ns_msg_base(*msg), ns_msg_end(*msg), data + skip, name, sizeof(name)) == -1)
		return false;
	spf_answer_add(answer, NULL, preference, name, strlen(name));
	return true;
}

static bool
add_rr(struct spf_answer *answer, const ns_msg *msg, const ns_rr *rr)
{
	const unsigned char *data = ns_rr_rdata(*rr);
	size_t len = ns_rr_rdlen(*rr);

	switch (answer->type) {
	case DNS_A:
	case DNS_AAAA:
		return add_address(answer, data, len);
	case DNS_TXT:
		return add_text(answer, data, len);
	case DNS_MX:
	case DNS_PTR:
		return add_name(answer, msg, data, len);
	}
	return false;
}

static bool
read_records(struct spf_answer *answer, ns_msg *msg)
{
	int i, n = ns_msg_count(*msg, ns_s_an);
	ns_rr rr;

	for (i = 0; i < n && answer->n < RR_MAX; i++) {
		if (ns_parserr(msg, ns_s_an, i, &rr) == -1)
			return false;
		if (ns_rr_class(rr) == ns_c_in && ns_rr_type(rr) == (unsigned)answer->type &&
		    !add_rr(answer, msg, &rr))
			return false;
	}
	return true;
}

void
dns_packet_read(struct spf_answer *answer, const unsigned char *packet, size_t len)
{
	ns_msg msg;
	int rcode;

	answer->status = SPF_ANSWER_ERROR;
	if (len > 65535 || ns_initparse(packet, (int)len, &msg) == -1)
		return;
	rcode = ns_msg_getflag(msg, ns_f_rcode);
	if (rcode == ns_r_nxdomain)
		answer->status = SPF_ANSWER_VOID;
	else if (rcode == ns_r_noerror && read_records(answer, &msg))
		answer->status = answer->n == 0 ? SPF_ANSWER_VOID : SPF_ANSWER_FOUND;
}
