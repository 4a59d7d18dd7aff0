# WGAN-GP with group norm in the critic, and its optimizers.
model = dict(
    type="WGANGP",
    data_preprocessor=dict(type="DataPreprocessor"),
    generator=dict(type="WGANGPGenerator", noise_size=128, out_scale=128),
    discriminator=dict(
        type="WGANGPDiscriminator",
        in_channel=3,
        in_scale=128,
        conv_module_cfg=dict(
            kernel_size=3,
            padding=1,
            norm_cfg=dict(type="GN"),
            act_cfg=dict(type="LeakyReLU", negative_slope=0.2),
        ),
    ),
    discriminator_steps=5,
    loss_config=dict(gp_norm_mode="HWC", gp_loss_weight=10),
)

optim_wrapper = dict(
    constructor="MultiOptimWrapperConstructor",
    generator=dict(optimizer=dict(type="Adam", lr=1e-4, betas=(0.5, 0.9))),
    discriminator=dict(optimizer=dict(type="Adam", lr=1e-4, betas=(0.5, 0.9))),
)
