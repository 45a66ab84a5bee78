/* SPDX-License-Identifier: ISC */
/*
 * A DNS message after one byte that selects the type of the query. The answer made from it keeps
 * the promises on which the evaluation relies, and so do the SPF records in its texts.
 */
#include "tests/fuzz/fuzz.h"

#include "spf/dns/dns_packet.h"
#include "spf/spf_record_set.h"

static const enum dns_type types[] = { DNS_A, DNS_PTR, DNS_MX, DNS_TXT, DNS_AAAA };

static void
check_rr(enum dns_type type, const struct dns_rr *rr)
{
	bool address = type == DNS_A || type == DNS_AAAA;

	fuzz_must((rr->ip.family != 0) == address);
	if (address) {
		fuzz_must(rr->ip.family == (type == DNS_A ? AF_INET : AF_INET6));
		return;
	}
	fuzz_must(rr->data != NULL && rr->data[rr->len] == '\0');
	if (type != DNS_TXT) /* a name in text form */
		fuzz_must(fuzz_is_visible(rr->data, rr->len) && rr->len <= 1024);
}

static void
check_policy(struct dns_answer *answer)
{
	const struct spf_record_set *set = spf_record_set_of(answer);

	fuzz_must((set != NULL) == (answer->status == DNS_FOUND));
	if (set == NULL)
		return;
	fuzz_must(set->n <= answer->n);
	fuzz_must(!set->valid || set->n == 1);
	fuzz_must(!set->no_mail || set->valid);
	fuzz_say(", %zu policies%s", set->n, set->valid ? ", valid" : "");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dns_answer *answer;
	enum dns_type type;
	char *packet;
	size_t i;

	if (size == 0)
		return 0;
	type = types[data[0] % 5];
	packet = fuzz_copy(data + 1, size - 1);
	answer = dns_packet_read(type, (const unsigned char *)packet, size - 1);
	free(packet);
	fuzz_must(answer->references <= 1 && answer->derived == NULL);
	fuzz_must((answer->status == DNS_FOUND) == (answer->n > 0));
	fuzz_must(answer->n <= size / 12); /* none is smaller */
	fuzz_must(answer->n <= 512 || (type != DNS_MX && type != DNS_PTR));
	fuzz_must(answer->security == DNS_INSECURE);
	for (i = 0; i < answer->n; i++)
		check_rr(type, &answer->rr[i]);
	fuzz_say("%s %s, %zu records, ttl %u", dns_type_name(type), dns_status_name(answer->status),
	    answer->n, (unsigned)answer->ttl);
	if (answer->n > 0 && answer->rr[0].len > 0) {
		fuzz_say(", ");
		fuzz_say_bytes(answer->rr[0].data, answer->rr[0].len);
	}
	if (type == DNS_TXT)
		check_policy(answer);
	dns_answer_unref(&answer);
	return 0;
}
