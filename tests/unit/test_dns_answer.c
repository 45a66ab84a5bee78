/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include "spf/dns/dns_answer.h"

static void
test_type_names(void **state)
{
	(void)state;
	assert_string_equal(dns_type_name(DNS_A), "A");
	assert_string_equal(dns_type_name(DNS_AAAA), "AAAA");
	assert_string_equal(dns_type_name(DNS_MX), "MX");
	assert_string_equal(dns_type_name(DNS_PTR), "PTR");
	assert_string_equal(dns_type_name(DNS_TXT), "TXT");
}

static void
test_status_and_security_names(void **state)
{
	(void)state;
	assert_string_equal(dns_status_name(DNS_FOUND), "found");
	assert_string_equal(dns_status_name(DNS_VOID), "void");
	assert_string_equal(dns_status_name(DNS_ERROR), "error");
	assert_string_equal(dns_security_name(DNS_BOGUS), "bogus");
	assert_string_equal(dns_security_name(DNS_INSECURE), "insecure");
	assert_string_equal(dns_security_name(DNS_SECURE), "secure");
	/* The weakest of several is the least. */
	assert_true(DNS_BOGUS < DNS_INSECURE && DNS_INSECURE < DNS_SECURE);
}

static void
test_records_are_copied(void **state)
{
	struct dns_answer *answer = dns_answer_new(DNS_FOUND);
	struct ipaddr ip = { .family = AF_INET, .bytes = { 192, 0, 2, 1 } };
	char text[] = "a\0b";

	(void)state;
	assert_int_equal(answer->n, 0);
	dns_answer_add(answer, NULL, 10, text, 3);
	dns_answer_add(answer, &ip, 0, NULL, 0);
	memset(text, 'x', sizeof(text));
	ip.bytes[3] = 2;
	assert_int_equal(answer->n, 2);
	assert_int_equal(answer->rr[0].preference, 10);
	assert_int_equal(answer->rr[0].len, 3);
	assert_memory_equal(answer->rr[0].data, "a\0b", 4);
	assert_int_equal(answer->rr[1].ip.bytes[3], 1);
	assert_null(answer->rr[1].data);
	dns_answer_unref(&answer);
	assert_null(answer);
}

/* join_records - the records of an answer as "10 a, 20 b" */
static const char *
join_records(const struct dns_answer *answer)
{
	static char text[200];
	size_t i, n = 0;

	text[0] = '\0';
	for (i = 0; i < answer->n; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%u %s", i == 0 ? "" : ", ",
		    answer->rr[i].preference, answer->rr[i].data);
	return text;
}

/* RFC 2181, 5: a record that is there twice is one record. */
static void
test_repeated_records(void **state)
{
	static const struct {
		enum dns_type type;
		const char *record[5];
		const char *want;
	} rows[] = {
		{ DNS_MX, { NULL }, "" },
		{ DNS_MX, { "a" }, "10 a" },
		{ DNS_MX, { "b", "a", "b", "a", "b" }, "10 b, 10 a" },
		{ DNS_MX, { "Mx.Test", "mx.test", "my.test" }, "10 Mx.Test, 10 my.test" },
		{ DNS_MX, { "20 a", "a", "20 a" }, "20 a, 10 a" },
		{ DNS_PTR, { "a", "a" }, "10 a" },
		{ DNS_TXT, { "v=spf1 -all", "v=spf1 -all" }, "10 v=spf1 -all" },
		{ DNS_TXT, { "v=spf1 -all", "v=spf1 -ALL" }, "10 v=spf1 -all, 10 v=spf1 -ALL" },
		{ DNS_TXT, { "v=spf1", "v=spf1 -all" }, "10 v=spf1, 10 v=spf1 -all" },
	};
	struct dns_answer *answer;
	const char *s;
	size_t i, k;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		answer = dns_answer_new(DNS_FOUND);
		for (k = 0; k < 5 && (s = rows[i].record[k]) != NULL; k++) {
			bool other = strncmp(s, "20 ", 3) == 0;

			s += other ? 3 : 0;
			dns_answer_add(answer, NULL, other ? 20 : 10, s, strlen(s));
		}
		dns_answer_unique(answer, rows[i].type);
		unit_text(
		    rows[i].want, dns_type_name(rows[i].type), join_records(answer), rows[i].want);
		dns_answer_unref(&answer);
	}
	unit_end();
}

static void
test_repeated_addresses(void **state)
{
	struct dns_answer *answer = dns_answer_new(DNS_FOUND);
	struct ipaddr ip = { .family = AF_INET, .bytes = { 192, 0, 2, 1 } };
	unsigned i;

	(void)state;
	for (i = 0; i < 3000; i++) {
		ip.bytes[3] = (uint8_t)(i % 3);
		dns_answer_add(answer, &ip, 0, NULL, 0);
	}
	dns_answer_unique(answer, DNS_A);
	assert_int_equal(answer->n, 3);
	for (i = 0; i < 3; i++)
		assert_int_equal(answer->rr[i].ip.bytes[3], i);
	dns_answer_unref(&answer);
}

static void
test_size_grows(void **state)
{
	struct dns_answer *answer = dns_answer_new(DNS_FOUND);
	size_t before = answer->size;

	(void)state;
	assert_true(before >= sizeof(*answer));
	dns_answer_add(answer, NULL, 0, "0123456789", 10);
	assert_true(answer->size >= before + sizeof(struct dns_rr) + 10);
	dns_answer_unref(&answer);
}

static int freed;

static void
count_free(void *arg)
{
	freed++;
	free(arg);
}

/* The last reference frees, and what was derived goes with it. */
static void
test_references(void **state)
{
	struct dns_answer *first = dns_answer_new(DNS_VOID), *second = dns_answer_ref(first);

	(void)state;
	assert_ptr_equal(first, second);
	first->derived = malloc(10);
	first->free_derived = count_free;
	freed = 0;
	dns_answer_unref(&first);
	assert_null(first);
	assert_int_equal(freed, 0);
	assert_int_equal(second->status, DNS_VOID);
	dns_answer_unref(&second);
	assert_int_equal(freed, 1);
	dns_answer_unref(&second);
	assert_int_equal(freed, 1);
}

static void
test_failures(void **state)
{
	static const struct {
		enum dns_failure failure;
		enum dns_security security;
		uint8_t rcode;
		const char *want;
	} rows[] = {
		{ DNS_FAILED, DNS_INSECURE, 2, "SERVFAIL" },
		{ DNS_FAILED, DNS_INSECURE, 5, "REFUSED" },
		{ DNS_FAILED, DNS_INSECURE, 10, "NOTZONE" },
		{ DNS_FAILED, DNS_INSECURE, 11, "unknown error code" },
		{ DNS_FAILED, DNS_INSECURE, 255, "unknown error code" },
		{ DNS_FAILED, DNS_INSECURE, 0, "no usable answer" },
		{ DNS_FAILED, DNS_BOGUS, 2, "DNSSEC validation failed" },
		{ DNS_LATE, DNS_INSECURE, 0, "no answer in time" },
		{ DNS_SATURATED, DNS_INSECURE, 0, "too many pending DNS queries" },
	};
	struct dns_answer *answer;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		answer = dns_answer_new_error(rows[i].failure);
		answer->security = rows[i].security;
		answer->rcode = rows[i].rcode;
		unit_text(
		    rows[i].want, unit_row("row %zu", i), dns_failure_text(answer), rows[i].want);
		dns_answer_unref(&answer);
	}
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_type_names),
		cmocka_unit_test(test_status_and_security_names),
		cmocka_unit_test(test_records_are_copied),
		cmocka_unit_test(test_repeated_records),
		cmocka_unit_test(test_repeated_addresses),
		cmocka_unit_test(test_size_grows),
		cmocka_unit_test(test_references),
		cmocka_unit_test(test_failures),
	};

	return cmocka_run_group_tests_name("dns_answer", tests, NULL, NULL);
}
