"""Shapes of things outside the ten classes, so that a network can learn to say "unlike anything I know"."""

import numpy as np

from data.drawn.shapes import ACCENT, DARK, Shape, arc, both_sides, box, chance, mirror


def _hat(rng: np.random.Generator) -> Shape:
    shape, u = Shape(), rng.uniform
    kind = rng.integers(4)
    w, h = u(0.28, 0.42), u(0.3, 0.7)
    if kind == 0:  # a top hat or a sun hat
        brim, flat = u(0.5, 0.75), u(0.03, 0.1)
        shape.part(both_sides([(0, -h), (w * u(0.6, 1.1), -h), (w, 0), (0, 0)]), soft=chance(rng, 0.4))
        shape.part(arc(0, 0.02, brim, flat, 0, 345, 14))
        shape.line((-w, -0.1), (w, -0.1))
    elif kind == 1:  # a cap
        shape.part(arc(0, 0, 0.42, h * 0.9, 0, 180, 9))
        shape.part([(0.3, 0), (0.9, u(-0.06, 0.1)), (0.92, 0.08), (0.3, 0.06)], ACCENT)
        shape.line(arc(0, 0, 0.15, h * 0.9, 0, 180, 7))
    elif kind == 2:  # a beanie
        shape.part(arc(0, 0, 0.45, h * 1.1, 0, 180, 9))
        shape.part(box(-0.48, -0.02, 0.48, 0.18), ACCENT, soft=False)
        if chance(rng, 0.6):
            shape.part(arc(0, -h * 1.1, 0.1, 0.1, 0, 340, 9), ACCENT)
    else:  # a hat on a face
        shape.part(arc(0, 0.35, 0.42, 0.45, 0, 345, 14))
        shape.part(both_sides([(0, -h), (w, -h), (w, 0), (0.6, 0), (0.6, 0.1), (0, 0.1)]), ACCENT, soft=False)
        shape.dots += [(-0.15, 0.3, 0.04), (0.15, 0.3, 0.04)]
        shape.line(arc(0, 0.45, 0.2, 0.15, 200, 340, 6))
    return shape


def _shorts(rng: np.random.Generator) -> Shape:
    shape, u = Shape(), rng.uniform
    waist, length = u(0.34, 0.46), u(0.45, 0.8)
    outer, crotch = waist * u(1.0, 1.35), length * u(0.45, 0.75)
    shape.part(
        both_sides([(0, 0), (waist, 0), (outer, length), (u(0.03, 0.16), length), (0, crotch)]),
        soft=chance(rng, 0.4),
    )
    if chance(rng, 0.5):
        shape.line((-waist, 0.09), (waist, 0.09))
    return shape


def _skirt(rng: np.random.Generator) -> Shape:
    shape, u = Shape(), rng.uniform
    waist, length, hem = u(0.22, 0.34), u(0.45, 1.0), u(0.34, 0.75)
    shape.part(
        both_sides([(0, 0), (waist, 0), (hem, length), (0, length + u(0, 0.06))]), soft=chance(rng, 0.5)
    )
    shape.line((-waist, 0.08), (waist, 0.08))
    for x in np.linspace(-0.7, 0.7, int(rng.integers(0, 6))):
        shape.line((waist * x, 0.1), (hem * x, length))
    return shape


def _sock(rng: np.random.Generator) -> Shape:
    shape, u = Shape(), rng.uniform
    wide, high, foot = u(0.22, 0.34), u(0.6, 1.1), u(0.3, 0.6)
    shape.part(
        [
            (0, 0),
            (wide, 0),
            (wide, high),
            (wide * 0.9, high + 0.2),
            (-foot * 0.6, high + 0.28),
            (-foot, high + 0.16),
            (-foot * 0.8, high + 0.02),
            (0, high * 0.85),
        ]
    )
    for y in (0.1, 0.17)[: int(rng.integers(0, 3))]:
        shape.line((0, y), (wide, y))
    return shape


def _underwear(rng: np.random.Generator) -> Shape:
    shape, u = Shape(), rng.uniform
    w, side, gusset, low = 0.5, u(0.08, 0.25), u(0.06, 0.16), u(0.4, 0.6)
    shape.part(
        both_sides(
            [(0, u(0, 0.05)), (w, 0), (w * 0.98, side), (gusset * 2, low * 0.7), (gusset, low), (0, low)]
        )
    )
    return shape


def _scarf_or_glove(rng: np.random.Generator) -> Shape:
    shape, u = Shape(), rng.uniform
    if chance(rng, 0.4):
        shape.part([(-0.15, 0.1), (0.05, 0.1), (u(0, 0.2), 1), (u(-0.2, -0.1), 1)], soft=False)
        shape.part([(0, 0.1), (0.2, 0.1), (u(0.2, 0.4), 0.8), (u(0.0, 0.1), 0.8)], soft=False)
        shape.part(arc(0.03, 0.05, 0.3, 0.16, 0, 345, 12), ACCENT)
    elif chance(rng, 0.5):
        hand = [(0.1, 1.0), (0.1, 0.62), (-0.1, 0.4), (-0.02, 0.32), (0.14, 0.44)]
        for x in (0.14, 0.27, 0.4, 0.53):
            tip = u(-0.06, 0.1)
            hand += [(x, tip), (x + 0.1, tip), (x + 0.11, 0.4)]
        shape.part([*hand, (0.6, 0.7), (0.55, 1.0)])
    else:  # a mitten
        shape.part(
            [
                (0.1, 1),
                (0.05, 0.7),
                (-0.15, 0.5),
                (-0.08, 0.38),
                (0.1, 0.48),
                (0.1, 0.15),
                (0.3, 0),
                (0.5, 0.15),
                (0.5, 1),
            ]
        )
        shape.line((0.1, 0.8), (0.5, 0.8))
    return shape


def _cat(rng: np.random.Generator) -> Shape:
    shape, u = Shape(), rng.uniform
    if chance(rng, 0.4):
        shape.part(arc(0.9, 0.2, 0.55, 0.28, 0, 345, 14))
        shape.line((1.4, 0.15), (1.7, -0.1), (1.6, -0.4))
        for x in (0.55, 0.75, 1.1, 1.3):
            shape.line((x, 0.4), (x + u(-0.05, 0.05), 0.75))
    ear = u(0.3, 0.5)
    head = arc(0, 0, 0.4, u(0.32, 0.42), 0, 345, 14)
    shape.part([(-0.36, -0.15), (-0.33, -0.3 - ear * 0.6), (-0.1, -0.33)], soft=False)
    shape.part([(0.36, -0.15), (0.33, -0.3 - ear * 0.6), (0.1, -0.33)], soft=False)
    shape.part(head)
    shape.dots += [(-0.14, -0.08, 0.04), (0.14, -0.08, 0.04), (0, 0.05, 0.03)]
    for y in (0.05, 0.12):
        shape.line((0.1, y), (0.6, y - u(-0.06, 0.08)))
        shape.line((-0.1, y), (-0.6, y - u(-0.06, 0.08)))
    return shape


def _animal(rng: np.random.Generator) -> Shape:
    shape, u = Shape(), rng.uniform
    if chance(rng, 0.4):  # a fish
        shape.part(arc(0, 0, 0.5, u(0.2, 0.34), 0, 345, 14))
        shape.part([(0.45, 0), (0.8, -0.24), (0.8, 0.24)], soft=False)
        shape.dots.append((-0.3, -0.05, 0.04))
        return shape
    leg = u(0.3, 0.5)
    shape.part(
        [
            (0, 0),
            (0.1, -0.3),
            (0.35, -0.3),
            (0.4, -0.05),
            (1.2, 0),
            (1.45, -0.25),
            (1.3, 0.15),
            (1.25, 0.3 + leg),
            (1.1, 0.3 + leg),
            (1.05, 0.35),
            (0.55, 0.35),
            (0.5, 0.3 + leg),
            (0.35, 0.3 + leg),
            (0.35, 0.2),
            (0.05, 0.1),
        ]
    )
    shape.dots.append((0.18, -0.12, 0.03))
    return shape


def _car(rng: np.random.Generator) -> Shape:
    shape, u = Shape(), rng.uniform
    roof = u(0.25, 0.45)
    shape.part(
        [
            (0, 0),
            (0, -0.2),
            (0.3, -0.25),
            (0.5, -roof - 0.2),
            (1.0, -roof - 0.2),
            (1.25, -0.25),
            (1.5, -0.2),
            (1.5, 0),
        ],
        soft=chance(rng, 0.5),
    )
    for x in (0.35, 1.15):
        shape.part(arc(x, 0.02, 0.16, 0.16, 0, 345, 12), DARK)
    if chance(rng, 0.6):
        shape.line((0.42, -0.25), (1.15, -0.25))
        shape.line((0.75, -0.25), (0.75, -roof - 0.18))
    return shape


def _house(rng: np.random.Generator) -> Shape:
    shape, u = Shape(), rng.uniform
    w, h, roof = u(0.35, 0.5), u(0.4, 0.8), u(0.25, 0.6)
    shape.part(box(-w, 0, w, h), soft=False)
    shape.part([(-w * 1.1, 0), (0, -roof), (w * 1.1, 0)], ACCENT, soft=False)
    if chance(rng, 0.7):
        shape.part(box(-0.1, h * 0.5, 0.1, h), DARK, soft=False)
    if chance(rng, 0.5):
        shape.line(np.concatenate([box(w * 0.4, 0.1, w * 0.8, 0.3), [(w * 0.4, 0.1)]]))
    return shape


def _tree(rng: np.random.Generator) -> Shape:
    shape, u = Shape(), rng.uniform
    trunk = u(0.05, 0.14)
    shape.part(box(-trunk, 0, trunk, u(0.4, 0.8)), ACCENT, soft=False)
    if chance(rng, 0.3):
        shape.part([(-0.4, 0.05), (0, -u(0.7, 1.1)), (0.4, 0.05)], soft=False)
        return shape
    t = np.linspace(0, 2 * np.pi, 15)[:-1]
    r = u(0.3, 0.45) * (1 + rng.uniform(-0.25, 0.25, 14))
    shape.part(np.stack([r * np.cos(t), -0.3 + r * np.sin(t)], 1))
    return shape


def _cup_or_bottle(rng: np.random.Generator) -> Shape:
    shape, u = Shape(), rng.uniform
    if chance(rng, 0.5):
        shape.part(arc(0.32, 0.35, 0.2, 0.2, -80, 80, 7), ACCENT, 0.06)
        shape.part(
            both_sides([(0, 0), (0.34, 0), (u(0.2, 0.34), u(0.6, 0.9)), (0, 0.75)]), soft=chance(rng, 0.5)
        )
        shape.part(arc(0, 0, 0.34, 0.07, 0, 345, 12), DARK)
    else:
        neck, body = u(0.05, 0.1), u(0.16, 0.28)
        shape.part(both_sides([(0, 0), (neck, 0), (neck, 0.3), (body, 0.5), (body, 1.3), (0, 1.3)]))
        shape.line((-body, 0.7), (body, 0.7))
    return shape


def _round_thing(rng: np.random.Generator) -> Shape:
    shape, u = Shape(), rng.uniform
    shape.part(arc(0, 0, 0.5, 0.5, 0, 350, 18))
    kind = rng.integers(4)
    if kind == 0:  # a face
        shape.dots += [(-0.17, -0.12, 0.05), (0.17, -0.12, 0.05)]
        shape.line(arc(0, 0.05, 0.25, 0.2, 200, 340, 7))
    elif kind == 1:  # a ball
        shape.line(arc(0, 0, 0.2, 0.5, 90, 270, 7))
        shape.line((-0.5, 0), (0.5, 0))
    elif kind == 2:  # a sun
        for angle in np.arange(0, 2 * np.pi, np.pi / 4):
            ray = np.array([np.cos(angle), np.sin(angle)])
            shape.line(ray * 0.6, ray * u(0.75, 0.95))
    else:  # an apple
        shape.line((0, -0.45), (0.05, -0.7))
        shape.part(arc(0.18, -0.62, 0.14, 0.07, 0, 340, 9), ACCENT)
    return shape


def _flower_or_umbrella(rng: np.random.Generator) -> Shape:
    shape, u = Shape(), rng.uniform
    if chance(rng, 0.5):
        shape.line((0, 0), (u(-0.1, 0.1), 0.5), (0, 1.0))
        for angle in np.arange(0, 2 * np.pi, 2 * np.pi / int(rng.integers(5, 8))):
            shape.part(arc(0.25 * np.cos(angle), 0.25 * np.sin(angle), 0.15, 0.15, 0, 340, 10))
        shape.part(arc(0, 0, 0.13, 0.13, 0, 340, 10), DARK)
    else:
        shape.part(arc(0, 0, 0.6, u(0.4, 0.6), 0, 180, 11))
        shape.line((0, 0), (0, 0.7), (0.1, 0.8), (0.2, 0.7))
    return shape


def _chair_or_table(rng: np.random.Generator) -> Shape:
    shape, u = Shape(), rng.uniform
    seat = u(0.4, 0.6)
    if chance(rng, 0.6):
        shape.part(box(0, 0, 0.1, 1.1), soft=False)
    shape.part(box(0, seat, 0.6, seat + 0.1), soft=False)
    shape.part(box(0.5, seat, 0.6, 1.1), soft=False)
    shape.part(box(0.0, seat, 0.1, 1.1), soft=False)
    return shape


def _figure(rng: np.random.Generator) -> Shape:
    shape, u = Shape(), rng.uniform
    shape.part(arc(0, 0, 0.18, 0.2, 0, 340, 12))
    shape.line((0, 0.2), (0, 0.75), (-u(0.15, 0.3), 1.2))
    shape.line((0, 0.75), (u(0.15, 0.3), 1.2))
    shape.line((-0.35, u(0.2, 0.55)), (0, 0.35), (0.35, u(0.2, 0.55)))
    return shape


def _glyph(rng: np.random.Generator) -> Shape:
    """A letter, a digit, a heart, a star, an arrow."""
    shape = Shape()
    strokes: dict[str, list[list[tuple[float, float]]]] = {
        "A": [[(0, 1), (0.35, 0), (0.7, 1)], [(0.15, 0.6), (0.55, 0.6)]],
        "E": [[(0.6, 0), (0, 0), (0, 1), (0.6, 1)], [(0, 0.5), (0.5, 0.5)]],
        "M": [[(0, 1), (0, 0), (0.4, 0.6), (0.8, 0), (0.8, 1)]],
        "X": [[(0, 0), (0.7, 1)], [(0.7, 0), (0, 1)]],
        "2": [[(0, 0.25), (0.3, 0), (0.6, 0.25), (0, 1), (0.6, 1)]],
        "3": [[(0, 0), (0.6, 0.1), (0.2, 0.45), (0.6, 0.75), (0, 1)]],
        "4": [[(0.45, 1), (0.45, 0), (0, 0.65), (0.7, 0.65)]],
        "7": [[(0, 0), (0.6, 0), (0.2, 1)]],
        "5": [[(0.6, 0), (0.05, 0), (0, 0.45), (0.5, 0.45), (0.55, 0.85), (0, 1)]],
        "S": [[(0.6, 0.1), (0.1, 0.1), (0.1, 0.45), (0.6, 0.6), (0.5, 1), (0, 0.9)]],
    }
    kind = rng.integers(14)
    if kind == 0:
        t = np.linspace(0, 2 * np.pi, 20)[:-1]
        shape.part(
            np.stack([16 * np.sin(t) ** 3, -(13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t))], 1)
        )
    elif kind == 1:
        t = np.arange(10) * np.pi / 5
        r = np.where(np.arange(10) % 2, rng.uniform(0.35, 0.5), 1.0)
        shape.part(np.stack([r * np.sin(t), -r * np.cos(t)], 1), soft=False)
    elif kind == 2:
        shape.part(
            [(0, -0.1), (0.6, -0.1), (0.6, -0.3), (1, 0), (0.6, 0.3), (0.6, 0.1), (0, 0.1)], soft=False
        )
    else:
        for stroke in strokes[str(rng.choice(list(strokes)))]:
            shape.line(np.array(stroke, np.float64))
    return shape


def _nonsense(rng: np.random.Generator) -> Shape:
    """A polygon of no meaning, or a scribble."""
    shape = Shape()
    kind = rng.integers(3)
    if kind == 0:
        n = int(rng.integers(3, 9))
        t = np.sort(rng.uniform(0, 2 * np.pi, n))
        shape.part(
            np.stack([np.cos(t), np.sin(t)], 1) * rng.uniform(0.3, 1, (n, 1)) * (1, rng.uniform(0.4, 1.5)),
            soft=chance(rng, 0.5),
        )
    elif kind == 1:
        shape.line(np.cumsum(rng.normal(0, 0.3, (int(rng.integers(5, 25)), 2)), 0))
    else:
        n = int(rng.integers(8, 24))
        shape.line(
            np.stack(
                [
                    np.linspace(0, 1, n) + rng.normal(0, 0.04, n),
                    (np.arange(n) % 2) * rng.uniform(0.3, 0.9, n),
                ],
                1,
            )
        )
    return shape


def _trinket(rng: np.random.Generator) -> Shape:
    """Glasses, a bow tie, a watch."""
    shape, u = Shape(), rng.uniform
    kind = rng.integers(3)
    if kind == 0:
        lens = arc(0.32, 0, 0.25, u(0.15, 0.25), 0, 345, 14)
        shape.part(lens)
        shape.part(mirror(lens))
        shape.line((-0.08, -0.03), (0.08, -0.03))
    elif kind == 1:
        wing = np.array([(0.05, -0.06), (0.6, -u(0.2, 0.35)), (0.6, u(0.2, 0.35)), (0.05, 0.06)])
        shape.part(wing, soft=False)
        shape.part(mirror(wing), soft=False)
        shape.part(box(-0.08, -0.1, 0.08, 0.1), ACCENT)
    else:
        shape.part(box(-0.12, -0.7, 0.12, 0.7), soft=False)
        shape.part(arc(0, 0, 0.28, 0.28, 0, 345, 14), ACCENT)
        shape.line((0, -0.15), (0, 0), (0.1, 0.05))
    return shape


WORN = (_hat, _shorts, _skirt, _sock, _underwear, _scarf_or_glove, _trinket)
THINGS = (
    _cat,
    _animal,
    _car,
    _house,
    _tree,
    _cup_or_bottle,
    _round_thing,
    _flower_or_umbrella,
    _chair_or_table,
    _figure,
    _glyph,
    _nonsense,
)


def other(rng: np.random.Generator) -> Shape:
    """Draw the shape of something that is none of the ten classes: half of them worn, half of them not."""
    makers = WORN if chance(rng, 0.5) else THINGS
    return makers[int(rng.integers(len(makers)))](rng)
