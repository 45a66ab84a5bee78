/* SPDX-License-Identifier: ISC */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "common/ipaddr.h"
#include "common/xmalloc.h"
#include "srsd/store/store_tls.h"

struct store_tls {
	SSL_CTX *context;
	char *host;
	bool is_address;
};

/* add_certificates - all of the text to the store; the number of them, or -1 */
static int
add_certificates(X509_STORE *store, BIO *text)
{
	X509 *certificate;
	int n = 0, added = 1;

	while (added == 1 && (certificate = PEM_read_bio_X509(text, NULL, NULL, NULL)) != NULL) {
		added = X509_STORE_add_cert(store, certificate);
		X509_free(certificate);
		n++;
	}
	/* The end of the text is an error as well, but no other one is. */
	if (added != 1 || ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		return -1;
	return n;
}

static bool
trust_certificates(SSL_CTX *context, const char *pem, size_t len)
{
	BIO *text = len > INT_MAX ? NULL : BIO_new_mem_buf(pem, (int)len);
	int n = text == NULL ? -1 : add_certificates(SSL_CTX_get_cert_store(context), text);

	BIO_free(text);
	ERR_clear_error();
	return n > 0;
}

struct store_tls *
store_tls_new(const char *pem, size_t len, const char *host, const char **error)
{
	struct store_tls *tls = xcalloc(1, sizeof(*tls));
	struct ipaddr ip;

	ERR_clear_error();
	tls->host = xstrdup(host);
	tls->is_address = ipaddr_parse(&ip, host, strlen(host));
	tls->context = SSL_CTX_new(TLS_client_method());
	if (tls->context == NULL ||
	    SSL_CTX_set_min_proto_version(tls->context, TLS1_2_VERSION) != 1) {
		*error = "cannot prepare TLS";
		store_tls_free(&tls);
	} else if (!trust_certificates(tls->context, pem, len)) {
		*error = "not a list of certificates in PEM";
		store_tls_free(&tls);
	} else {
		SSL_CTX_set_verify(tls->context, SSL_VERIFY_PEER, NULL);
	}
	return tls;
}

void
store_tls_free(struct store_tls **tls)
{
	if (*tls == NULL)
		return;
	SSL_CTX_free((*tls)->context);
	free((*tls)->host);
	free(*tls);
	*tls = NULL;
}

/* set_peer - what the certificate has to name; an address is not a server name indication */
static bool
set_peer(SSL *ssl, const struct store_tls *tls)
{
	if (tls->is_address)
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), tls->host) == 1;
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_set1_host(ssl, tls->host) == 1 && SSL_set_tlsext_host_name(ssl, tls->host) == 1;
}

struct ssl_st *
store_tls_start(const struct store_tls *tls)
{
	SSL *ssl = SSL_new(tls->context);

	if (ssl != NULL && !set_peer(ssl, tls)) {
		SSL_free(ssl);
		ssl = NULL;
	}
	ERR_clear_error();
	return ssl;
}

void
store_tls_end(struct ssl_st **ssl)
{
	SSL_free(*ssl);
	*ssl = NULL;
}

const char *
store_tls_problem(const struct ssl_st *ssl)
{
	long result = SSL_get_verify_result(ssl);

	return result == X509_V_OK ? NULL : X509_verify_cert_error_string(result);
}

void
store_tls_clear_errors(void)
{
	ERR_clear_error();
}
