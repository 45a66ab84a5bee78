/* SPDX-License-Identifier: ISC */
/*
 * Three lines: a token, a local part and a domain. A token that is made for this MAIL FROM has the
 * contents that it was made of, and any other text is none. The secrets and the clock are constant.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/unit/srs_case.h"

#include "srsd/forwarding/verdict_token.h"

static struct srs_keys *keys;

/* check_made - the token of these contents for this MAIL FROM verifies, and no altered one does */
static void
check_made(const struct verdict_token *from, struct text local, struct text domain)
{
	char token[VERDICT_TOKEN_SIZE];
	struct verdict_token got;
	size_t i;

	fuzz_must(verdict_token_make(token, keys, local, domain, from, NOW));
	fuzz_must(verdict_token_verify(&got, keys, text_of(token), local, domain, NOW) == 1);
	fuzz_must(got.identity == from->identity && got.result == from->result);
	fuzz_must(ipaddr_agree(&got.client, &from->client, 8 * (unsigned)ipaddr_size(&got.client)));
	i = (domain.len + local.len) % strlen(token);
	token[i] = token[i] == 'x' ? 'y' : 'x';
	fuzz_must(verdict_token_verify(&got, keys, text_of(token), local, domain, NOW) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), *rest = text, *line = fuzz_line(&rest), *exact;
	struct text local = text_of(fuzz_line(&rest)), domain = text_of(fuzz_line(&rest));
	struct verdict_token token = { SPF_IDENTITY_MAILFROM, SPF_FAIL, { .family = AF_INET } };
	struct verdict_token valid;
	struct text got = text_of(line);
	int verified;

	if (keys == NULL)
		keys = srs_keys_of(SECRET "\nan older one\n");
	exact = fuzz_copy(line, got.len);
	got.s = exact;
	verified = verdict_token_verify(&valid, keys, got, local, domain, NOW);
	fuzz_must(verified != -1);
	fuzz_say("%s", verified == 1 ? "valid" : "none");
	if (verified == 1)
		fuzz_say(
		    " %s %s", spf_identity_name(valid.identity), spf_result_name(valid.result));
	check_made(verified == 1 ? &valid : &token, local, domain);
	free(exact);
	free(text);
	return 0;
}
