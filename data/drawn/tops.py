"""Shapes of what is worn from the shoulders: T-shirts, pullovers, coats, shirts, dresses."""

from dataclasses import dataclass

import numpy as np

from data.drawn.shapes import ACCENT, DARK, Shape, arc, both_sides, box, chance, mirror


@dataclass
class _Torso:
    """Landmarks of a torso that has been drawn, for the details on it: half-widths and heights."""

    neck: float
    dip: float
    width: float
    hem: float
    length: float
    armpit: float
    drop: float
    shoulder: float


def _torso(
    shape: Shape,
    rng: np.random.Generator,
    length: float,
    sleeve: float,
    spread: float,
    dip: float | None = None,
    flare: tuple[float, float] = (0.9, 1.1),
    cuffs: float = 0.3,
) -> _Torso:
    """Add a torso with sleeves (length 0: none) held `spread` degrees from hanging straight down."""
    u = rng.uniform
    width = u(0.36, 0.5)
    neck = u(0.13, 0.24)
    dip = u(0.02, 0.16) if dip is None else dip
    drop = u(0.03, 0.15)
    armpit = drop + u(0.24, 0.4)
    waist, hem = width * u(0.88, 1.02), width * u(*flare)
    shoulder = max(neck + 0.08, width * u(0.86, 1.06))
    half = [(0.0, dip), (neck * 0.65, dip * 0.75), (neck, 0.0), (shoulder, drop)]
    if sleeve > 0.5 and spread < 20 and chance(rng, 0.3):  # arms as pieces of their own, beside the body
        wide, slant = u(0.14, 0.24), u(0.0, 0.12)
        arm = np.array(
            [
                (width * 0.96, drop),
                (width + wide * 0.6, drop + 0.02),
                (width + wide + slant, sleeve + drop),
                (width + slant, sleeve + drop + 0.02),
            ]
        )
        shape.part(arm)
        shape.part(mirror(arm))
        half[-1] = (width, drop * 0.8)
        armpit, sleeve = drop + 0.1, 0.0
    if dip < 0.03 and chance(rng, 0.5):  # a straight top edge, as hurried people draw
        half = [(0.0, 0.0), (shoulder, drop * 0.3)]
    if sleeve > 0:
        angle = np.radians(spread)
        along = np.array([np.sin(angle), np.cos(angle)])
        across = np.array([-np.cos(angle), np.sin(angle)])
        cuff = u(0.13, 0.24) if sleeve > 0.5 else u(0.18, 0.32)
        start = np.array([shoulder, drop])
        end = start + along * sleeve
        inner = end + across * cuff
        elbow = start + along * sleeve * 0.5 + across * u(-0.07, 0.02)
        under = (np.array([width, armpit]) + inner) / 2 + across * u(-0.03, 0.03)
        if inner[0] < width + 0.03:  # arms that hang keep off the body
            shift = (width + 0.03 - inner[0], 0.0)
            end, inner, elbow, under = end + shift, inner + shift, elbow + shift, under + shift
        half += (
            [tuple(elbow), tuple(end), tuple(inner), tuple(under)]
            if sleeve > 0.5
            else [tuple(end)] * 2 + [tuple(inner)] * 2
        )
        if chance(rng, cuffs):
            back = along * sleeve * u(0.08, 0.2)
            shape.line(end - back, inner - back * 0.9)
            shape.line(mirror(np.array([end - back, inner - back * 0.9])))
        if chance(rng, 0.25):
            seam = np.array([(shoulder, drop), (shoulder * 0.92, armpit * 0.6), (width, armpit)])
            shape.line(seam)
            shape.line(mirror(seam))
    elif armpit > drop + 0.2:
        half += [(shoulder * u(0.8, 0.95), armpit * 0.6)]
    half += [
        (width, armpit),
        (waist, length * 0.6),
        (hem, length),
        (hem, length),
        (0.0, length + u(-0.02, 0.05)),
    ]
    shape.part(both_sides(half))
    return _Torso(neck, dip, width, hem, length, armpit, drop, shoulder)


def _neckline(shape: Shape, rng: np.random.Generator, torso: _Torso) -> None:
    """Draw a rib along the neck, or the back of the neck seen from the front."""
    n, d = torso.neck, torso.dip
    kind = rng.integers(4)
    if kind == 0:
        shape.line(arc(0, 0, n + 0.05, d + 0.06, 180, 360))
    elif kind == 1:
        shape.line((-n, 0), (-n * 0.5, d * 0.25 + 0.01), (n * 0.5, d * 0.25 + 0.01), (n, 0))
    elif kind == 2:
        shape.line((-n, 0), (0, d * 1.4 + 0.05), (n, 0))


def _print(shape: Shape, rng: np.random.Generator, torso: _Torso) -> None:
    """Put something on the chest: a word, a stripe or two, a picture, or a pocket."""
    u = rng.uniform
    y, w = torso.armpit + u(0.0, 0.2), torso.width * 0.8
    kind = rng.integers(5)
    if kind == 0:
        for i in range(int(rng.integers(1, 4))):
            shape.line((-w * u(0.6, 0.9), y + 0.08 * i), (w * u(0.6, 0.9), y + 0.08 * i))
    elif kind == 1:
        shape.part(arc(0, y + 0.1, u(0.08, 0.2), u(0.08, 0.2), 0, 350, 10), ACCENT)
    elif kind == 2 and chance(rng, 0.5):  # a knit, or dots of a hurried pen
        for _ in range(int(rng.integers(4, 14))):
            at = np.array([u(-w, w), u(torso.armpit, torso.length - 0.15)])
            shape.line(at, at + (u(-0.05, 0.05), u(0.03, 0.12)))
    elif kind == 2:
        x = np.linspace(-w * 0.6, w * 0.6, 9)
        shape.line(np.stack([x, y + u(0.03, 0.08) * (np.arange(9) % 2)], 1))
    elif kind == 3:
        shape.part(box(0.08, y, 0.08 + u(0.12, 0.2), y + u(0.12, 0.2)), ACCENT)
    else:
        for i in range(3):
            shape.line((-torso.width, y + 0.12 * i), (torso.width, y + 0.12 * i))


def tshirt(rng: np.random.Generator, neat: bool = False) -> Shape:
    """A T-shirt with short sleeves, or a top without."""
    shape, u = Shape(), rng.uniform
    if chance(rng, 0.16):
        return _tank(rng)
    dip = float(rng.choice([0.0, u(0.06, 0.16), u(0.16, 0.34)], p=[0.2, 0.55, 0.25]))
    if neat:
        dip = u(0.08, 0.18)
    torso = _torso(shape, rng, u(0.85, 1.3), u(0.16, 0.48), u(30, 60) if neat else u(25, 100), dip, cuffs=0.2)
    if chance(rng, 0.35):
        _neckline(shape, rng, torso)
    if chance(rng, 0.3):
        _print(shape, rng, torso)
    if chance(rng, 0.15):
        shape.line((-torso.hem, torso.length - 0.06), (torso.hem, torso.length - 0.06))
    return shape


def _tank(rng: np.random.Generator) -> Shape:
    """A sleeveless top: wide straps, thin straps, or cut straight."""
    shape, u = Shape(), rng.uniform
    w, length = u(0.34, 0.46), u(0.85, 1.2)
    strap, neck, armpit, dip = u(0.04, 0.13), u(0.12, 0.22), u(0.3, 0.42), u(0.16, 0.4)
    half = [(0, dip), (neck * 0.75, dip * 0.75), (neck, 0), (neck + strap, 0.01)]
    half += [(neck + strap + 0.02, armpit * 0.6), (w, armpit), (w * u(0.75, 1), length * u(0.55, 0.68))]
    half += [(w * u(0.95, 1.2), length), (0, length + u(0, 0.05))]
    shape.part(both_sides(half))
    if chance(rng, 0.3):
        shape.line((-neck, 0), (0, dip * 0.4), (neck, 0))
    return shape


def pullover(rng: np.random.Generator, neat: bool = False) -> Shape:
    """A sweater or hoodie: long sleeves hanging or spread, ribs at cuffs and hem."""
    shape, u = Shape(), rng.uniform
    hooded = chance(rng, 0.22)
    if hooded:
        shape.part(both_sides([(0, u(-0.42, -0.25)), (0.2, -0.24), (0.28, 0.02), (0.1, 0.2), (0, 0.22)]))
    spread = float(rng.choice([u(4, 25), u(25, 60), u(60, 100)], p=[0.45, 0.35, 0.2]))
    spread = u(6, 24) if neat else spread
    sleeve = u(0.75, 1.05) if spread < 45 else u(0.55, 0.95)
    torso = _torso(shape, rng, u(0.9 if neat else 0.7, 1.15), sleeve, spread, cuffs=0.55)
    if hooded:
        shape.part(both_sides([(0, -0.22), (0.13, -0.15), (0.16, 0.0), (0.06, 0.14), (0, 0.16)]), DARK)
        if chance(rng, 0.6):
            shape.line((-0.06, 0.14), (-0.07, 0.36))
            shape.line((0.06, 0.14), (0.07, 0.36))
    elif chance(rng, 0.2):  # a turtleneck
        shape.part(both_sides([(0, -0.16), (torso.neck, -0.15), (torso.neck, 0.06), (0, 0.1)]))
    else:
        _neckline(shape, rng, torso)
    if hooded and chance(rng, 0.7) or chance(rng, 0.06):
        y, w = torso.length, torso.width * u(0.5, 0.75)
        top, low = y - u(0.32, 0.4), y - u(0.06, 0.12)
        shape.line((-w * 0.6, top), (w * 0.6, top), (w, low), (-w, low), (-w * 0.6, top))
    if chance(rng, 0.5):
        y = torso.length - u(0.06, 0.12)
        shape.line((-torso.hem, y), (torso.hem, y))
    if chance(rng, 0.25):
        _print(shape, rng, torso)
    return shape


def coat(rng: np.random.Generator, neat: bool = False) -> Shape:
    """A jacket or coat: long sleeves and an opening down the front."""
    shape, u = Shape(), rng.uniform
    length = float(rng.choice([u(0.85, 1.15), u(1.15, 1.9)], p=[0.65, 0.35]))
    spread = float(rng.choice([u(4, 25), u(25, 60), u(60, 95)], p=[0.55, 0.33, 0.12]))
    spread = u(6, 24) if neat else spread
    hooded = chance(rng, 0.15)
    if hooded:
        shape.part(both_sides([(0, -0.3), (0.2, -0.24), (0.27, 0.02), (0, 0.15)]))
    dip = u(0.02, 0.3)
    torso = _torso(
        shape, rng, length, u(0.7, 1.0) if spread < 45 else u(0.55, 0.9), spread, dip, (0.95, 1.3), cuffs=0.4
    )
    n, w, y = torso.neck, torso.width, torso.length
    if hooded:
        shape.part(arc(0, -0.04, 0.14, 0.17, 0, 340, 10), DARK)
    kind = rng.choice(["line", "double", "open", "lapels", "wide"], p=[0.3, 0.2, 0.18, 0.2, 0.12])
    front = dip
    if kind == "open":
        gap = u(0.04, 0.16)
        shape.part([(-n * 0.5, dip), (n * 0.5, dip), (gap, y + 0.03), (-gap, y + 0.03)], DARK, soft=False)
    elif kind == "double":
        gap = u(0.03, 0.09)
        shape.line((-gap, dip), (-gap, y))
        shape.line((gap, dip), (gap, y))
    elif kind == "lapels":
        front = u(0.35, 0.62)
        wing = u(0.1, 0.2)
        lapel = np.array(
            [(n * 0.8, 0.0), (n + wing, front * 0.45), (n + wing * 0.5, front * 0.5), (0.02, front)]
        )
        shape.part(lapel, ACCENT, soft=False)
        shape.part(mirror(lapel), ACCENT, soft=False)
        shape.line((0, front), (u(-0.04, 0.04), y))
    else:
        off = u(-0.05, 0.05) if kind == "line" else u(0.08, 0.15)
        shape.line((off, dip), (off, y))
    if kind != "lapels" and chance(rng, 0.4):
        collar = np.array([(n, 0), (n + 0.1, 0.1), (n * 0.6, 0.24), (0.02, dip + 0.03)])
        shape.part(collar, ACCENT, soft=False)
        shape.part(mirror(collar), ACCENT, soft=False)
    if chance(rng, 0.35):
        columns = (-0.1, 0.1) if chance(rng, 0.35) else (u(0.03, 0.08),)
        for level in np.linspace(front + 0.1, y - 0.12, int(rng.integers(3, 6))):
            shape.dots.extend((x, level, 0.022) for x in columns)
    if chance(rng, 0.4):
        level, size = y * u(0.6, 0.75), w * u(0.3, 0.45)
        slant = u(-0.08, 0.08)
        pocket = np.array([(w * 0.4, level), (w * 0.4 + size, level + slant)])
        if chance(rng, 0.5):
            square = box(w * 0.4, level, w * 0.4 + size, level + size)
            pocket = np.concatenate([square, square[:1]])
        shape.line(pocket)
        shape.line(mirror(pocket))
    if chance(rng, 0.15 if length < 1.2 else 0.35):
        level = y * u(0.48, 0.56)
        shape.line((-w, level), (w, level))
        shape.line((-w, level + 0.08), (w, level + 0.08))
    return shape


def shirt(rng: np.random.Generator, neat: bool = False) -> Shape:
    """A shirt: a pointed collar and a row of buttons; long or short sleeves."""
    shape, u = Shape(), rng.uniform
    short = chance(rng, 0.4)
    sleeve = u(0.25, 0.48) if short else u(0.75, 1.0)
    spread = u(20, 80) if short else float(rng.choice([u(4, 25), u(25, 70)], p=[0.82, 0.18]))
    spread = min(spread, 45 if short else 22) if neat else spread
    torso = _torso(shape, rng, u(0.95, 1.3), sleeve, spread, u(0.04, 0.12), cuffs=0.5)
    n, y = torso.neck, torso.length
    wing = np.array([(0.0, 0.1), (n * 0.5, -0.05), (n, -0.02), (n + 0.07, 0.1), (n * 0.62, u(0.2, 0.28))])
    if chance(rng, 0.95):
        shape.part(wing, ACCENT, soft=False)
        shape.part(mirror(wing), ACCENT, soft=False)
    end = y if chance(rng, 0.75) else u(0.4, 0.55)  # a polo's placket ends on the chest
    if chance(rng, 0.75):
        shape.line((0, 0.12), (0, end))
    if chance(rng, 0.3) or end < y:
        shape.line((0.09, 0.2), (0.09, end), (0, end))
    if chance(rng, 0.93):
        x = u(0.0, 0.05)
        count = int(rng.integers(4, 8)) if end == y else 2
        shape.dots.extend((x, level, 0.02) for level in np.linspace(0.22, end - 0.07, count))
    if chance(rng, 0.35):
        x, level = u(0.1, 0.16), torso.armpit + u(-0.05, 0.06)
        shape.line(
            (x, level),
            (x + 0.17, level),
            (x + 0.17, level + 0.16),
            (x + 0.085, level + 0.2),
            (x, level + 0.16),
            (x, level),
        )
    if chance(rng, 0.06):
        shape.part([(0, 0.1), (0.05, 0.18), (0.07, 0.7), (0, 0.8), (-0.07, 0.7), (-0.05, 0.18)], DARK)
    return shape


def dress(rng: np.random.Generator, neat: bool = False) -> Shape:
    """A dress: bodice and skirt in one, with straps, wide shoulders or sleeves."""
    shape, u = Shape(), rng.uniform
    length, bust = u(1.3, 2.1), u(0.2, 0.3)
    waist, waist_y = bust * u(0.66, 0.98), u(0.52, 0.75)
    hem = float(rng.choice([u(0.24, 0.36), u(0.36, 0.6), u(0.6, 0.9)], p=[0.3, 0.45, 0.25]))
    armpit, neck, dip = u(0.26, 0.36), u(0.09, 0.17), u(0.04, 0.3)
    kind = rng.choice(["straps", "tank", "short", "long", "bare"], p=[0.2, 0.35, 0.25, 0.12, 0.08])
    if kind in ("straps", "bare"):
        top = [(0, armpit * u(0.75, 1.1)), (bust * 0.55, armpit * 0.72), (bust * 0.95, armpit)]
        if kind == "straps":
            strap = np.array([(bust * 0.6, armpit * 0.8), (bust * u(0.3, 0.7), 0)])
            shape.part(strap, width=0.04)
            shape.part(mirror(strap), width=0.04)
    else:
        edge = neck + u(0.05, 0.12)
        top = [(0, dip), (neck * 0.75, dip * 0.75), (neck, 0), (edge, 0.02)]
        if kind == "tank":
            top += [(edge, armpit * 0.6)]
        else:
            angle = float(np.radians(u(10, 70)))
            reach = u(0.14, 0.3) if kind == "short" else u(0.55, 0.8)
            end = np.array([edge + 0.05, 0.06]) + reach * np.array([np.sin(angle), np.cos(angle)])
            cuff = end + 0.13 * np.array([-np.cos(angle), np.sin(angle)])
            push = max(0.0, bust + 0.02 - float(cuff[0]))
            top += [
                (edge + 0.05, 0.06),
                (float(end[0]) + push, float(end[1])),
                (float(cuff[0]) + push, float(cuff[1])),
            ]
    skirt = [(bust, armpit), (waist, waist_y)]
    if hem > waist * 1.3 and chance(rng, 0.5):
        bulge = u(0.45, 0.75)  # below a straight line from waist to hem the skirt hangs; above it is full
        skirt += [(waist + (hem - waist) * bulge, waist_y + (length - waist_y) * 0.45)]
    else:
        skirt += [(max(waist, bust) * u(1.0, 1.15), waist_y + 0.25)]
    skirt += [(hem, length), (hem, length), (hem * 0.5, length + u(0, 0.05)), (0, length + u(0, 0.06))]
    shape.part(both_sides(top + skirt))
    if chance(rng, 0.5):
        shape.line((-waist, waist_y), (0, waist_y + u(-0.02, 0.04)), (waist, waist_y))
        if chance(rng, 0.3):
            shape.line((-waist, waist_y + 0.09), (waist, waist_y + 0.09))
    if chance(rng, 0.35):
        for x in np.linspace(-0.7, 0.7, int(rng.integers(2, 6))):
            shape.line((waist * x, waist_y + u(0.05, 0.4)), (hem * x, length * u(0.9, 0.98)))
    if chance(rng, 0.15):
        for level in (0.55, 0.78):
            at = waist_y + (length - waist_y) * level
            reach = waist + (hem - waist) * level
            shape.line((-reach, at), (0, at + 0.05), (reach, at))
    return shape
