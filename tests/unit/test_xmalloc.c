/* SPDX-License-Identifier: ISC */
#include "tests/unit/unit.h"

#include "common/xmalloc.h"

static void
test_xcalloc_is_zeroed(void **state)
{
	char *p = xcalloc(100, 3);
	size_t i;

	(void)state;
	for (i = 0; i < 300; i++)
		assert_int_equal(p[i], 0);
	free(p);
}

static void
test_xreallocarray_keeps(void **state)
{
	char *p = xreallocarray(NULL, 4, 1);

	(void)state;
	memcpy(p, "four", 4);
	p = xreallocarray(p, 1000, 10);
	assert_memory_equal(p, "four", 4);
	memset(p, 'x', 10000);
	p = xrealloc(p, 20000);
	assert_int_equal(p[9999], 'x');
	memset(p, 'y', 20000);
	free(p);
}

static void
test_copies(void **state)
{
	char *p = xstrdup("text");

	(void)state;
	assert_string_equal(p, "text");
	free(p);
	p = xstrndup("text", 2);
	assert_string_equal(p, "te");
	free(p);
	p = xstrndup("text", 20);
	assert_string_equal(p, "text");
	free(p);
	p = xmalloc(4);
	memcpy(p, "text", 4);
	free(p);
}

static void
test_xasprintf(void **state)
{
	char *p;

	(void)state;
	assert_int_equal(xasprintf(&p, "%s-%d", "text", 7), 6);
	assert_string_equal(p, "text-7");
	free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_xcalloc_is_zeroed),
		cmocka_unit_test(test_xreallocarray_keeps),
		cmocka_unit_test(test_copies),
		cmocka_unit_test(test_xasprintf),
	};

	return cmocka_run_group_tests_name("xmalloc", tests, NULL, NULL);
}
