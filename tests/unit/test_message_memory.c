/* SPDX-License-Identifier: ISC */
#include "tests/unit/hash_collision.h"

#include "srsd/service/message_memory.h"

#define NOW 1700000000

static struct text
text(const char *s)
{
	struct text t = { s, strlen(s) };

	return t;
}

static struct policy_request
make_request(const char *instance)
{
	struct policy_request req = {
		.instance = text(instance),
		.client_address = text("192.0.2.1"),
		.helo_name = text("mx.test"),
		.sender = text("a@x.test"),
		.recipient = text("b@y.test"),
	};

	return req;
}

static void
test_found_again(void **state)
{
	struct message_memory *messages = message_memory_new();
	struct policy_request req = make_request("1.2.3");
	struct message_facts *message;

	(void)state;
	assert_null(message_memory_find(messages, &req, NOW));
	message = message_memory_add(messages, &req, NOW);
	assert_non_null(message);
	assert_int_equal(message->headers, 0);
	assert_false(message->verdicts.has_helo);
	message->verdicts.has_mailfrom = true;
	message->verdicts.mailfrom.result = SPF_SOFTFAIL;
	message->headers = 1;
	req.recipient = text("other@z.test");
	req.queue_id = text("4ABC");
	message = message_memory_find(messages, &req, NOW + 5);
	assert_non_null(message);
	assert_int_equal(message->verdicts.mailfrom.result, SPF_SOFTFAIL);
	assert_int_equal(message->headers, 1);
	assert_int_equal(message_memory_count(messages), 1);
	message_memory_free(&messages);
	assert_null(messages);
	message_memory_free(&messages);
}

/* The table keeps no pointer into the request. */
static void
test_request_is_copied(void **state)
{
	struct message_memory *messages = message_memory_new();
	struct policy_request req = make_request("1.2.3"), copied = req;
	struct text *const texts[] = { &copied.instance, &copied.client_address, &copied.helo_name,
		&copied.sender };
	char *copies[COUNT(texts)];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(texts); i++)
		texts[i]->s = copies[i] = unit_copy(texts[i]->s, texts[i]->len);
	assert_non_null(message_memory_add(messages, &copied, NOW));
	for (i = 0; i < COUNT(texts); i++) {
		memset(copies[i], 'x', texts[i]->len);
		free(copies[i]);
	}
	assert_non_null(message_memory_find(messages, &req, NOW));
	message_memory_free(&messages);
}

static void
test_all_of_it_has_to_be_the_same(void **state)
{
	static const size_t fields[] = { offsetof(struct policy_request, instance),
		offsetof(struct policy_request, client_address),
		offsetof(struct policy_request, helo_name),
		offsetof(struct policy_request, sender) };
	static const char *const values[] = { "other", "", "MX.TEST", "1.2.30", "1.2." };
	struct message_memory *messages = message_memory_new();
	struct policy_request req;
	size_t i, j;

	(void)state;
	req = make_request("1.2.3");
	assert_non_null(message_memory_add(messages, &req, NOW));
	for (i = 0; i < COUNT(fields); i++) {
		for (j = 0; j < COUNT(values); j++) {
			req = make_request("1.2.3");
			*(struct text *)((char *)&req + fields[i]) = text(values[j]);
			unit_true(values[j], unit_row("field %zu", i),
			    message_memory_find(messages, &req, NOW) == NULL);
		}
	}
	message_memory_free(&messages);
	unit_end();
}

/* Two messages whose values, joined, are the same bytes. */
static void
test_values_do_not_run_together(void **state)
{
	struct message_memory *messages = message_memory_new();
	struct policy_request req = make_request("1");

	(void)state;
	req.client_address = text("ab");
	req.helo_name = text("c");
	assert_non_null(message_memory_add(messages, &req, NOW));
	req.client_address = text("a");
	req.helo_name = text("bc");
	assert_null(message_memory_find(messages, &req, NOW));
	req.client_address = text("");
	req.helo_name = text("abc");
	assert_null(message_memory_find(messages, &req, NOW));
	message_memory_free(&messages);
}

/* A sender that was computed to have the hash of another one does not get its verdict. */
static void
test_equal_hashes(void **state)
{
	struct message_memory *messages = message_memory_new();
	struct policy_request req = make_request("1.2.3");
	char sender[2][HASH_COLLISION_SIZE];
	uint32_t hash = HASH_BEGIN;

	(void)state;
	hash = hash_bytes(hash, req.instance.s, req.instance.len);
	hash = hash_bytes(hash, req.client_address.s, req.client_address.len);
	hash = hash_bytes(hash, req.helo_name.s, req.helo_name.len);
	hash_collision_find(hash, "@x.test", sender);
	req.sender = text(sender[0]);
	assert_non_null(message_memory_add(messages, &req, NOW));
	req.sender = text(sender[1]);
	assert_null(message_memory_find(messages, &req, NOW));
	message_memory_free(&messages);
}

static void
test_without_an_instance(void **state)
{
	struct message_memory *messages = message_memory_new();
	struct policy_request req = make_request(""), empty = { 0 };

	(void)state;
	assert_null(message_memory_add(messages, &req, NOW));
	assert_null(message_memory_find(messages, &req, NOW));
	assert_null(message_memory_add(messages, &empty, NOW));
	assert_null(message_memory_find(messages, &empty, NOW));
	assert_int_equal(message_memory_count(messages), 0);
	message_memory_free(&messages);
}

static void
test_expiry(void **state)
{
	struct message_memory *messages = message_memory_new();
	struct policy_request req = make_request("1"), other = make_request("2");

	(void)state;
	assert_non_null(message_memory_add(messages, &req, NOW));
	assert_non_null(message_memory_find(messages, &req, NOW + MESSAGE_MEMORY_SECONDS - 1));
	assert_null(message_memory_find(messages, &req, NOW + MESSAGE_MEMORY_SECONDS));
	assert_null(message_memory_find(messages, &req, NOW + 1000000));
	assert_non_null(message_memory_add(messages, &other, NOW + MESSAGE_MEMORY_SECONDS));
	assert_int_equal(message_memory_count(messages), 1);
	message_memory_free(&messages);
}

/* A find does not make a message live longer. */
static void
test_expiry_counts_from_the_first(void **state)
{
	struct message_memory *messages = message_memory_new();
	struct policy_request req = make_request("1");
	time_t now;

	(void)state;
	assert_non_null(message_memory_add(messages, &req, NOW));
	for (now = NOW; now < NOW + MESSAGE_MEMORY_SECONDS; now++)
		assert_non_null(message_memory_find(messages, &req, now));
	assert_null(message_memory_find(messages, &req, now));
	message_memory_free(&messages);
}

static void
test_added_again(void **state)
{
	struct message_memory *messages = message_memory_new();
	struct policy_request req = make_request("1");
	struct message_facts *message = message_memory_add(messages, &req, NOW);

	(void)state;
	message->headers = 7;
	message = message_memory_add(messages, &req, NOW + 1);
	assert_non_null(message);
	assert_int_equal(message->headers, 0);
	assert_int_equal(message_memory_count(messages), 1);
	assert_non_null(message_memory_find(messages, &req, NOW + MESSAGE_MEMORY_SECONDS));
	message_memory_free(&messages);
}

static void
test_clock_goes_backwards(void **state)
{
	struct message_memory *messages = message_memory_new();
	struct policy_request req = make_request("1"), other = make_request("2");

	(void)state;
	assert_non_null(message_memory_add(messages, &req, NOW));
	assert_null(message_memory_find(messages, &req, NOW - 1));
	assert_null(message_memory_find(messages, &req, NOW - 1000000));
	assert_non_null(message_memory_add(messages, &other, NOW - 3600));
	assert_non_null(message_memory_find(messages, &other, NOW - 3600));
	assert_int_equal(message_memory_count(messages), 1);
	assert_non_null(message_memory_add(messages, &req, NOW - 3500));
	assert_non_null(message_memory_find(messages, &req, NOW - 3500));
	message_memory_free(&messages);
}

static void
add_numbered(struct message_memory *messages, unsigned number)
{
	struct policy_request req;
	char instance[20];

	snprintf(instance, sizeof(instance), "i%u", number);
	req = make_request(instance);
	assert_non_null(message_memory_add(messages, &req, NOW));
}

static bool
is_known(struct message_memory *messages, unsigned number)
{
	struct policy_request req;
	char instance[20];

	snprintf(instance, sizeof(instance), "i%u", number);
	req = make_request(instance);
	return message_memory_find(messages, &req, NOW) != NULL;
}

static void
test_bounded(void **state)
{
	struct message_memory *messages = message_memory_new();
	unsigned i;

	(void)state;
	for (i = 0; i < MESSAGE_MEMORY_MAX; i++)
		add_numbered(messages, i);
	assert_int_equal(message_memory_count(messages), MESSAGE_MEMORY_MAX);
	assert_true(is_known(messages, 0));
	for (; i < MESSAGE_MEMORY_MAX + 10; i++)
		add_numbered(messages, i);
	assert_int_equal(message_memory_count(messages), MESSAGE_MEMORY_MAX);
	for (i = 0; i < MESSAGE_MEMORY_MAX + 10; i++)
		unit_int(unit_row("%u", i), "known", is_known(messages, i), i >= 10);
	message_memory_free(&messages);
	unit_end();
}

/* A message that is added again replaces the earlier one, and removes no other. */
static void
test_added_again_and_again(void **state)
{
	struct message_memory *messages = message_memory_new();
	unsigned i;

	(void)state;
	for (i = 0; i < 3 * MESSAGE_MEMORY_MAX; i++)
		add_numbered(messages, i % 5);
	assert_int_equal(message_memory_count(messages), 5);
	for (i = 0; i < MESSAGE_MEMORY_MAX - 5; i++)
		add_numbered(messages, 1000000 + i);
	assert_int_equal(message_memory_count(messages), MESSAGE_MEMORY_MAX);
	assert_true(is_known(messages, 4));
	add_numbered(messages, 1);
	add_numbered(messages, 2);
	assert_true(is_known(messages, 1));
	assert_true(is_known(messages, 1000000));
	message_memory_free(&messages);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found_again),
		cmocka_unit_test(test_request_is_copied),
		cmocka_unit_test(test_all_of_it_has_to_be_the_same),
		cmocka_unit_test(test_values_do_not_run_together),
		cmocka_unit_test(test_equal_hashes),
		cmocka_unit_test(test_without_an_instance),
		cmocka_unit_test(test_expiry),
		cmocka_unit_test(test_expiry_counts_from_the_first),
		cmocka_unit_test(test_added_again),
		cmocka_unit_test(test_clock_goes_backwards),
		cmocka_unit_test(test_bounded),
		cmocka_unit_test(test_added_again_and_again),
	};

	return cmocka_run_group_tests_name("message_memory", tests, NULL, NULL);
}
