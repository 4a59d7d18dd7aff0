"""Losses on the scores of a discriminator."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, l1_loss, mse_loss, relu

from mmlight.registry import MODELS
from mmlight.registry.diagnostics import did_you_mean

# Those that compare a score with a label.
_BY_LABEL: dict[str, Callable[..., Tensor]] = {
    "vanilla": binary_cross_entropy_with_logits,
    "lsgan": mse_loss,
    "l1": l1_loss,
}
GAN_TYPES = (*_BY_LABEL, "wgan", "hinge")


@MODELS.register_module()
class GANLoss(nn.Module):
    """How far the scores of a discriminator are from what they should say.

    - ``vanilla``: cross entropy (Goodfellow et al., 2014), the non-saturating one for a generator.
    - ``lsgan``: squared difference from the label (Mao et al., 2017).
    - ``l1``: absolute difference from the label.
    - ``wgan``: the mean score, negative for real images (Arjovsky et al., 2017).
    - ``hinge``: as ``wgan``, for a discriminator only up to a margin of 1 (Lim and Ye, 2017).

    Args:
        gan_type (str): One of these.
        real_label_val (float): Label of real images, for those that have one. Defaults to 1.0.
        fake_label_val (float): Label of generated images. Defaults to 0.0.
        loss_weight (float): Factor of a generator's loss; a discriminator's has none.
            Defaults to 1.0.

    Raises:
        NotImplementedError: If the type is not known.

    Example:
        >>> scores = torch.tensor([0.5, -2.0])
        >>> GANLoss("hinge")(scores, target_is_real=True, is_disc=True)
        tensor(1.7500)
        >>> GANLoss("hinge", loss_weight=2.0)(scores, target_is_real=True)
        tensor(1.5000)
    """

    def __init__(
        self,
        gan_type: str,
        real_label_val: float = 1.0,
        fake_label_val: float = 0.0,
        loss_weight: float = 1.0,
    ) -> None:
        super().__init__()
        if gan_type not in GAN_TYPES:
            raise NotImplementedError(
                f"gan_type must be one of {', '.join(GAN_TYPES)}, got {gan_type!r}."
                f"{did_you_mean(str(gan_type), GAN_TYPES)}"
            )
        if gan_type not in _BY_LABEL and (real_label_val, fake_label_val) != (1.0, 0.0):
            warnings.warn(
                f"real_label_val and fake_label_val have no effect with gan_type={gan_type!r}",
                stacklevel=2,
            )
        self.gan_type = gan_type
        self.real_label_val = real_label_val
        self.fake_label_val = fake_label_val
        self.loss_weight = loss_weight

    def forward(self, input: Tensor, target_is_real: bool, is_disc: bool = False) -> Tensor:
        """Compute the loss.

        Args:
            input (Tensor): Scores (logits) of any shape.
            target_is_real (bool): Whether they should say that the images are real.
            is_disc (bool): Whether it is the discriminator that learns. Defaults to False.

        Returns:
            Tensor: One number.
        """
        if self.gan_type in _BY_LABEL:
            label = self.real_label_val if target_is_real else self.fake_label_val
            loss = _BY_LABEL[self.gan_type](input, torch.full_like(input, label))
        else:
            wrong = -input if target_is_real else input
            # A generator's score should rise without bound, whatever it is called.
            if self.gan_type == "hinge":
                wrong = relu(1 + wrong) if is_disc else -input
            loss = wrong.mean()
        return loss if is_disc else loss * self.loss_weight
