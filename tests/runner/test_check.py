"""All faults of a config are found at once, each with its place, and no data is read for it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.data import Dataset

from mmlight.config import Config
from mmlight.dataset import BaseDataset
from mmlight.evaluator import BaseMetric
from mmlight.model import BaseModel
from mmlight.registry import DATA_SAMPLERS, DATASETS, METRICS, MODELS
from mmlight.runner.check import Report, check_config
from tests.bridge.parts import config, loader
from tests.runner.wrong_configs import WRONG, average, scheduler, wrong_config

ROOT = Path(__file__).parents[2]


@DATASETS.register_module(force=True)
class Photos(BaseDataset):
    """Annotations in a file."""


@DATASETS.register_module(force=True)
class Eager(Dataset):
    """A dataset that reads when it is made."""

    def __init__(self, folder: str) -> None:
        raise AssertionError("data was read")


@DATA_SAMPLERS.register_module(force=True)
class ByClass:
    """A sampler that asks its dataset for what only data that were read can tell."""

    def __init__(self, dataset: Any, seed: Any = None, classes: int = 1) -> None:
        raise AssertionError("data was read")


@METRICS.register_module(force=True)
class OnAnnotations(BaseMetric):
    """A metric that reads annotations when it is made."""

    def __init__(self, ann_file: str) -> None:
        raise AssertionError("data was read")

    def process(self, data_batch: Any, data_samples: Any) -> None: ...

    def compute_metrics(self, results: list) -> dict:
        return {}


@MODELS.register_module(force=True)
class Started(BaseModel):
    """A model whose weights begin as its config says."""

    def __init__(self, init_cfg: Any = None) -> None:
        super().__init__(init_cfg=init_cfg)
        self.layer = torch.nn.Linear(4, 2)

    def forward(self, inputs: Any, labels: Any = None, mode: str = "tensor") -> Any:
        return self.layer(inputs)


def leave_a_file(worker_id: int, folder: str) -> None:
    Path(folder, f"worker_{worker_id}").touch()


def photos(**more: Any) -> dict[str, Any]:
    dataset = {"type": "Photos", "ann_file": "nowhere.json", "pipeline": [], **more}
    return {"batch_size": 2, "num_workers": 0, "dataset": dataset}


def check(tmp_path: Path, strict: bool = False, **changes: Any) -> Report:
    return check_config(Config(config(tmp_path / "work", **changes)), strict)


def test_a_right_config_has_no_fault_and_leaves_nothing_behind(tmp_path: Path) -> None:
    assert check(tmp_path) == Report([], [])
    assert check(tmp_path, by_epoch=False) == Report([], [])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "changes",
    [
        {"train_dataloader": photos()},
        {"train_dataloader": {**photos(), "sampler": {"type": "ByClass", "classes": 3}}},
        {
            "train_dataloader": photos(
                type="RepeatDataset",
                times=2,
                dataset=photos()["dataset"],
                **dict.fromkeys(("ann_file", "pipeline")),
            )
        },
        {"train_dataloader": {"batch_size": 1, "dataset": {"type": "Eager", "folder": "x"}}},
        {"val_evaluator": [{"type": "OnAnnotations", "ann_file": "nowhere.json"}]},
        {"trainer": {"accelerator": "gpu", "devices": 8, "strategy": "ddp"}},
    ],
    ids=["lazy", "sampler", "wrapped", "eager", "metric", "gpu"],
)
def test_neither_data_nor_gpu_is_needed(changes: dict[str, Any], tmp_path: Path) -> None:
    wrapped = changes.get("train_dataloader", {}).get("dataset", {})
    if wrapped.get("type") == "RepeatDataset":
        del wrapped["ann_file"], wrapped["pipeline"]
    assert check(tmp_path, **changes).faults == []


def test_all_faults_are_listed(tmp_path: Path) -> None:
    pipeline = [{"type": "NoTransform"}, {"type": "NorThis"}]
    loader = photos(pipeline=pipeline, lazy=True)
    report = check(
        tmp_path,
        model={"type": "Clasifier"},
        train_dataloader={**loader, "batch_size": "x", "sampler": {"type": "DefaultSmpler"}},
        train_cfg={"by_epoch": True, "max_epochs": "x"},
        optim_wrapper={"optimizer": {"type": "SGD", "lr": 0.1, "momentun": 0.9}},
        param_scheduler=[{"type": "StepLR"}, {"type": "LinearLr"}],
        val_evaluator=[{"type": "NoMetric"}, {"type": "DumpResults", "out_file_path": "a.txt"}],
        default_hooks={"logger": {"interval": "x"}, "mine": {"interval": 1}},
        custom_hooks=[{"type": "EMAHok"}, {"type": "LoggerHook", "momentun": 1}],
        trainer={"precision": "abc", "profiler": {"type": "simple"}},
        randomness={"sed": 1},
        env_cfg={"mp_cfg": {"start": "fork"}},
        log_level="LOUD",
        launcher="rocket",
        load_from="nowhere.pth",
        visualizer={"type": "Visualiser"},
        log_processor={"window": 1},
        runner_type="Runer",
    )
    keys = {line.split(": ")[0] for line in report.faults}
    assert keys == {
        "model.type",
        "train_dataloader.dataset.lazy",
        "train_dataloader.dataset.pipeline.0.type",
        "train_dataloader.dataset.pipeline.1.type",
        "train_dataloader.sampler.type",
        "train_dataloader.batch_size",
        "train_cfg.max_epochs",
        "optim_wrapper.optimizer.momentun",
        "param_scheduler.0",
        "param_scheduler.1.type",
        "val_evaluator.0.type",
        "val_evaluator.1",
        "default_hooks.logger.interval",
        "default_hooks.mine",
        "custom_hooks.0.type",
        "custom_hooks.1.momentun",
        "trainer",
        "trainer.profiler",
        "randomness.sed",
        "env_cfg.mp_cfg.start",
        "log_level",
        "launcher",
        "load_from",
        "visualizer.type",
        "log_processor.window",
        "runner_type",
    }


def test_what_a_run_refuses_before_it_reads_is_found_with_its_key(tmp_path: Path) -> None:
    for changes, _ in WRONG:
        faults = check_config(Config(wrong_config(tmp_path, changes))).faults
        assert faults, changes
        assert len(faults) == 1 or changes.keys() & {"train_cfg", "trainer"}, faults
        assert all(re.match(r"[\w.]+: ", fault) for fault in faults), faults


def test_what_will_never_do_anything_is_warned_of(tmp_path: Path) -> None:
    late = scheduler("StepLR", step_size=1, begin=3, end=9)
    report = check_config(Config(wrong_config(tmp_path, {**late, **average()})))
    assert not report.faults
    never = " ".join(report.warnings)
    assert "StepLR will never change the lr" in never and "will never average" in never


def test_a_package_that_cannot_be_imported_is_the_only_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "broken_package"
    (package / "registry").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "registry" / "__init__.py").write_text("import no_such_module\n")
    monkeypatch.syspath_prepend(tmp_path)
    (fault,) = check(tmp_path, default_scope="broken_package").faults
    assert fault.startswith("default_scope: ") and "no_such_module" in fault


def test_parts_that_do_not_fit_together_are_found(tmp_path: Path) -> None:
    hook = {"type": "ExponentialMovingAverageHook", "module_keys": "generator_ema"}
    report = check(
        tmp_path,
        custom_hooks=[hook, {"type": "EMAHook", "begin_epoch": 100}],
        trainer={"val_check_interval": 0.5, "accumulate_grad_batches": 4},
        test_cfg={},
    )
    text = "\n".join(report.faults)
    assert "custom_hooks.0: Cannot find 'generator'" in text
    assert "custom_hooks.1" in text and "begin_epoch=100" in text
    assert "accumulate_grad_batches" in text
    assert "test_dataloader, test_cfg, test_evaluator must all be given" in text


def test_keys_without_effect_are_warnings_or_with_strict_faults(tmp_path: Path) -> None:
    wrapper = {
        "optimizer": {"type": "SGD", "lr": 0.1},
        "paramwise_cfg": {"custom_keys": {"layrs": {"lr_mult": 2.0}}},
    }
    changes = {"custom_hook": [], "optim_wrapper": wrapper}
    report = check(tmp_path, **changes)
    assert not report.faults
    assert report.warnings[0] == "custom_hook: did you mean 'custom_hooks'?"
    assert report.warnings[1].startswith("optim_wrapper.paramwise_cfg.custom_keys.layrs: ")
    strict = check(tmp_path, strict=True, **changes)
    assert strict.faults == report.warnings and not strict.warnings


def test_optimizers_are_checked_for_a_model_that_cannot_be_built(tmp_path: Path) -> None:
    wrappers = {
        "constructor": "MultiOptimWrapperConstructor",
        "generator": {"optimizer": {"type": "Adam", "lr": 0.1}},
    }
    report = check(tmp_path, model={"type": "NoModel"}, optim_wrapper=wrappers)
    (fault,) = report.faults
    assert fault.startswith("model.type: NoModel is not in")


def test_all_wrong_parts_of_a_model_are_listed(tmp_path: Path) -> None:
    model = {
        "type": "DCGAN",
        "noise_size": 8,
        "data_preprocessor": {"type": "DataPreprocesor"},
        "generator": {"type": "DCGANGenerator", "output_scal": 32},
        "discriminator": {"type": "mmagik.DCGANDiscriminator", "default_act_cfg": {"type": "Own"}},
    }
    faults = "\n".join(check(tmp_path, model=model).faults)
    assert "model.data_preprocessor.type: DataPreprocesor is not in" in faults
    assert "model.generator.output_scal: DCGANGenerator got an unexpected" in faults
    assert "neither a scope nor a package mmagik. Did you mean 'mmagic'" in faults
    assert "Own" not in faults


def test_initializers_are_checked_before_a_training(tmp_path: Path) -> None:
    wrong = [
        {"type": "Kaimin", "layer": "Conv2d"},
        {"type": "Normal", "layer": "Linear", "st": 0.1},
        {
            "type": "Constant",
            "val": 0,
            "layer": "Linear",
            "override": {"type": "Xavie", "name": "net"},
        },
    ]
    model = {"type": "Started", "init_cfg": wrong}
    first, second, third = check(tmp_path, model=model).faults
    assert first.startswith("model.init_cfg.0.type: Kaimin is not in") and "'Kaiming'" in first
    assert second.startswith("model.init_cfg.1.st: NormalInit got an") and "'std'" in second
    assert third.startswith("model.init_cfg.2.override.type: Xavie is not in")
    right = {"type": "Normal", "layer": "Linear", "override": {"name": "layer"}}
    assert check(tmp_path, model={"type": "Started", "init_cfg": right}) == Report([], [])


def test_a_model_without_steps_is_told_before_its_first_batch(tmp_path: Path) -> None:
    model = {"type": "torch.nn.Linear", "in_features": 4, "out_features": 2}
    train, val = check(tmp_path, model=model).faults
    assert train.startswith("model: Linear has no train_step, which the loop of train_cfg calls")
    assert val.startswith("model: Linear has no val_step") and "mmlight.model.BaseModel" in val


def test_a_wrong_scope_is_told_once_with_the_nearest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (warning,) = check(tmp_path, default_scope="mmagicc").warnings
    assert 'No registry of scope "mmagicc"' in warning and "Did you mean 'mmagic'?" in warning
    assert not capsys.readouterr().out


def test_no_process_is_started(tmp_path: Path) -> None:
    data = {**loader(), "num_workers": 2, "persistent_workers": True, "prefetch_factor": 4}
    data["worker_init_fn"] = {"type": leave_a_file, "folder": str(tmp_path)}
    assert not check(tmp_path, by_epoch=False, train_dataloader=data).faults
    assert not list(tmp_path.iterdir())
    (fault,) = check(tmp_path, train_dataloader={**data, "num_workers": 0}).faults
    assert fault.startswith("train_dataloader") and "num_workers" in fault


def test_weights_of_metrics_are_looked_for_here_and_not_fetched() -> None:
    cfg = Config.fromfile(ROOT / "configs/dcgan/dcgan_digits-32x32.py")
    cfg.merge_from_dict({"work_dir": "x", "default_hooks.checkpoint.save_best": "fid"})
    fid = {"type": "FrechetInceptionDistance", "fake_nums": 8, "sample_model": "orig"}
    web = fid | {"inception_path": "http://127.0.0.1:9/inception.pt"}
    cfg.val_evaluator = {"type": "GenEvaluator", "metrics": [web]}
    report = check_config(cfg)
    assert report.faults == []
    data = "not read: train_dataloader, val_dataloader, test_dataloader"
    address = "to fetch: http://127.0.0.1:9/inception.pt"
    assert report.verdict.startswith(f"would run, given its data ({data}; {address}):")
    cfg.val_evaluator.metrics[0].inception_path = "nowhere/inception.pt"
    (fault,) = check_config(cfg).faults
    assert "there is no file nowhere/inception.pt" in fault


def test_a_wrong_name_of_a_generative_metric_is_told() -> None:
    cfg = Config.fromfile(ROOT / "configs/dcgan/dcgan_digits-32x32.py")
    cfg.merge_from_dict({"work_dir": "x", "default_hooks.checkpoint.save_best": "FID/fid"})
    (fault,) = check_config(cfg).faults
    assert fault.startswith("default_hooks.checkpoint") and "Did you mean 'FD/fd'" in fault


@pytest.mark.parametrize("kind", ["GenValLoop", "MultiValLoop"])
def test_a_model_that_cannot_be_built_is_no_fault_of_its_metrics(kind: str) -> None:
    cfg = Config.fromfile(ROOT / "configs/pix2pix/pix2pix_photo-patches.py")
    cfg.merge_from_dict({"work_dir": "x", "model.generatr": {}, "val_cfg.type": kind})
    cfg.default_hooks.checkpoint.save_best = "IS/is"
    right = {"type": "TransIS", "fake_key": "fake_photo", "fake_nums": 20, "prefix": "IS"}
    metrics = [{**right, "splis": 2}, right]
    cfg.val_evaluator = {"type": "GenEvaluator", "metrics": metrics}
    metric, model = sorted(check_config(cfg).faults, key=lambda fault: fault.startswith("model"))
    assert metric.startswith("val_evaluator.metrics.0.splis") and model.startswith("model.generatr")


def test_a_misspelt_option_of_a_picture_is_told() -> None:
    cfg = Config.fromfile(ROOT / "configs/dcgan/dcgan_digits-32x32.py")
    entry = {"type": "GAN", "nme": "digits", "truncation": 0.5}
    cfg.custom_hooks = [{"type": "VisualizationHook", "vis_kwargs_list": entry}]
    cfg.work_dir = "x"
    report = check_config(cfg)
    told = [said for said in report.warnings if "vis_kwargs_list" in said]
    assert len(told) == 1 and "nme='digits'" in told[0] and "Did you mean 'name'?" in told[0]


def test_callbacks_of_lightning_are_no_hooks(tmp_path: Path) -> None:
    timer = {"type": "lightning.pytorch.callbacks.Timer", "duration": {"hours": 1}}
    assert check(tmp_path, custom_hooks=[timer]) == Report([], [])


def test_file_and_line_of_a_fault(tmp_path: Path) -> None:
    (tmp_path / "base.py").write_text("custom_hooks = [\n    dict(type='EMAHok'),\n]\n")
    (tmp_path / "exp.py").write_text(
        "_base_ = 'base.py'\nwork_dir = 'x'\nmodel = dict(\n"
        "    type='torch.nn.Linear', in_features=1, out_featurs=1)\n"
    )
    faults = check_config(Config.fromfile(tmp_path / "exp.py")).faults
    assert faults[0].startswith(f"model.out_featurs ({tmp_path / 'exp.py'}, line 4): Linear got")
    assert faults[1].startswith(f"custom_hooks.0.type ({tmp_path / 'base.py'}, line 2): EMAHok is")


@pytest.mark.parametrize("path", sorted(ROOT.glob("configs/dcgan/*.py")), ids=lambda p: p.stem)
def test_our_configs_would_run(path: Path) -> None:
    cfg = Config.fromfile(path)
    cfg.work_dir = "x"
    assert check_config(cfg, strict=True) == Report([], [])
