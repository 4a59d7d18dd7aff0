# StyleGAN2 on the digits, with both regularisers, each computed once in several iterations.
_base_ = [
    "../_base_/gen_default_runtime.py",
    "../_base_/datasets/digits_32x32.py",
]

# What an optimizer's settings become where one step in so many more is of the regulariser.
disc_share = 16 / 17
gen_share = 4 / 5

model = dict(
    type="StyleGAN2",
    data_preprocessor=dict(type="DataPreprocessor"),
    generator=dict(
        type="StyleGANv2Generator",
        out_size=32,
        style_channels=64,
        out_channels=1,
        num_mlps=2,
        max_channels=16,
    ),
    discriminator=dict(type="StyleGAN2Discriminator", in_size=32, img_channels=1, max_channels=16),
    ema_config=dict(type="ExponentialMovingAverage", interval=1, momentum=0.005),
    loss_config=dict(
        r1_loss_weight=2.5 * 16,  # small images need less of it
        r1_interval=16,
        norm_mode="HWC",
        g_reg_weight=2.0 * 4,
        g_reg_interval=4,
        pl_batch_shrink=2,
    ),
)

train_dataloader = dict(batch_size=32)
train_cfg = dict(type="IterBasedTrainLoop", max_iters=3000, val_interval=300)

optim_wrapper = dict(
    constructor="MultiOptimWrapperConstructor",
    generator=dict(optimizer=dict(type="Adam", lr=2.5e-3 * gen_share, betas=(0, 0.99**gen_share))),
    discriminator=dict(
        optimizer=dict(type="Adam", lr=2.5e-3 * disc_share, betas=(0, 0.99**disc_share))
    ),
)

default_hooks = dict(checkpoint=dict(interval=1000, save_best="FD-EMA/fd", rule="less"))
custom_hooks = [
    dict(
        type="GenVisualizationHook",
        interval=1000,
        vis_kwargs_list=dict(type="GAN", name="digits", sample_model="ema/orig"),
    ),
]

randomness = dict(seed=2024)
