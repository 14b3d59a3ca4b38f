"""Shapes of what is carried: handbags, totes, purses, clutches, shoulder bags, backpacks."""

import numpy as np

from data.drawn.shapes import ACCENT, DARK, Shape, arc, both_sides, box, chance, mirror


def bag(rng: np.random.Generator, neat: bool = False) -> Shape:
    """A handbag, tote, purse, clutch, shoulder bag or backpack."""
    return _backpack(rng, neat) if chance(rng, 0.33) else _handbag(rng)


def _handbag(rng: np.random.Generator) -> Shape:
    shape, u = Shape(), rng.uniform
    top, low, high = u(0.34, 0.52), u(0.34, 0.54), u(0.42, 1.0)
    bulge = u(0.0, 0.08)
    handle = rng.choice(
        ["arc", "double", "long", "ends", "triangle", "none"], p=[0.34, 0.18, 0.16, 0.12, 0.08, 0.12]
    )
    reach, rise, width = top * u(0.35, 0.8), u(0.2, 0.5), u(0.03, 0.09)
    inset = u(0.0, 0.22) if chance(rng, 0.4) else 0.0
    if handle == "long":
        rise, reach = u(0.6, 1.3), top * u(0.6, 0.98)
    strap = arc(0, 0, reach, rise, 0, 180, 11)
    if chance(rng, 0.35):
        strap = np.array(
            [(reach, 0), (reach * u(0.7, 0.95), -rise), (-reach * u(0.7, 0.95), -rise), (-reach, 0)]
        )
    if handle == "triangle":
        strap = np.array([(reach, 0), (u(-0.05, 0.05), -rise * 1.4), (-reach, 0)])
    if handle == "ends":
        strap = np.array([(top, 0.05), (top * u(0.9, 1.3), -rise), (-top * u(0.9, 1.3), -rise), (-top, 0.05)])
    if handle == "double":
        shape.part(strap * (0.9, 1.12) + (u(-0.06, 0.06), 0.0), ACCENT, width)
    kind = rng.choice(["box", "round", "half", "saddle"], p=[0.55, 0.2, 0.13, 0.12])
    if kind == "box":
        body = [
            (0, u(-0.02, 0.06)),
            (top, 0),
            (max(top, low) + bulge, high * 0.5),
            (low, high),
            (0, high + u(0, 0.03)),
        ]
        if bulge < 0.03:
            body.pop(2)
    elif kind == "round":
        body = [
            (0, 0),
            (top * 0.8, 0.0),
            (low * 1.1, high * 0.35),
            (low * 1.1, high * 0.75),
            (low * 0.7, high),
            (0, high),
        ]
    elif kind == "half":
        body = [
            (0, -0.03),
            (top * 0.5, 0.02),
            (low, high * 0.55),
            (low, high * 0.9),
            (low * 0.9, high),
            (0, high),
        ]
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
        flap = [
            (-top, 0.02),
            (-top * u(0.5, 1.0), depth * 0.8),
            (0, depth),
            (top * u(0.5, 1.0), depth * 0.8),
            (top, 0.02),
        ]
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


def _backpack(rng: np.random.Generator, neat: bool) -> Shape:
    shape, u = Shape(), rng.uniform
    w, low, high = u(0.3, 0.42), u(0.32, 0.46), u(0.8, 1.15)
    if chance(rng, 0.6):
        shape.part(arc(0, 0.03, u(0.08, 0.16), u(0.08, 0.2), 0, 180, 7), ACCENT, 0.05)
    sides = rng.choice(["straps", "pockets", "one", "none"], p=[0.35, 0.2, 0.25, 0.2])
    if sides != "none":
        out = u(0.1, 0.26) if neat or chance(rng, 0.5) else u(0.2, 0.55)
        if sides == "pockets":
            loop = np.array(
                [
                    (low * 0.9, high * 0.5),
                    (low + out * 0.7, high * 0.52),
                    (low + out * 0.7, high * 0.95),
                    (low * 0.9, high),
                ]
            )
        else:
            loop = np.array(
                [
                    (w * 0.7, u(0.05, 0.2)),
                    (w + out * 0.7, u(0.05, 0.2)),
                    (low + out, high * 0.45),
                    (low + out, high * 0.75),
                    (low * 0.95, high * 0.95),
                    (low * 0.9, high * 0.5),
                ]
            )
        if sides == "straps" and chance(rng, 0.3):  # loops that start at the very top
            loop[:, 1] -= 0.12
        shape.part(loop, ACCENT)
        if sides != "one":
            shape.part(mirror(loop), ACCENT)
        elif chance(rng, 0.6):
            shape.part((loop - loop.mean(0)) * 0.6 + loop.mean(0), DARK)
    round_top = u(0.0, 0.25)
    body = [
        (0, 0),
        (w * 0.6, 0.01),
        (w, round_top),
        (low, high * 0.6),
        (low, high * 0.95),
        (low * 0.85, high),
        (0, high),
    ]
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
