/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include "common/buffer.h"

static void
test_appends(void **state)
{
	struct buffer buffer = { 0 };

	(void)state;
	buffer_add(&buffer, NULL, 0);
	assert_null(buffer.data);
	buffer_add(&buffer, "a\0b", 3);
	buffer_printf(&buffer, "%s", "");
	buffer_printf(&buffer, "<%d>", 42);
	buffer_add(&buffer, "c", 1);
	unit_bytes("bytes and text", "buffer", buffer.data, buffer.len, BYTES("a\0b<42>c"));
	buffer_free(&buffer);
	assert_null(buffer.data);
	assert_int_equal(buffer.len, 0);
	unit_end();
}

/* Each size of a piece, by bytes and as text, up to beyond what it begins with. */
static void
test_grows(void **state)
{
	struct buffer bytes = { 0 }, text = { 0 };
	char want[5000], name[30];
	size_t step, len;

	(void)state;
	for (len = 0; len < sizeof(want); len++)
		want[len] = (char)('a' + len % 26);
	for (step = 1; step < 3000; step += step < 20 ? 1 : 331) {
		for (len = 0; len + step <= sizeof(want); len += step) {
			buffer_add(&bytes, want + len, step);
			buffer_printf(&text, "%.*s", (int)step, want + len);
		}
		snprintf(name, sizeof(name), "by %zu", step);
		unit_bytes(name, "bytes", bytes.data, bytes.len, want, len);
		unit_bytes(name, "text", text.data, text.len, want, len);
		buffer_free(&bytes);
		buffer_free(&text);
	}
	unit_end();
}

static void
test_keeps_its_memory(void **state)
{
	struct buffer buffer = { 0 };
	char *large = unit_fill('x', BUFFER_KEPT + 1), *data;

	(void)state;
	buffer_add(&buffer, large, BUFFER_KEPT / 2);
	data = buffer.data;
	buffer_clear(&buffer);
	assert_int_equal(buffer.len, 0);
	buffer_add(&buffer, "again", 5);
	assert_ptr_equal(buffer.data, data);
	unit_bytes("again", "buffer", buffer.data, buffer.len, BYTES("again"));
	buffer_clear(&buffer);
	buffer_add(&buffer, large, BUFFER_KEPT + 1);
	buffer_clear(&buffer);
	assert_null(buffer.data);
	assert_int_equal(buffer.size, 0);
	free(large);
	unit_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_appends),
		cmocka_unit_test(test_grows),
		cmocka_unit_test(test_keeps_its_memory),
	};

	return cmocka_run_group_tests_name("buffer", tests, NULL, NULL);
}
