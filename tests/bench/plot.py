# SPDX-License-Identifier: ISC
"""plot - lines in logarithmic panels, as SVG."""

from html import escape
from math import ceil, floor, log10

WIDTH, HEIGHT = 460, 320            # of one panel with its margins
LEFT, RIGHT, TOP, BOTTOM = 64, 130, 34, 44
COLOURS = ('#1b6ca8', '#c0392b', '#27803b', '#8e44ad', '#b9770e', '#555555', '#16a085')


def _text(x, y, text, anchor='middle', more=''):
    return '<text x="%.1f" y="%.1f" text-anchor="%s" %s>%s</text>' % (x, y, anchor, more,
                                                                     escape(text))


def _number(value):
    for unit, size in (('M', 1e6), ('k', 1e3)):
        if value >= size:
            return '%g%s' % (value / size, unit)
    return '%g' % value


class _Axis:
    """Complete decades that contain the values, over a range of pixels."""

    def __init__(self, values, begin, end):
        self.low = floor(log10(min(values)))
        self.high = max(ceil(log10(max(values))), self.low + 1)
        self.begin, self.end = begin, end

    def place(self, value):
        part = (log10(value) - self.low) / (self.high - self.low)
        return self.begin + part * (self.end - self.begin)

    def marks(self):
        return [10.0 ** power for power in range(self.low, self.high + 1)]


class Panel:
    """`lines` is a dict: name -> [(x, y), ...]. A point that is not positive has no place."""

    def __init__(self, title, x_title, y_title, lines):
        self.title, self.x_title, self.y_title = title, x_title, y_title
        self.lines = {}
        for name, points in lines.items():
            points = [point for point in points if min(point) > 0]
            if points:
                self.lines[name] = points

    def draw(self):
        points = [point for line in self.lines.values() for point in line]
        x = _Axis([point[0] for point in points], LEFT, WIDTH - RIGHT)
        y = _Axis([point[1] for point in points], HEIGHT - BOTTOM, TOP)
        parts = [_text((LEFT + WIDTH - RIGHT) / 2, 18, self.title, more='font-weight="bold"'),
                 _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, self.x_title),
                 _text(0, 0, self.y_title, more='transform="translate(14 %d) rotate(-90)"'
                       % ((TOP + HEIGHT - BOTTOM) / 2))]
        for value in x.marks():
            parts += [_grid(x.place(value), TOP, x.place(value), HEIGHT - BOTTOM),
                      _text(x.place(value), HEIGHT - BOTTOM + 16, _number(value))]
        for value in y.marks():
            parts += [_grid(LEFT, y.place(value), WIDTH - RIGHT, y.place(value)),
                      _text(LEFT - 6, y.place(value) + 4, _number(value), 'end')]
        for number, (name, line) in enumerate(self.lines.items()):
            colour = COLOURS[number % len(COLOURS)]
            places = ['%.1f,%.1f' % (x.place(a), y.place(b)) for a, b in line]
            parts.append('<polyline fill="none" stroke="%s" stroke-width="1.8" points="%s"/>'
                         % (colour, ' '.join(places)))
            parts += ['<circle cx="%s" cy="%s" r="2.6" fill="%s"/>' % (*place.split(','), colour)
                      for place in places]
            parts.append(_text(WIDTH - RIGHT + 10, TOP + 12 + 16 * number, name, 'start',
                               'fill="%s"' % colour))
        return parts


def _grid(x1, y1, x2, y2):
    return '<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="#dddddd"/>' % (x1, y1, x2, y2)


def write(path, panels, columns=2):
    panels = [panel for panel in panels if panel.lines]
    rows = ceil(len(panels) / columns)
    out = ['<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" '
           'font-family="sans-serif" font-size="11">' % (columns * WIDTH, rows * HEIGHT),
           '<rect width="100%" height="100%" fill="white"/>']
    for number, panel in enumerate(panels):
        out.append('<g transform="translate(%d %d)">' % (number % columns * WIDTH,
                                                        number // columns * HEIGHT))
        out += panel.draw() + ['</g>']
    with open(path, 'w', encoding='utf-8') as file:
        file.write('\n'.join(out + ['</svg>']) + '\n')
