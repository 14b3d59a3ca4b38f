"""What the Conv shapes tab says between its pictures."""

from language import _

INTRODUCTION = _(
    """\
**A convolution moves a small kernel over its input** and adds up products. Change its numbers and see the
shape that comes out, and why.
"""
)

LAYER = _(
    """\
## One layer
The shape comes from a real layer that runs on a real tensor; below it is the formula with your numbers.
Sliders stop where PyTorch would stop you. Switch on *let errors happen* to see what it says.
"""
)
