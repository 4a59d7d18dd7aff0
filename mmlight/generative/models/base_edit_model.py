"""The base of models that turn an image into a better one."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from mmlight.generative.datasets.data_sample import DataSample
from mmlight.model import BaseModel
from mmlight.registry import MODELS


@MODELS.register_module()
class BaseEditModel(BaseModel):
    """One network that is trained to give the ground truth, by a loss of their pixels.

    Args:
        generator (dict | nn.Module): The network, or its config.
        pixel_loss (dict | nn.Module): The loss, or its config.
        train_cfg (dict, optional): For subclasses. Defaults to None.
        test_cfg (dict, optional): For subclasses. Defaults to None.
        init_cfg (dict, optional): How weights start. Defaults to None, as the network has it.
        data_preprocessor (dict | nn.Module, optional): Defaults to
            :class:`~mmlight.generative.models.DataPreprocessor`.

    Example:
        >>> import torch
        >>> net = dict(type="SRCNNNet", channels=(3, 8, 4, 3), upscale_factor=2)
        >>> model = BaseEditModel(net, dict(type="L1Loss"))
        >>> model(torch.zeros(1, 3, 8, 8)).shape
        torch.Size([1, 3, 16, 16])
    """

    def __init__(
        self,
        generator: dict[str, Any] | nn.Module,
        pixel_loss: dict[str, Any] | nn.Module,
        train_cfg: dict[str, Any] | None = None,
        test_cfg: dict[str, Any] | None = None,
        init_cfg: dict[str, Any] | None = None,
        data_preprocessor: dict[str, Any] | nn.Module | None = None,
    ) -> None:
        super().__init__(data_preprocessor or {"type": "DataPreprocessor"}, init_cfg)
        self.train_cfg = train_cfg
        self.test_cfg = test_cfg
        self.generator = MODELS.build(generator) if isinstance(generator, dict) else generator
        self.pixel_loss = MODELS.build(pixel_loss) if isinstance(pixel_loss, dict) else pixel_loss

    def forward(  # type: ignore[override]
        self,
        inputs: Tensor,
        data_samples: DataSample | None = None,
        mode: str = "tensor",
        **kwargs: Any,
    ) -> Tensor | list[DataSample] | dict[str, Tensor]:
        """Run the network.

        Args:
            inputs (Tensor): Images ``(N, C, H, W)`` in the model's range.
            data_samples (DataSample, optional): A batch of samples; in training with ``gt_img`` in
                the model's range. Defaults to None.
            mode (str): ``tensor`` for what the network gives, ``predict`` for samples, ``loss``.
                Defaults to ``tensor``.

        Returns:
            Tensor | list[DataSample] | dict: By mode, see the ``forward_*`` methods.

        Raises:
            ValueError: If the mode is not known.
        """
        if mode == "tensor":
            return self.forward_tensor(inputs, data_samples, **kwargs)
        if mode == "predict":
            predictions = self.forward_inference(inputs, data_samples, **kwargs)
            return self.convert_to_datasample(predictions, data_samples, inputs)
        if mode == "loss":
            return self.forward_train(inputs, data_samples, **kwargs)
        raise ValueError(f"mode must be 'tensor', 'predict' or 'loss', got {mode!r}")

    def forward_tensor(
        self, inputs: Tensor, data_samples: DataSample | None = None, **kwargs: Any
    ) -> Tensor:
        """Give what the network gives.

        Args:
            inputs (Tensor): Images ``(N, C, H, W)`` in the model's range.
            data_samples (DataSample, optional): For subclasses. Defaults to None.

        Returns:
            Tensor: Images in the model's range.
        """
        result: Tensor = self.generator(inputs, **kwargs)
        return result

    def forward_inference(
        self, inputs: Tensor, data_samples: DataSample | None = None, **kwargs: Any
    ) -> DataSample:
        """Give the images that the network makes.

        Args:
            inputs (Tensor): Images ``(N, C, H, W)`` in the model's range.
            data_samples (DataSample, optional): What is known of them. Defaults to None.

        Returns:
            DataSample: A batch with ``pred_img`` ``(N, C, H, W)``, 0 to 255, on the host.
        """
        made = self.forward_tensor(inputs, data_samples, **kwargs)
        return DataSample(pred_img=self.data_preprocessor.destruct(made, data_samples).cpu())

    def forward_train(
        self, inputs: Tensor, data_samples: DataSample | None = None, **kwargs: Any
    ) -> dict[str, Tensor]:
        """Compute the loss.

        Args:
            inputs (Tensor): Images ``(N, C, H, W)`` in the model's range.
            data_samples (DataSample): With ``gt_img`` in the model's range.

        Returns:
            dict[str, Tensor]: ``loss``.

        Raises:
            ValueError: If there is no ground truth.
        """
        if data_samples is None or "gt_img" not in data_samples:
            raise ValueError(
                f"{type(self).__name__} trains on samples with gt_img: load key 'gt' in the "
                "pipeline and end it with PackInputs"
            )
        made = self.forward_tensor(inputs, data_samples, **kwargs)
        return {"loss": self.pixel_loss(made, data_samples.get("gt_img"))}

    def convert_to_datasample(
        self, predictions: DataSample, data_samples: DataSample | None, inputs: Tensor | None
    ) -> list[DataSample]:
        """Put predictions beside what is known of the images.

        Args:
            predictions (DataSample): A batch of predictions.
            data_samples (DataSample, optional): A batch of what is known.
            inputs (Tensor, optional): What the network was given.

        Returns:
            list[DataSample]: For each image what is known, with ``output``, its prediction, and
            ``input``, 0 to 255.
        """
        known = data_samples if data_samples is not None else DataSample()
        if inputs is not None:
            known.set_field(self.data_preprocessor.destruct(inputs, known, "img"), "input")
        known.set_field(predictions, "output")
        return known.split(allow_nonseq_value=True)
