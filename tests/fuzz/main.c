/* SPDX-License-Identifier: ISC */
/*
 * main - runs a fuzzer without libFuzzer: over files, or over standard input (as afl-fuzz passes
 * inputs) if no file is given. Prints a line for each input: its name, and the outcome.
 */
#include "tests/fuzz/fuzz.h"

#define INPUT_MAX (1024 * 1024)

static uint8_t input[INPUT_MAX];

static bool
run(FILE *in, const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t n;

	if (in == NULL) {
		perror(path);
		return false;
	}
	n = fread(input, 1, sizeof(input), in);
	LLVMFuzzerTestOneInput(input, n);
	printf("%s: %s\n", slash == NULL ? path : slash + 1, fuzz_said());
	fflush(stdout);
	return true;
}

int
main(int argc, char **argv)
{
	bool ok = true;
	FILE *in;
	int i;

	/*
	 * The shared code of the unit tests fails through cmocka: that must look like a crash, too.
	 */
	setenv("CMOCKA_TEST_ABORT", "1", 1);
	fuzz_listen();
	if (argc == 1)
		ok = run(stdin, "-");
	for (i = 1; i < argc; i++) {
		in = fopen(argv[i], "re");
		ok = run(in, argv[i]) && ok;
		if (in != NULL)
			fclose(in);
	}
	return ok ? 0 : 1;
}
