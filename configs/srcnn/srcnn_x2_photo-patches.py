# A small SRCNN on pieces of two photographs: five minutes on two cores.
_base_ = [
    "../_base_/sr_default_runtime.py",
    "../_base_/datasets/photo_patches_x2.py",
]

model = dict(
    type="BaseEditModel",
    generator=dict(
        # First kernels of 9 pixels, as the paper has them, start as blurs: the network then needs
        # most of its training to become as sharp as what it is given.
        type="SRCNNNet",
        channels=(3, 64, 32, 3),
        kernel_sizes=(3, 3, 5),
        upscale_factor=2,
    ),
    pixel_loss=dict(type="L1Loss"),
    data_preprocessor=dict(type="DataPreprocessor", mean=[110.0] * 3, std=[60.0] * 3),
)

train_cfg = dict(type="IterBasedTrainLoop", max_iters=12000, val_interval=3000)
optim_wrapper = dict(optimizer=dict(type="Adam", lr=2e-3))
param_scheduler = dict(type="CosineAnnealingLR", by_epoch=False, T_max=12000, eta_min=1e-6)
