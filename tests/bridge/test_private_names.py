"""What the bridge uses of Lightning's inside is there: a Lightning that changes it fails here."""

from __future__ import annotations

import ast
import importlib
from functools import cache
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from lightning.pytorch.callbacks import ModelCheckpoint, TQDMProgressBar
from lightning.pytorch.core import optimizer
from lightning.pytorch.core.optimizer import LightningOptimizer
from lightning.pytorch.strategies import DDPStrategy, FSDPStrategy, ModelParallelStrategy
from lightning.pytorch.trainer import call
from lightning.pytorch.trainer.connectors.logger_connector.result import _Metadata, _ResultMetric
from torch import nn, optim

PACKAGE = Path(__file__).parents[2] / "mmlight"
CONNECTORS = "_accelerator_connector _checkpoint_connector _data_connector _logger_connector"
ATTRIBUTES = {
    "trainer": f"{CONNECTORS} _results",
    "trainer._data_connector": "_prepare_dataloader",
    "trainer._logger_connector": "_callback_metrics _first_loop_iter _logged_metrics "
    "_progress_bar_metrics",
    "pl.LightningModule()": "_current_fx_name",
    "trainer.fit_loop": "_can_stop_early _combined_loader _data_fetcher _data_source",
    "trainer.fit_loop.epoch_loop": "_batches_that_stepped _should_accumulate",
    "trainer.validate_loop": "_data_source _print_results _stage",
    "trainer.strategy": "_checkpoint_io _precision_plugin",
    "call": "_call_callbacks_load_state_dict _call_callbacks_state_dict _call_strategy_hook",
    "optimizer": "_configure_optimizers _configure_schedulers_automatic_opt "
    "_configure_schedulers_manual_opt",
    "ddp": "_ddp_kwargs",
    "fsdp": "_state_dict_type",
    "split": "_setup_distributed _tensor_parallel_size",
    "stepped": "_on_after_step _on_before_step",
    "saver": "_train_time_interval",
    "bar": "_test_progress_bar _train_progress_bar _val_progress_bar",
    "logged": "_forward_cache",
}
"""Names by who has them, an expression of ``objects``."""


@cache
def objects() -> dict[str, Any]:
    return {
        "trainer": pl.Trainer(logger=False, enable_checkpointing=False, accelerator="cpu"),
        "call": call,
        "optimizer": optimizer,
        "ddp": DDPStrategy(),
        "fsdp": FSDPStrategy(),
        "split": ModelParallelStrategy(),
        "stepped": LightningOptimizer(optim.SGD([nn.Parameter(torch.ones(1))], lr=1.0)),
        "saver": ModelCheckpoint(),
        "bar": TQDMProgressBar(),
        "logged": _ResultMetric(_Metadata("training_step", "loss"), is_tensor=True),
    }


def sources(folder: Path) -> list[ast.Module]:
    return [ast.parse(path.read_text(encoding="utf-8")) for path in folder.rglob("*.py")]


def is_own(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")


def private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def names_of_ours() -> set[str]:
    """Private names that mmlight itself defines."""
    found = set()
    for node in (node for tree in sources(PACKAGE) for node in ast.walk(tree)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and is_own(node):
            found.add(node.attr)
    return found | {"_added_copy_of"}  # the bridge puts it on parts that it adds


def imports() -> list[tuple[str, str]]:
    """Private names that the bridge imports from Lightning, with their modules."""
    return sorted(
        (node.module, alias.name)
        for tree in sources(PACKAGE / "bridge")
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("lightning")
        for alias in node.names
        if private(alias.name)
    )


def test_every_private_name_of_the_bridge_is_looked_for_here() -> None:
    used = {
        node.attr
        for tree in sources(PACKAGE / "bridge")
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and private(node.attr)
    }
    assert used - names_of_ours() <= set(" ".join(ATTRIBUTES.values()).split())


@pytest.mark.parametrize("owner", ATTRIBUTES)
def test_lightning_has_what_the_bridge_reads(owner: str) -> None:
    has = eval(owner, {**objects(), "pl": pl})
    missing = [name for name in ATTRIBUTES[owner].split() if not hasattr(has, name)]
    assert not missing, f"Lightning {pl.__version__} has changed: {owner} lacks {missing}"


@pytest.mark.parametrize(("module", "name"), imports())
def test_lightning_has_what_the_bridge_imports(module: str, name: str) -> None:
    assert hasattr(importlib.import_module(module), name)
