# SPDX-License-Identifier: ISC
"""srs - a second implementation of the Sender Rewriting Scheme, for the tests.

It works on str. Bytes beyond ASCII are surrogate escapes or decoded UTF-8, and are signed as UTF-8.
Addresses must be valid; the tables of the tests list those that the daemon refuses.
"""

import base64
import hashlib
import hmac
import re
import time

BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
_HEX = str.maketrans(BASE32, '0123456789ABCDEFGHIJKLMNOPQRSTUV')      # base32hex
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\x80-\U0010ffff-]+"
_DOT_ATOM = re.compile(r'%s(\.%s)*\Z' % (_ATOM, _ATOM))


def today():
    return int(time.time() // 86400)


def on_one_day(function):
    """Call function(day) again if the day changed during the call; -> its result."""
    while True:
        day = today()
        result = function(day)
        if today() == day:
            return result


def stamp(day):
    return BASE32[day >> 5 & 31] + BASE32[day & 31]


def _lower(text):
    """Convert only ASCII to lower case, as every implementation of the scheme does."""
    return re.sub('[A-Z]', lambda m: m.group().lower(), text)


def mac(secret, *parts):
    """All 27 characters of the digest, without the padding."""
    text = _lower(''.join(parts)).encode('utf-8', 'surrogateescape')
    digest = hmac.new(secret.encode('utf-8', 'surrogateescape'), text, hashlib.sha1).digest()
    return base64.b64encode(digest).decode()[:27]


def quote(local):
    """The external form of a local part, quoted if necessary."""
    if _DOT_ATOM.match(local):
        return local
    return '"%s"' % re.sub(r'(["\\])', r'\\\1', local)


def split(address):
    """External form -> (local part without quotes, host)."""
    local, _, host = address.rpartition('@')
    if local.startswith('"'):
        local = re.sub(r'\\(.)', r'\1', local[1:-1])
    return local, host


def srs0_local(address, secret, day, separator='=', length=4):
    """The local part of an SRS0 address, not quoted."""
    user, host = split(address)
    when = stamp(day)
    digest = mac(secret, when, host, user)[:length]
    return 'SRS0%s%s=%s=%s=%s' % (separator, digest, when, host, user)


def srs0(address, secret, domain, day, **options):
    return '%s@%s' % (quote(srs0_local(address, secret, day, **options)), domain)


def srs0_without_slash(address, secret, domain, day, **options):
    """The address of a signer that uses an earlier stamp to avoid '/' and '+' in the hash."""
    for earlier in range(3):
        local = srs0_local(address, secret, day - earlier, **options)
        if not re.search('[/+]', local[5:].split('=')[0]):
            return '%s@%s' % (quote(local), domain)
    return srs0(address, secret, domain, day, **options)


def alias(sender, secret):
    """The 32 characters that srs_alias.h makes of a sender in the envelope database."""
    digest = hmac.new(secret.encode(), b'srsd alias\0' + sender.encode('utf-8', 'surrogateescape'),
                      hashlib.sha256).digest()
    return base64.b32encode(digest[:20]).decode().translate(_HEX)


def srs0_of_alias(sender, secret, domain, day):
    """The address of a sender that is in the envelope database."""
    return srs0(alias(sender, secret) + '@1', secret, domain, day)


def srs1_local(host, opaque, secret, separator='=', length=4):
    digest = mac(secret, host, opaque)[:length]
    return 'SRS1%s%s=%s=%s' % (separator, digest, host, opaque)


def srs1(address, secret, domain, **options):
    """The SRS1 address that the next hop makes of SRS0...@host or SRS1...@host."""
    local, host = split(address)
    if local[:4].upper() == 'SRS0':
        opaque = local[4:]
    else:
        _hash, host, opaque = local[5:].split('=', 2)
    return '%s@%s' % (quote(srs1_local(host, opaque, secret, **options)), domain)
