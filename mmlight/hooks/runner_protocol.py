"""What a hook can rely on in the ``runner`` that it is given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from lightning.pytorch import Trainer
    from torch import nn

    from mmlight.config import Config
    from mmlight.logging import MessageHub, MMLogger
    from mmlight.visualization import Visualizer


class RunnerLike(Protocol):
    """The ``runner`` of a hook: a :class:`~mmlight.runner.Runner`, or a view of a user's Trainer.

    A hook whose parameter is annotated with it has its attributes completed by an editor and
    checked by mypy, and works in both.

    Example:
        >>> from mmlight.hooks import Hook, RunnerLike
        >>> class Report(Hook):
        ...     def after_train_epoch(self, runner: RunnerLike) -> None:
        ...         runner.logger.info(f"{runner.iter} of {runner.max_iters} iterations")
    """

    @property
    def iter(self) -> int:
        """Iterations done: the 0-based index of the running one."""

    @property
    def epoch(self) -> int:
        """Epochs done: the 0-based index of the running one."""

    @property
    def max_iters(self) -> float:
        """Iterations of the training, infinite where a Trainer has no limit."""

    @property
    def max_epochs(self) -> int | None:
        """Epochs of the training; None where a Trainer has no limit."""

    @property
    def val_interval(self) -> int | None:
        """Epochs or iterations between two validations."""

    @property
    def val_begin(self) -> int:
        """First epoch or iteration after which validation may run."""

    @property
    def model(self) -> nn.Module:
        """The model, with its wrapper if it has one; in a user's Trainer the LightningModule."""

    @property
    def optim_wrapper(self) -> Any:
        """The optimizer wrapper, or the dict of several; ``get_lr()`` and ``param_groups``."""

    @property
    def param_schedulers(self) -> Any:
        """The schedulers that hooks step: a list, a dict of lists, or None."""

    @property
    def train_loop(self) -> Any:
        """The training loop; ``train_loop.stop_training = True`` ends the training."""

    @property
    def val_loop(self) -> Any:
        """The validation loop, None without one."""

    @property
    def test_loop(self) -> Any:
        """The test loop, None without one."""

    @property
    def train_dataloader(self) -> Any:
        """The training data."""

    @property
    def val_dataloader(self) -> Any:
        """The validation data, None without any."""

    @property
    def test_dataloader(self) -> Any:
        """The test data, None without any."""

    @property
    def val_evaluator(self) -> Any:
        """The evaluator of validations; None in a user's Trainer."""

    @property
    def test_evaluator(self) -> Any:
        """The evaluator of tests; None in a user's Trainer."""

    @property
    def trainer(self) -> Trainer:
        """The Lightning Trainer underneath."""

    @property
    def cfg(self) -> Config:
        """The config; empty in a user's Trainer."""

    @property
    def logger(self) -> MMLogger:
        """The logger of the run."""

    @property
    def message_hub(self) -> MessageHub:
        """Log history and runtime information of the run."""

    @property
    def visualizer(self) -> Visualizer:
        """What stores scalars and images."""

    @property
    def log_processor(self) -> Any:
        """What makes a line of the log out of the message hub."""

    @property
    def work_dir(self) -> str:
        """Folder for checkpoints and logs."""

    @property
    def log_dir(self) -> str:
        """Folder for the logs of this run."""

    @property
    def timestamp(self) -> str:
        """When the run began, as ``YYYYmmdd_HHMMSS``."""

    @property
    def experiment_name(self) -> str:
        """Name of the experiment, with the time at which it began."""

    @property
    def seed(self) -> int | None:
        """What random generators were seeded with."""

    @property
    def rank(self) -> int:
        """Index of this process among all processes."""

    @property
    def world_size(self) -> int:
        """Number of processes."""

    @property
    def distributed(self) -> bool:
        """Whether there are several processes."""

    @property
    def hooks(self) -> list[Any]:
        """The hooks in the order in which they are called."""

    @property
    def progress(self) -> Any:
        """The counters of the Trainer."""

    @property
    def numbers_all_batches(self) -> bool:
        """Whether the ``batch_idx`` of a training counts the iterations of all epochs."""

    @property
    def validates(self) -> bool:
        """Whether the training has validations."""

    def call_hook(self, fn_name: str, **kwargs: Any) -> None:
        """Call the hooks at a point, or those that have a method of that name."""

    def register_hook(self, hook: Any, priority: Any = None) -> None:
        """Add a hook behind those of the same or a higher priority."""

    def publish(self, values: dict[str, Any]) -> None:
        """Let the progress bar and Lightning's callbacks see values of the hook's own."""

    def save_checkpoint(
        self,
        out_dir: str,
        filename: str,
        file_client_args: dict[str, Any] | None = None,
        save_optimizer: bool = True,
        save_param_scheduler: bool = True,
        meta: dict[str, Any] | None = None,
        by_epoch: bool = True,
        backend_args: dict[str, Any] | None = None,
    ) -> None:
        """Write a checkpoint, as :meth:`mmlight.runner.Runner.save_checkpoint` does."""
