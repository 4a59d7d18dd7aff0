"""Which metrics a run keeps the best checkpoints of, and what they are so far."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from mmlight.hooks.metric_rule import BETTER, GREATER_KEYS, LESS_KEYS, WORST, infer_rule
from mmlight.utils import is_list_of, is_seq_of

AUTO = "auto"


class BestMetrics:
    """The metrics of ``CheckpointHook(save_best=...)`` with their rules.

    The best values and the paths of their checkpoints are in the message hub, under ``best_score``
    and ``best_ckpt`` for a single metric and ``best_score_<metric>`` and ``best_ckpt_<metric>`` for
    several.

    Args:
        save_best: The metric or metrics; ``'auto'`` for the first one of the first validation.
        rule: One rule for all or one for each.
        greater_keys: Parts of the names of metrics that should grow.
        less_keys: Parts of the names of metrics that should shrink.
        better: For each rule, whether a first value is better than a second.
        worst: For each rule, what any value is better than.

    Raises:
        AssertionError: If an argument is of the wrong type, ``save_best`` repeats itself, or there
            are not as many rules as metrics.
        KeyError: If a rule is unknown.
        ValueError: If a rule cannot be inferred.

    Example:
        >>> list(BestMetrics("acc").improved({"acc": 0.5}, {"best_score": 0.4}))
        [('acc', 0.5)]
    """

    def __init__(
        self,
        save_best: str | list[str] | None,
        rule: str | list[str] | None = None,
        greater_keys: Sequence[str] | None = None,
        less_keys: Sequence[str] | None = None,
        better: Mapping[str, Callable[[float, float], bool]] = BETTER,
        worst: Mapping[str, float] = WORST,
    ) -> None:
        self._better, self._worst = better, worst
        self.metrics = _names("save_best", save_best)
        if len(set(self.metrics)) != len(self.metrics):
            raise AssertionError(f"save_best names a metric twice: {self.metrics}")
        if len(self.metrics) > 1 and AUTO in self.metrics:
            raise AssertionError(f"'auto' must be the only entry of save_best, got {self.metrics}")
        self.greater_keys = _keys("greater_keys", greater_keys, GREATER_KEYS)
        self.less_keys = _keys("less_keys", less_keys, LESS_KEYS)
        self._single = len(self.metrics) == 1
        self._given = _names("rule", rule)
        if len(self._given) not in (0, 1, len(self.metrics)):
            raise AssertionError(
                f"rule must be one for all or one for each of the {len(self.metrics)} metrics in "
                f"save_best, got {len(self._given)}"
            )
        for name in self._given:
            if name not in better:
                raise KeyError(f"rule must be 'greater', 'less' or None, got {name!r}")
        self.rules = self._infer()

    def improved(
        self, metrics: Mapping[str, Any], runtime_info: Mapping[str, Any]
    ) -> Iterator[tuple[str, float]]:
        """Yield each metric with its value if that is better than ever.

        Args:
            metrics: Values of a validation by name.
            runtime_info: The message hub's, with the best values so far.

        Raises:
            KeyError: If a metric is missing.
        """
        if self.metrics == [AUTO]:
            self.metrics = [next(iter(metrics))]
            self.rules = self._infer()
        for metric, rule in zip(self.metrics, self.rules, strict=True):
            if metric not in metrics:
                raise KeyError(
                    f"save_best names the metric {metric!r}, which is not among those of this "
                    f"validation: {', '.join(map(repr, metrics))}"
                )
            assert rule is not None
            best = runtime_info.get(self._key("best_score", metric), self._worst[rule])
            score = metrics[metric]
            if score is not None and self._better[rule](score, best):
                yield metric, float(score)

    def path(self, metric: str, hub: Any) -> str | None:
        """Path of the checkpoint with the best ``metric`` so far, None without one."""
        result: str | None = hub.runtime_info.get(self._key("best_ckpt", metric))
        return result

    def record(self, metric: str, score: float, path: str, hub: Any) -> None:
        """Remember a new best ``metric``."""
        hub.update_info(self._key("best_score", metric), score)
        hub.update_info(self._key("best_ckpt", metric), path)

    def _key(self, what: str, metric: str) -> str:
        return what if self._single else f"{what}_{metric}"

    def _infer(self) -> list[str | None]:
        if self._given:
            rules = self._given if len(self._given) > 1 else self._given * len(self.metrics)
            return list(rules)
        return [
            None if metric == AUTO else infer_rule(metric, self.greater_keys, self.less_keys)
            for metric in self.metrics
        ]


def _names(what: str, value: str | list[str] | None) -> list[str]:
    if value is None:
        return []
    if isinstance(value, str):
        return [value]
    if not is_list_of(value, str):
        raise AssertionError(f"{what} must be a str, a list of str or None, got {value!r}")
    return list(value)


def _keys(what: str, value: Sequence[str] | None, default: Sequence[str]) -> list[str]:
    if value is None:
        return list(default)
    if isinstance(value, str):
        return [value]
    if not is_seq_of(value, str):
        raise AssertionError(f"{what} must be a sequence of str, got {value!r}")
    return list(value)
