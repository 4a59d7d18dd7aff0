# CycleGAN between photographs of facades and labels.
_base_ = ["../_base_/cyclegan.py"]

domains = ["img_photo", "img_mask"]
rename = dict(
    type="KeyMapper",
    mapping=dict(img_photo="img_A", img_mask="img_B"),
    remapping=dict(img_photo="img_photo", img_mask="img_mask"),
)
pack = dict(type="PackInputs", keys=domains, data_keys=domains)

model = dict(
    data_preprocessor=dict(type="DataPreprocessor", data_keys=domains),
    default_domain="photo",
    reachable_domains=["photo", "mask"],
    related_domains=["photo", "mask"],
)

data_root = "data/cyclegan/facades"
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
            prefix="IS-mask-to-photo",
            fake_nums=106,
            inception_style="PyTorch",
            fake_key="fake_photo",
            sample_model="orig",
            use_pillow_resize=False,
            resize_method="bilinear",
        ),
        dict(
            type="TransFID",
            prefix="FID-mask-to-photo",
            fake_nums=106,
            inception_style="PyTorch",
            real_key="img_photo",
            fake_key="fake_photo",
            sample_model="orig",
        ),
    ],
)
test_evaluator = val_evaluator

max_iters = 80000
train_cfg = dict(max_iters=max_iters)
param_scheduler = dict(
    type="LinearLR",
    by_epoch=False,
    begin=max_iters // 2,
    end=max_iters,
    start_factor=1.0,
    end_factor=0.0,
)
default_hooks = dict(checkpoint=dict(save_best="FID-mask-to-photo/fid", rule="less"))
