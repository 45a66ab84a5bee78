#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""direction - include lines name a directory, and only one that the table below allows.

The same for the headers of foreign libraries: each library is used in the modules that HACKING.md
names, and in no other.
"""

import os
import re
import sys

sys.dont_write_bytecode = True

import sources

CONF = ('conf', 'common')
SPF = ('spf', 'spf/dns') + CONF
FORWARDING = ('srsd/srs', 'srsd/postfix') + SPF
CTL = ('srsd/forwarding', 'srsd/store') + FORWARDING
SERVICE = ('srsd/forwarding', 'srsd/store') + FORWARDING

# The directories that may be included from a directory, besides itself.
MAY_INCLUDE = {
    'common': (),
    'conf': ('common',),
    'spf/dns': CONF,
    'spf': ('spf/dns',) + CONF,
    'srsd/srs': CONF,
    'srsd/postfix': ('common',),
    'srsd/store': CONF,
    'srsd/forwarding': FORWARDING,
    'srsd/service': SERVICE,
    'srsd': ('srsd/service',) + SERVICE,
    'srsd/ctl': CTL,
    'srsd/ctl/check': ('srsd/ctl',) + CTL,
    'srsd/ctl/import': ('srsd/ctl',) + CTL,
}

# A program's main.c wires the objects of all directories below it as well.
MAIN_MAY_INCLUDE = {
    'srsd/ctl': ('srsd/ctl/check', 'srsd/ctl/import'),
}

# (library, its headers, the modules that use it), as in HACKING.md
LIBRARIES = (
    ('libcrypto', r'openssl/.*', 'srs_mac store_tls'),
    ('libunbound', r'unbound(-event)?\.h', 'unbound_context'),
    ('libspf2', r'spf2/.*', 'spf_libspf2'),
    ('libconfuse', r'confuse\.h', 'confuse'),
    ('libidn2', r'idn2\.h', 'idna'),
    ('libpsl', r'libpsl\.h', 'orgdomain'),
    ('uthash', r'ut(hash|list|array|string)\.h', 'domainset spf_sections'),
    ('libseccomp', r'seccomp\.h', 'sandbox'),
    ('sqlite3', r'sqlite3\.h', 'store_sqlite store_sqlite_file'),
    ('hiredis', r'hiredis/.*', 'store_resp'),
    ('libevent', r'event2?(/.*|\.h)',
        'connections precedence server engine resolver spf_check offline check_candidates '
        'check_dns store store_link store_redis milter_message control_recent services'),
    ('jansson', r'jansson\.h',
        'settings_report spf_report spf_query spf_outbound status control reply confined offline findings ctl '
        'control_store control_recent candidate_report gate_explain reverse_report explain_message '
        'reverse_details spf_tree import_report'),
)

# The headers of the C library, of the kernel, and of libbsd, which adds to those of the C library.
SYSTEM = re.compile(
    r'(arpa|bsd|linux|net|netinet|sys)/.*|(assert|ctype|dirent|endian|err|errno|fcntl|float|fnmatch'
    r'|getopt|glob|grp|ifaddrs|inttypes|langinfo|libgen|libutil|limits|locale|malloc|math|netdb|poll'
    r'|pwd|regex|resolv|sched|setjmp|signal|spawn|stdalign|stdarg|stdatomic|stdbool|stddef|stdint|stdio'
    r'|stdlib|stdnoreturn|string|strings|syslog|termios|time|unistd|vis|wchar|wctype)\.h')

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"(?P<own>[^"]*)"|<(?P<system>[^>]*)>)', re.M)
GENERATED = ('config.h',)       # configure writes it to the top of the build directory


def allowed_for(source):
    """The directories that a file may include from."""
    allowed = (source.directory,) + MAY_INCLUDE.get(source.directory, ())
    if source.stem == 'main':
        allowed += MAIN_MAY_INCLUDE.get(source.directory, ())
    return allowed


def check_own(source, line, name, findings):
    """An include line for a header of ours."""
    if name in GENERATED:
        return
    directory = os.path.dirname(name)
    if not directory:
        findings.add(source.path, line, (
            '#include "%s" names no directory: write "%s/%s"' % (name, source.directory, name)))
    elif directory not in MAY_INCLUDE:
        findings.add(source.path, line, (
            '#include "%s" names a directory that direction.py does not know: use one of %s' % (
                name, ', '.join(sorted(MAY_INCLUDE)))))
    elif directory not in allowed_for(source):
        findings.add(source.path, line, (
            '#include "%s" is against the direction: %s may include %s; move the code, or hand '
            'over a function' % (
                name, source.directory,
                ', '.join(MAY_INCLUDE.get(source.directory, ())) or 'no other directory')))


def check_system(source, line, name, used, findings):
    """An include line for a header of the system or of a library."""
    for library, headers, modules in LIBRARIES:
        if re.fullmatch(headers, name):
            used.add((library, source.stem))
            if source.stem not in modules.split():
                findings.add(source.path, line, (
                    '#include <%s>: %s belongs in %s; use their interface, or add this module '
                    'to LIBRARIES of direction.py and to HACKING.md' % (name, library, modules)))
            return
    if not SYSTEM.fullmatch(name):
        findings.add(source.path, line, (
            '#include <%s> is of no library that direction.py knows: add it to LIBRARIES and to '
            'HACKING.md, or to SYSTEM' % name))


def check_libraries(files, used, findings):
    """Reports a module of LIBRARIES that exists and no longer uses the library."""
    paths = {source.stem: source.path for source in files}
    for library, _, modules in LIBRARIES:
        for module in modules.split():
            if module in paths and (library, module) not in used:
                findings.add(paths[module], 1, (
                    'does not include %s: remove it from LIBRARIES of direction.py and from '
                    'HACKING.md' % library))


def main():
    arguments = sources.parse_arguments(__doc__)
    files = sources.product_sources(arguments.root)
    findings = sources.Findings()
    used = set()
    lines = 0
    for source in files:
        if source.directory not in MAY_INCLUDE:
            findings.add(source.path, 1, (
                'directory %s is not in MAY_INCLUDE of direction.py: add it, or move the file' % (
                    source.directory)))
            continue
        code = source.without('comment')
        for match in INCLUDE.finditer(code):
            lines += 1
            line = source.line_of(match.start())
            if match['own'] is not None:
                check_own(source, line, match['own'], findings)
            else:
                check_system(source, line, match['system'], used, findings)
    check_libraries(files, used, findings)
    if arguments.report:
        print('files: %d' % len(files))
        print('include lines: %d' % lines)
        print('findings: %d' % len(findings.rows))
        return 0
    return findings.finish()


if __name__ == '__main__':
    sys.exit(main())
