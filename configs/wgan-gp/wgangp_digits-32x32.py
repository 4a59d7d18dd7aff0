# WGAN-GP on the digits: the critic trains in each iteration, the generator in every second.
_base_ = [
    "../_base_/gen_default_runtime.py",
    "../_base_/datasets/digits_32x32.py",
]

model = dict(
    type="WGANGP",
    data_preprocessor=dict(type="DataPreprocessor"),
    generator=dict(
        type="WGANGPGenerator", noise_size=64, out_scale=32, out_channels=1, max_channels=32
    ),
    discriminator=dict(type="WGANGPDiscriminator", in_channel=1, in_scale=32, max_channels=32),
    discriminator_steps=2,
    ema_config=dict(type="ExponentialMovingAverage", interval=1, momentum=0.02),
    loss_config=dict(gp_norm_mode="HWC", gp_loss_weight=10),
)

train_cfg = dict(type="IterBasedTrainLoop", max_iters=1800, val_interval=200)

optim_wrapper = dict(
    constructor="MultiOptimWrapperConstructor",
    generator=dict(optimizer=dict(type="Adam", lr=1e-3, betas=(0.0, 0.9))),
    discriminator=dict(optimizer=dict(type="Adam", lr=1e-3, betas=(0.0, 0.9))),
)
param_scheduler = dict(
    type="LinearLR", by_epoch=False, begin=900, end=1800, start_factor=1.0, end_factor=0.05
)

default_hooks = dict(checkpoint=dict(interval=600, save_best="FD-EMA/fd", rule="less"))
custom_hooks = [
    dict(
        type="GenVisualizationHook",
        interval=600,
        vis_kwargs_list=dict(type="GAN", name="digits", sample_model="ema/orig"),
    ),
]

randomness = dict(seed=2024)
