# CycleGAN between summer and winter in Yosemite.
_base_ = ["../_base_/cyclegan.py"]

domains = ["img_summer", "img_winter"]
rename = dict(
    type="KeyMapper",
    mapping=dict(img_summer="img_A", img_winter="img_B"),
    remapping=dict(img_summer="img_summer", img_winter="img_winter"),
)
pack = dict(type="PackInputs", keys=domains, data_keys=domains)

model = dict(
    data_preprocessor=dict(type="DataPreprocessor", data_keys=domains),
    default_domain="winter",
    reachable_domains=["summer", "winter"],
    related_domains=["summer", "winter"],
)

data_root = "data/cyclegan/summer2winter_yosemite"
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
            prefix="IS-summer-to-winter",
            fake_nums=238,
            inception_style="PyTorch",
            fake_key="fake_winter",
            sample_model="orig",
            use_pillow_resize=False,
            resize_method="bilinear",
        ),
        dict(
            type="TransFID",
            prefix="FID-summer-to-winter",
            fake_nums=238,
            inception_style="PyTorch",
            real_key="img_winter",
            fake_key="fake_winter",
            sample_model="orig",
        ),
        dict(
            type="TransIS",
            prefix="IS-winter-to-summer",
            fake_nums=309,
            inception_style="PyTorch",
            fake_key="fake_summer",
            sample_model="orig",
            use_pillow_resize=False,
            resize_method="bilinear",
        ),
        dict(
            type="TransFID",
            prefix="FID-winter-to-summer",
            fake_nums=309,
            inception_style="PyTorch",
            real_key="img_summer",
            fake_key="fake_summer",
            sample_model="orig",
        ),
    ],
)
test_evaluator = val_evaluator

max_iters = 250000
train_cfg = dict(max_iters=max_iters)
param_scheduler = dict(
    type="LinearLR",
    by_epoch=False,
    begin=max_iters // 2,
    end=max_iters,
    start_factor=1.0,
    end_factor=0.0,
)
default_hooks = dict(checkpoint=dict(save_best="FID-summer-to-winter/fid", rule="less"))
