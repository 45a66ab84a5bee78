/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include "spf/dns/dns_packet.h"

/* A message that a test writes byte by byte. */
static struct {
	unsigned char bytes[70000];
	size_t len;
} packet;

enum { CLASS_IN = 1, CLASS_CH = 3, TYPE_CNAME = 5, TYPE_SOA = 6 };

/* Response codes. */
enum { NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED };

/* The name of the question follows the header, for pointers. */
#define QNAME "\300\014"

static void
put(const void *bytes, size_t len)
{
	assert_true(packet.len + len <= sizeof(packet.bytes));
	memcpy(packet.bytes + packet.len, bytes, len);
	packet.len += len;
}

static void
put16(unsigned value)
{
	unsigned char bytes[] = { (unsigned char)(value >> 8), (unsigned char)value };

	put(bytes, 2);
}

static void
put32(unsigned value)
{
	put16(value >> 16);
	put16(value & 0xffff);
}

/* put_name - labels between dots as the wire has them */
static void
put_name(const char *name)
{
	unsigned char len;
	const char *dot;

	for (; *name != '\0'; name = *dot == '.' ? dot + 1 : dot) {
		dot = name + strcspn(name, ".");
		len = (unsigned char)(dot - name);
		put(&len, 1);
		put(name, len);
	}
	put("", 1);
}

/* begin - header and question; the counts are those of the records that will follow */
static void
begin(int rcode, enum dns_type type, unsigned answers, unsigned authorities)
{
	packet.len = 0;
	put16(4711);
	put16(0x8180 | (unsigned)rcode);
	put16(1);
	put16(answers);
	put16(authorities);
	put16(0);
	put_name("q.example.test");
	put16(type);
	put16(CLASS_IN);
}

/* record - one resource record of the question's name */
static void
record(unsigned type, unsigned class, unsigned ttl, const void *data, size_t len)
{
	put(QNAME, 2);
	put16(type);
	put16(class);
	put32(ttl);
	put16((unsigned)len);
	put(data, len);
}

static void
soa(unsigned ttl, unsigned minimum)
{
	size_t start;

	put(QNAME, 2);
	put16(TYPE_SOA);
	put16(CLASS_IN);
	put32(ttl);
	start = packet.len;
	put16(0);
	put_name("ns.example.test");
	put_name("hostmaster.example.test");
	put32(1);
	put32(2);
	put32(3);
	put32(4);
	put32(minimum);
	packet.bytes[start + 1] = (unsigned char)(packet.len - start - 2);
}

/* read_packet - from memory of just its length */
static struct dns_answer *
read_packet(enum dns_type type, size_t len)
{
	char *copy = unit_copy((const char *)packet.bytes, len);
	struct dns_answer *answer = dns_packet_read(type, (unsigned char *)copy, len);

	free(copy);
	assert_non_null(answer);
	return answer;
}

/* describe - "FOUND ttl=60 192.0.2.1 ..."; good until the next call */
static const char *
describe(const struct dns_answer *answer)
{
	static const char *const statuses[] = { "FOUND", "VOID", "ERROR" };
	static char text[2000];
	FILE *out = fmemopen(text, sizeof(text), "w");
	char shown[800];
	size_t i;

	fprintf(out, "%s%s ttl=%u", statuses[answer->status], answer->no_name ? " NXDOMAIN" : "",
	    (unsigned)answer->ttl);
	for (i = 0; i < answer->n; i++) {
		const struct dns_rr *rr = &answer->rr[i];

		if (rr->preference != 0)
			fprintf(out, " %u", (unsigned)rr->preference);
		if (rr->ip.family != 0)
			ipaddr_format(&rr->ip, shown);
		else
			unit_visible(shown, sizeof(shown), rr->data, rr->len);
		fprintf(out, " <%s>", shown);
	}
	putc('\0', out);
	fclose(out);
	return text;
}

static void
check_packet(const char *row, enum dns_type type, const char *want)
{
	struct dns_answer *answer = read_packet(type, packet.len);

	unit_text(row, "answer", describe(answer), want);
	dns_answer_unref(&answer);
}

static void
test_addresses(void **state)
{
	(void)state;
	begin(NOERROR, DNS_A, 1, 0);
	record(DNS_A, CLASS_IN, 60, "\300\000\002\001", 4);
	check_packet("one A", DNS_A, "FOUND ttl=60 <192.0.2.1>");
	begin(NOERROR, DNS_A, 3, 0);
	record(DNS_A, CLASS_IN, 60, "\300\000\002\003", 4);
	record(DNS_A, CLASS_IN, 60, "\300\000\002\001", 4);
	record(DNS_A, CLASS_IN, 60, "\300\000\002\002", 4);
	check_packet("three A", DNS_A, "FOUND ttl=60 <192.0.2.3> <192.0.2.1> <192.0.2.2>");
	begin(NOERROR, DNS_AAAA, 1, 0);
	record(DNS_AAAA, CLASS_IN, 60, "\040\001\015\270\0\0\0\0\0\0\0\0\0\0\0\001", 16);
	check_packet("AAAA", DNS_AAAA, "FOUND ttl=60 <2001:db8::1>");
	begin(NOERROR, DNS_AAAA, 1, 0);
	record(DNS_AAAA, CLASS_IN, 60, "\0\0\0\0\0\0\0\0\0\0\377\377\300\000\002\001", 16);
	check_packet("mapped AAAA stays what it is", DNS_AAAA, "FOUND ttl=60 <::ffff:192.0.2.1>");
	unit_end();
}

static void
test_texts(void **state)
{
	(void)state;
	begin(NOERROR, DNS_TXT, 1, 0);
	record(DNS_TXT, CLASS_IN, 60, BYTES("\013v=spf1 -all"));
	check_packet("one string", DNS_TXT, "FOUND ttl=60 <v=spf1 -all>");
	begin(NOERROR, DNS_TXT, 1, 0);
	record(DNS_TXT, CLASS_IN, 60, BYTES("\004v=sp\0\005f1 -a\002ll"));
	check_packet("four strings", DNS_TXT, "FOUND ttl=60 <v=spf1 -all>");
	begin(NOERROR, DNS_TXT, 3, 0);
	record(DNS_TXT, CLASS_IN, 60, BYTES("\003one"));
	record(DNS_TXT, CLASS_IN, 60, BYTES("\0"));
	record(DNS_TXT, CLASS_IN, 60, BYTES("\005three"));
	check_packet("three records", DNS_TXT, "FOUND ttl=60 <one> <> <three>");
	begin(NOERROR, DNS_TXT, 1, 0);
	record(DNS_TXT, CLASS_IN, 60, BYTES("\010a\0b\377\n\"\\c"));
	check_packet("odd bytes", DNS_TXT, "FOUND ttl=60 <a\\x00b\\xff\\x0a\"\\x5cc>");
	unit_end();
}

static void
test_long_text(void **state)
{
	struct dns_answer *answer;
	unsigned char string[256];
	size_t i;

	(void)state;
	begin(NOERROR, DNS_TXT, 1, 0);
	put(QNAME, 2);
	put16(DNS_TXT);
	put16(CLASS_IN);
	put32(60);
	put16(200 * 256);
	string[0] = 255;
	for (i = 0; i < 200; i++) {
		memset(string + 1, (int)i, 255);
		put(string, 256);
	}
	answer = read_packet(DNS_TXT, packet.len);
	assert_int_equal(answer->status, DNS_FOUND);
	assert_int_equal(answer->n, 1);
	assert_int_equal(answer->rr[0].len, 200 * 255);
	for (i = 0; i < answer->rr[0].len; i++)
		assert_int_equal((unsigned char)answer->rr[0].data[i], i / 255);
	dns_answer_unref(&answer);
}

static void
test_names(void **state)
{
	(void)state;
	begin(NOERROR, DNS_PTR, 2, 0);
	record(DNS_PTR, CLASS_IN, 60, BYTES("\004Host\007example\004test\0"));
	record(DNS_PTR, CLASS_IN, 60, BYTES("\001h\300\016"));
	check_packet("PTR", DNS_PTR, "FOUND ttl=60 <Host.example.test> <h.example.test>");
	begin(NOERROR, DNS_MX, 3, 0);
	record(DNS_MX, CLASS_IN, 60, BYTES("\0\012\003mx1" QNAME));
	record(DNS_MX, CLASS_IN, 60, BYTES("\001\002\003mx2\004test\0"));
	record(DNS_MX, CLASS_IN, 60, BYTES("\0\005" QNAME));
	check_packet(
	    "MX", DNS_MX, "FOUND ttl=60 10 <mx1.q.example.test> 258 <mx2.test> 5 <q.example.test>");
	unit_end();
}

/* A null MX (RFC 7505) names the root, which cannot be queried. */
static void
test_root_names(void **state)
{
	struct dns_answer *answer;

	(void)state;
	begin(NOERROR, DNS_MX, 1, 0);
	record(DNS_MX, CLASS_IN, 60, BYTES("\0\0\0"));
	answer = read_packet(DNS_MX, packet.len);
	assert_int_equal(answer->status, DNS_FOUND);
	assert_int_equal(answer->n, 1);
	assert_true(answer->rr[0].len == 0 || strcmp(answer->rr[0].data, ".") == 0);
	dns_answer_unref(&answer);
}

static void
test_aliases_are_passed_over(void **state)
{
	(void)state;
	begin(NOERROR, DNS_A, 3, 0);
	record(TYPE_CNAME, CLASS_IN, 300, BYTES("\005alias\004test\0"));
	record(TYPE_CNAME, CLASS_IN, 200, BYTES("\004last\004test\0"));
	record(DNS_A, CLASS_IN, 100, "\300\000\002\001", 4);
	check_packet("chain", DNS_A, "FOUND ttl=100 <192.0.2.1>");
	begin(NOERROR, DNS_TXT, 2, 0);
	record(DNS_A, CLASS_IN, 60, "\300\000\002\001", 4);
	record(DNS_TXT, CLASS_IN, 60, BYTES("\003one"));
	check_packet("other type", DNS_TXT, "FOUND ttl=60 <one>");
	begin(NOERROR, DNS_A, 2, 0);
	record(DNS_A, CLASS_CH, 60, "\300\000\002\001", 4);
	record(DNS_A, CLASS_IN, 60, "\300\000\002\002", 4);
	check_packet("other class", DNS_A, "FOUND ttl=60 <192.0.2.2>");
	unit_end();
}

static void
test_lowest_ttl_counts(void **state)
{
	(void)state;
	begin(NOERROR, DNS_A, 2, 0);
	record(DNS_A, CLASS_IN, 300, "\300\000\002\001", 4);
	record(DNS_A, CLASS_IN, 30, "\300\000\002\002", 4);
	check_packet("of the records", DNS_A, "FOUND ttl=30 <192.0.2.1> <192.0.2.2>");
	begin(NOERROR, DNS_A, 2, 0);
	record(TYPE_CNAME, CLASS_IN, 20, BYTES("\005alias\004test\0"));
	record(DNS_A, CLASS_IN, 300, "\300\000\002\001", 4);
	check_packet("of the alias", DNS_A, "FOUND ttl=20 <192.0.2.1>");
	begin(NOERROR, DNS_A, 1, 0);
	record(DNS_A, CLASS_IN, 0, "\300\000\002\001", 4);
	check_packet("zero", DNS_A, "FOUND ttl=0 <192.0.2.1>");
	unit_end();
}

static void
test_nothing_there(void **state)
{
	(void)state;
	begin(NOERROR, DNS_A, 0, 0);
	check_packet("no data", DNS_A, "VOID ttl=0");
	begin(NOERROR, DNS_A, 0, 1);
	soa(900, 300);
	check_packet("no data, minimum", DNS_A, "VOID ttl=300");
	begin(NOERROR, DNS_A, 0, 1);
	soa(100, 300);
	check_packet("no data, TTL", DNS_A, "VOID ttl=100");
	begin(NXDOMAIN, DNS_A, 0, 0);
	check_packet("no name", DNS_A, "VOID NXDOMAIN ttl=0");
	begin(NXDOMAIN, DNS_A, 0, 1);
	soa(900, 60);
	check_packet("no name, minimum", DNS_A, "VOID NXDOMAIN ttl=60");
	begin(NOERROR, DNS_A, 1, 1);
	record(TYPE_CNAME, CLASS_IN, 20, BYTES("\005alias\004test\0"));
	soa(900, 60);
	check_packet("alias to nothing", DNS_A, "VOID ttl=60");
	begin(NOERROR, DNS_AAAA, 1, 0);
	record(DNS_A, CLASS_IN, 60, "\300\000\002\001", 4);
	check_packet("another type alone", DNS_AAAA, "VOID ttl=0");
	unit_end();
}

static void
test_response_codes(void **state)
{
	static const int codes[] = { FORMERR, SERVFAIL, NOTIMP, REFUSED, 6, 7, 8, 9, 10, 15 };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(codes); i++) {
		begin(codes[i], DNS_A, 0, 0);
		check_packet(unit_row("code %d", codes[i]), DNS_A, "ERROR ttl=0");
		begin(codes[i], DNS_A, 1, 0);
		record(DNS_A, CLASS_IN, 60, "\300\000\002\001", 4);
		check_packet(unit_row("code %d with data", codes[i]), DNS_A, "ERROR ttl=0");
	}
	unit_end();
}

struct rdata_row {
	enum dns_type type;
	const char *data;
	size_t len;
};

static void
test_bad_rdata(void **state)
{
	static const struct rdata_row rows[] = {
		{ DNS_A, BYTES("") },
		{ DNS_A, BYTES("\300\000\002") },
		{ DNS_A, BYTES("\300\000\002\001\001") },
		{ DNS_A, BYTES("\040\001\015\270\0\0\0\0\0\0\0\0\0\0\0\001") },
		{ DNS_AAAA, BYTES("\300\000\002\001") },
		{ DNS_AAAA, BYTES("\040\001\015\270\0\0\0\0\0\0\0\0\0\0\0") },
		{ DNS_AAAA, BYTES("\040\001\015\270\0\0\0\0\0\0\0\0\0\0\0\001\001") },
		{ DNS_TXT, BYTES("\004one") },
		{ DNS_TXT, BYTES("\377") },
		{ DNS_TXT, BYTES("\003one\004two") },
		{ DNS_MX, BYTES("") },
		{ DNS_MX, BYTES("\0") },
		{ DNS_MX, BYTES("\0\012") },
		{ DNS_MX, BYTES("\0\012\003mx1") },
		{ DNS_MX, BYTES("\0\012\300") },
		{ DNS_MX, BYTES("\0\012\100x\0") },
		{ DNS_MX, BYTES("\0\012\300\377") },
		{ DNS_PTR, BYTES("") },
		{ DNS_PTR, BYTES("\004host") },
		{ DNS_PTR, BYTES("\377\377\0") },
		{ DNS_PTR, BYTES("\277\377") },
	};
	struct dns_answer *answer;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		begin(NOERROR, rows[i].type, 1, 0);
		record(rows[i].type, CLASS_IN, 60, rows[i].data, rows[i].len);
		answer = read_packet(rows[i].type, packet.len);
		unit_text(unit_row("row %zu, %s", i, dns_type_name(rows[i].type)), "answer",
		    describe(answer), "ERROR ttl=0");
		dns_answer_unref(&answer);
	}
	unit_end();
}

static void
test_one_bad_record_spoils_all(void **state)
{
	(void)state;
	begin(NOERROR, DNS_A, 2, 0);
	record(DNS_A, CLASS_IN, 60, "\300\000\002\001", 4);
	record(DNS_A, CLASS_IN, 60, "\300\000\002\001\001", 5);
	check_packet("second", DNS_A, "ERROR ttl=0");
	begin(NOERROR, DNS_TXT, 2, 0);
	record(DNS_TXT, CLASS_IN, 60, BYTES("\011one"));
	record(DNS_TXT, CLASS_IN, 60, BYTES("\003two"));
	check_packet("first", DNS_TXT, "ERROR ttl=0");
	unit_end();
}

static void
test_compression_loops(void **state)
{
	unsigned char pointer[4] = { 0, 10, 0xc0, 0 };

	(void)state;
	begin(NOERROR, DNS_MX, 1, 0);
	pointer[3] = (unsigned char)(packet.len + 12 + 2);
	record(DNS_MX, CLASS_IN, 60, pointer, 4);
	check_packet("to itself", DNS_MX, "ERROR ttl=0");
	begin(NOERROR, DNS_PTR, 1, 0);
	pointer[3] = (unsigned char)(packet.len + 12);
	record(DNS_PTR, CLASS_IN, 60, pointer + 2, 2);
	check_packet("PTR to itself", DNS_PTR, "ERROR ttl=0");
	begin(NOERROR, DNS_A, 1, 0);
	packet.bytes[12] = 0xc0;
	packet.bytes[13] = 12;
	record(DNS_A, CLASS_IN, 60, "\300\000\002\001", 4);
	check_packet("question to itself", DNS_A, "ERROR ttl=0");
	unit_end();
}

static void
test_wrong_counts(void **state)
{
	(void)state;
	begin(NOERROR, DNS_A, 2, 0);
	record(DNS_A, CLASS_IN, 60, "\300\000\002\001", 4);
	check_packet("one record too few", DNS_A, "ERROR ttl=0");
	begin(NOERROR, DNS_A, 65535, 0);
	record(DNS_A, CLASS_IN, 60, "\300\000\002\001", 4);
	check_packet("far too few", DNS_A, "ERROR ttl=0");
	begin(NOERROR, DNS_A, 1, 5);
	record(DNS_A, CLASS_IN, 60, "\300\000\002\001", 4);
	check_packet("no authorities", DNS_A, "ERROR ttl=0");
	begin(NOERROR, DNS_A, 1, 0);
	record(DNS_A, CLASS_IN, 60, "\300\000\002\001", 4);
	packet.bytes[5] = 2;
	check_packet("two questions", DNS_A, "ERROR ttl=0");
	unit_end();
}

static void
test_tiny_packets(void **state)
{
	(void)state;
	packet.len = 0;
	check_packet("empty", DNS_A, "ERROR ttl=0");
	put("x", 1);
	check_packet("one byte", DNS_A, "ERROR ttl=0");
	packet.len = 0;
	put16(1);
	put16(0x8180);
	put32(0);
	put32(0);
	check_packet("header alone", DNS_A, "VOID ttl=0");
	unit_end();
}

/* make_good - a message with a bit of everything */
static void
make_good(void)
{
	begin(NOERROR, DNS_MX, 3, 1);
	record(TYPE_CNAME, CLASS_IN, 50, BYTES("\005alias\004test\0"));
	record(DNS_MX, CLASS_IN, 60, BYTES("\0\012\003mx1" QNAME));
	record(DNS_MX, CLASS_IN, 60, BYTES("\0\024\003mx2\004test\0"));
	soa(900, 300);
}

static void
test_every_prefix(void **state)
{
	struct dns_answer *answer;
	size_t len;

	(void)state;
	make_good();
	for (len = 0; len < packet.len; len++) {
		answer = read_packet(DNS_MX, len);
		unit_text(unit_row("%zu bytes", len), "answer", describe(answer), "ERROR ttl=0");
		dns_answer_unref(&answer);
	}
	check_packet("whole", DNS_MX, "FOUND ttl=50 10 <mx1.q.example.test> 20 <mx2.test>");
	unit_end();
}

/* Whatever one byte becomes, the sanitizers report nothing. */
static void
test_every_byte_changed(void **state)
{
	struct dns_answer *answer;
	unsigned char old;
	size_t i;
	int c;

	(void)state;
	make_good();
	for (i = 0; i < packet.len; i++) {
		old = packet.bytes[i];
		for (c = 0; c < 256; c++) {
			packet.bytes[i] = (unsigned char)c;
			answer = read_packet(DNS_MX, packet.len);
			unit_true(unit_row("byte %zu is %d", i, c), "few records", answer->n <= 3);
			dns_answer_unref(&answer);
		}
		packet.bytes[i] = old;
	}
	unit_end();
}

/* large - an answer of 3,800 records; each differs from the others in two bytes at an offset */
static struct dns_answer *
large(enum dns_type type, const void *data, size_t len, size_t offset)
{
	unsigned char bytes[20];
	int i;

	begin(NOERROR, type, 3800, 0);
	memcpy(bytes, data, len);
	for (i = 0; i < 3800; i++) {
		bytes[offset] = (unsigned char)('A' + i / 100);
		bytes[offset + 1] = (unsigned char)(128 + i % 100);
		record(type, CLASS_IN, 60, bytes, len);
	}
	return read_packet(type, packet.len);
}

/* Records that are there twice (RFC 2181, 5). */
static void
test_repeated_records(void **state)
{
	struct dns_answer *answer;

	(void)state;
	begin(NOERROR, DNS_MX, 3, 0);
	record(DNS_MX, CLASS_IN, 60, "\000\001" QNAME, 4);
	record(DNS_MX, CLASS_IN, 60, "\000\002" QNAME, 4);
	record(DNS_MX, CLASS_IN, 60, "\000\001" QNAME, 4);
	answer = read_packet(DNS_MX, packet.len);
	assert_int_equal(answer->n, 2);
	dns_answer_unref(&answer);
}

/* Every address and text counts, the last one too. Names may be larger than what holds them. */
static void
test_largest_answer(void **state)
{
	static const struct {
		enum dns_type type;
		const char *data;
		size_t len, offset, want;
	} rows[] = {
		{ DNS_A, "\300\000\002\001", 4, 2, 3800 },
		{ DNS_TXT, "\002xx", 3, 1, 3800 },
		{ DNS_MX, "\000\001" QNAME, 4, 0, 512 },
		{ DNS_PTR, "\002xx" QNAME, 5, 1, 512 },
	};
	struct dns_answer *answer;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		answer = large(rows[i].type, rows[i].data, rows[i].len, rows[i].offset);
		unit_int(dns_type_name(rows[i].type), "status", (int)answer->status, DNS_FOUND);
		unit_int(dns_type_name(rows[i].type), "records", (long long)answer->n,
		    (long long)rows[i].want);
		dns_answer_unref(&answer);
	}
	answer = read_packet(DNS_A, sizeof(packet.bytes));
	assert_int_equal(answer->status, DNS_ERROR);
	dns_answer_unref(&answer);
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_long_text),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_root_names),
		cmocka_unit_test(test_aliases_are_passed_over),
		cmocka_unit_test(test_lowest_ttl_counts),
		cmocka_unit_test(test_nothing_there),
		cmocka_unit_test(test_response_codes),
		cmocka_unit_test(test_bad_rdata),
		cmocka_unit_test(test_one_bad_record_spoils_all),
		cmocka_unit_test(test_compression_loops),
		cmocka_unit_test(test_wrong_counts),
		cmocka_unit_test(test_tiny_packets),
		cmocka_unit_test(test_every_prefix),
		cmocka_unit_test(test_every_byte_changed),
		cmocka_unit_test(test_repeated_records),
		cmocka_unit_test(test_largest_answer),
	};

	return cmocka_run_group_tests_name("dns_packet", tests, NULL, NULL);
}
