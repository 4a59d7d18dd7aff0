# EDSR (baseline) on DIV2K, 3 times larger.
_base_ = ["../_base_/div2k.py"]

scale = 3

train_dataloader = dict(
    dataset=dict(
        data_prefix=dict(img=f"DIV2K_train_LR_bicubic/X{scale}_sub"),
        pipeline=[
            _base_.load_small,
            _base_.load_truth,
            dict(type="SetValues", dictionary=dict(scale=scale)),
            dict(type="PairedRandomCrop", gt_patch_size=144),
            _base_.flip_sides,
            _base_.flip_upside_down,
            _base_.transpose,
            _base_.pack,
        ],
    )
)
val_dataloader = [
    dict(
        batch_size=1,
        num_workers=4,
        sampler=dict(type="DefaultSampler", shuffle=False),
        dataset=dict(
            type="BasicImageDataset",
            metainfo=dict(dataset_type=name.lower(), task_name="sisr"),
            data_root=f"data/{name}",
            data_prefix=dict(img=f"LRbicx{scale}", gt="GTmod12"),
            pipeline=[_base_.load_small, _base_.load_truth, _base_.pack],
        ),
    )
    for name in ("Set5", "Set14")
]
test_dataloader = val_dataloader
val_evaluator = [
    dict(
        type="Evaluator",
        metrics=[
            dict(type="PSNR", crop_border=scale, prefix=name),
            dict(type="SSIM", crop_border=scale, prefix=name),
            dict(type="MAE", prefix=name),
        ],
    )
    for name in ("Set5", "Set14")
]
test_evaluator = val_evaluator

model = dict(
    generator=dict(
        type="EDSRNet",
        in_channels=3,
        out_channels=3,
        mid_channels=64,
        num_blocks=16,
        upscale_factor=scale,
        res_scale=1,
        rgb_mean=[0.4488, 0.4371, 0.4040],
        rgb_std=[1.0, 1.0, 1.0],
    ),
)

train_cfg = dict(type="IterBasedTrainLoop", max_iters=300000, val_interval=5000)
optim_wrapper = dict(optimizer=dict(type="Adam", lr=1e-4))
param_scheduler = dict(type="MultiStepLR", by_epoch=False, milestones=[200000], gamma=0.5)
