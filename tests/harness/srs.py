# SPDX-License-Identifier: ISC
"""srs - the Sender Rewriting Scheme, written a second time for the tests.

Works on str; bytes beyond ASCII are surrogate escapes or decoded UTF-8, and are signed as UTF-8. It
takes valid addresses only: what the daemon refuses is told by the tables of the tests.
"""

import base64
import hashlib
import hmac
import re
import time

BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\x80-\U0010ffff-]+"
_DOT_ATOM = re.compile(r'%s(\.%s)*\Z' % (_ATOM, _ATOM))


def today():
    return int(time.time() // 86400)


def on_one_day(function):
    """Call function(day) until the day did not change meanwhile, and return what it returned."""
    while True:
        day = today()
        result = function(day)
        if today() == day:
            return result


def stamp(day):
    return BASE32[day >> 5 & 31] + BASE32[day & 31]


def _lower(text):
    """ASCII only, as every implementation of the scheme does it."""
    return re.sub('[A-Z]', lambda m: m.group().lower(), text)


def mac(secret, *parts):
    """All 27 characters of the digest, without the padding."""
    text = _lower(''.join(parts)).encode('utf-8', 'surrogateescape')
    digest = hmac.new(secret.encode('utf-8', 'surrogateescape'), text, hashlib.sha1).digest()
    return base64.b64encode(digest).decode()[:27]


def quote(local):
    """A local part as it stands in an address in external form."""
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
    """What a signer answers that prefers yesterday's stamp to a '/' or '+' in the hash."""
    for earlier in range(3):
        local = srs0_local(address, secret, day - earlier, **options)
        if not re.search('[/+]', local[5:].split('=')[0]):
            return '%s@%s' % (quote(local), domain)
    return srs0(address, secret, domain, day, **options)


def srs1_local(host, opaque, secret, separator='=', length=4):
    digest = mac(secret, host, opaque)[:length]
    return 'SRS1%s%s=%s=%s' % (separator, digest, host, opaque)


def srs1(address, secret, domain, **options):
    """The next hop's form of SRS0...@host, or of SRS1...@host, which keeps the first host."""
    local, host = split(address)
    if local[:4].upper() == 'SRS0':
        opaque = local[4:]
    else:
        _hash, host, opaque = local[5:].split('=', 2)
    return '%s@%s' % (quote(srs1_local(host, opaque, secret, **options)), domain)
