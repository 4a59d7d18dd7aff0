"""The base class of metrics of generative models."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from mmlight.dist import get_world_size
from mmlight.engine.samplers import DataSampler, NoiseSampler
from mmlight.evaluator import BaseMetric
from mmlight.registry.diagnostics import did_you_mean
from mmlight.structures import BaseDataElement

SAMPLER_MODES = ("Noise", "Data", "normal")
_BATCH = 64


class GenMetric(BaseMetric):
    """A metric of generated images, which says what has to be generated for it.

    :class:`GenEvaluator` puts the metrics whose :meth:`sampler_key` is equal into one group; one
    sampler then serves the whole group, so that each image is generated once.

    Args:
        fake_nums (int): Generated images that the metric needs, over all processes; -1 for as
            many as the dataset has.
        real_nums (int): Real images that it needs; 0 for none, -1 for the whole dataset.
            Defaults to 0.
        fake_key (str): Field of a sample that is the generated image. Defaults to ``fake_img``.
        real_key (str): Entry of the inputs that is the real image. Defaults to ``img``.
        sample_model (str): Generator to take: ``ema`` or ``orig``. Defaults to ``ema``.
        sampler_mode (str): What the model is given: ``Noise``, or ``Data``, items of the dataset,
            for models that translate; or ``normal``, the batches of the dataloader.
            Defaults to ``Noise``.
        collect_device (str): Where results of several processes are gathered. Defaults to ``cpu``.
        prefix (str, optional): Put before the names of the values. Defaults to the class's.
        need_cond_input (bool): Labels of the dataset as conditions; not available. Defaults to
            False.
        sample_kwargs (Mapping, optional): Arguments of the generator. Defaults to None, none.

    Raises:
        ValueError: If ``sample_model`` or ``sampler_mode`` is not known, a number is negative, or
            conditions are asked for.
    """

    def __init__(
        self,
        fake_nums: int,
        real_nums: int = 0,
        fake_key: str = "fake_img",
        real_key: str = "img",
        sample_model: str = "ema",
        sampler_mode: str = "Noise",
        collect_device: str = "cpu",
        prefix: str | None = None,
        need_cond_input: bool = False,
        sample_kwargs: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(collect_device, prefix)
        if need_cond_input:
            raise ValueError(
                f"{type(self).__name__} cannot take conditions from the dataset: need_cond_input"
            )
        for name, value, known in (
            ("sample_model", sample_model, ("ema", "orig")),
            ("sampler_mode", sampler_mode, SAMPLER_MODES),
        ):
            if value not in known:
                raise ValueError(
                    f"{name} of {type(self).__name__} must be one of {', '.join(known)}, got "
                    f"{value!r}.{did_you_mean(str(value), known)}"
                )
        if fake_nums < -1 or fake_nums == 0 or real_nums < -1:
            raise ValueError(
                "fake_nums must be positive or -1, and real_nums at least -1, got "
                f"{fake_nums} and {real_nums}"
            )
        self.fake_nums = fake_nums
        self.real_nums = real_nums
        self.fake_key = fake_key
        self.real_key = real_key
        self.sample_model = sample_model
        self.sampler_mode = sampler_mode
        self.sample_kwargs = dict(sample_kwargs or {})

    @property
    def fake_nums_per_device(self) -> int:
        """int: Generated images that this process contributes."""
        return math.ceil(self.fake_nums / get_world_size())

    def settle_number(self, dataloader: DataLoader[Any]) -> None:
        """Take the number of images of the dataset where ``fake_nums`` is -1.

        Args:
            dataloader (DataLoader): The real images.
        """
        if self.fake_nums < 0:
            self.fake_nums = len(dataloader.dataset)  # type: ignore[arg-type]

    def sampler_key(self) -> Hashable:
        """Name the kind of samples that the metric needs.

        Returns:
            Hashable: Metrics with equal keys share their samples.
        """
        if self.sampler_mode == "normal":
            return "normal"
        return self.sampler_mode, self.sample_model, repr(sorted(self.sample_kwargs.items()))

    def check(self, module: nn.Module, dataloader: DataLoader[Any]) -> None:
        """Refuse what the metric cannot work with; called before a training begins.

        Args:
            module (nn.Module): The model.
            dataloader (DataLoader): The real images.

        Raises:
            ValueError: If the dataset has fewer images than the metric needs of the model.
        """
        if self.sampler_mode != "Noise":
            available = len(dataloader.dataset)  # type: ignore[arg-type]
            if available < self.fake_nums:
                raise ValueError(
                    f"{type(self).__name__} needs {self.fake_nums} generated images, but a dataset "
                    f"of {available} is there to make them from: lower fake_nums"
                )

    def prepare(self, module: nn.Module, dataloader: DataLoader[Any]) -> None:
        """Take what the metric needs of the real images; called before each evaluation.

        Args:
            module (nn.Module): The model.
            dataloader (DataLoader): The real images.
        """

    def get_metric_sampler(
        self, model: nn.Module, dataloader: DataLoader[Any], metrics: Sequence[GenMetric]
    ) -> Any:
        """Make the sampler for a group of metrics.

        Args:
            model (nn.Module): The model.
            dataloader (DataLoader): The real images; its batch size is the sampler's.
            metrics (Sequence[GenMetric]): The group, which this metric is in.

        Returns:
            Iterable: What to give to the model, batch by batch; it has a length.
        """
        for metric in metrics:
            if isinstance(metric, GenMetric):  # others may want the batches of a dataset too
                metric.settle_number(dataloader)
        if self.sampler_mode == "normal":
            return dataloader
        batch_size = dataloader.batch_size or _BATCH
        needed = max(metric.fake_nums_per_device for metric in metrics)
        times = math.ceil(needed / batch_size)
        options: dict[str, Any] = {"sample_model": self.sample_model}
        if self.sample_kwargs:
            options["sample_kwargs"] = self.sample_kwargs
        if self.sampler_mode == "Data":
            return DataSampler(dataloader, batch_size, times, shuffle=False, options=options)
        return NoiseSampler(model, batch_size, times, options)

    def real_batches(self, dataloader: DataLoader[Any], wanted: int) -> Iterator[Tensor]:
        """Read real images.

        Args:
            dataloader (DataLoader): The real images.
            wanted (int): How many in this process, -1 for all.

        Yields:
            Tensor: A batch of images ``(N, C, H, W)``, as the dataset gives them.

        Raises:
            KeyError: If a batch does not have the real image.
            ValueError: If there are fewer images than wanted.
        """
        used = 0
        for batch in dataloader:
            images = self._real_images(batch)
            if wanted >= 0:
                images = images[: wanted - used]
            yield images
            used += len(images)
            if used == wanted:
                return
        if used < wanted:
            raise ValueError(f"{type(self).__name__} needs {wanted} real images, there are {used}")

    def _real_images(self, batch: Any) -> Tensor:
        inputs: Any = batch
        if isinstance(batch, Mapping):
            samples = batch.get("data_samples")
            if isinstance(samples, BaseDataElement) and self.real_key in samples:
                result: Tensor = samples.get(self.real_key)
                return result
            if isinstance(samples, Sequence) and all(self.real_key in one for one in samples):
                return torch.stack([one.get(self.real_key) for one in samples])
            inputs = batch.get("inputs", batch)
        if isinstance(inputs, Mapping):
            if self.real_key not in inputs:
                raise KeyError(self._no_real_image(batch, inputs))
            inputs = inputs[self.real_key]
        return inputs if isinstance(inputs, Tensor) else torch.stack(list(inputs))

    def _no_real_image(self, batch: Mapping[str, Any], inputs: Mapping[str, Any]) -> str:
        samples = batch.get("data_samples")
        first: Any = samples[0] if isinstance(samples, Sequence) and samples else samples
        of_sample = dict(first.items()) if hasattr(first, "items") else {}
        fields = {**inputs, **of_sample}
        images = [key for key, value in fields.items() if isinstance(value, Tensor | list)]
        hint = f": write {' or '.join(f'real_key={key!r}' for key in images)}" if images else ""
        return (
            f"{type(self).__name__} (prefix {self.prefix!r}) finds no real image {self.real_key!r} "
            f"in a batch, whose inputs have {list(inputs)} and whose data_samples have "
            f"{list(of_sample)}{hint}"
        )

    def fake_image(self, sample: dict[str, Any]) -> Tensor:
        """Find the generated image in a sample.

        Args:
            sample (dict): A sample; it may have the sample of the generator that the metric
                wants, ``ema`` or ``orig``, inside.

        Returns:
            Tensor: The image ``(C, H, W)``.

        Raises:
            KeyError: If there is no such image.
        """
        inner = sample.get(self.sample_model)
        found = sample if inner is None else inner
        if self.fake_key not in found:
            raise KeyError(
                f"{type(self).__name__} finds no {self.fake_key!r} in a sample with {list(found)}"
            )
        result: Tensor = found[self.fake_key]
        return result

    def needed_images(self, samples: Sequence[dict[str, Any]], count: int) -> list[Tensor]:
        """Find the generated images in samples, as far as images are still needed.

        Args:
            samples (Sequence[dict]): The samples.
            count (int): Images that the metric has in this process.

        Returns:
            list[Tensor]: Images ``(C, H, W)``.

        Raises:
            KeyError: If a sample has no such image.
        """
        return [self.fake_image(sample) for sample in samples[: self.fake_nums_per_device - count]]

    def refuse_too_few(self, count: int) -> None:
        """Refuse to compute a value of fewer images than the metric's name promises.

        Args:
            count (int): Generated images that the metric has in this process.

        Raises:
            ValueError: If it needs more.
        """
        needed = self.fake_nums_per_device
        if count < needed:
            raise ValueError(f"{type(self).__name__} needs {needed} generated images, got {count}")
