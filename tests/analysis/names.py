#!/usr/bin/python3
# SPDX-License-Identifier: ISC
"""names - the rules for the names of functions, types and parameters.

- A static function has at least two words, and no other function of the product has its name: a
  backtrace is readable without the files.
- A struct, enum or union tag is defined once.
- An exported function, or an inline one in a header, begins with the stem of its file, with the
  stem of the header that declares it, or with the tag of a type that this header defines. The
  other ones are in PREFIXES.
- Every parameter of a prototype in a header has a name.

Needs universal-ctags.
"""

import collections
import json
import re
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True

import sources

# (stem of the file, beginning of the name, reason)
PREFIXES = (
    ('log', 'fatal', 'log and exit, as err(3) and errx(3) do for programs'),
    ('xmalloc', 'x', 'the name of the libc function, with an x'),
    ('map_service', 'map_session_', 'opens the session of this service'),
    ('policy_service', 'policy_session_', 'opens the session of this service'),
    ('milter_service', 'milter_session_', 'opens the session of this service'),
    ('socketmap_service', 'socketmap_session_', 'opens the session of this service'),
    ('policy_proto', 'policy_', 'the protocol, not its file, is what callers name'),
    ('milter_proto', 'milter_', 'the protocol, not its file, is what callers name'),
    ('postfix_text', 'postfix_', 'the pure half of postfix.c, under the same names'),
    ('option_value', 'option_', 'callers name the option whose value they set or read'),
)

# (name of a static function, reason)
ONE_WORD = ()

# Words that are no name of a parameter.
TYPE_WORDS = frozenset(
    '_Bool bool char double float int long short signed unsigned void'.split())
QUALIFIERS = frozenset('const restrict volatile register static _Atomic'.split())
TAG_WORDS = frozenset('struct enum union'.split())

HEADS = re.compile(r'\b(?:LIST|SLIST|STAILQ|SIMPLEQ|TAILQ|RB|SPLAY)_HEAD\(\s*(\w+)\s*,')


class Function:
    """A function that is defined in the product."""

    def __init__(self, tag):
        self.name = tag['name']
        self.path = tag['path']
        self.line = tag['line']
        self.length = tag.get('end', tag['line']) - tag['line'] + 1
        self.is_static = 'static' in tag.get('properties', '').split(',')

    @property
    def place(self):
        return '%s:%d' % (self.path, self.line)


def ignored_macros(files):
    """Names for ctags -I: macros that a C parser without a preprocessor takes for declarations."""
    names = {'__attribute__+', '_Static_assert+'}
    for source in files:
        code = source.without('comment', 'string', 'character')
        names.update(name + '+' for name in re.findall(r'\b([A-Z][A-Z0-9_]*)\(', code))
        names.update(re.findall(r'#[ \t]*define[ \t]+([A-Z][A-Z0-9_]*)[ \t]+__attribute__', code))
    return ','.join(sorted(names))


def has_ctags():
    """True for universal-ctags with JSON. Exuberant Ctags has the same name and no JSON."""
    if shutil.which('ctags') is None:
        return False
    result = subprocess.run(['ctags', '--options=NONE', '--list-features'], stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL, encoding='utf-8', check=False)
    return re.search(r'^json\b', result.stdout, re.MULTILINE) is not None


def read_tags(root, files):
    """What universal-ctags finds in the files."""
    if shutil.which('ctags') is None:
        sys.exit('names: ctags is missing: install universal-ctags')
    command = [
        'ctags', '--options=NONE', '--quiet=yes', '--output-format=json', '--languages=C',
        '--langmap=C:.c.h', '--kinds-C=fpsgu', '--fields=+neKS', '--fields-C=+{properties}',
        '-I', ignored_macros(files), '-o', '-', '-L', '-',
    ]
    result = subprocess.run(
        command, cwd=root, input=''.join(source.path + '\n' for source in files),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding='utf-8', check=False)
    if result.returncode != 0:
        sys.exit('names: ctags failed: is it universal-ctags, with JSON? %s' % (
            result.stderr.strip()))
    tags = [json.loads(line) for line in result.stdout.splitlines()]
    return [tag for tag in tags if tag['_type'] == 'tag']


def has_prefix(name, prefix):
    return name == prefix or name.startswith(prefix + '_')


def check_statics(functions, findings):
    """Two words, and one function a name. Returns how many break each rule."""
    places = collections.defaultdict(list)
    for function in functions:
        places[function.name].append(function)
    one_word = shared = 0
    for function in functions:
        if not function.is_static:
            continue
        name = function.name
        if '_' not in name.strip('_') and name not in dict(ONE_WORD):
            one_word += 1
            findings.add(function.path, function.line, (
                'static function "%s" has one word: name it with a verb and an object' % name))
        others = [other for other in places[name] if other.path != function.path]
        if others:
            shared += 1
            findings.add(function.path, function.line, (
                'static function "%s" has the name of another one, at %s: rename one of them' % (
                    name, others[0].place)))
    return one_word, shared


def check_types(tags, files, findings):
    """One definition for each struct, enum and union tag, those of queue.h and tree.h included."""
    places = collections.defaultdict(list)
    for tag in tags:
        if tag['kind'] in TAG_WORDS and not tag['name'].startswith('__anon'):
            places[tag['name']].append((tag['path'], tag['line']))
    for source in files:
        for match in HEADS.finditer(source.without('comment', 'string')):
            places[match[1]].append((source.path, source.line_of(match.start())))
    for name, definitions in places.items():
        definitions.sort()
        for place in definitions[1:]:
            findings.add(*place, 'tag "%s" is defined at %s:%d, too: rename one of them' % (
                name, *definitions[0]))


class Headers:
    """Which header declares a function, and which tags it defines."""

    def __init__(self, tags, files):
        self.texts = {
            source.path: source.without('comment', 'string')
            for source in files if source.path.endswith('.h')
        }
        self.stems = {source.path: source.stem for source in files}
        self.declared = {}
        self.tags = collections.defaultdict(list)
        for tag in tags:
            if tag['path'] not in self.texts:
                continue
            if tag['kind'] == 'prototype':
                self.declared.setdefault(tag['name'], tag['path'])
            elif tag['kind'] in TAG_WORDS:
                self.tags[tag['path']].append(tag['name'])

    def of(self, function):
        """The path of the header, or None."""
        if function.path in self.texts:
            return function.path
        if function.name not in self.declared:
            # A declaration by a function type has no parameters that ctags could see.
            pattern = re.compile(r'^\w+ %s;' % re.escape(function.name), re.MULTILINE)
            for path, text in self.texts.items():
                if pattern.search(text):
                    self.declared[function.name] = path
                    break
        return self.declared.get(function.name)

    def origin(self, function):
        """'stem', 'type' or 'list': where the beginning of the name comes from; None: nowhere."""
        header = self.of(function)
        stems = {self.stems[function.path], self.stems.get(header)}
        if any(stem and has_prefix(function.name, stem) for stem in stems):
            return 'stem'
        if any(has_prefix(function.name, tag) for tag in self.tags.get(header, ())):
            return 'type'
        if any(function.name.startswith(prefix) for stem, prefix, _ in PREFIXES if stem in stems):
            return 'list'
        return None


def check_exported(functions, headers, findings):
    """Returns how many names begin as each of Headers.origin()."""
    origins = collections.Counter()
    for function in functions:
        is_exported = not function.is_static or function.path.endswith('.h')
        if not is_exported or function.name == 'main':
            continue
        origin = headers.origin(function)
        origins[origin] += 1
        if origin is None:
            findings.add(function.path, function.line, (
                'exported function "%s" does not begin with "%s_", a type of its header or a row '
                'of PREFIXES: rename it' % (function.name, headers.stems[function.path])))
    return origins


def check_prefixes(functions, headers, findings):
    """Reports a row of PREFIXES whose file exists, and which no function needs."""
    for stem, prefix, _ in PREFIXES:
        group = [each for each in functions if headers.stems[each.path] == stem]
        if group and not any(
                each.name.startswith(prefix) and headers.origin(each) == 'list' for each in group):
            findings.add(group[0].path, 1, (
                'PREFIXES of names.py has "%s" for this file, which has no such function: '
                'remove the row' % prefix))


def split_parameters(signature):
    """Splits "(int a,void (* f)(int,int))" at the commas outside parentheses."""
    parts = ['']
    depth = 0
    for char in signature.strip()[1:-1]:
        depth += {'(': 1, '[': 1, ')': -1, ']': -1}.get(char, 0)
        if char == ',' and depth == 0:
            parts.append('')
        else:
            parts[-1] += char
    return [part.strip() for part in parts if part.strip()]


def is_named(parameter):
    """Has a parameter of a prototype a name?"""
    if parameter in ('void', '...'):
        return True
    pointer = re.search(r'\(\s*[*^]([^()]*)', parameter)
    if pointer:     # a pointer to a function or to an array
        words = re.findall(r'\w+', pointer[1].split('[')[0])
        return any(word not in QUALIFIERS for word in words)
    words = re.findall(r'\w+|\*', re.sub(r'\[.*', '', parameter))
    words = [word for word in words if word not in QUALIFIERS]
    if not words or words[-1] == '*' or words[-1] in TYPE_WORDS:
        return False
    # The last word is a name when a type comes before it: not "size_t", not "struct tag".
    return len(words) > 2 if words[0] in TAG_WORDS else len(words) > 1


def check_parameters(tags, findings):
    """Returns the number of parameters in the headers, and of those without a name."""
    total = unnamed = 0
    for tag in tags:
        if not tag['path'].endswith('.h') or tag['kind'] not in ('prototype', 'function'):
            continue
        for number, parameter in enumerate(split_parameters(tag.get('signature', '()')), 1):
            if parameter in ('void', '...'):
                continue
            total += 1
            if not is_named(parameter):
                unnamed += 1
                findings.add(tag['path'], tag['line'], (
                    'parameter %d of "%s" has no name (%s): give it one' % (
                        number, tag['name'], parameter)))
    return total, unnamed


def percent(part, whole):
    return '%.1f %% (%d of %d)' % (100 * part / max(whole, 1), part, whole)


def print_report(functions, one_word, shared, origins, parameters):
    lengths = sorted(function.length for function in functions) or [0]
    statics = sum(function.is_static for function in functions)
    exported = sum(origins.values())
    print('functions: %d' % len(functions))
    print('function length p50/p90/max: %d/%d/%d' % (
        lengths[len(lengths) // 2], lengths[len(lengths) * 9 // 10], lengths[-1]))
    print('static functions: %d' % statics)
    print('one-word statics: %s' % percent(one_word, statics))
    print('shared names: %s' % percent(shared, statics))
    print('exported functions: %d' % exported)
    print('exported with stem: %s' % percent(origins['stem'], exported))
    print('exported with stem or type: %s' % percent(
        origins['stem'] + origins['type'], exported))
    print('exported as listed: %s' % percent(origins['list'], exported))
    print('parameters in headers: %d' % parameters[0])
    print('parameters without a name: %s' % percent(parameters[1], parameters[0]))


def main():
    arguments = sources.parse_arguments(__doc__)
    files = sources.product_sources(arguments.root)
    tags = read_tags(arguments.root, files)
    functions = [Function(tag) for tag in tags if tag['kind'] == 'function']
    headers = Headers(tags, files)
    findings = sources.Findings()
    one_word, shared = check_statics(functions, findings)
    check_types(tags, files, findings)
    origins = check_exported(functions, headers, findings)
    check_prefixes(functions, headers, findings)
    parameters = check_parameters(tags, findings)
    if arguments.report:
        print_report(functions, one_word, shared, origins, parameters)
        return 0
    return findings.finish()


if __name__ == '__main__':
    sys.exit(main())
