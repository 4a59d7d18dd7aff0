"""Ends a training that has stopped to improve."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from mmlight.hooks.hook import Hook
from mmlight.hooks.metric_rule import BETTER, WORST, infer_rule
from mmlight.hooks.monitored import why_unknown
from mmlight.hooks.never import NO_VALIDATION, warn_of_never
from mmlight.hooks.runner_protocol import RunnerLike
from mmlight.registry import HOOKS
from mmlight.utils.checks import flags, number, of_type, whole


@HOOKS.register_module()
class EarlyStoppingHook(Hook):
    """Stop the training when a metric of the validation has not improved for some time.

    Args:
        monitor: Name of the metric.
        rule: ``'greater'`` or ``'less'``, what makes a value better; taken from the name of the
            metric by default.
        min_delta: Smallest change that counts as an improvement.
        strict: Whether a validation without the metric is an error; else it is skipped with a
            warning.
        check_finite: Whether to stop as soon as the metric is NaN or infinite.
        patience: Number of validations without improvement after which to stop.
        stopping_threshold: Value whose reaching ends the training at once.

    Raises:
        TypeError: If an argument is of the wrong type.
        ValueError: If the rule is unknown or cannot be inferred, or a number is out of its range.

    Example:
        >>> EarlyStoppingHook(monitor="loss").rule
        'less'
    """

    priority = "LOWEST"
    training_only = True
    companions = ("RuntimeInfoHook",)
    rule_map: Mapping[str, Callable[[float, float], bool]] = BETTER

    def __init__(
        self,
        monitor: str,
        rule: str | None = None,
        min_delta: float = 0.1,
        strict: bool = False,
        check_finite: bool = True,
        patience: int = 5,
        stopping_threshold: float | None = None,
    ) -> None:
        of_type(self, str, "the name of a metric", monitor=monitor)
        flags(self, strict=strict, check_finite=check_finite)
        number(self, min_delta=min_delta)
        whole(self, least=0, patience=patience)
        if stopping_threshold is not None:
            number(self, stopping_threshold=stopping_threshold)
        if rule not in (None, "greater", "less"):
            raise ValueError(f"rule must be 'greater' or 'less', got {rule!r}")
        self.monitor = monitor
        self.rule = rule or infer_rule(monitor)
        self.min_delta = abs(min_delta) if self.rule == "greater" else -abs(min_delta)
        self.strict = strict
        self.check_finite = check_finite
        self.patience = patience
        self.stopping_threshold = stopping_threshold
        self.wait_count = 0
        self.best_score = WORST[self.rule]

    def before_run(self, runner: RunnerLike) -> None:
        """Check that the training can be stopped.

        Raises:
            AssertionError: If the training loop has no ``stop_training``.
        """
        if not hasattr(runner.train_loop, "stop_training"):
            raise AssertionError(
                f"EarlyStoppingHook needs a training loop with an attribute stop_training; "
                f"{type(runner.train_loop).__name__} has none"
            )

    def before_train(self, runner: RunnerLike) -> None:
        """Start counting; a resumed run counts the validations before it again, from its log.

        Raises:
            RuntimeError: If ``strict`` and no validation can give the metric.
        """
        self.wait_count = 0
        self.best_score = WORST[self.rule]
        unknown = why_unknown(runner, self.monitor)
        if unknown and self.strict:
            raise RuntimeError(f"EarlyStoppingHook monitors {self.monitor!r}, but {unknown}")
        why = unknown if getattr(runner, "validates", True) else NO_VALIDATION
        warn_of_never(runner, self, "stop the training", why, monitor=self.monitor)
        key = f"val/{self.monitor}"
        if runner.iter > 0 and key in runner.message_hub.log_scalars:
            for score in runner.message_hub.get_scalar(key).data[0]:
                self._check_stop_condition(float(score))

    def after_val_epoch(self, runner: RunnerLike, metrics: dict[str, float] | None = None) -> None:
        """Compare the metric with its best value so far and decide.

        Raises:
            RuntimeError: If ``strict`` and the metric is missing.
        """
        if not metrics or self.monitor not in metrics:
            message = (
                f"EarlyStoppingHook monitors {self.monitor!r}, which is not among the metrics of "
                f"this validation: {', '.join(map(repr, metrics or ())) or 'none'}"
            )
            if self.strict:
                raise RuntimeError(message)
            runner.logger.warning(f"{message}; skipped")
            return
        stop, reason = self._check_stop_condition(float(metrics[self.monitor]))
        if stop:
            runner.train_loop.stop_training = True
            runner.logger.info(reason)

    def _check_stop_condition(self, current_score: float) -> tuple[bool, str]:
        """Whether to stop, and why."""
        better = self.rule_map[self.rule]
        if self.check_finite and not math.isfinite(current_score):
            return True, f"{self.monitor} is {current_score}; the training is stopped."
        if self.stopping_threshold is not None and better(current_score, self.stopping_threshold):
            self.best_score = current_score
            return True, (
                f"{self.monitor} is {current_score}, past the stopping threshold "
                f"{self.stopping_threshold}; the training is stopped."
            )
        enough = not better(self.best_score + self.min_delta, current_score)
        if enough and better(current_score, self.best_score):
            self.best_score = current_score
            self.wait_count = 0
            return False, ""
        self.wait_count += 1
        if self.wait_count < self.patience:
            return False, ""
        return True, (
            f"{self.monitor} has not improved on {self.best_score} in {self.wait_count} "
            f"validations; the training is stopped."
        )
