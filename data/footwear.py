"""Shapes of what is carried and what is worn on the feet: bags, sneakers, ankle boots, sandals. Toes point left."""

import numpy as np

from data.shapes import ACCENT, DARK, Shape, arc, both_sides, box, chance, mirror


def sneaker(rng: np.random.Generator) -> Shape:
    """A low shoe from the side: sole, toe, tongue, laces; or the plain L that people scribble."""
    shape, u = Shape(), rng.uniform
    toe, high, sole = u(0.12, 0.22), u(0.3, 0.5), u(0.04, 0.1)
    throat = u(0.5, 0.66)
    if chance(rng, 0.35):  # a scribbled shoe: an L with a rounded toe
        high = u(0.32, 0.6)
        outline = [(0.06, 0), (0, -toe * 0.6), (0.1, -toe - 0.04), (throat * 0.6, -toe * u(0.9, 1.3))]
        outline += [(throat, -toe - 0.06), (throat + u(-0.02, 0.06), -high), (u(0.94, 1.0), -high * u(0.95, 1.1))]
        outline += [(1.0, -high * 0.5), (1.0, 0), (0.5, u(-0.04, 0.02))]
        shape.part(outline)
        if chance(rng, 0.3):
            shape.line((0, -sole), (1, -sole))
        if chance(rng, 0.25):
            shape.part(arc((throat + 1) / 2, -high, (1 - throat) / 2, 0.06, 0, 340, 10), DARK)
    else:
        tongue = high + u(0.0, 0.1)
        outline = [(0.02, -sole), (0.0, -sole - toe * 0.5), (0.08, -sole - toe), (0.28, -sole - toe * 1.15)]
        outline += [(throat - 0.04, -tongue * 0.88), (throat, -tongue - 0.02), (throat + 0.08, -tongue * 0.97)]
        outline += [(throat + 0.16, -high * 0.8), (0.9, -high * 0.85), (0.98, -high - 0.03), (1.01, -high * 0.9)]
        outline += [(0.97, -high * 0.5), (1.0, -sole)]
        shape.part(outline)
        thick = u(0.0, 0.04)
        lift = u(0.0, 0.05)
        shape.part([(0.0, -sole - lift), (-0.03, -0.02 - lift), (0.05, 0), (0.97, 0), (1.03, -0.02), (1.02, -sole - thick),
                    (0.5, -sole)], ACCENT)  # fmt: skip
        if chance(rng, 0.5):
            shape.line(arc(0.0, -sole, u(0.16, 0.26), toe * 1.1, 0, 80, 5))
        if chance(rng, 0.45):
            bend = u(0.1, 0.2)
            for offset in (0.0, 0.07, 0.14)[: int(rng.integers(1, 4))]:
                shape.line((0.45 + offset, -sole), (0.5 + bend + offset, -high * 0.62))
        elif chance(rng, 0.4):
            shape.line((0.72, -sole - 0.05), (0.5, -sole - 0.04), (0.4, -sole - 0.12), (0.52, -sole - 0.09),
                       (0.85, -high * 0.62))  # fmt: skip
        if chance(rng, 0.4):
            shape.line((0.9, -sole), (0.86, -high * 0.45), (0.9, -high * 0.8))
    if chance(rng, 0.6):
        start, end = np.array([throat * 0.55, -toe - sole - 0.06]), np.array([throat - 0.02, -high * 0.82])
        for t in np.linspace(0, 1, int(rng.integers(2, 6))):
            at = start + (end - start) * t
            shape.line(at + (-0.03, -0.03), at + (0.06, 0.07))
            if chance(rng, 0.3):
                shape.line(at + (-0.03, 0.05), at + (0.06, -0.02))
    return shape


def boot(rng: np.random.Generator) -> Shape:
    """An ankle boot or a taller one: flat, heeled, stiletto, cowboy, laced, furred."""
    shape, u = Shape(), rng.uniform
    high = float(rng.choice([u(0.62, 0.85), u(0.85, 1.25), u(1.25, 1.6)], p=[0.45, 0.4, 0.15]))
    toe, front = u(0.14, 0.26), u(0.48, 0.66)
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
        shape.line((middle - 0.1, -high), (middle - 0.04, -high * 0.5), (middle + 0.06, -high * 0.5), (middle + 0.1, -high))
    elif kind == 2:  # a zip
        shape.line((middle + 0.08, -high), (middle + 0.08, -toe * 0.5 - heel))
    elif kind == 3:  # fur or a turned-down top
        rim = u(0.12, 0.25)
        shape.part([(top_front - 0.06, -high - 0.02), (top_back + 0.05, -high - 0.02), (top_back + 0.04, -high + rim),
                    (top_front - 0.05, -high + rim)], ACCENT)  # fmt: skip
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


def sandal(rng: np.random.Generator) -> Shape:
    """A sandal from the side: flat, wedge, high heel with straps, a pump; now and then a flip-flop from above."""
    return rng.choice([_flat_sandal, _heeled_sandal, _pump, _flip_flop], p=[0.34, 0.3, 0.26, 0.1])(rng)


def _flat_sandal(rng: np.random.Generator) -> Shape:
    shape, u = Shape(), rng.uniform
    sole, wedge = u(0.05, 0.12), u(0.0, 0.2) if chance(rng, 0.35) else 0.0
    width = u(0.04, 0.11)
    y = -sole * 0.8
    back_y = y - wedge
    if chance(rng, 0.65):  # around the ankle
        x, rise = u(0.68, 0.8), u(0.25, 0.42)
        shape.part([(x - 0.04, back_y), (x, back_y - rise), (0.97, back_y - rise * 1.02), (0.99, back_y)], width=width)
        if chance(rng, 0.6):
            shape.part([(0.35, y - wedge * 0.3), (0.5, y - 0.16 - wedge * 0.5), (x, back_y - rise)], width=width)
    kind = rng.integers(3)
    arch = u(0.14, 0.26)
    if kind == 0:  # one broad band
        shape.part([(0.12, y), (0.2, y - arch), (0.4, y - arch * 1.1), (0.52, y - wedge * 0.4)], ACCENT)
    elif kind == 1:  # a thong
        shape.part([(0.2, y), (0.26, y - arch * 0.8), (0.5, y - arch * 0.8), (0.68, y - wedge * 0.6)], width=width)
    else:
        for x in np.linspace(0.12, u(0.35, 0.6), int(rng.integers(2, 5))):
            shape.part([(x, y), (x + 0.05, y - arch), (x + 0.14, y - arch * 1.05), (x + 0.2, y)], width=width)
    shape.part([(0.03, y), (-0.02, -0.01), (0.05, 0.01), (0.5, 0.01 - wedge * 0.2), (0.55 if wedge else 0.6, 0.01),
                (0.99, 0.01), (1.02, back_y), (0.62, back_y + wedge * 0.15), (0.35, y)])  # fmt: skip
    return shape


def _heeled_sandal(rng: np.random.Generator) -> Shape:
    shape, u = Shape(), rng.uniform
    heel, thin, width = u(0.3, 0.62), u(0.04, 0.14), u(0.035, 0.08)
    rise = u(0.2, 0.5)
    ball = 0.3
    if chance(rng, 0.75):
        shape.part([(0.82, -heel), (0.8, -heel - rise), (0.98, -heel - rise * 1.02), (1.0, -heel)], width=width)
        if chance(rng, 0.4):
            shape.part([(ball + 0.1, -0.12), (0.6, -heel * 0.8 - 0.1), (0.8, -heel - rise)], width=width)
    if chance(rng, 0.3):
        for level in np.linspace(0.15, 0.6, int(rng.integers(1, 3))):
            shape.part([(0.74, -heel * 0.9), (0.78, -heel - rise * level), (0.98, -heel - rise * level - 0.04)], width=width)
    for x in np.linspace(0.06, u(0.1, 0.3), int(rng.integers(1, 4))):
        shape.part([(x, -0.05), (x + 0.06, -u(0.16, 0.24)), (x + 0.16, -0.2), (x + 0.2, -0.1)], width=u(0.04, 0.1))
    platform = u(0.03, 0.1)
    shape.part([(0.0, -platform), (0.02, 0.01), (ball, 0.01), (ball + 0.12, -0.05), (0.68, -heel + 0.1), (0.9 - thin, -heel + 0.12),
                (0.97 - thin, 0), (0.99, 0), (1.02, -heel - 0.02), (0.74, -heel - 0.01), (ball + 0.1, -platform - 0.1)])  # fmt: skip
    return shape


def _pump(rng: np.random.Generator) -> Shape:
    """A closed shoe with a high heel: what pictograms show for high heels."""
    shape, u = Shape(), rng.uniform
    heel, thick, back = u(0.26, 0.55), u(0.04, 0.2), u(0.2, 0.42)
    top = -heel - back
    toe = u(0.08, 0.18)
    slant = u(0.1, 0.3)
    outline = [(-0.02, 0), (-0.02, -toe * 0.5), (0.1, -toe), (0.28, -toe - u(0.06, 0.14))]
    outline += [(0.5, -heel * 0.75 - slant * 0.4), (0.78, -heel - slant), (0.92, top), (1.0, top + 0.08)]
    outline += [(0.98, -heel), (1.0 - thick * 0.2, 0), (1.0 - thick, 0), (0.93 - thick * 1.2, -heel * 0.75)]
    outline += [(0.62, -heel * 0.72), (0.4, -0.03), (0.3, 0)]
    shape.part(outline)
    if chance(rng, 0.5):
        shape.line((0.3, -toe - 0.1), (0.52, -heel * 0.7 - slant * 0.1), (0.78, -heel - slant * 0.4), (0.97, top + 0.1))
    if chance(rng, 0.4):
        shape.line((0.02, -0.05), (0.4, -0.08), (0.66, -heel * 0.85), (0.98, -heel))
    if chance(rng, 0.2):
        shape.part([(0.72, -heel - slant), (0.76, top - 0.1), (0.95, top - 0.1), (0.97, top + 0.1)], width=0.05)
    if chance(rng, 0.3):
        shape.line((0.93 - thick * 1.2, -heel * 0.8), (1.0, -heel * 0.85))
    return shape


def _flip_flop(rng: np.random.Generator) -> Shape:
    """A flip-flop from above, or the pair."""
    shape, u = Shape(), rng.uniform
    waist, width = u(0.16, 0.22), u(0.04, 0.07)
    pair = chance(rng, 0.4)
    for side in (-0.3, 0.3) if pair else (0.0,):
        foot = [(0, 0), (0.18, 0.04), (0.27, 0.24), (0.24, 0.45), (waist, 0.65), (0.2, 0.85), (0.12, 1), (0, 1.02)]
        shape.part(both_sides(foot) + (side, 0))
        shape.part([(side - 0.24, 0.45), (side - 0.1, 0.26), (side, 0.17), (side + 0.1, 0.26), (side + 0.24, 0.45)], ACCENT, width)
    return shape


def bag(rng: np.random.Generator) -> Shape:
    """A handbag, tote, purse, clutch, shoulder bag or backpack."""
    return _backpack(rng) if chance(rng, 0.3) else _handbag(rng)


def _handbag(rng: np.random.Generator) -> Shape:
    shape, u = Shape(), rng.uniform
    top, low, high = u(0.34, 0.52), u(0.34, 0.54), u(0.42, 1.0)
    bulge = u(0.0, 0.08)
    handle = rng.choice(["arc", "double", "long", "ends", "triangle", "none"], p=[0.34, 0.18, 0.16, 0.12, 0.08, 0.12])
    reach, rise, width = top * u(0.35, 0.8), u(0.2, 0.5), u(0.03, 0.09)
    inset = u(0.0, 0.22) if chance(rng, 0.4) else 0.0
    if handle == "long":
        rise, reach = u(0.6, 1.3), top * u(0.6, 0.98)
    strap = arc(0, 0, reach, rise, 0, 180, 11)
    if chance(rng, 0.35):
        strap = np.array([(reach, 0), (reach * u(0.7, 0.95), -rise), (-reach * u(0.7, 0.95), -rise), (-reach, 0)])
    if handle == "triangle":
        strap = np.array([(reach, 0), (u(-0.05, 0.05), -rise * 1.4), (-reach, 0)])
    if handle == "ends":
        strap = np.array([(top, 0.05), (top * u(0.9, 1.3), -rise), (-top * u(0.9, 1.3), -rise), (-top, 0.05)])
    if handle == "double":
        shape.part(strap * (0.9, 1.12) + (u(-0.06, 0.06), 0.0), ACCENT, width)
    kind = rng.choice(["box", "round", "half", "saddle"], p=[0.55, 0.2, 0.13, 0.12])
    if kind == "box":
        body = [(0, u(-0.02, 0.06)), (top, 0), (max(top, low) + bulge, high * 0.5), (low, high), (0, high + u(0, 0.03))]
        if bulge < 0.03:
            body.pop(2)
    elif kind == "round":
        body = [(0, 0), (top * 0.8, 0.0), (low * 1.1, high * 0.35), (low * 1.1, high * 0.75), (low * 0.7, high), (0, high)]
    elif kind == "half":
        body = [(0, -0.03), (top * 0.5, 0.02), (low, high * 0.55), (low, high * 0.9), (low * 0.9, high), (0, high)]
    else:
        body = [(0, 0), (top, 0), (top * 1.05, high * 0.4), (top * 0.75, high * 0.85), (0, high)]
    if inset == 0 and handle != "none":
        shape.part(strap, ACCENT, width)
    shape.part(both_sides(body), soft=kind != "box" or chance(rng, 0.4))
    if inset > 0 and handle != "none":  # the handle is sewn on in front
        ends = np.array([strap[0] + (0, inset)]), np.array([strap[-1] + (0, inset)])
        shape.part(np.concatenate([ends[0], strap, ends[1]]), ACCENT, width)
    if chance(rng, 0.35):
        depth = high * u(0.3, 0.7)
        flap = [(-top, 0.02), (-top * u(0.5, 1.0), depth * 0.8), (0, depth), (top * u(0.5, 1.0), depth * 0.8), (top, 0.02)]
        shape.line(flap)
        if chance(rng, 0.6):
            shape.part(arc(0, depth, 0.06, 0.05, 0, 340, 8), DARK)
    elif chance(rng, 0.3):
        level = u(0.08, 0.25) * high
        shape.line((-top, level), (top, level))
    if chance(rng, 0.2):
        x, y = top * u(0.4, 0.7), high * u(0.4, 0.55)
        shape.line((-x, y), (x, y), (x, high * 0.88), (-x, high * 0.88), (-x, y))
    if chance(rng, 0.2) and handle in ("arc", "double"):
        shape.dots += [(reach, 0.08, 0.035), (-reach, 0.08, 0.035)]
    if chance(rng, 0.15):
        shape.dots += [(0.04, -0.05, 0.05), (-0.04, -0.05, 0.05)]
    if chance(rng, 0.12):
        side = 0.15
        shape.part([(top, 0), (top + side, -0.08), (low + side, high - 0.1), (low, high)], ACCENT, soft=False)
    return shape


def _backpack(rng: np.random.Generator) -> Shape:
    shape, u = Shape(), rng.uniform
    w, low, high = u(0.3, 0.42), u(0.32, 0.46), u(0.8, 1.15)
    if chance(rng, 0.6):
        shape.part(arc(0, 0.03, u(0.08, 0.16), u(0.08, 0.2), 0, 180, 7), ACCENT, 0.05)
    sides = rng.choice(["straps", "pockets", "one", "none"], p=[0.35, 0.2, 0.25, 0.2])
    if sides != "none":
        out = u(0.1, 0.26)
        if sides == "pockets":
            loop = np.array([(low * 0.9, high * 0.5), (low + out * 0.7, high * 0.52), (low + out * 0.7, high * 0.95), (low * 0.9, high)])
        else:
            loop = np.array([(w * 0.7, u(0.05, 0.2)), (w + out * 0.7, u(0.05, 0.2)), (low + out, high * 0.45), (low + out, high * 0.75),
                             (low * 0.95, high * 0.95), (low * 0.9, high * 0.5)])  # fmt: skip
        shape.part(loop, ACCENT)
        if sides != "one":
            shape.part(mirror(loop), ACCENT)
        elif chance(rng, 0.6):
            shape.part((loop - loop.mean(0)) * 0.6 + loop.mean(0), DARK)
    round_top = u(0.0, 0.25)
    body = [(0, 0), (w * 0.6, 0.01), (w, round_top), (low, high * 0.6), (low, high * 0.95), (low * 0.85, high), (0, high)]
    shape.part(both_sides(body))
    if chance(rng, 0.75):
        y, x = high * u(0.5, 0.66), low * u(0.55, 0.85)
        pocket = both_sides([(0, y), (x * 0.8, y), (x, y + 0.06), (x, high * 0.93), (0, high * u(0.93, 1.0))])
        shape.part(pocket, ACCENT)
        if chance(rng, 0.4):
            shape.line((-x, y + 0.12), (x, y + 0.12))
    if chance(rng, 0.4):
        y = high * u(0.28, 0.42)
        shape.line((-w, y * 0.8), (0, y), (w, y * 0.8))
        if chance(rng, 0.5):
            shape.part(box(-0.05, y - 0.06, 0.05, y + 0.06), DARK)
    elif chance(rng, 0.5):
        shape.line(arc(0, high * 0.42, w * 0.75, high * 0.3, 0, 180, 9))
    if chance(rng, 0.15):
        for x in (-0.5, 0.5):
            shape.line((w * x, 0.05), (low * x, high))
    return shape
