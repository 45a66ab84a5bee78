/* SPDX-License-Identifier: ISC */
/*
 * A policyd-spf.conf. Lines that follow a line "--" of the input are those of the file of Per_User,
 * whatever its path.
 */
#include "tests/fuzz/import_case.h"

#include "common/xmalloc.h"
#include "srsd/ctl/import/import_policyd_spf.h"

static const char *users;

static char *
read_users(const char *path, const char **why)
{
	(void)path;
	*why = "no such file";
	return users == NULL ? NULL : xstrdup(users);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), *mark = strstr(text, "\n--\n");
	struct import *im = import_new();

	users = mark == NULL ? NULL : mark + 4;
	if (mark != NULL)
		mark[1] = '\0';
	import_policyd_spf(im, "policyd-spf.conf", text, read_users);
	import_case_check(im);
	import_free(&im);
	free(text);
	return 0;
}
