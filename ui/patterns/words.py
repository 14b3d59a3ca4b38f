"""What the Patterns tab says between its pictures, and the torch code beside its numbers.

A test runs every piece of code as it stands, in the project's folder.
"""

from language import _

INTRODUCTION = _("**Paint in the grid**, or press A or B: the network answers while you paint.")

KEYS = _(
    """\
With the keyboard: arrow keys move, Space paints, digits write a number, + and − change it, Delete clears
it.
"""
)

NUMBERS = _(
    """\
## How the answer is computed
Everything the network knows is in its *kernels*. It multiplies each number of the grid by the number at
the same place in a kernel, and adds up the 16 products. *Softmax* turns the sums into probabilities; these
sums are called *logits*. Green is above zero, violet below. 1.2e8 means 1.2 × 10⁸.
"""
)

TRAIN = _(
    """\
## Train it yourself
A network of one convolution starts with random kernels; the *seed* determines which. In each step it sees
one grid: A or B at an intensity from 0 to 19. The *loss* says how wrong its answer was. Then each of the 64
weights moves a little, so that the loss gets smaller. One *epoch* is all 40 grids once. At intensity 0 both
patterns are the same dark grid: nothing can be learned from it.
"""
)

NOT_TRAINED = _(
    "Press Train: the curve shows a real training as it happens. The same seed gives the same curve again."
)

SHUFFLE = _(
    """\
## Why shuffle?
After seeing B 20 times in a row, a network has learned: *the answer is B*. Does it still know A? One seed
cannot tell. Here many networks are trained, each from its own seed, with the learning rate and the epochs of
“Train it”. Take the seed of a ✗ and train it there to see what happens.
"""
)

NO_SEEDS = _("Press the button: each mark will be one network, ✓ if it calls A an A and B a B.")

DIFFERENCE = _(
    """\
## How different are two grids to the network?
The *mean squared error* (MSE) compares the logits of two grids: take the differences, square them, and take
the mean. 0 means that the two grids are the same to this network. Training moves A and B apart.
"""
)

NEITHER = _(
    """\
## Why one convolution cannot say “neither”
It is *linear*: without a bias and without ReLU, **the logits of a sum of grids are the sum of their
logits**. Here are the four rows of A, each alone, and A: in each line, the first four numbers add up to
the last.
"""
)

NEITHER_MORE = _(
    """\
Now imagine that one of the logits meant *neither*. A row alone is neither A nor B, so *neither* must be
the largest logit of each row. Then the sum of the *neither* logits is larger than the sum of any others:
the network calls A itself *neither*. This is true for all weights: no training can change it.

A grid 1000 times brighter has logits 1000 times larger. So **the answer never depends on the intensity**;
only the probabilities do: the network is more certain about a brighter grid, although the pattern is the
same. And the negative of a grid has the negative logits: the last choice becomes the first. For a dark grid
all logits are 0: there is nothing to classify.

The network **with ReLU** can say “neither”. It divides the grid by its largest number. Each of its 16
kernels has a bias, and ReLU turns whatever is below 0 into 0: a kernel can be silent until enough of its
pattern is there. So the logits of a sum are no longer the sum of the logits.
"""
)

ANSWER_CODE = """\
import torch
from models.checkpoint import load
from settings import CHECKPOINTS

model, card = load(CHECKPOINTS, "pattern_conv")    # nn.Conv2d(1, 4, kernel_size=4, bias=False)
grid = torch.tensor([[0., 10., 0., 10.]] * 4)      # pattern A at intensity 10

products = model.conv.weight[:, 0] * grid          # (4, 4, 4): sixteen products for each kernel
logits = products.sum(dim=(1, 2))                  # (4,)
assert torch.allclose(logits, model(grid.view(1, 1, 4, 4))[0])

probabilities = torch.softmax(logits, dim=0)       # e^logit / sum of all e^logit
print(card.classes[probabilities.argmax()])
"""

CNN_CODE = """\
import torch
from torch import nn

conv = nn.Conv2d(1, 16, kernel_size=4)             # sixteen kernels, each with a bias
linear = nn.Linear(16, 3)                          # A, B, neither

grid = torch.tensor([[0., 10., 0., 10.]] * 4).view(1, 1, 4, 4)
scaled = grid / grid.max()                         # 1. the intensity no longer matters
hidden = torch.relu(conv(scaled)).flatten(1)       # 2. (1, 16): what is below 0 becomes 0
logits = linear(hidden)                            # 3. (1, 3)
print(torch.softmax(logits, dim=1))                # not trained yet: any answer may come
"""

TRAIN_CODE = """\
import torch
from torch import nn
from data.patterns import tutorial_set

inputs, labels = tutorial_set()                    # A at 0 to 19, then B at 0 to 19: (40, 1, 4, 4), (40,)
torch.manual_seed(0)
model = nn.Sequential(nn.Conv2d(1, 4, kernel_size=4, bias=False), nn.Flatten())
optimizer = torch.optim.SGD(model.parameters(), lr=0.001, momentum=0.9)

for epoch in range(2):
    for k in torch.randperm(40):                   # shuffled; range(40) would be A, then B
        optimizer.zero_grad()                      # forget the last gradient
        logits = model(inputs[k : k + 1])          # forward: (1, 4)
        loss = nn.functional.cross_entropy(logits, labels[k : k + 1])
        loss.backward()                            # the gradient of the loss, for each weight
        optimizer.step()                           # move each weight a little downhill

right = (model(inputs).argmax(1) == labels)[inputs.amax((1, 2, 3)) > 0]
print(right.float().mean())                        # accuracy without the two dark grids
"""

DIFFERENCE_CODE = """\
import torch
from torch.nn import functional as F
from models.checkpoint import load
from settings import CHECKPOINTS
from data.patterns import pattern

model, card = load(CHECKPOINTS, "pattern_conv")
first = torch.tensor(pattern(0, 10)).view(1, 1, 4, 4)     # A
second = torch.tensor(pattern(1, 10)).view(1, 1, 4, 4)    # B

mse = F.mse_loss(model(first), model(second))             # mean of (first - second) squared
assert torch.isclose(mse, ((model(first) - model(second)) ** 2).mean())
print(mse.item())
"""

LINEAR_CODE = """\
import torch
from models.checkpoint import load
from settings import CHECKPOINTS
from data.patterns import pattern

model, card = load(CHECKPOINTS, "pattern_conv")
a = torch.tensor(pattern(0, 10)).view(1, 1, 4, 4)
rows = [torch.zeros_like(a) for _ in range(4)]
for r in range(4):
    rows[r][..., r, :] = a[..., r, :]                     # one row of A, all else dark

assert torch.allclose(sum(model(row) for row in rows), model(a), atol=1e-4)
assert torch.allclose(model(2 * a), 2 * model(a))
"""
