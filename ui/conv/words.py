"""What the Conv shapes tab says between its pictures."""

INTRODUCTION = """\
**A convolution moves a small kernel over its input** and adds up products. Change its numbers and see the
shape that comes out, and why.
"""

LAYER = """\
## One layer
The shape comes from a real layer that runs on a real tensor; the formula stands below it, with your numbers
put in. Sliders stop where PyTorch would stop you. Switch on *let errors happen* to see what it says.
"""
