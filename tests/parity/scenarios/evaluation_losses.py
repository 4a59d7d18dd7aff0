"""Train and test a model that gives losses beside its predictions."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import parts
from train import history, log_lines


def run(engine: str, *, work_dir: str) -> dict[str, Any]:
    """Return the metrics of a test, and history and log of the whole run."""
    found = parts.install(engine)
    element = importlib.import_module(f"{engine}.structures").BaseDataElement

    class Lossy(found.Regressor):
        def forward(self, inputs: Any, target: Any, index: Any, mode: str = "tensor") -> Any:
            outputs = super().forward(inputs, target, index, mode)
            if mode != "predict":
                return outputs
            losses = super().forward(inputs, target, index, "loss")
            more = {"loss_of_each": list(inputs.sum(1)), "n": inputs.sum()}
            return [*outputs, element(loss={**losses, **more})]

    importlib.import_module(f"{engine}.registry").MODELS.register_module(module=Lossy)
    config = {**parts.regression(work_dir), "model": {"type": "Lossy"}}
    # MMEngine would show the mean of the last ten validations where a metric is called a loss.
    config["log_processor"] = {**config.get("log_processor", {}), "mean_pattern": ".*time.*"}
    config |= {f"test{key[3:]}": config[key] for key in config if key.startswith("val_")}
    runner = importlib.import_module(f"{engine}.runner").Runner(**config)
    runner.train()
    return {
        "metrics": {name: float(value) for name, value in runner.test().items()},
        "history": history(runner.message_hub),
        "log": log_lines(Path(work_dir)),
    }
