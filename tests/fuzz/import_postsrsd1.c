/* SPDX-License-Identifier: ISC */
/* A file of postsrsd 1.x, which is a shell script. */
#include "tests/fuzz/import_case.h"

#include "srsd/ctl/import/import_postsrsd.h"

static char *
return_mydomain(void)
{
	return strdup("my.test");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct import *im = import_new();

	import_postsrsd1(im, "postsrsd", text, return_mydomain);
	import_case_check(im);
	import_free(&im);
	free(text);
	return 0;
}
