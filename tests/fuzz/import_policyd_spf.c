/* SPDX-License-Identifier: ISC */
/* A policyd-spf.conf. */
#include "tests/fuzz/import_case.h"

#include "srsd/ctl/import/import_policyd_spf.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct import *im = import_new();

	import_policyd_spf(im, "policyd-spf.conf", text);
	import_case_check(im);
	import_free(&im);
	free(text);
	return 0;
}
