"""How the page prints numbers."""


def percent(share: float) -> str:
    """0.874 -> "87 %"."""
    return "<1 %" if 0 < share < 0.005 else f"{share:.0%}".replace("%", " %")
