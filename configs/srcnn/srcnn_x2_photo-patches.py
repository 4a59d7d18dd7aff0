# SRCNN on pieces of two photographs: five minutes on two cores.
_base_ = [
    "../_base_/sr_default_runtime.py",
    "../_base_/datasets/photo_patches_x2.py",
]

model = dict(
    type="BaseEditModel",
    generator=dict(
        type="SRCNNNet", channels=(3, 64, 32, 3), kernel_sizes=(9, 1, 5), upscale_factor=2
    ),
    pixel_loss=dict(type="L1Loss"),
    data_preprocessor=dict(type="DataPreprocessor", mean=[0.0] * 3, std=[255.0] * 3),
)

train_cfg = dict(type="IterBasedTrainLoop", max_iters=2000, val_interval=500)
optim_wrapper = dict(optimizer=dict(type="Adam", lr=1e-3))
param_scheduler = dict(type="CosineAnnealingLR", by_epoch=False, T_max=2000, eta_min=1e-6)
