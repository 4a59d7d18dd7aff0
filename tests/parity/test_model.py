"""Initialisation, averaging, preprocessing and losses against MMEngine's, bit for bit."""

from __future__ import annotations

from itertools import product

import pytest

from tests.parity.compare import assert_same


def initialized(engine, cfgs):
    import importlib

    import torch
    from torch import nn

    model = importlib.import_module(f"{engine}.model")

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem = nn.Conv2d(3, 8, 3)
            self.norm = nn.BatchNorm2d(8)
            self.body = nn.Sequential(nn.Conv1d(4, 4, 1, bias=False), nn.Linear(5, 6))
            self.head = nn.Linear(6, 2)

    results = []
    for cfg in cfgs:
        torch.manual_seed(0)
        net = Net()
        model.initialize(net, cfg)
        results.append((net.state_dict(), torch.rand(1)))
    return results


ALL = ["Conv2d", "Conv1d", "Linear", "_BatchNorm"]


CFGS = [
    {"type": "Constant", "val": 0.3, "bias": 0.1, "layer": ALL},
    {"type": "Constant", "val": 0.3, "bias_prob": 0.01, "layer": ALL},
    {"type": "Normal", "mean": 0.1, "std": 0.02, "layer": ALL},
    {"type": "Uniform", "a": -0.1, "b": 0.1, "bias": 2, "layer": ALL},
    {"type": "TruncNormal", "std": 0.5, "a": -0.4, "b": 0.6, "layer": ALL},
    {"type": "Xavier", "gain": 1.7, "layer": ALL[:3]},
    {"type": "Xavier", "distribution": "uniform", "layer": ALL[:3]},
    {"type": "Kaiming", "layer": ALL[:3]},
    {"type": "Kaiming", "a": 0.2, "mode": "fan_in", "nonlinearity": "leaky_relu"},
    {"type": "Kaiming", "distribution": "uniform", "layer": "Linear"},
    {"type": "Caffe2Xavier", "layer": ALL[:3]},
    [
        {"type": "Kaiming", "layer": "Conv2d", "override": {"name": "head"}},
        {
            "type": "Normal",
            "layer": ["Linear", "Conv1d"],
            "override": [
                {"type": "Xavier", "name": "stem", "bias": 1},
                {"type": "Uniform", "name": "body", "layer": "Linear"},
            ],
        },
    ],
]


def test_initialized_weights_and_what_is_drawn_after_them(both):
    theirs, ours = both(initialized, CFGS)
    assert_same(ours, theirs)


def filled(engine, calls):
    import importlib

    import torch
    from torch import nn

    model = importlib.import_module(f"{engine}.model")
    layers = [
        nn.Linear(3, 4),
        nn.Linear(3, 4, bias=False),
        nn.Conv2d(2, 4, 3, groups=2),
        nn.Conv3d(2, 2, 2),
        nn.ConvTranspose2d(3, 2, 2),
        nn.Embedding(3, 4),
        nn.BatchNorm2d(3),
        nn.BatchNorm2d(3, affine=False),
        nn.LayerNorm(3),
        nn.ReLU(),
    ]
    results = []
    for function, kwargs in calls:
        for index, layer in enumerate(layers):
            torch.manual_seed(index)
            try:
                getattr(model, function)(layer, **kwargs)
                results.append([layer.state_dict(), torch.rand(1)])
            except Exception as error:
                results.append(type(error).__name__)
    return results, [model.bias_init_with_prob(p) for p in (0.01, 0.3, 0.99)]


FILLS = [
    ("constant_init", {"val": 2, "bias": 3}),
    ("normal_init", {}),
    ("normal_init", {"mean": 1.0, "std": 0.3, "bias": 0.5}),
    ("uniform_init", {"a": -2, "b": -1}),
    ("trunc_normal_init", {}),
    ("trunc_normal_init", {"mean": 0.4, "std": 0.02, "a": 0.39, "b": 0.45, "bias": 1}),
    ("trunc_normal_init", {"mean": 5.0}),
    ("xavier_init", {"gain": 0.4}),
    ("xavier_init", {"bias": 1, "distribution": "uniform"}),
    ("xavier_init", {"distribution": "gauss"}),
    ("kaiming_init", {}),
    ("kaiming_init", {"a": 0.2, "mode": "fan_in", "nonlinearity": "leaky_relu"}),
    ("kaiming_init", {"distribution": "uniform", "bias": -1}),
    ("kaiming_init", {"mode": "fan"}),
    ("caffe2_xavier_init", {"bias": 2}),
]


def test_what_each_init_function_draws(both):
    theirs, ours = both(filled, FILLS)
    assert_same(ours, theirs)


def pretrained_init(engine, kinds, path):
    import importlib

    import torch
    from torch import nn

    model = importlib.import_module(f"{engine}.model")

    class Leaf(model.BaseModule):
        def __init__(self, init_cfg=None):
            super().__init__(init_cfg)
            self.fc = nn.Linear(1, 1)

    class Root(model.BaseModule):
        def __init__(self, init_cfg):
            super().__init__(init_cfg)
            self.leaf = Leaf({"type": "Constant", "layer": "Linear", "val": 2.0})

    torch.save({"state_dict": {"leaf.fc.weight": torch.full((1, 1), 9.0)}}, path)
    results = []
    for kind in kinds:
        kind = getattr(model, kind, kind)
        root = Root([{"type": kind, "checkpoint": path}, {"type": "Normal", "layer": "Linear"}])
        root.init_weights()
        results.append(root.state_dict())
    return results


def test_pretrained_weights_come_last_by_name_and_by_class(both, tmp_path):
    theirs, ours = both(pretrained_init, ["Pretrained", "PretrainedInit"], str(tmp_path / "a.pth"))
    assert_same(ours, theirs)
    assert all(state["leaf.fc.weight"].item() == 9.0 for state in ours)


def nested_init(engine, log_file):
    import importlib
    from pathlib import Path

    import torch
    from torch import nn

    model = importlib.import_module(f"{engine}.model")
    logging = importlib.import_module(f"{engine}.logging")
    if log_file:
        logging.MMLogger.get_instance("init", log_file="init.log", log_level="ERROR")

    class Leaf(model.BaseModule):
        def __init__(self, init_cfg=None):
            super().__init__(init_cfg)
            self.conv = nn.Conv2d(1, 2, 1)
            self.norm = nn.BatchNorm2d(2)

    class OwnInit(model.BaseModule):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(1, 1)

        def init_weights(self):
            super().init_weights()
            nn.init.constant_(self.fc.weight, 7.0)

    class Root(model.BaseModule):
        def __init__(self):
            super().__init__(
                [
                    {"type": "Kaiming", "layer": ["Conv2d", "Linear"]},
                    {
                        "type": "Constant",
                        "layer": "_BatchNorm",
                        "val": 1.0,
                        "override": {"type": "Xavier", "name": "fc"},
                    },
                ]
            )
            self.leaf = Leaf({"type": "Normal", "layer": "Conv2d", "std": 0.1})
            self.fc = nn.Linear(2, 2)
            self.own = OwnInit()
            self.seq = model.Sequential(
                nn.Linear(1, 1), Leaf(), init_cfg={"type": "Uniform", "layer": "Linear"}
            )
            self.list = model.ModuleList(
                [Leaf({"type": "Constant", "val": 2.0, "layer": "Conv2d"})]
            )
            self.dict = model.ModuleDict(
                {"a": nn.Linear(1, 1)}, init_cfg={"type": "Constant", "val": 4.0, "layer": "Linear"}
            )
            self.plain = nn.Sequential(Leaf({"type": "Constant", "val": 9.0, "layer": "Conv2d"}))

    torch.manual_seed(3)
    root = Root()
    root.init_weights()
    text = Path("init.log").read_text() if log_file else ""
    return root.state_dict(), torch.rand(1), repr(root), text


@pytest.mark.parametrize("log_file", [False, True])
def test_init_weights_of_nested_modules_and_the_init_log(both, log_file, tmp_path):
    theirs, ours = both(nested_init, log_file)
    assert_same(ours, theirs)


def averaged(engine, kind, cases, steps, resume_at=None):
    import copy
    import importlib

    import torch
    from torch import nn

    model = importlib.import_module(f"{engine}.model")
    states = []
    for kwargs in cases:
        torch.manual_seed(0)
        net = nn.Sequential(nn.Conv2d(3, 7, 3), nn.BatchNorm2d(7), nn.Conv2d(7, 5, 3, bias=False))
        average = getattr(model, kind)(net, **kwargs)
        for step in range(steps):
            with torch.no_grad():
                for param in net.parameters():
                    param.add_(torch.randn_like(param), alpha=0.1)
                net(torch.randn(2, 3, 9, 9))
            if step == resume_at:
                saved = copy.deepcopy(average.state_dict())
                average = getattr(model, kind)(net, **kwargs)
                average.load_state_dict(saved)
            average.update_parameters(net)
            states.append(copy.deepcopy(average.state_dict()))
    return states


@pytest.mark.parametrize(
    ("kind", "cases"),
    [
        ("ExponentialMovingAverage", [{"momentum": m} for m in (0.0002, 0.37, 0.9)]),
        ("MomentumAnnealingEMA", [{"momentum": 0.01, "gamma": 10}, {"momentum": 0.1, "gamma": 3}]),
        ("StochasticWeightAverage", [{}]),
    ],
)
def test_averaged_models(both, kind, cases):
    cases = [
        {**case, "interval": interval, "update_buffers": update_buffers}
        for case, interval, update_buffers in product(cases, (1, 3), (False, True))
    ]
    theirs, ours = both(averaged, kind, cases, steps=20)
    assert_same(ours, theirs)


def test_an_average_goes_on_from_its_state(both):
    theirs, ours = both(averaged, "MomentumAnnealingEMA", [{"gamma": 5}], steps=12, resume_at=6)
    assert_same(ours, theirs)


def preprocessed(engine, cases, stacked):
    import importlib

    import torch

    model = importlib.import_module(f"{engine}.model")
    shapes = [(3, 5, 7), (3, 5, 7)] if stacked else [(3, 5, 7), (3, 8, 2)]
    results = []
    for kwargs in cases:
        torch.manual_seed(0)
        preprocessor = model.ImgDataPreprocessor(**kwargs)
        images = [torch.randint(0, 256, shape, dtype=torch.uint8) for shape in shapes]
        batch = {"inputs": torch.stack(images) if stacked else images, "data_samples": [1, 2]}
        results.append((preprocessor(batch, True), preprocessor({"inputs": batch["inputs"]})))
    return results


def a_gray_batch(engine):
    import importlib

    import torch

    model = importlib.import_module(f"{engine}.model")
    preprocessor = model.ImgDataPreprocessor(mean=[1, 2, 3], std=[4, 5, 6])
    return preprocessor({"inputs": torch.arange(8.0).view(2, 1, 2, 2)})


def test_a_gray_batch_gets_the_channels_of_the_mean(both):
    theirs, ours = both(a_gray_batch)
    assert_same(ours, theirs)


@pytest.mark.parametrize("stacked", [False, True])
def test_preprocessed_images(both, stacked):
    cases = [
        {},
        {"mean": [1.5, 20, 3], "std": [4, 5.5, 60], "pad_size_divisor": 4, "pad_value": 9},
        {"mean": [127.5], "std": [127.5], "bgr_to_rgb": True},
        {"rgb_to_bgr": True, "pad_size_divisor": 32},
    ]
    theirs, ours = both(preprocessed, cases, stacked)
    assert_same(ours, theirs)


def losses(engine):
    import importlib

    import torch

    model = importlib.import_module(f"{engine}.model")

    class Model(model.BaseModel):
        def forward(self, *args, **kwargs):
            return None

    torch.manual_seed(0)
    results = []
    for raw in (
        {"loss": torch.rand(())},
        {"acc": torch.rand(3), "loss_b": torch.rand(4, 5), "loss_a": torch.rand(())},
        {"x_loss": [torch.rand(3), torch.rand(2)], "other": [torch.rand(2)], "loss": torch.rand(1)},
        {"acc": torch.rand(1)},
    ):
        total, log_vars = Model().parse_losses(raw)
        results.append((torch.as_tensor(total), list(log_vars), list(log_vars.values())))
    return results


def test_parsed_losses(both):
    theirs, ours = both(losses)
    assert_same(ours, theirs)


def synchronized(engine):
    import importlib

    import torch
    from torch import nn

    model = importlib.import_module(f"{engine}.model")
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(2, 3, 1),
        nn.Sequential(nn.BatchNorm2d(3, eps=0.1, momentum=None), nn.InstanceNorm2d(3)),
        nn.BatchNorm2d(3, affine=False),
        nn.BatchNorm2d(3, track_running_stats=False),
    )
    batch = torch.randn(4, 2, 5, 5)
    outputs = [net(batch)]
    converted = model.convert_sync_batchnorm(net)
    kinds = [[type(module).__name__ for module in converted.modules()]]
    reverted = model.revert_sync_batchnorm(converted)
    kinds.append([type(module).__name__.lstrip("_") for module in reverted.modules()])
    outputs += [reverted(batch), reverted.eval()(batch)]
    return outputs, kinds, reverted.state_dict()


def test_batch_norm_there_and_back(both):
    theirs, ours = both(synchronized)
    assert_same(ours, theirs)


def unreached(engine):
    import importlib
    from pathlib import Path

    import torch
    from torch import nn

    model = importlib.import_module(f"{engine}.model")
    logging = importlib.import_module(f"{engine}.logging")
    logging.MMLogger.get_instance("unreached", log_file="unreached.log")
    net = nn.ModuleDict({name: nn.Linear(1, 2) for name in ("used", "idle", "frozen")})
    net["frozen"].requires_grad_(False)
    model.detect_anomalous_params(net["used"](torch.ones(1)).sum(), net)
    model.detect_anomalous_params(torch.ones(()), net)
    # Between time and message stands the line of the engine that logs.
    lines = Path("unreached.log").read_text().splitlines()
    return [(" - ERROR - " in line, line.rsplit(" - ", 1)[-1]) for line in lines]


def test_parameters_that_no_loss_reaches_are_logged_alike(both):
    theirs, ours = both(unreached)
    assert_same(ours, theirs)


def stacked(engine):
    import importlib

    import torch

    model = importlib.import_module(f"{engine}.model")
    torch.manual_seed(0)
    cases = [
        ([(3, 4, 5), (3, 6, 2)], 1, 0),
        ([(3, 4, 5), (3, 6, 2)], 4, 1.5),
        ([(1, 2, 3, 4), (1, 4, 3, 2), (1, 1, 1, 1)], 3, -1),
        ([(2, 5)], 8, 7),
    ]
    return [
        model.stack_batch([torch.rand(shape) for shape in shapes], divisor, value)
        for shapes, divisor, value in cases
    ]


def test_stacked_batches(both):
    theirs, ours = both(stacked)
    assert_same(ours, theirs)


def augmented_at_test_time(engine):
    import importlib

    model = importlib.import_module(f"{engine}.model")

    class Echo(model.BaseModel):
        def forward(self, inputs, data_samples=None, mode="tensor"):
            return [f"{i}{s}{mode}" for i, s in zip(inputs, data_samples, strict=True)]

    class Joined(model.BaseTTAModel):
        def merge_preds(self, data_samples_list):
            return ["+".join(preds) for preds in data_samples_list]

    tta = Joined(Echo())
    as_dict = {"inputs": [["a", "b"], ["c", "d"]], "data_samples": [["1", "2"], ["3", "4"]]}
    return tta.test_step(as_dict), tta.test_step(list(as_dict.values()))


def test_predictions_merged_over_augmentations(both):
    theirs, ours = both(augmented_at_test_time)
    assert_same(ours, theirs)
