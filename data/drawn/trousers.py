"""Shapes of trousers."""

import numpy as np

from data.drawn.shapes import Shape, both_sides, chance, mirror


def trousers(rng: np.random.Generator, neat: bool = False) -> Shape:
    """Trousers: straight, slim, flared or wide, legs together or apart."""
    shape, u = Shape(), rng.uniform
    length = float(rng.choice([u(1.0, 1.3), u(1.3, 2.1)], p=[0.0, 1.0] if neat else [0.3, 0.7]))
    waist = u(0.26, 0.42)
    hip = waist * u(1.0, 1.25)
    crotch = length * u(0.2, 0.46)
    outer = hip * u(0.75, 1.3) + u(0.0, 0.12)
    inner = outer * u(0.08, 0.6)
    knee = 0.5 * (hip + outer) * u(0.9, 1.05)
    half = [
        (0, u(-0.02, 0.03)),
        (waist, 0),
        (waist, 0),
        (hip, crotch * 0.6),
        (knee, length * 0.62),
        (outer, length),
        (outer, length),
    ]
    half += [(inner, length + u(-0.02, 0.02))] * 2 + [
        (inner * u(0.3, 0.9), crotch + (length - crotch) * 0.45)
    ]
    if chance(rng, 0.3):
        half += [(inner * u(0.6, 1.0), crotch + 0.03)]  # an arch instead of a wedge
    half += [(0, crotch)]
    outline = both_sides(half)
    if not neat and chance(rng, 0.15):  # one leg wider than the other
        outline[:, 0] += (
            u(-0.12, 0.12) * (outline[:, 1] > crotch * 0.9) * (np.abs(outline[:, 0]) < outer * 0.7)
        )
    shape.part(outline, soft=chance(rng, 0.6))
    if chance(rng, 0.5):
        band = u(0.06, 0.15)
        shape.line((-waist * 1.02, band), (waist * 1.02, band))
        if chance(rng, 0.3):
            shape.dots.append((0.0, band / 2, 0.025))
    if chance(rng, 0.45):
        shape.line((0, 0.05), (u(-0.02, 0.02), crotch))
        if chance(rng, 0.4):
            shape.line((0.09, 0.1), (0.09, crotch * 0.6), (0, crotch * 0.8))
    if chance(rng, 0.4):
        pocket = np.array([(waist * 0.5, 0.1), (waist * 0.65, 0.22), (hip * 0.98, 0.28)])
        shape.line(pocket)
        shape.line(mirror(pocket))
    if chance(rng, 0.2):
        middle = (inner + outer) / 2
        crease = np.array([(waist * 0.6, crotch * 0.9), (middle, length * 0.97)])
        shape.line(crease)
        shape.line(mirror(crease))
    if chance(rng, 0.2):
        rib = np.array([(inner, length * 0.94), (outer, length * 0.94)])
        shape.line(rib)
        shape.line(mirror(rib))
    return shape
