# PGGAN on the digits: from 4 x 4 pixels, in four scales that fade in, to 32 x 32.
_base_ = [
    "../_base_/gen_default_runtime.py",
    "../_base_/datasets/digits_32x32.py",
]

model = dict(
    type="ProgressiveGrowingGAN",
    data_preprocessor=dict(type="DataPreprocessor"),
    noise_size=64,
    # 64 channels up to 16 x 16 pixels, 32 at 32 x 32.
    generator=dict(
        type="PGGANGenerator", out_scale=32, out_channels=1, base_channels=512, max_channels=64
    ),
    discriminator=dict(
        type="PGGANDiscriminator", in_scale=32, in_channels=1, base_channels=512, max_channels=64
    ),
    nkimgs_per_scale={"4": 25.6, "8": 32, "16": 19.2, "32": 32},
    transition_kimgs=9.6,
    ema_config=dict(interval=1, momentum=0.005),
)

# Iterations: 400 at 4 x 4 pixels, 500 at 8 x 8, 600 at 16 x 16, the others at 32 x 32.
train_dataloader = dict(
    batch_size=64,
    dataset=dict(
        type="GrowScaleDigitsDataset",
        gpu_samples_per_scale={"4": 64, "8": 64, "16": 32, "32": 32},
    ),
)

train_cfg = dict(type="IterBasedTrainLoop", max_iters=2400, val_interval=400)

optim_wrapper = dict(
    constructor="PGGANOptimWrapperConstructor",
    generator=dict(optimizer=dict(type="Adam", lr=1e-3, betas=(0.0, 0.99))),
    discriminator=dict(optimizer=dict(type="Adam", lr=1e-3, betas=(0.0, 0.99))),
)

default_hooks = dict(checkpoint=dict(interval=800, save_best="FD-EMA/fd", rule="less"))
custom_hooks = [
    dict(type="PGGANFetchDataHook"),
    dict(
        type="GenVisualizationHook",
        interval=400,
        vis_kwargs_list=dict(type="Noise", name="digits", sample_model="ema/orig"),
    ),
]

randomness = dict(seed=2024)
