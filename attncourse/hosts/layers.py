"""The layers that all hosts are made of: a convolution with its batch norm, and the classifier."""

from __future__ import annotations

from torch import Tensor, nn


def convolution(
    channels_in: int,
    channels: int,
    kernel_size: int,
    stride: int = 1,
    groups: int = 1,
    activation: type[nn.Module] | None = nn.ReLU,
) -> nn.Sequential:
    """Convolution without bias, batch norm, activation: ``(B, C_in, H, W) -> (B, C, H / stride, W / stride)``.

    Odd kernels, padded by half. Weights as in He et al. (2015), by the inputs of each unit, which also suits depthwise
    convolutions. No activation works in place: whoever looks at a layer's output sees what it was.
    """
    weights = nn.Conv2d(channels_in, channels, kernel_size, stride, kernel_size // 2, groups=groups, bias=False)
    nn.init.kaiming_normal_(weights.weight, mode="fan_in", nonlinearity="relu")
    layers: list[nn.Module] = [weights, nn.BatchNorm2d(channels)]
    if activation is not None:
        layers.append(activation())
    return nn.Sequential(*layers)


def classifier(channels: int, classes: int, dropout: float = 0.0) -> nn.Sequential:
    """The mean of each channel, and one linear layer: ``(B, C, H, W) -> (B, classes)``."""
    layers: list[nn.Module] = [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    if dropout:
        layers.append(nn.Dropout(dropout))
    return nn.Sequential(*layers, nn.Linear(channels, classes))


def divisible(channels: float, by: int = 8) -> int:
    """The multiple of ``by`` nearest to ``channels``, never more than a tenth below it (the rule of MobileNetV2)."""
    rounded = max(by, int(channels + by / 2) // by * by)
    return rounded + by if rounded < 0.9 * channels else rounded


class Host(nn.Module):
    """A network of three parts, ``(B, 3, H, W) -> (B, classes)``.

    ``stages`` holds the parts that work at one resolution each; ``stages[-1]`` is what class activation maps look at.
    """

    def __init__(self, stem: nn.Module, stages: list[nn.Module], head: nn.Module) -> None:
        super().__init__()
        self.stem = stem
        self.stages = nn.Sequential(*stages)
        self.head = head

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.stages(self.stem(x)))
