/* SPDX-License-Identifier: ISC */
/*
 * address_argument - the addresses that an operator types, or pastes from a log, as arguments of
 * srsctl.
 *
 *	a@x.org		<a@x.org>	an envelope address; the log has it in angle brackets
 *	192.0.2.1	[192.0.2.1]	a client; the log of Postfix has mx.x.org[192.0.2.1], and a
 *			mx.x.org[192.0.2.1]	literal is [IPv6:2001:db8::1]
 *
 * If the value has another form, each function prints an error that quotes it and names the
 * argument with name.
 */
#ifndef SRSD_CTL_ADDRESS_ARGUMENT_H
#define SRSD_CTL_ADDRESS_ARGUMENT_H

#include <stdbool.h>

#include "common/ipaddr.h"

enum address_argument_form {
	ADDRESS_ARGUMENT_SENDER,    /* an address, or the null sender: "" or <> */
	ADDRESS_ARGUMENT_RECIPIENT, /* an address */
	ADDRESS_ARGUMENT_SPF, /* the null sender, a domain, or any text with an @ and a domain */
};

/*
 * The address without its angle brackets, as a new text that the caller frees; "" for the null
 * sender. The local part is not changed, whether it is quoted or not. NULL: it is not an address.
 */
char *address_argument_read(const char *name, const char *value, enum address_argument_form form);

/*
 * Reads the address of a client. sender is the argument that comes after it, or NULL: if that is
 * one and the value is not, the error asks whether the two were swapped.
 */
bool address_argument_client(
    struct ipaddr *client, const char *name, const char *value, const char *sender);

/*
 * A HELO name without the angle brackets of a log line, as a new text. A client can send any text.
 * NULL: it is empty, has a control character, or is an address, which belongs to another argument.
 */
char *address_argument_helo(const char *name, const char *value);

#endif
