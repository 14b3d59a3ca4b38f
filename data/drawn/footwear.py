"""Shapes of what is worn on the feet, from the side: sneakers, ankle boots, sandals. Toes point left."""

import numpy as np

from data.drawn.shapes import ACCENT, DARK, Shape, arc, both_sides, chance, turn


def sneaker(rng: np.random.Generator, neat: bool = False) -> Shape:
    """A low shoe from the side: sole, toe, tongue, laces; or the plain L that people scribble."""
    shape, u = Shape(), rng.uniform
    toe, high, sole = u(0.12, 0.22), u(0.3, 0.5), u(0.04, 0.1)
    throat = u(0.5, 0.66)
    if not neat and chance(rng, 0.42):  # a scribbled shoe: an L with a rounded toe
        toe = float(rng.choice([u(0.1, 0.22), u(0.22, 0.4)], p=[0.65, 0.35]))
        high = max(toe + u(0.04, 0.3), 0.3)
        outline = [(0.06, 0), (0, -toe * 0.6), (0.1, -toe - 0.04), (throat * 0.6, -toe * u(0.9, 1.3))]
        outline += [
            (throat, -toe - 0.06),
            (throat + u(-0.02, 0.06), -high),
            (u(0.94, 1.0), -high * u(0.95, 1.1)),
        ]
        outline += [(1.0, -high * 0.5), (1.0, 0), (0.5, u(-0.04, 0.02))]
        shape.part(outline)
        if chance(rng, 0.3):
            shape.line((0, -sole), (1, -sole))
        if chance(rng, 0.25):
            shape.part(arc((throat + 1) / 2, -high, (1 - throat) / 2, 0.06, 0, 340, 10), DARK)
    else:
        tongue = high + u(0.0, 0.1)
        outline = [(0.02, -sole), (0.0, -sole - toe * 0.5), (0.08, -sole - toe), (0.28, -sole - toe * 1.15)]
        outline += [
            (throat - 0.04, -tongue * 0.88),
            (throat, -tongue - 0.02),
            (throat + 0.08, -tongue * 0.97),
        ]
        outline += [
            (throat + 0.16, -high * 0.8),
            (0.9, -high * 0.85),
            (0.98, -high - 0.03),
            (1.01, -high * 0.9),
        ]
        outline += [(0.97, -high * 0.5), (1.0, -sole)]
        shape.part(outline)
        thick = u(0.0, 0.04)
        lift = u(0.0, 0.05)
        shape.part(
            [
                (0.0, -sole - lift),
                (-0.03, -0.02 - lift),
                (0.05, 0),
                (0.97, 0),
                (1.03, -0.02),
                (1.02, -sole - thick),
                (0.5, -sole),
            ],
            ACCENT,
        )
        if chance(rng, 0.5):
            shape.line(arc(0.0, -sole, u(0.16, 0.26), toe * 1.1, 0, 80, 5))
        if chance(rng, 0.45):
            bend = u(0.1, 0.2)
            for offset in (0.0, 0.07, 0.14)[: int(rng.integers(1, 4))]:
                shape.line((0.45 + offset, -sole), (0.5 + bend + offset, -high * 0.62))
        elif chance(rng, 0.4):
            shape.line(
                (0.72, -sole - 0.05),
                (0.5, -sole - 0.04),
                (0.4, -sole - 0.12),
                (0.52, -sole - 0.09),
                (0.85, -high * 0.62),
            )
        if chance(rng, 0.4):
            shape.line((0.9, -sole), (0.86, -high * 0.45), (0.9, -high * 0.8))
    if chance(rng, 0.6):
        start, end = np.array([throat * 0.55, -toe - sole - 0.06]), np.array([throat - 0.02, -high * 0.82])
        for t in np.linspace(0, 1, int(rng.integers(2, 6))):
            at = start + (end - start) * t
            shape.line(at + (-0.03, -0.03), at + (0.06, 0.07))
            if chance(rng, 0.3):
                shape.line(at + (-0.03, 0.05), at + (0.06, -0.02))
    if not neat and chance(rng, 0.15):  # shown as if on tiptoe, as pictograms like to
        turn(shape, u(-35, 35))
    return shape


def boot(rng: np.random.Generator, neat: bool = False) -> Shape:
    """An ankle boot or a taller one: flat, heeled, stiletto, cowboy, laced, furred."""
    shape, u = Shape(), rng.uniform
    high = float(rng.choice([u(0.62, 0.85), u(0.85, 1.25), u(1.25, 1.6)], p=[0.45, 0.4, 0.15]))
    toe, front = float(rng.choice([u(0.14, 0.26), u(0.26, 0.42)], p=[0.75, 0.25])), u(0.42, 0.66)
    if neat:
        toe, front = u(0.17, 0.24), u(0.5, 0.6)
    heel = 0.0 if chance(rng, 0.45) else u(0.06, 0.34)
    heel_width = u(0.08, 0.3)
    top_front, top_back = front + u(-0.08, 0.06), u(0.94, 1.06)
    dip = u(-0.12, 0.12) if chance(rng, 0.4) else 0.0
    pointed = chance(rng, 0.25 if heel < 0.05 else 0.6)
    tip = [(-0.08, -0.03), (0.1, -toe * 0.7)] if pointed else [(-0.01, -toe * 0.55), (0.07, -toe)]
    outline = [*tip, (front * 0.6, -toe * 1.15 - heel * 0.3), (front, -toe * 1.6 - heel * 0.6)]
    outline += [((front + top_front) / 2 - 0.01, -high * 0.7), (top_front, -high)]
    outline += [((top_front + top_back) / 2, -high + dip), (top_back, -high - u(-0.03, 0.03))]
    outline += [(u(0.9, 1.0), -high * 0.5), (1.02, -0.25), (1.0, -heel * 0.5)]
    if heel > 0:
        outline += [(0.99, 0), (0.99 - heel_width, 0), (0.97 - heel_width, -heel), (0.4, -0.01)]
    else:
        outline += [(1.0, 0)]
    outline += [(0.04, 0)]
    shape.part(outline)
    if heel < 0.05 and chance(rng, 0.55):
        thick = u(0.05, 0.1)
        shape.part([(-0.02, -thick), (-0.02, 0.01), (1.02, 0.01), (1.02, -thick)], ACCENT, soft=False)
    elif heel > 0 and chance(rng, 0.4):
        shape.line((1.0, -heel - 0.03), (0.97 - heel_width, -heel - 0.03), (0.38, -0.05), (0, -0.04))
    kind = rng.integers(7)
    middle = (top_front + top_back) / 2
    if kind == 0:  # laces
        for y in np.linspace(-high * 0.92, -toe * 1.9 - heel * 0.5, int(rng.integers(3, 6))):
            x = front + (top_front - front) * min(1.0, -y / high)
            shape.line((x, y), (x + 0.17, y + 0.04))
    elif kind == 1:  # an elastic side
        shape.line(
            (middle - 0.1, -high),
            (middle - 0.04, -high * 0.5),
            (middle + 0.06, -high * 0.5),
            (middle + 0.1, -high),
        )
    elif kind == 2:  # a zip
        shape.line((middle + 0.08, -high), (middle + 0.08, -toe * 0.5 - heel))
    elif kind == 3:  # fur or a turned-down top
        rim, over = u(0.12, 0.35), u(0.02, 0.14)
        shape.part(
            [
                (top_front - over, -high - 0.02),
                (top_back + over, -high - 0.02),
                (top_back + over, -high + rim),
                (top_front - over, -high + rim),
            ],
            ACCENT,
        )
    elif kind == 4:  # a strap with a buckle
        y = -toe * 1.7 - heel * 0.6
        shape.line((front - 0.02, y), (1.0, y - 0.06))
        shape.line((front - 0.02, y + 0.09), (1.0, y + 0.03))
        shape.dots.append(((front + 1) / 2, y + 0.02, 0.03))
    elif kind == 5:  # cowboy stitching
        shape.line((front, -toe * 1.7 - heel * 0.6), (middle, -high * 0.45), (1.0, -toe * 1.7 - heel * 0.6))
        shape.line((middle, -high + dip), (middle, -high * 0.5))
    if chance(rng, 0.25):
        shape.part(arc(middle, -high, (top_back - top_front) / 2, u(0.04, 0.09), 0, 340, 10), DARK)
    if chance(rng, 0.25):
        shape.line(arc(0.0, -0.03, u(0.18, 0.3), toe * 1.2, 0, 75, 5))
    return shape


def sandal(rng: np.random.Generator, neat: bool = False) -> Shape:
    """A sandal from the side: flat, wedge, high heel with straps, a pump; or a flip-flop from above."""
    makers = (_flat_sandal, _heeled_sandal, _pump, _flip_flop)
    kind = rng.choice(4, p=[0.36, 0.36, 0.28, 0.0] if neat else [0.34, 0.28, 0.26, 0.12])
    return makers[int(kind)](rng, neat)


def _ankle(shape: Shape, rng: np.random.Generator, x: float, y: float, rise: float, width: float) -> None:
    """Add a strap around the ankle, standing on the sole at (x..1, y)."""
    u = rng.uniform
    top = y - rise
    lean = u(0.0, 0.1)
    if chance(rng, 0.6):  # a closed counter behind the heel
        shape.part([(u(0.74, 0.86), y), (0.92, (y + top) / 2), (0.93, top), (1.01, top - 0.01), (1.03, y)])
    else:
        shape.part([(0.99, y), (1.01, (y + top) / 2), (0.98, top)], width=width * 1.4)
    if chance(rng, 0.45):
        shape.part([(x - 0.1, y + 0.02), (x - 0.02, (y + top) / 2), (x + 0.02, top + lean)], width=width)
    loop = arc((x + 1) / 2, 0, (1 - x) / 2 + 0.01, u(0.02, 0.045), 0, 360, 12)
    loop[:, 1] += top + lean * (1 - loop[:, 0]) / (1 - x)  # it falls towards the instep
    shape.part(loop, width=width)
    if chance(rng, 0.4):
        shape.dots.append(((x + 1) / 2, top + lean / 2 + 0.03, 0.025))


def _flat_sandal(rng: np.random.Generator, neat: bool = False) -> Shape:
    shape, u = Shape(), rng.uniform
    sole, wedge = u(0.05, 0.12), u(0.05, 0.22) if chance(rng, 0.4) else 0.0
    width = u(0.04, 0.08)
    y = -sole * 0.8
    back_y = y - wedge
    arch = u(0.16, 0.28)
    kind = rng.choice(["band", "thong", "strips", "cross"], p=[0.25, 0.2, 0.35, 0.2])
    slide = kind == "band" and chance(rng, 0.6)
    if not slide and kind != "thong" or chance(rng, 0.3):
        x, rise = u(0.62, 0.74), u(0.2, 0.34)
        _ankle(shape, rng, x, back_y, rise, width)
        if chance(rng, 0.5):
            shape.part([(0.3, y - arch), (0.5, y - 0.18 - wedge * 0.5), (x, back_y - rise)], width=width)
    if kind == "band":
        reach = u(0.45, 0.62)
        shape.part(
            [
                (0.12, y),
                (0.16, y - arch * 0.8),
                (0.3, y - arch * 1.2),
                (reach - 0.06, y - arch * 1.3),
                (reach, y - arch * 0.9),
                (reach + 0.04, y - wedge * 0.5),
            ]
        )
        if chance(rng, 0.5):
            shape.line((0.14, y - arch * 0.4), (reach, y - arch * 0.5))
    elif kind == "thong":
        shape.part(
            [(0.17, y), (0.24, y - arch * 0.9), (0.42, y - arch * 0.75), (0.66, y - wedge * 0.6)],
            width=width * 1.2,
        )
    elif kind == "cross":
        shape.part([(0.1, y), (0.22, y - arch), (0.44, y - arch * 1.2)], width=width * 1.3)
        shape.part(
            [(0.48, y - wedge * 0.4), (0.36, y - arch * 0.7), (0.18, y - arch * 0.9)], width=width * 1.3
        )
        shape.part(arc(0.33, y - arch * 1.1, 0.14, 0.03, 0, 360, 10), width=width * 0.8)
    else:
        for x in np.linspace(0.12, u(0.35, 0.55), int(rng.integers(2, 5))):
            height = arch * (0.8 + 0.8 * x)
            shape.part(
                [(x - 0.02, y), (x + 0.03, y - height), (x + 0.11, y - height * 1.05), (x + 0.12, y)],
                soft=False,
            )
    shape.part(
        [
            (0.02, y),
            (-0.02, -0.01),
            (0.04, 0.01),
            (0.5, 0.01),
            (0.99, 0.01),
            (1.02, back_y),
            (0.62, back_y + wedge * 0.2),
            (0.35, y),
        ],
        ACCENT,
    )
    return shape


def _heeled_sandal(rng: np.random.Generator, neat: bool = False) -> Shape:
    shape, u = Shape(), rng.uniform
    heel, width = u(0.3, 0.6), u(0.035, 0.07)
    rise = u(0.18, 0.36)
    platform = u(0.05, 0.11)
    if chance(rng, 0.85):
        _ankle(shape, rng, u(0.66, 0.76), -heel, rise, width)
        if chance(rng, 0.3):
            shape.part([(0.26, -0.2), (0.48, -heel * 0.7 - 0.1), (0.76, -heel - rise)], width=width)
    if chance(rng, 0.35):  # a closed back
        shape.part(
            [
                (0.8, -heel),
                (0.84, -heel - 0.12),
                (0.95, -heel - rise * 0.8),
                (1.02, -heel - rise * 0.8),
                (1.02, -heel),
            ]
        )
    top = u(0.16, 0.24)
    if chance(rng, 0.5):
        shape.part([(0.06, -0.04), (0.1, -top * 0.8), (0.24, -top * 1.2), (0.34, -top * 1.15), (0.34, -0.08)])
    else:
        for x in (0.04, 0.16, 0.28)[: int(rng.integers(1, 4))]:
            height = top * (0.8 + x)
            shape.part([(x, -0.03), (x + 0.04, -height), (x + 0.11, -height), (x + 0.12, -0.06)], soft=False)
    thick = u(0.02, 0.05) if chance(rng, 0.55) else u(0.08, 0.2)
    shape.part(
        [(0.99 - max(thick * 1.5, 0.14), -heel), (1.01, -heel), (0.99, 0), (0.98 - thick, 0)],
        ACCENT,
        soft=False,
    )
    # The sole, from the toe along its top to the heel and back below.
    shape.part(
        [
            (-0.02, -platform),
            (0.28, -platform * 0.9),
            (0.5, -heel * 0.45 - 0.05),
            (0.72, -heel * 0.95),
            (0.88, -heel - 0.05),
            (1.03, -heel - 0.05),
            (1.02, -heel + 0.03),
            (0.85, -heel + 0.04),
            (0.7, -heel * 0.8 + 0.04),
            (0.5, -heel * 0.25),
            (0.36, 0.0),
            (0.02, 0.01),
        ],
        ACCENT,
    )
    return shape


def _pump(rng: np.random.Generator, neat: bool = False) -> Shape:
    """A closed shoe with a high heel: what pictograms show for high heels."""
    shape, u = Shape(), rng.uniform
    heel, thick, back = u(0.22, 0.55), u(0.04, 0.28), u(0.1, 0.42)
    top = -heel - back
    toe = u(0.08, 0.18)
    slant = u(0.1, 0.3)
    outline = [(-0.02, 0), (-0.02, -toe * 0.5), (0.1, -toe), (0.28, -toe - u(0.06, 0.14))]
    outline += [(0.5, -heel * 0.75 - slant * 0.4), (0.78, -heel - slant), (0.92, top), (1.0, top + 0.08)]
    outline += [(0.98, -heel), (1.0 - thick * 0.2, 0), (1.0 - thick, 0), (0.93 - thick * 1.2, -heel * 0.75)]
    outline += [(0.62, -heel * 0.72), (0.4, -0.03), (0.3, 0)]
    shape.part(outline)
    if chance(rng, 0.5):
        shape.line(
            (0.3, -toe - 0.1),
            (0.52, -heel * 0.7 - slant * 0.1),
            (0.78, -heel - slant * 0.4),
            (0.97, top + 0.1),
        )
    if chance(rng, 0.4):
        shape.line((0.02, -0.05), (0.4, -0.08), (0.66, -heel * 0.85), (0.98, -heel))
    if chance(rng, 0.2):
        shape.part(
            [(0.72, -heel - slant), (0.76, top - 0.1), (0.95, top - 0.1), (0.97, top + 0.1)], width=0.05
        )
    if chance(rng, 0.3):
        shape.line((0.93 - thick * 1.2, -heel * 0.8), (1.0, -heel * 0.85))
    return shape


def _flip_flop(rng: np.random.Generator, neat: bool = False) -> Shape:
    """A flip-flop from above, or the pair."""
    shape, u = Shape(), rng.uniform
    waist, width = u(0.16, 0.22), u(0.04, 0.07)
    pair = chance(rng, 0.4)
    for side in (-0.3, 0.3) if pair else (0.0,):
        foot = [
            (0, 0),
            (0.18, 0.04),
            (0.27, 0.24),
            (0.24, 0.45),
            (waist, 0.65),
            (0.2, 0.85),
            (0.12, 1),
            (0, 1.02),
        ]
        shape.part(both_sides(foot) + (side, 0))
        shape.part(
            [(side - 0.24, 0.45), (side - 0.1, 0.26), (side, 0.17), (side + 0.1, 0.26), (side + 0.24, 0.45)],
            ACCENT,
            width,
        )
    return shape
