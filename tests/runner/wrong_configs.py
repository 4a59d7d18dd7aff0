"""Changes of a right config that cannot be meant, and a word that the error has to say."""

from __future__ import annotations

from typing import Any

from torch.utils.data import Dataset

from tests.bridge.parts import config, loader

NAN, INF = float("nan"), float("inf")


class Unread(Dataset):
    """Data that must not be read."""

    def __init__(self, length: int = 8) -> None:
        self.length = length

    def __repr__(self) -> str:
        return f"Unread({self.length})"

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> Any:
        raise AssertionError("data was read")


def sgd(**arguments: Any) -> dict[str, Any]:
    return {"optim_wrapper.optimizer": {"type": "SGD", "lr": 0.1, **arguments}}


def adam(**arguments: Any) -> dict[str, Any]:
    return {"optim_wrapper.optimizer": {"type": "Adam", "lr": 0.1, **arguments}}


def scheduler(kind: str, **arguments: Any) -> dict[str, Any]:
    return {"param_scheduler": {"type": kind, **arguments}}


def plateau(**arguments: Any) -> dict[str, Any]:
    return scheduler("ReduceOnPlateauLR", **{"monitor": "points/accuracy", **arguments})


def hook(kind: str, **arguments: Any) -> dict[str, Any]:
    return {"custom_hooks": [{"type": kind, **arguments}]}


def checkpoint(**arguments: Any) -> dict[str, Any]:
    return {"default_hooks.checkpoint": {"type": "CheckpointHook", **arguments}}


def average(**arguments: Any) -> dict[str, Any]:
    return hook("ExponentialMovingAverageHook", **{"module_keys": "layers_ema", **arguments})


def iters(**arguments: Any) -> dict[str, Any]:
    return {"train_cfg": {"by_epoch": False, "max_iters": 4, **arguments}}


WRONG: list[tuple[dict[str, Any], str]] = [
    # how long
    ({"train_cfg.max_epochs": 0}, "max_epochs"),
    ({"train_cfg.max_epochs": -1}, "max_epochs"),
    ({"train_cfg.max_epochs": 1.5}, "max_epochs"),
    ({"train_cfg.max_epochs": "3"}, "max_epochs"),
    ({"train_cfg.max_epochs": None}, "max_epochs"),
    ({"train_cfg.max_epochs": True}, "max_epochs"),
    ({"train_cfg.max_epochs": [3]}, "max_epochs"),
    ({"train_cfg.max_epochs": INF}, "max_epochs"),
    ({"train_cfg.max_epochs": NAN}, "max_epochs"),
    (iters(max_iters=0), "max_iters"),
    (iters(max_iters=-5), "max_iters"),
    (iters(max_iters="4"), "max_iters"),
    (iters(max_iters=2.5), "max_iters"),
    (iters(max_iters=None), "max_iters"),
    (iters(max_iters=NAN), "max_iters"),
    ({"train_cfg": {"by_epoch": True, "max_iters": 4}}, "max_iters"),
    ({"train_cfg": {"by_epoch": False, "max_epochs": 4}}, "max_epochs"),
    ({"train_cfg.by_epoch": "no"}, "by_epoch"),
    ({"train_cfg.by_epoch": "False"}, "by_epoch"),
    ({"train_cfg.by_epoch": 2}, "by_epoch"),
    ({"train_cfg.max_epoch": 3}, "max_epochs"),
    ({"train_cfg": 3}, "int"),
    ({"train_cfg": [3]}, "list"),
    ({"train_cfg": "epochs"}, "str"),
    # validations
    ({"train_cfg.val_interval": 0}, "val_interval"),
    ({"train_cfg.val_interval": -1}, "val_interval"),
    ({"train_cfg.val_interval": "1"}, "val_interval"),
    ({"train_cfg.val_interval": 1.5}, "val_interval"),
    ({"train_cfg.val_interval": None}, "val_interval"),
    ({"train_cfg.val_interval": [1]}, "val_interval"),
    (iters(val_interval=0), "val_interval"),
    (iters(val_interval=-2), "val_interval"),
    (iters(val_interval="2"), "val_interval"),
    ({"train_cfg.val_begin": -1}, "val_begin"),
    ({"train_cfg.val_begin": "1"}, "val_begin"),
    ({"train_cfg.val_begin": None}, "val_begin"),
    ({"train_cfg.dynamic_intervals": [(2, 0)]}, "dynamic_intervals"),
    ({"train_cfg.dynamic_intervals": [(-2, 1)]}, "dynamic_intervals"),
    ({"train_cfg.dynamic_intervals": [(3, 1), (2, 2)]}, "dynamic_intervals"),
    ({"train_cfg.dynamic_intervals": [(2, "1")]}, "dynamic_intervals"),
    ({"train_cfg.dynamic_intervals": 5}, "dynamic_intervals"),
    ({"val_evaluator": []}, "evaluator"),
    ({"val_evaluator": {}}, "type"),
    ({"val_evaluator": {"type": "Evaluator", "metrics": []}}, "evaluator"),
    ({"val_evaluator": {"metrics": None}}, "metric"),
    ({"val_evaluator": 3}, "evaluator"),
    ({"val_evaluator": "Accuracy"}, "evaluator"),
    ({"val_cfg": 1}, "val"),
    ({"val_cfg": {"fp16": "no"}}, "fp16"),
    (
        {"val_evaluator": 2 * [{"type": "MulticlassAccuracy", "num_classes": 2}]},
        "MulticlassAccuracy",
    ),
    # data
    ({"train_dataloader.batch_size": 0}, "batch_size"),
    ({"train_dataloader.batch_size": -4}, "batch_size"),
    ({"train_dataloader.batch_size": "4"}, "batch_size"),
    ({"train_dataloader.batch_size": 2.5}, "batch_size"),
    ({"train_dataloader.batch_size": True}, "batch_size"),
    ({"train_dataloader.num_workers": -1}, "num_workers"),
    ({"train_dataloader.num_workers": "2"}, "num_workers"),
    ({"train_dataloader.num_workers": 1.5}, "num_workers"),
    ({"train_dataloader.prefetch_factor": 0}, "prefetch_factor"),
    ({"train_dataloader.timeout": -1}, "timeout"),
    ({"train_dataloader.drop_last": "no"}, "drop_last"),
    ({"train_dataloader.pin_memory": "no"}, "pin_memory"),
    ({"train_dataloader.persistent_workers": "no"}, "persistent_workers"),
    ({"train_dataloader.persistent_workers": True}, "persistent_workers"),
    ({"train_dataloader.num_batch_per_epoch": 0}, "num_batch_per_epoch"),
    ({"train_dataloader.num_batch_per_epoch": -1}, "num_batch_per_epoch"),
    ({"train_dataloader.num_batch_per_epoch": "2"}, "num_batch_per_epoch"),
    ({"train_dataloader.dataset": Unread(0)}, "empty"),
    ({"train_dataloader.dataset": []}, "empty"),
    ({"train_dataloader.dataset": Unread(0), **iters()}, "empty"),
    ({"train_dataloader.dataset": None}, "dataset"),
    ({"train_dataloader.dataset": "images"}, "dataset"),
    ({"train_dataloader.drop_last": True, "train_dataloader.batch_size": 9}, "drop_last"),
    (
        {"train_dataloader.drop_last": True, "train_dataloader.batch_size": 9, **iters()},
        "drop_last",
    ),
    ({"train_dataloader.sampler": {"type": "InfiniteSampler"}}, "InfiniteSampler"),
    ({"train_dataloader.sampler.shuffle": "no"}, "shuffle"),
    ({"train_dataloader.sampler.round_up": "no"}, "round_up"),
    ({"train_dataloader.sampler.seed": "1"}, "seed"),
    ({"train_dataloader.sampler": "DefaultSampler"}, "sampler"),
    (
        {"train_dataloader.sampler": {"type": "InfiniteSampler", "shuffle": "no"}, **iters()},
        "shuffle",
    ),
    ({"train_dataloader.batch_sampler": "yes"}, "batch_sampler"),
    ({"train_dataloader.collate_fn": {"type": "pseudo_colate"}}, "pseudo_collate"),
    ({"train_dataloader.collate_fn": "default_collate"}, "collate_fn"),
    ({"train_dataloader": []}, "empty"),
    ({"train_dataloader": "loader"}, "DataLoader"),
    ({"val_dataloader.dataset": Unread(0)}, "empty"),
    ({"val_dataloader.drop_last": True, "val_dataloader.batch_size": 9}, "drop_last"),
    ({"val_dataloader.sampler": {"type": "InfiniteSampler"}}, "InfiniteSampler"),
    ({"val_dataloader.batch_size": 0}, "batch_size"),
    # optimizer
    (sgd(lr=NAN), "lr"),
    (sgd(lr=INF), "lr"),
    (sgd(lr="1e-3"), "lr"),
    (sgd(lr=-0.1), "lr"),
    (sgd(lr=None), "lr"),
    (sgd(lr=[0.1]), "lr"),
    (sgd(lr=True), "lr"),
    (adam(lr="1e-3"), "lr"),
    (adam(lr=NAN), "lr"),
    (sgd(momentum=-0.9), "momentum"),
    (sgd(momentum=1.5), "momentum"),
    (sgd(momentum="0.9"), "momentum"),
    (sgd(momentum=NAN), "momentum"),
    (sgd(weight_decay=-1), "weight_decay"),
    (sgd(weight_decay=NAN), "weight_decay"),
    (sgd(weight_decay="1e-4"), "weight_decay"),
    (sgd(nesterov=True), "esterov"),
    (adam(betas=(0.9, 1.0)), "beta"),
    (adam(betas=(-0.1, 0.9)), "beta"),
    (adam(betas=0.9), "betas"),
    (adam(betas=(0.9,)), "betas"),
    (adam(betas=("0.9", "0.99")), "betas"),
    (adam(eps=-1), "eps"),
    (adam(eps="1e-8"), "eps"),
    ({"optim_wrapper.optimizer": "SGD"}, "optimizer"),
    ({"optim_wrapper.optimizer": None}, "optimizer"),
    ({"optim_wrapper": "SGD"}, "optim_wrapper"),
    ({"optim_wrapper": []}, "optim_wrapper"),
    ({"optim_wrapper.accumulative_counts": 0}, "accumulative_counts"),
    ({"optim_wrapper.accumulative_counts": -2}, "accumulative_counts"),
    ({"optim_wrapper.accumulative_counts": "2"}, "accumulative_counts"),
    ({"optim_wrapper.accumulative_counts": 1.5}, "accumulative_counts"),
    ({"optim_wrapper.accumulative_counts": True}, "accumulative_counts"),
    ({"optim_wrapper.clip_grad": {"max_norm": -1}}, "max_norm"),
    ({"optim_wrapper.clip_grad": {"max_norm": 0}}, "max_norm"),
    ({"optim_wrapper.clip_grad": {"max_norm": NAN}}, "max_norm"),
    ({"optim_wrapper.clip_grad": {"max_norm": "1.0"}}, "max_norm"),
    ({"optim_wrapper.clip_grad": {"max_norm": None}}, "max_norm"),
    ({"optim_wrapper.clip_grad": {"max_norm": 1, "norm_type": 0}}, "norm_type"),
    ({"optim_wrapper.clip_grad": {"max_norm": 1, "norm_type": "2"}}, "norm_type"),
    ({"optim_wrapper.clip_grad": {"type": "value", "clip_value": -1}}, "clip_value"),
    ({"optim_wrapper.clip_grad": {"type": "value", "clip_value": "1"}}, "clip_value"),
    ({"optim_wrapper.clip_grad": {"maxnorm": 1}}, "maxnorm"),
    ({"optim_wrapper.clip_grad": 1.0}, "clip_grad"),
    ({"optim_wrapper.type": "AmpOptimWrapper", "optim_wrapper.loss_scale": -1}, "loss_scale"),
    ({"optim_wrapper.type": "AmpOptimWrapper", "optim_wrapper.loss_scale": 0}, "loss_scale"),
    ({"optim_wrapper.type": "AmpOptimWrapper", "optim_wrapper.loss_scale": NAN}, "loss_scale"),
    ({"optim_wrapper.type": "AmpOptimWrapper", "optim_wrapper.loss_scale": "512"}, "loss_scale"),
    ({"optim_wrapper.type": "AmpOptimWrapper", "optim_wrapper.dtype": "float8"}, "dtype"),
    ({"optim_wrapper.paramwise_cfg": {"bias_lr_mult": "2"}}, "bias_lr_mult"),
    ({"optim_wrapper.paramwise_cfg": {"bias_lr_mult": -2}}, "bias_lr_mult"),
    ({"optim_wrapper.paramwise_cfg": {"bias_lr_mult": NAN}}, "bias_lr_mult"),
    ({"optim_wrapper.paramwise_cfg": {"custom_keys": {"layers": {"lr_mult": "2"}}}}, "lr_mult"),
    ({"optim_wrapper.paramwise_cfg": {"custom_keys": {"layers": {"lr_mult": -1}}}}, "lr_mult"),
    ({"optim_wrapper.paramwise_cfg": {"custom_keys": {"layers": 0.1}}}, "custom_keys"),
    ({"optim_wrapper.paramwise_cfg": {"custom_keys": ["layers"]}}, "custom_keys"),
    ({"optim_wrapper.paramwise_cfg": {"norm_decay_mult": 0}}, "norm_decay_mult"),
    ({"optim_wrapper.paramwise_cfg": 0.1}, "paramwise_cfg"),
    ({"auto_scale_lr": {"enable": True, "base_batch_size": 0}}, "base_batch_size"),
    ({"auto_scale_lr": {"enable": True, "base_batch_size": "16"}}, "base_batch_size"),
    ({"auto_scale_lr": {"enable": True, "base_batch_size": -16}}, "base_batch_size"),
    ({"auto_scale_lr": {"enable": True}}, "base_batch_size"),
    ({"auto_scale_lr": {"enable": "no", "base_batch_size": 16}}, "enable"),
    # schedulers
    (scheduler("LinearLR", begin=-1, end=3), "begin"),
    (scheduler("LinearLR", begin=5, end=3), "end"),
    (scheduler("LinearLR", begin=3, end=3), "end"),
    (scheduler("LinearLR", begin="1", end=3), "begin"),
    (scheduler("LinearLR", end=NAN), "end"),
    (scheduler("LinearLR", end=-1), "end"),
    (scheduler("LinearLR", by_epoch="no"), "by_epoch"),
    (scheduler("LinearLR", start_factor=0), "tarting"),
    (scheduler("LinearLR", start_factor="0.1"), "start_factor"),
    (scheduler("LinearLR", start_factor=NAN), "start"),
    (scheduler("LinearLR", end_factor=2), "nding"),
    (scheduler("LinearLR", convert_to_iter_based="yes"), "convert_to_iter_based"),
    (scheduler("LinearLR", convert_to_iter_based=True, by_epoch=False), "epoch"),
    (scheduler("ConstantLR", factor=2), "factor"),
    (scheduler("ConstantLR", factor="0.5"), "factor"),
    (scheduler("StepLR", step_size=0), "step_size"),
    (scheduler("StepLR", step_size=-1), "step_size"),
    (scheduler("StepLR", step_size="1"), "step_size"),
    (scheduler("StepLR", step_size=1, gamma="0.1"), "gamma"),
    (scheduler("StepLR", step_size=1, gamma=-0.1), "gamma"),
    (scheduler("StepLR", step_size=1, gamma=NAN), "gamma"),
    (scheduler("MultiStepLR", milestones=[-1, 2]), "milestones"),
    (scheduler("MultiStepLR", milestones=["1"]), "milestones"),
    (scheduler("MultiStepLR", milestones=1), "milestones"),
    (scheduler("MultiStepLR", milestones=[1], gamma=-1), "gamma"),
    (scheduler("ExponentialLR", gamma=-1), "gamma"),
    (scheduler("ExponentialLR", gamma="0.9"), "gamma"),
    (scheduler("CosineAnnealingLR", T_max=0), "T_max"),
    (scheduler("CosineAnnealingLR", T_max=-5), "T_max"),
    (scheduler("CosineAnnealingLR", T_max="3"), "T_max"),
    (scheduler("CosineAnnealingLR", eta_min="0"), "eta_min"),
    (scheduler("CosineAnnealingLR", eta_min=-1), "eta_min"),
    (scheduler("CosineAnnealingLR", eta_min=NAN), "eta_min"),
    (scheduler("CosineAnnealingLR", eta_min_ratio=-1), "eta_min_ratio"),
    (scheduler("CosineRestartLR", periods=[0], restart_weights=[1], eta_min=0), "periods"),
    (scheduler("CosineRestartLR", periods=3, eta_min=0), "periods"),
    (scheduler("CosineRestartLR", periods=[3], restart_weights=[-1], eta_min=0), "restart_weights"),
    (
        scheduler("CosineRestartLR", periods=[3], restart_weights=["1"], eta_min=0),
        "restart_weights",
    ),
    (scheduler("PolyLR", power="1"), "power"),
    (scheduler("PolyLR", power=NAN), "power"),
    (scheduler("PolyLR", eta_min="0"), "eta_min"),
    (scheduler("OneCycleLR", eta_max="1"), "eta_max"),
    (scheduler("OneCycleLR", eta_max=-1), "eta_max"),
    (scheduler("OneCycleLR", eta_max=1, total_steps=0), "total_steps"),
    (scheduler("OneCycleLR", eta_max=1, pct_start=2.0), "pct_start"),
    (scheduler("OneCycleLR", eta_max=1, div_factor=0), "div_factor"),
    (scheduler("OneCycleLR", eta_max=1, final_div_factor=-1), "final_div_factor"),
    (plateau(monitor="acuracy"), "acuracy"),
    (plateau(monitor=None), "monitor"),
    (plateau(monitor=1), "monitor"),
    (plateau(factor=1.5), "actor"),
    (plateau(factor=-0.5), "actor"),
    (plateau(factor="0.1"), "factor"),
    (plateau(patience=-1), "patience"),
    (plateau(patience="3"), "patience"),
    (plateau(cooldown=-1), "cooldown"),
    (plateau(threshold="a"), "threshold"),
    (plateau(rule="min"), "rule"),
    (plateau(min_value="0"), "min_value"),
    (scheduler("ReduceLR", patience=-1), "patience"),
    (scheduler("ReduceLR", factor="0.1"), "factor"),
    (scheduler("LinearLrInterval", interval=0), "interval"),
    (scheduler("LinearLrInterval", interval="1"), "interval"),
    ({"param_scheduler": "LinearLR"}, "param_scheduler"),
    ({"param_scheduler": 3}, "param_scheduler"),
    ({"param_scheduler": ["LinearLR"]}, "param_scheduler"),
    ({"param_scheduler": {"generator": {"type": "LinearLR"}}}, "param_scheduler"),
    # checkpoints
    (checkpoint(interval=0), "interval"),
    (checkpoint(interval=-2), "interval"),
    (checkpoint(interval="1"), "interval"),
    (checkpoint(interval=1.5), "interval"),
    (checkpoint(interval=None), "interval"),
    (checkpoint(by_epoch="no"), "by_epoch"),
    (checkpoint(max_keep_ckpts=0), "max_keep_ckpts"),
    (checkpoint(max_keep_ckpts="3"), "max_keep_ckpts"),
    (checkpoint(max_keep_ckpts=-3), "max_keep_ckpts"),
    (checkpoint(max_keep_ckpt=3), "max_keep_ckpts"),
    (checkpoint(save_best="acuracy"), "acuracy"),
    (checkpoint(save_best="accuracy"), "points/"),
    (checkpoint(save_best="other/accuracy"), "other/accuracy"),
    (checkpoint(save_best=3), "save_best"),
    (checkpoint(save_best=True), "save_best"),
    (checkpoint(save_best="quality"), "quality"),
    (checkpoint(save_best="acc", rule="max"), "rule"),
    (checkpoint(save_begin=-1), "save_begin"),
    (checkpoint(save_begin="1"), "save_begin"),
    (checkpoint(save_last="no"), "save_last"),
    (checkpoint(save_optimizer="no"), "save_optimizer"),
    (checkpoint(save_param_scheduler="no"), "save_param_scheduler"),
    (checkpoint(filename_tmpl="x.pth"), "filename_tmpl"),
    (checkpoint(out_dir=3), "out_dir"),
    # other hooks
    ({"default_hooks.logger": {"type": "LoggerHook", "interval": 0}}, "interval"),
    ({"default_hooks.logger": {"type": "LoggerHook", "interval": -1}}, "interval"),
    ({"default_hooks.logger": {"type": "LoggerHook", "interval": "10"}}, "interval"),
    ({"default_hooks.logger": {"type": "LoggerHook", "ignore_last": "no"}}, "ignore_last"),
    ({"default_hooks.logger": 10}, "hook"),
    ({"default_hooks": []}, "default_hooks"),
    ({"custom_hooks": {"type": "EMAHook"}}, "custom_hooks"),
    ({"custom_hooks": ["EMAHook"]}, "hook"),
    (hook("EMAHook", interval=0), "interval"),
    (hook("EMAHook", interval=-1), "interval"),
    (hook("EMAHook", interval="1"), "interval"),
    (hook("EMAHook", interval=1.5), "interval"),
    (hook("EMAHook", momentum=0), "momentum"),
    (hook("EMAHook", momentum=1.5), "momentum"),
    (hook("EMAHook", momentum="0.1"), "momentum"),
    (hook("EMAHook", begin_iter=-1), "begin_iter"),
    (hook("EMAHook", begin_iter="1"), "begin_iter"),
    (hook("EMAHook", begin_epoch=100), "begin_epoch"),
    (hook("EMAHook", begin_epoch=1.5), "begin_epoch"),
    (hook("EMAHook", ema_type="Exponential"), "Exponential"),
    (hook("EMAHook", momentun=0.1), "momentum"),
    (average(interval=0), "interval"),
    (average(interval=-2), "interval"),
    (average(interval="1"), "interval"),
    (average(interval=1, start_iter=-1), "start_iter"),
    (average(interval=1, start_iter="1"), "start_iter"),
    (average(interval=1, interp_cfg={"momentum": 1.5}), "momentum"),
    (average(interval=1, interp_cfg={"momentum": "0.1"}), "momentum"),
    (average(interval=1, interp_cfg=0.1), "interp_cfg"),
    (hook("EarlyStoppingHook", monitor="points/accuracy", patience=-1), "patience"),
    (hook("EarlyStoppingHook", monitor="points/accuracy", patience="3"), "patience"),
    (hook("EarlyStoppingHook", monitor="points/accuracy", min_delta="0"), "min_delta"),
    (hook("EarlyStoppingHook", monitor="points/accuracy", min_delta=NAN), "min_delta"),
    (
        hook("EarlyStoppingHook", monitor="points/accuracy", stopping_threshold="1"),
        "stopping_threshold",
    ),
    (hook("EarlyStoppingHook", monitor=None), "monitor"),
    (hook("EarlyStoppingHook", monitor="accuracy", strict=True), "points/"),
    (hook("EmptyCacheHook", after_iter="no"), "after_iter"),
    (hook("ProfilerHook", profile_times=0), "profile_times"),
    (hook("ProfilerHook", profile_times="1"), "profile_times"),
    (hook("ProfilerHook", profile_times=100), "profile_times"),
    (hook("ProfilerHook", schedule={"wait": -1, "warmup": 1, "active": 1}), "schedule"),
    (hook("NaiveVisualizationHook", interval=0), "interval"),
    (hook("NaiveVisualizationHook", interval="1"), "interval"),
    (hook("BasicVisualizationHook", interval=0), "interval"),
    (hook("BasicVisualizationHook", interval="1"), "interval"),
    (hook("BasicVisualizationHook", interval={"val": "1"}), "interval"),
    (hook("VisualizationHook", interval=0), "interval"),
    (hook("VisualizationHook", interval="1"), "interval"),
    (hook("VisualizationHook", n_samples=0), "n_samples"),
    (hook("VisualizationHook", n_row="8"), "n_row"),
    (hook("VisualizationHook", max_save_at_test=-1), "max_save_at_test"),
    (hook("PickleDataHook", output_dir="o", data_name_list=["layers"], interval=0), "interval"),
    (hook("PickleDataHook", output_dir="o", data_name_list=["layers"], interval="1"), "interval"),
    (hook("PickleDataHook", output_dir="o", data_name_list="layers"), "data_name_list"),
    (hook("ReduceLRSchedulerHook", interval="1"), "interval"),
    (hook("ReduceLRSchedulerHook", by_epoch="no"), "by_epoch"),
    (hook("ReduceLRSchedulerHook", val_metric="acuracy"), "acuracy"),
    # the rest of a config
    ({"resume": "no"}, "resume"),
    ({"model": None}, "model"),
    ({"model": []}, "model"),
    ({"randomness": {"seed": "1"}}, "seed"),
    ({"randomness": {"seed": -1}}, "seed"),
    ({"randomness": {"sed": 1}}, "sed"),
    ({"randomness": 3}, "int"),
    ({"randomness": {"seed": 1, "deterministic": "no"}}, "deterministic"),
    ({"work_dir": 3}, "int"),
    ({"load_from": 3}, "int"),
    ({"load_from": "/nowhere/x.pth"}, "/nowhere/x.pth"),
    ({"log_level": "LOUD"}, "LOUD"),
    ({"log_processor": {"window_size": 0}}, "window_size"),
    ({"log_processor": {"window_size": "10"}}, "window_size"),
    ({"log_processor": {"by_epoch": "no"}}, "by_epoch"),
    ({"log_processor": 3}, "log_processor"),
    ({"visualizer": 3}, "visualizer"),
    ({"env_cfg": 3}, "int"),
    ({"launcher": "torch"}, "launcher"),
    ({"trainer": 3}, "trainer"),
    ({"default_scope": 3}, "scope_name"),
]


def wrong_config(work_dir: Any, changes: dict[str, Any]) -> dict[str, Any]:
    cfg = config(work_dir)
    cfg["val_evaluator"] = [*cfg["val_evaluator"]]
    for mode in ("train", "val"):
        cfg[f"{mode}_dataloader"] = {**loader(shuffle=mode == "train"), "dataset": Unread()}
    for key, value in changes.items():
        *path, last = key.split(".")
        part = cfg
        for name in path:
            part = part.setdefault(name, {})
        part[last] = value
    return cfg
