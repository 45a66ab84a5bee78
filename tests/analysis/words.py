#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""words - words and phrases that must not come back.

Plain technical English names the actor, or uses the passive, and takes the terms of the field. The
rows below are traces of word-for-word translation. They apply to comments and string literals of
the product, to the documents and manuals, to the sample configuration and to contrib.

It also finds comments of C that a formatter has broken: with `*/` alone on the last line although
the first one has text, or without a blank after the star.
"""

import collections
import fnmatch
import os
import re
import sys

sys.dont_write_bytecode = True

import sources

DOCUMENTS = ('README.md', 'HACKING.md', 'SECURITY.md', 'CHANGES.md')
MANUALS = ('.5', '.8')

# Texts that are not ours, or that are data.
SKIPPED = ('contrib/debian/copyright', 'contrib/debian/source/*', 'contrib/fail2ban/testcases/*')

# (regular expression, advice). A blank matches any white space, a line break included; case does
# not matter outside (?-i:...).
ROWS = (
    # "Who" and "what" as subjects, and pronouns of persons
    (r'\b(?:nobody|somebody|everybody)\b', 'name the actor, or use the passive'),
    (r'\bwhom?ever\b', 'name the actor: "a client that ...", "any user that ..."'),
    (r'(?-i:\bWho(?:m|se)?\b)', 'name the actor: "a client that ..."'),
    (r'(?<!those\s)(?<!anyone\s)(?<!anybody\s)(?<!users\s)(?<!user\s)'
     r'\bwho (?:cannot|has|have|had|is|are|was|does)\b',
     'name the actor: "a client that ..."'),
    (r'(?:\b(?:to|for|of|by|from|with|than|but|and)|[:;(]| -) who\b',
     'name the actor: "a client that ..."'),
    (r'(?-i:\bWhat) (?:does|did|cannot|will|comes|came|began|has(?! to\b)|goes (?:to|on)'
     r'|is (?:no|not|too|out|missing|wrong|lacking|left))\b',
     'name the subject: "input that ...", "values that ..."'),
    (r'\b(?:he|she|his|him)\b', 'use "it" for a program, "they" for a person'),
    # Words of daily life for terms of the field
    (r'\bfolders?\b', 'directory'),
    (r'\b(?:mend|mends|mended|mending)\b', 'fix, correct'),
    (r'\berrands?\b', 'query, pending query'),
    (r'\bdear(?:er|est)?\b', 'expensive; "costs 20 % more"'),
    (r'\bmint(?:s|ed|ing)?\b', 'generate, create'),
    (r'\block(?:ed|s)?(?: itself)? in\b', 'sandboxed, "enters the sandbox"'),
    (r'\blook-ups?\b', 'lookup'),
    (r'\b(?:comes?|came|coming|finds?|goes|went) home\b', 'is delivered, reaches the sender'),
    (r'\b(?:dies|died|dead) over\b', 'exits during, is killed by'),
    # Said and told
    (r'\btold\b', 'reported, logged, shown; for a process: notified, requested'),
    (r'\btells\b(?![^.;]{0,70}\b(?:apart|from)\b)', 'reports, shows, states'),
    (r'(?<!\$)(?<!\bCm\x20)(?<!--choose\x20)(?<!\")\bsaid\b(?!=)', 'reported, logged, stated, configured'),
    # Stands, lies, none, behind
    (r'(?<!as\sit\s)\bstands?\b(?!-)(?! (?:for|in for|out|alone)\b)', 'is, is listed in, is in'),
    (r'\blies (?:in|at|there|beside|behind|below|under|with|back)\b', 'is in, is'),
    (r'(?<!result\s)\b(?:is|are|was|were|be) none\b(?! of\b)', '"no X", "X is not a Y"'),
    (r'\bbehind\b(?! (?:(?:an?|the|another|one|some|its|their) )?(?:\w+ )?(?:NAT|NAT64|proxy'
     r'|proxies|firewall|filter|forwarder|balancer|MX|(?:control )?sockets?)\b)',
     '"after" in an order; hosts are behind NAT or a proxy'),
    # Prepositions and idioms taken over
    (r'\banew\b', 'again'),
    (r'\bbelongs? into\b', 'belongs in'),
    (r'\bin (?:the )?place of\b', 'instead of'),
    (r'\belse than\b', 'other than'),
    (r'\bone of both\b', 'one of the two'),
    (r'\bmany an?\b(?! (?:few|times?)\b)', 'many, with the plural'),
    (r'\bruns already\b', 'is already running'),
    (r'\bhand(?:s|ed)? on\b', 'pass on'),
    (r'\bturn by turn\b', 'in turn, interleaved'),
    (r'\btill\b', 'until'),
    (r'\bstop(?:s|ped)? to (?:accept|answer|read|send)\b', '"stops answering"'),
    (r'\breplac(?:e|es|ing)\b(?:(?! by| with\b)[^.;:()]){1,60}? by (?:an?|the|those|your)\b',
     '"replace X with Y"; X is replaced by Y'),
    (r'\b(?:timeout|deadline|max-age) is over\b', 'has expired'),
    (r'\b(?:one|an?) (?:line|row|file|word|entry|message|datagram|probe|secret|fuzzer|parser) an? '
     r'(?!time\b)\w+', 'one X per Y, one X for each Y'),
)

# (file, regular expression around the word, reason). The file may be a pattern.
EXCEPTIONS = (
    ('*', r'user\W*nobody|"nobody"|falls back to nobody', 'the user of that name'),
    ('SECURITY.md', r'Monitor, Folders', 'a class of tests'),
    ('SECURITY.md', r'Who may send what', 'a question, and a heading'),
)

MDOC_LITERAL = re.compile(r'^\.(?:It |Op )?(?:Ar|Cm|Dl|Ev|Fl|Ic|Li|Nm|Pa|Ql|Xr)\b[^\n]*', re.M)


def to_pattern(text):
    return re.compile(text.replace(' ', r'\s+'), re.IGNORECASE)


def blank(match):
    """Text that no row may match or cross: a NUL is no white space."""
    return re.sub(r'[^\n]', '\0', match[0])


def spaces(match):
    return ' ' * len(match[0])


def prose_of_c(source):
    """The comments and strings of a C file in their places; code becomes NULs."""
    parts = []
    end_before = 0
    kind_before = None
    for kind, start, end in source.tokens():
        if kind not in ('comment', 'string'):
            continue
        gap = source.text[end_before:start]
        token = source.text[start:end]
        if kind == 'comment':
            token = re.sub(r'(?m)^[ \t]*\*+(?!/)', spaces, '\0\0' + token[2:])
            token = re.sub(r'\*/\Z', '\0\0', token)
        else:
            token = re.sub(r'\\[nrt]', spaces, token)
        if kind == kind_before == 'string' and not gap.strip():
            parts[-1] = parts[-1][:-1] + ' '    # adjacent literals are one text
            token = ' ' + token[1:]
        else:
            gap = re.sub(r'[^\n]', '\0', gap)
        parts += [gap, token]
        end_before = end
        kind_before = kind
    return ''.join(parts)


def prose_of_text(source):
    """A document, manual, script or configuration without marks of comments and literal words."""
    text = re.sub(r'(?m)^[ \t]*(?:#+|\.\\")', spaces, source.text)
    if source.path.endswith('.md'):
        return re.sub(r'(?<!`)`[^`\n]+(?:\n[^`\n]+)?`(?!`)', blank, text)
    if source.path.endswith(MANUALS):
        return MDOC_LITERAL.sub(blank, text)
    return text


def check_words(source, prose, findings):
    """Looks for each row. Returns the exceptions that were needed."""
    exceptions = [
        (row, [match.span() for match in to_pattern(row[1]).finditer(prose)])
        for row in EXCEPTIONS if fnmatch.fnmatch(os.path.basename(source.path), row[0])
    ]
    needed = set()
    for pattern, advice in ROWS:
        for match in to_pattern(pattern).finditer(prose):
            rows = {
                row for row, spans in exceptions
                if any(start <= match.start() and match.end() <= end for start, end in spans)
            }
            needed |= rows
            if not rows:
                findings.add(source.path, source.line_of(match.start()), '"%s": write: %s' % (
                    ' '.join(match[0].split()), advice))
    return needed


def check_comments(source, findings):
    """The form of comments that have more than one line."""
    for kind, start, end in source.tokens():
        comment = source.text[start:end]
        if kind != 'comment' or '\n' not in comment:
            continue
        lines = comment.split('\n')
        for number, line in enumerate(lines[1:], 1):
            if re.match(r'[ \t]*\*[A-Za-z0-9]', line):
                findings.add(source.path, source.line_of(start) + number, (
                    'no blank after the star of a comment: reflow the comment'))
        if lines[-1].strip() == '*/' and lines[0].strip() != '/*':
            findings.add(source.path, source.line_of(end), (
                'stray "*/": shorten the comment to one line, or begin it with "/*" alone'))


def text_files(root):
    """The documents, the manuals, the sample configuration and contrib."""
    paths = [path for path in DOCUMENTS if os.path.exists(os.path.join(root, path))]
    for directory in sources.DIRECTORIES:
        paths += [path for path in sources.walk_files(root, directory)
                  if path.endswith(MANUALS + ('.conf',))]
    paths += [path for path in sources.walk_files(root, 'contrib')
              if not any(fnmatch.fnmatch(path, pattern) for pattern in SKIPPED)]
    return [sources.Source(root, path) for path in paths]


def check_exceptions(files, needed, findings):
    """Reports an exception for a file that exists and does not need it."""
    for row in EXCEPTIONS:
        group = [source for source in files if row[0] != '*'
                 and fnmatch.fnmatch(os.path.basename(source.path), row[0])]
        if group and row not in needed:
            findings.add(group[0].path, 1, (
                'EXCEPTIONS of words.py has "%s" for this file, which does not need it: '
                'remove the row' % row[1]))


def print_report(findings):
    for title, index in (('file', 0), ('row', 2)):
        print('findings per %s:' % title)
        counts = collections.Counter(row[index].split(': write: ')[-1] for row in findings.rows)
        for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
            print('%6d %s' % (count, name))
    print('%6d in all' % len(findings.rows))


def main():
    arguments = sources.parse_arguments(__doc__)
    findings = sources.Findings()
    product = sources.product_sources(arguments.root)
    texts = text_files(arguments.root)
    needed = set()
    for source in product:
        needed |= check_words(source, prose_of_c(source), findings)
        check_comments(source, findings)
    for source in texts:
        needed |= check_words(source, prose_of_text(source), findings)
    check_exceptions(product + texts, needed, findings)
    if arguments.report:
        print_report(findings)
        return 0
    return findings.finish()


if __name__ == '__main__':
    sys.exit(main())
