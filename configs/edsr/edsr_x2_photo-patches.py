# A small EDSR on pieces of two photographs: six minutes on two cores.
_base_ = [
    "../_base_/sr_default_runtime.py",
    "../_base_/datasets/photo_patches_x2.py",
]

model = dict(
    type="BaseEditModel",
    generator=dict(
        type="EDSRNet",
        in_channels=3,
        out_channels=3,
        mid_channels=32,
        num_blocks=6,
        upscale_factor=2,
        rgb_mean=[0.4488, 0.4371, 0.4040],
        rgb_std=[0.2, 0.2, 0.2],
    ),
    pixel_loss=dict(type="L1Loss"),
    data_preprocessor=dict(type="DataPreprocessor", mean=[0.0] * 3, std=[255.0] * 3),
)

train_cfg = dict(type="IterBasedTrainLoop", max_iters=8000, val_interval=2000)
optim_wrapper = dict(optimizer=dict(type="Adam", lr=2e-3))
param_scheduler = dict(type="CosineAnnealingLR", by_epoch=False, T_max=8000, eta_min=1e-6)
