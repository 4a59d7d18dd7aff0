"""The base of models that turn an image of one domain into one of another."""

from __future__ import annotations

from abc import ABCMeta, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from copy import deepcopy
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from mmlight.generative.datasets.data_sample import DataSample
from mmlight.generative.models.sampling import set_requires_grad
from mmlight.generative.models.turns import iterations_before
from mmlight.model import BaseModel, ModuleDict
from mmlight.optim import OptimWrapperDict
from mmlight.registry import MODELS
from mmlight.registry.diagnostics import did_you_mean


class DomainNetworks(ModuleDict):
    """One network for each domain.

    They are called through this module, so that a wrapper for several processes around it sees it.

    Example:
        >>> DomainNetworks({"photo": nn.Identity()})("photo", torch.ones(1))
        tensor([1.])
    """

    def forward(self, domain: str, images: Tensor) -> Tensor:
        """Run the network of a domain.

        Args:
            domain (str): The domain.
            images (Tensor): What it is given.

        Returns:
            Tensor: What it gives.
        """
        result: Tensor = self[domain](images)
        return result


class BaseTranslationModel(BaseModel, metaclass=ABCMeta):
    """Generators that turn an image of one domain into one of another, and their discriminators.

    There is a generator, and in training a discriminator, for each domain that can be reached;
    both are named after the domain that a generator leads to. The images of a domain are the entry
    ``img_<domain>`` of the inputs. A subclass says which images the generators make in training
    and what the losses are. At validation and test the generators work as in training, with the
    statistics of the batch and with dropout, as the authors of pix2pix do, but keep no statistics.

    Args:
        generator (dict | nn.Module): A generator, copied for each domain, or its config.
        discriminator (dict | nn.Module, optional): A discriminator, likewise; without one the
            model can translate but not train.
        default_domain (str): The domain to translate to, unless another is asked for.
        reachable_domains (Sequence[str]): The domains that there are generators for.
        related_domains (Sequence[str]): All domains.
        data_preprocessor (dict | nn.Module, optional): Defaults to :class:`DataPreprocessor` for
            the images of all domains.
        discriminator_steps (int): Updates of the discriminators for one of the generators; an
            iteration is one of them. Defaults to 1.
        disc_init_steps (int): Iterations at the start in which only the discriminators are
            updated. Defaults to 0.
        loss_config (dict, optional): Weights of the losses, see ``default_loss_config``.
            Defaults to None, those.
        init_cfg (dict | list, optional): How weights start. Defaults to None, each network's own.

    Raises:
        ValueError: If a domain or a weight of a loss is not known.
    """

    default_loss_config: ClassVar[Mapping[str, float]] = {}
    """Weights of the losses that the model knows."""

    def __init__(
        self,
        generator: dict[str, Any] | nn.Module,
        discriminator: dict[str, Any] | nn.Module | None,
        default_domain: str,
        reachable_domains: Sequence[str],
        related_domains: Sequence[str],
        data_preprocessor: dict[str, Any] | nn.Module | None = None,
        discriminator_steps: int = 1,
        disc_init_steps: int = 0,
        loss_config: Mapping[str, float] | None = None,
        init_cfg: dict[str, Any] | list[Any] | None = None,
    ) -> None:
        keys = [f"img_{domain}" for domain in related_domains]
        super().__init__(
            data_preprocessor or {"type": "DataPreprocessor", "data_keys": keys}, init_cfg
        )
        self.related_domains = list(related_domains)
        self.reachable_domains = list(reachable_domains)
        for domain in self.reachable_domains:
            self._check_domain(domain, self.related_domains, "reachable_domains")
        self._check_domain(default_domain, self.reachable_domains, "default_domain")
        self.default_domain = default_domain
        self.generators = self._networks(generator)
        self.discriminators: Any = None if discriminator is None else self._networks(discriminator)
        self.discriminator_steps = discriminator_steps
        self.disc_init_steps = disc_init_steps
        for name in loss_config or ():
            if name not in self.default_loss_config:
                known = self.default_loss_config
                raise ValueError(
                    f"loss_config of {type(self).__name__} has {name!r}, but takes "
                    f"{', '.join(known) or 'nothing'}.{did_you_mean(name, known)}"
                )
        self.loss_config = {**self.default_loss_config, **(loss_config or {})}

    def _networks(self, network: dict[str, Any] | nn.Module) -> DomainNetworks:
        if isinstance(network, nn.Module):
            return DomainNetworks({name: deepcopy(network) for name in self.reachable_domains})
        return DomainNetworks({name: MODELS.build(network) for name in self.reachable_domains})

    @staticmethod
    def _check_domain(domain: str, known: Sequence[str], where: str) -> None:
        if domain not in known:
            raise ValueError(
                f"{where}: the domain {domain!r} is none of {', '.join(known)}."
                f"{did_you_mean(str(domain), known)}"
            )

    def is_domain_reachable(self, domain: str) -> bool:
        """Tell whether there is a generator for a domain.

        Args:
            domain (str): The domain.

        Returns:
            bool: Whether there is one.
        """
        return domain in self.reachable_domains

    def get_other_domains(self, domain: str) -> list[str]:
        """Give the domains besides one.

        Args:
            domain (str): The one.

        Returns:
            list[str]: The others, in the order of ``related_domains``.

        Raises:
            ValueError: If it is not known.
        """
        self._check_domain(domain, self.related_domains, "domain")
        return [other for other in self.related_domains if other != domain]

    def source_of(self, domain: str) -> str:
        """Give the domain that images of a domain are made from.

        Args:
            domain (str): A domain that can be reached.

        Returns:
            str: The first of the others.

        Raises:
            ValueError: If the domain cannot be reached.
        """
        self._check_domain(domain, self.reachable_domains, "target_domain")
        return self.get_other_domains(domain)[0]

    def translation(self, image: Tensor, target_domain: str | None = None) -> Tensor:
        """Translate images, with the generator in the mode in which it is.

        Args:
            image (Tensor): Images ``(N, C, H, W)`` in the model's range.
            target_domain (str, optional): The domain to translate to. Defaults to None,
                ``default_domain``.

        Returns:
            Tensor: Images ``(N, C', H, W)`` in the model's range.

        Raises:
            ValueError: If the domain cannot be reached.
        """
        target = self.default_domain if target_domain is None else target_domain
        self._check_domain(target, self.reachable_domains, "target_domain")
        result: Tensor = self.generators(target, image)
        return result

    def forward(  # type: ignore[override]
        self, img: Tensor, test_mode: bool = False, target_domain: str | None = None
    ) -> dict[str, Tensor]:
        """Translate images.

        Args:
            img (Tensor): Images ``(N, C, H, W)`` in the model's range.
            test_mode (bool): Whether the generator works as at a test, whatever mode it is in.
                Defaults to False.
            target_domain (str, optional): The domain to translate to. Defaults to None,
                ``default_domain``.

        Returns:
            dict[str, Tensor]: The images as ``source`` and what they became as ``target``.

        Raises:
            ValueError: If the domain cannot be reached.
        """
        if not test_mode:
            return {"source": img, "target": self.translation(img, target_domain)}
        with _as_in_training(self.generators):
            return {"source": img, "target": self.translation(img, target_domain)}

    def val_step(self, data: Any) -> list[DataSample]:
        """Translate a batch to each domain that can be reached.

        Returns:
            list[DataSample]: For each image what is known, with ``fake_<domain>`` ``(C, H, W)``,
            0 to 255.

        Raises:
            KeyError: If the batch has no images to translate.
        """
        data = self.data_preprocessor(data, False)
        samples = data["data_samples"]
        samples = DataSample() if samples is None else samples
        for domain in self.reachable_domains:
            source = self._images_of(data["inputs"], self.source_of(domain))
            made = self(source, test_mode=True, target_domain=domain)["target"]
            made = self.data_preprocessor.destruct(made, samples, f"img_{domain}")
            samples.set_field(made, f"fake_{domain}")
        return samples.split(allow_nonseq_value=True)

    def test_step(self, data: Any) -> list[DataSample]:
        """Translate a batch, see :meth:`val_step`."""
        return self.val_step(data)

    def train_step(  # type: ignore[override]
        self, data: Any, optim_wrapper: OptimWrapperDict
    ) -> dict[str, Tensor]:
        """Train the discriminators and, when it is their turn, the generators.

        Raises:
            KeyError: If the batch lacks the images of a domain.
        """
        inputs = self.data_preprocessor(data, True)["inputs"]
        images = {domain: self._images_of(inputs, domain) for domain in self.related_domains}
        of_disc, of_gen = optim_wrapper["discriminators"], optim_wrapper["generators"]
        before = iterations_before()
        every = self.discriminator_steps * of_disc._accumulative_counts
        turn = (before + 1) % every == 0 and before >= self.disc_init_steps
        # Not set_grad_enabled(turn): torch.compile takes constants alone for it.
        with of_gen.optim_context(self.generators), nullcontext() if turn else torch.no_grad():
            made = self.generate(images)
        with of_disc.optim_context(self.discriminators):
            loss, log_vars = self.disc_loss(images, made)
        of_disc.update_params(loss)
        if turn:
            set_requires_grad(self.discriminators, False)
            with of_gen.optim_context(self.generators):
                loss, of_generators = self.gen_loss(images, made)
            of_gen.update_params(loss)
            set_requires_grad(self.discriminators, True)
            log_vars.update(of_generators)
        return log_vars

    @staticmethod
    def _images_of(inputs: Mapping[str, Any], domain: str) -> Tensor:
        key = f"img_{domain}"
        if key not in inputs:
            raise KeyError(
                f"the inputs of the batch have no {key!r}, the images of the domain {domain!r}, "
                f"but {', '.join(map(repr, inputs)) or 'nothing'}.{did_you_mean(key, inputs)}"
            )
        result: Tensor = inputs[key]
        return result

    @abstractmethod
    def generate(self, images: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Make the images that the losses need.

        Args:
            images (Mapping[str, Tensor]): Real images of each domain, in the model's range.

        Returns:
            dict[str, Tensor]: What was made, by names of the subclass.
        """

    @abstractmethod
    def disc_loss(
        self, images: Mapping[str, Tensor], made: Mapping[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Compute the loss of the discriminators.

        Args:
            images (Mapping[str, Tensor]): Real images of each domain.
            made (Mapping[str, Tensor]): What :meth:`generate` made.

        Returns:
            tuple: The loss to minimise, and what to log.
        """

    @abstractmethod
    def gen_loss(
        self, images: Mapping[str, Tensor], made: Mapping[str, Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Compute the loss of the generators.

        Args:
            images (Mapping[str, Tensor]): Real images of each domain.
            made (Mapping[str, Tensor]): What :meth:`generate` made.

        Returns:
            tuple: The loss to minimise, and what to log.
        """


@contextmanager
def _as_in_training(network: nn.Module) -> Iterator[None]:
    """Let a network use the statistics of its batch and dropout, without keeping statistics."""
    modes = [(module, module.training) for module in network.modules()]
    norms = [module for module, _ in modes if getattr(module, "track_running_stats", False)]
    network.train()
    for norm in norms:
        norm.track_running_stats = False  # type: ignore[assignment]
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode
        for norm in norms:
            norm.track_running_stats = True  # type: ignore[assignment]
