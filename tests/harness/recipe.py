# SPDX-License-Identifier: ISC
"""recipe - the files of contrib/postfix, for a private Postfix and a private srsd.

    recipe = Recipe('forward-only', {'127.0.0.1:10001': '127.0.0.1:23456'})
    recipe.settings         # of its main.cf, a dict
    recipe.services         # its master.cf, text
    recipe.srsd             # its srsd.conf, text

The tests use the files as they are shipped. Only the given places are replaced, where they are
whole words.
"""

import re

from harness.daemon import TOP
from harness.postfix import entries

FOLDER = TOP / 'contrib' / 'postfix'


def read(name, places):
    """A file of contrib/postfix with the places replaced; '' if it does not exist."""
    path = FOLDER / name
    if not path.exists():
        return ''
    text = path.read_text(encoding='utf-8')
    if not places:
        return text
    words = '|'.join(re.escape(word) for word in sorted(places, key=len, reverse=True))
    return re.sub(r'(?<![\w.-])(%s)(?![\w.-])' % words, lambda m: places[m.group()], text)


def option_names(text):
    """The names of the options and sections that an srsd.conf sets."""
    return re.findall(r'^([a-z][a-z0-9-]*)\s*[={]', text, re.MULTILINE)


class Recipe:
    """One directory of contrib/postfix; a path with a slash is a part of a recipe."""

    def __init__(self, name, places):
        self.settings = {}
        for entry in entries(read(name + '/main.cf', places)):
            key, _, value = entry.partition('=')
            self.settings[key.strip()] = value.strip()
        self.services = read(name + '/master.cf', places)
        self.srsd = read(name + '/srsd.conf', places)
        if not (self.settings or self.services or self.srsd):
            raise AssertionError('there is no recipe %s' % name)
