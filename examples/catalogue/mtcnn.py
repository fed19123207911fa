"""MTCNN's three nets (Zhang et al. 2016, arXiv:1604.02878), once in PyTorch and once in Keras.

One table describes them, so that the two are the same nets: convolutions with
a PReLU each, some followed by a pooling, then dense layers, then the heads.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras
    from torch import nn


@dataclass(frozen=True)
class Layout:
    """One net: (filters, kernel, pooling window or 0) a convolution, the dense units, the sizes of the heads."""

    side: int | None
    convolutions: tuple[tuple[int, int, int], ...]
    dense: int = 0
    landmarks: int = 0


NETS = {
    "pnet": Layout(None, ((10, 3, 2), (16, 3, 0), (32, 3, 0))),
    "rnet": Layout(24, ((28, 3, 3), (48, 3, 3), (64, 2, 0)), dense=128),
    "onet": Layout(48, ((32, 3, 3), (64, 3, 3), (64, 3, 2), (128, 2, 0)), dense=256, landmarks=10),
}


def pytorch_net(name: str) -> nn.Module:
    """Return a net whose parameters are in the order of facenet-pytorch's; images are NCHW."""
    import torch
    from torch import nn

    layout = NETS[name]

    class WidthFirst(nn.Module):
        """Flatten as the first implementation did: width before height before channels."""

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.permute(0, 3, 2, 1).flatten(1)

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            parts: list[nn.Module] = []
            channels = 3
            for filters, kernel, window in layout.convolutions:
                parts += [nn.Conv2d(channels, filters, kernel), nn.PReLU(filters)]
                if window:  # ceil_mode=True, said without the case that torch.export cannot follow
                    parts += [nn.ConstantPad2d((0, 1, 0, 1), -torch.inf), nn.MaxPool2d(window, 2)]
                channels = filters
            if layout.dense:
                parts += [WidthFirst(), nn.Linear(channels * 9, layout.dense), nn.PReLU(layout.dense)]
            self.trunk = nn.Sequential(*parts)
            sizes = filter(None, (2, 4, layout.landmarks))
            self.heads = nn.ModuleList(
                nn.Linear(layout.dense, size) if layout.dense else nn.Conv2d(channels, size, 1)
                for size in sizes
            )

        def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, ...]:
            x = self.trunk(image)
            face, *others = (head(x) for head in self.heads)
            return (*others, face.softmax(1))

    return Net()


def keras_net(name: str) -> keras.Model:
    """Return a net whose weights are in the order of the package mtcnn; images are NHWC."""
    from keras import Input, Model, layers

    layout = NETS[name]
    image = Input((layout.side, layout.side, 3), name="image")
    x: Any = image
    for filters, kernel, window in layout.convolutions:
        x = layers.Conv2D(filters, kernel)(x)
        x = layers.PReLU(shared_axes=[1, 2])(x)
        if window:  # torch rounds sizes up: the same as padding, which odd sizes do not need
            padding = "valid" if x.shape[1] and x.shape[1] % 2 else "same"
            x = layers.MaxPooling2D(window, 2, padding=padding)(x)
    if layout.dense:
        x = layers.Flatten()(layers.Permute((2, 1, 3))(x))
        x = layers.PReLU()(layers.Dense(layout.dense)(x))

    def head(size: int, label: str, activation: str | None = None) -> Any:
        if layout.dense:
            return layers.Dense(size, activation=activation, name=label)(x)
        return layers.Conv2D(size, 1, activation=activation, name=label)(x)

    outputs = [head(4, "box")]
    if layout.landmarks:
        outputs.append(head(layout.landmarks, "landmarks"))
    return Model(image, [*outputs, head(2, "face", "softmax")])
