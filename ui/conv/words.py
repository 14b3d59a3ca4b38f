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

LEADS = {
    "Conv2d": "Each output cell is the sum of the products under the kernel. Point at a cell of the output, "
    "or of the input. What Conv2d computes is called cross-correlation: the kernel is not turned round.",
    "ConvTranspose2d": "Each input cell is multiplied with the whole kernel and added into the output. Point "
    "at an output cell to see which inputs reach it.",
    "MaxPool2d": "Each output cell is the largest number in its window. Padding never wins: it counts as −∞.",
    "AvgPool2d": "Each output cell is the mean of its window; the zeros of the padding count, too.",
}
