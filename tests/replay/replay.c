/* SPDX-License-Identifier: ISC */
/*
 * replay - plays stories: files, or directories with files named *.rpl; without any, those of the
 * source. Each is a case in the output, which is TAP.
 *
 * A story that begins with "# wrong LINE: WHAT" has to fail just there, with that in its error: so
 * it is known that stories can fail.
 */
#include <sys/stat.h>

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "common/xmalloc.h"
#include "tests/replay/story.h"

#define STORY_MAX (4 * 1024 * 1024)

static unsigned cases, failed;

/* comment - a text of several lines, as TAP tells what is no case */
static void
comment(const char *text)
{
	size_t n;

	for (; *text != '\0'; text += n + (text[n] == '\n')) {
		n = strcspn(text, "\n");
		printf("# %.*s\n", (int)n, text);
	}
}

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

static void
report(const char *path, char *error)
{
	cases++;
	if (error != NULL && strstr(error, "this srsd was built without") != NULL) {
		printf("ok %u - %s # SKIP built without its database\n", cases, base_name(path));
		free(error);
		return;
	}
	failed += error != NULL;
	printf("%s %u - %s\n", error == NULL ? "ok" : "not ok", cases, base_name(path));
	if (error != NULL)
		comment(error);
	fflush(stdout);
	free(error);
}

/* judge_wrong - NULL when the story has failed as its first line says; frees error */
static char *
judge_wrong(const char *path, const char *text, char *error)
{
	int n = (int)strcspn(text, "\n");
	char *want, *verdict = NULL;

	xasprintf(&want, ":%.*s", n, text);
	if (error == NULL || strstr(error, want) == NULL)
		xasprintf(&verdict, "%s: did not fail at %s\n%s", path, want + 1,
		    error == NULL ? "but ended well" : error);
	free(want);
	free(error);
	return verdict;
}

static void
play(const char *path)
{
	static const char wrong[] = "# wrong ";
	const char *why;
	struct file file;
	char *error;

	if (file_read(&file, path, STORY_MAX, &why)) {
		error = story_play(path, file.data, file.len);
		if (strncmp(file.data, wrong, strlen(wrong)) == 0)
			error = judge_wrong(path, file.data + strlen(wrong), error);
		file_free(&file);
	} else {
		xasprintf(&error, "%s: %s", path, why);
	}
	report(path, error);
}

static void
play_all(const char *folder)
{
	glob_t found;
	char *pattern;
	size_t i;

	xasprintf(&pattern, "%s/*.rpl", folder);
	if (glob(pattern, 0, NULL, &found) == 0) {
		for (i = 0; i < found.gl_pathc; i++)
			play(found.gl_pathv[i]);
		globfree(&found);
	} else {
		report(folder, xstrdup("no stories here"));
	}
	free(pattern);
}

static bool
is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static void
play_those_of_source(void)
{
	const char *top = getenv("abs_top_srcdir");
	char *folder;

	xasprintf(&folder, "%s/tests/replay/stories", top == NULL ? "." : top);
	play_all(folder);
	free(folder);
}

int
main(int argc, char **argv)
{
	int i;

	if (!story_init()) {
		perror("replay");
		return 1;
	}
	if (argc < 2)
		play_those_of_source();
	for (i = 1; i < argc; i++) {
		if (is_folder(argv[i]))
			play_all(argv[i]);
		else
			play(argv[i]);
	}
	printf("1..%u\n", cases);
	return failed > 0;
}
