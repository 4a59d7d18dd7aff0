"""Train the classifier behind the Fréchet distance of digits, and store its weights.

    python tools/train_digits_features.py

It takes about a minute on one core and overwrites
``mmlight/generative/models/digits_features.npz``.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from mmlight.generative.datasets import DigitsDataset
from mmlight.generative.models.digits_features import WEIGHTS, DigitsFeatures

EPOCHS = 40
BATCH_SIZE = 64
MAX_SHIFT = 2


def shift(images: Tensor) -> Tensor:
    """Move each image by up to two pixels, so that the features do not depend on the place."""
    moves = torch.randint(-MAX_SHIFT, MAX_SHIFT + 1, (len(images), 2)).tolist()
    return torch.stack(
        [image.roll(move, dims=(1, 2)) for image, move in zip(images, moves, strict=True)]
    )


def main() -> None:
    torch.manual_seed(0)
    train, val = DigitsDataset("train"), DigitsDataset("val")
    model = DigitsFeatures(pretrained=False)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=1e-3)
    steps = EPOCHS * -(-len(train) // BATCH_SIZE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=steps)
    for epoch in range(EPOCHS):
        for chosen in torch.randperm(len(train)).split(BATCH_SIZE):
            loss = cross_entropy(model.classify(shift(train.images[chosen])), train.labels[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        print(f"epoch {epoch + 1}/{EPOCHS}  loss {loss.item():.4f}", flush=True)
    with torch.no_grad():
        accuracy = (model.classify(val.images).argmax(1) == val.labels).float().mean().item()
    weights = {name: value.numpy().astype(np.float16) for name, value in model.state_dict().items()}
    np.savez_compressed(WEIGHTS, **weights)
    print(f"accuracy on the {len(val)} held-out digits: {accuracy:.4f}; weights in {WEIGHTS}")


if __name__ == "__main__":
    main()
