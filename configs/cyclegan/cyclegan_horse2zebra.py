# CycleGAN between horses and zebras.
_base_ = ["../_base_/cyclegan.py"]

domains = ["img_horse", "img_zebra"]
rename = dict(
    type="KeyMapper",
    mapping=dict(img_horse="img_A", img_zebra="img_B"),
    remapping=dict(img_horse="img_horse", img_zebra="img_zebra"),
)
pack = dict(type="PackInputs", keys=domains, data_keys=domains)

model = dict(
    data_preprocessor=dict(type="DataPreprocessor", data_keys=domains),
    default_domain="zebra",
    reachable_domains=["horse", "zebra"],
    related_domains=["horse", "zebra"],
)

data_root = "data/cyclegan/horse2zebra"
train_dataloader = dict(
    dataset=dict(
        data_root=data_root,
        pipeline=[
            _base_.load_a,
            _base_.load_b,
            _base_.jitter_resize,
            _base_.jitter_crop,
            _base_.flip_a,
            _base_.flip_b,
            rename,
            pack,
        ],
    )
)
val_dataloader = dict(
    dataset=dict(
        data_root=data_root,
        pipeline=[_base_.load_a, _base_.load_b, _base_.resize, rename, pack],
    )
)
test_dataloader = val_dataloader

val_evaluator = dict(
    type="GenEvaluator",
    metrics=[
        dict(
            type="TransIS",
            prefix="IS-horse-to-zebra",
            fake_nums=140,
            inception_style="PyTorch",
            fake_key="fake_zebra",
            sample_model="orig",
            use_pillow_resize=False,
            resize_method="bilinear",
        ),
        dict(
            type="TransFID",
            prefix="FID-horse-to-zebra",
            fake_nums=140,
            inception_style="PyTorch",
            real_key="img_zebra",
            fake_key="fake_zebra",
            sample_model="orig",
        ),
        dict(
            type="TransIS",
            prefix="IS-zebra-to-horse",
            fake_nums=120,
            inception_style="PyTorch",
            fake_key="fake_horse",
            sample_model="orig",
            use_pillow_resize=False,
            resize_method="bilinear",
        ),
        dict(
            type="TransFID",
            prefix="FID-zebra-to-horse",
            fake_nums=120,
            inception_style="PyTorch",
            real_key="img_horse",
            fake_key="fake_horse",
            sample_model="orig",
        ),
    ],
)
test_evaluator = val_evaluator

max_iters = 270000
train_cfg = dict(max_iters=max_iters)
param_scheduler = dict(
    type="LinearLR",
    by_epoch=False,
    begin=max_iters // 2,
    end=max_iters,
    start_factor=1.0,
    end_factor=0.0,
)
default_hooks = dict(checkpoint=dict(save_best="FID-horse-to-zebra/fid", rule="less"))
