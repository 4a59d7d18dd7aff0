"""Prediction with test-time augmentation."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import torch
from torch import nn

from mmlight.model.base_model import BaseModel
from mmlight.registry import MODELS


@MODELS.register_module()
class BaseTTAModel(BaseModel):
    """Wraps a model so that it predicts on several augmentations of each sample and merges them.

    A subclass implements :meth:`merge_preds`. The batch comes with one list per augmentation:

        dict(inputs=[[image1_aug1, image2_aug1], [image1_aug2, image2_aug2]],
             data_samples=[[sample1_aug1, sample2_aug1], [sample1_aug2, sample2_aug2]])

    Args:
        module (dict | nn.Module): The model, or its config.
        data_preprocessor (dict | nn.Module, optional): Preprocessor of this wrapper; the model's
            own still prepares each batch.

    Raises:
        TypeError: If ``module`` is neither a dict nor a module.

    Example:
        >>> class Echo(BaseModel):
        ...     def forward(self, inputs, data_samples=None, mode="tensor"):
        ...         return inputs
        >>> class Mean(BaseTTAModel):
        ...     def merge_preds(self, data_samples_list):
        ...         return [sum(preds) / len(preds) for preds in data_samples_list]
        >>> Mean(Echo()).test_step({"inputs": [[1.0, 2.0], [3.0, 6.0]]})
        [2.0, 4.0]
    """

    def __init__(
        self,
        module: dict[str, Any] | nn.Module,
        data_preprocessor: dict[str, Any] | nn.Module | None = None,
    ) -> None:
        super().__init__(data_preprocessor)
        if isinstance(module, dict):
            module = MODELS.build(module)
        elif not isinstance(module, nn.Module):
            raise TypeError(
                f"The type of module should be a `nn.Module` instance or a dict, but got {module!r}"
            )
        self.module: Any = module
        assert hasattr(self.module, "test_step"), (
            f"Model wrapped by BaseTTAModel must implement `test_step`, but "
            f"{type(self.module).__name__} does not"
        )

    @abstractmethod
    def merge_preds(self, data_samples_list: list[list[Any]]) -> list[Any]:
        """Merge the predictions on the augmentations of each sample into one.

        Args:
            data_samples_list (list[list]): For each sample, its prediction for each augmentation.

        Returns:
            list: One prediction for each sample.
        """

    def test_step(self, data: dict[str, Any] | list[Any] | tuple[Any, ...]) -> list[Any]:
        """Predict on each augmentation of a batch and merge.

        Args:
            data (dict | list | tuple): Batch with one list per augmentation at each entry.

        Returns:
            list: What :meth:`merge_preds` makes of the predictions.

        Raises:
            TypeError: If ``data`` is none of these.
            ValueError: If its entries are not for the same number of augmentations.
        """
        if not isinstance(data, (dict, list, tuple)):
            raise TypeError(
                f"data given by dataLoader should be a dict, tuple or a list, but got {type(data)}"
            )
        entries = list(data.values()) if isinstance(data, dict) else data
        counts = [len(entry) for entry in entries]
        if len(set(counts)) > 1:
            raise ValueError(
                "every entry of `data` should have one list for each augmentation, but they have "
                f"{dict(zip(data, counts, strict=True)) if isinstance(data, dict) else counts}"
            )
        batches: list[Any] = list(zip(*entries, strict=True))
        if isinstance(data, dict):
            batches = [dict(zip(data, values, strict=True)) for values in batches]
        predictions = [self.module.test_step(batch) for batch in batches]
        return self.merge_preds([list(preds) for preds in zip(*predictions, strict=True)])

    def forward(
        self, inputs: torch.Tensor, data_samples: list[Any] | None = None, mode: str = "tensor"
    ) -> Any:
        """Refuse: only :meth:`test_step` augments.

        Raises:
            NotImplementedError: Always.
        """
        raise NotImplementedError(
            f"{type(self).__name__} predicts through `test_step`; its `forward` is not used"
        )
