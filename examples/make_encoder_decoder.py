"""Make what Listings 1 and 2 work on: a PyTorch encoder, a TensorFlow decoder, and sequences to feed them.

The encoder (self-attention over embedded symbols) is written by torch.export,
the decoder (a GRU with attention) by Keras.  Both are called `.ckpt`, as in the
paper: content decides what a file is, not its name.
"""

import argparse
import shutil
from pathlib import Path

import numpy as np

SYMBOLS, WIDTH, SEED = 16, 32, 7


def encoder(path: Path) -> None:
    """Write the encoder: symbols [batch, time] in, memory [batch, time, 32] out."""
    import torch
    from torch import nn
    from torch.export import Dim

    class Encoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed = nn.Embedding(SYMBOLS, WIDTH)
            self.attend = nn.MultiheadAttention(WIDTH, num_heads=4, batch_first=True)
            self.norm = nn.LayerNorm(WIDTH)

        def forward(self, symbols: torch.Tensor) -> torch.Tensor:
            embedded = self.embed(symbols)
            attended, _ = self.attend(embedded, embedded, embedded, need_weights=False)
            return self.norm(embedded + attended)

    torch.manual_seed(SEED)
    example = torch.zeros(3, 5, dtype=torch.int64)
    dynamic = ({0: Dim("batch"), 1: Dim("time", min=1)},)
    torch.export.save(torch.export.export(Encoder().eval(), (example,), dynamic_shapes=dynamic), path)


def decoder(path: Path) -> None:
    """Write the decoder: memory [batch, time, 32] in, the probabilities of the next symbol [batch, 16] out."""
    import keras

    keras.utils.set_random_seed(SEED)
    memory = keras.Input((None, WIDTH), name="memory")
    states = keras.layers.GRU(WIDTH, return_sequences=True)(memory)
    context = keras.layers.Attention()([states, memory])
    pooled = keras.layers.GlobalAveragePooling1D()(context)
    keras.Model(memory, keras.layers.Dense(SYMBOLS, activation="softmax", name="next")(pooled)).save(path)


def main() -> None:
    """Write encoder.ckpt, decoder.ckpt and input.txt into a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=Path())
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    # both frameworks insist on their own ending: the files are renamed afterwards
    encoder(folder / "encoder.pt2")
    shutil.move(folder / "encoder.pt2", folder / "encoder.ckpt")
    decoder(folder / "decoder.keras")
    shutil.move(folder / "decoder.keras", folder / "decoder.ckpt")
    symbols = np.random.default_rng(SEED).integers(0, SYMBOLS, (4, 9))
    np.savetxt(folder / "input.txt", symbols, fmt="%d")


if __name__ == "__main__":
    main()
