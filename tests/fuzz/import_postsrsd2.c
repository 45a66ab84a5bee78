/* SPDX-License-Identifier: ISC */
/* A postsrsd.conf of 2.x. */
#include "tests/fuzz/import_case.h"

#include "srsd/ctl/import/import_postsrsd.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), error[1024] = "";
	struct import *im = import_new();

	if (import_postsrsd2(im, "postsrsd.conf", text, 1700000000, error, sizeof(error))) {
		import_case_check(im);
	} else {
		fuzz_must(error[0] != '\0' && strchr(error, '\n') == NULL);
		fuzz_say_bytes(error, strcspn(error, ";"));
	}
	import_free(&im);
	free(text);
	return 0;
}
