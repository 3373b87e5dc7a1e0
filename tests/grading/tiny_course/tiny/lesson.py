# %% title [markdown]
# # A tiny lesson

# %% imports
import attncourse
import torch
from torch import nn

# %% look
x = torch.arange(6.0).reshape(1, 2, 1, 3)
CHANNELS = 6

# %% tiny-squeeze
def squeeze(x):
    """(B, C, H, W) -> (B, C)."""
    ### BEGIN SOLUTION
    return x.mean(dim=(2, 3))
    ### END SOLUTION

# %% show-it
squeeze(x)

# %% tiny-centre
def centre(x):
    """(B, C, H, W) -> (B, C, H, W): x minus its squeeze."""
    ### BEGIN SOLUTION
    return x - squeeze(x)[:, :, None, None]
    ### END SOLUTION

# %% tiny-count
count = None  # how many weights has a Linear from 6 to 2 without bias?
### BEGIN SOLUTION
count = CHANNELS * 2
### END SOLUTION

# %% tiny-layer
class Layer(nn.Module):
    """(B, C, H, W) -> (B, C, H, W): a 1x1 convolution without bias."""
    ### BEGIN SOLUTION
    def __init__(self, channels):
        super().__init__()
        self.mix = nn.Conv2d(channels, channels, 1, bias=False)

    def forward(self, x):
        return self.mix(x)
    ### END SOLUTION

# %% tiny-test
def check_squeeze(implementation):
    """Accept right ways to squeeze, reject wrong ones."""
    ### BEGIN SOLUTION
    x = torch.randn(2, 3, 4, 5, requires_grad=True)
    y = implementation(x)
    assert torch.allclose(y, x.mean(dim=(2, 3)))
    y.sum().backward()
    assert torch.allclose(x.grad, torch.full_like(x, 1 / 20))
    ### END SOLUTION
