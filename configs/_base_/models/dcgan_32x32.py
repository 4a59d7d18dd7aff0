# A DCGAN for images of one channel, small enough for a processor.
model = dict(
    type="DCGAN",
    data_preprocessor=dict(type="DataPreprocessor"),
    noise_size=32,
    generator=dict(
        type="DCGANGenerator",
        output_scale=32,
        out_channels=1,
        base_channels=96,
    ),
    discriminator=dict(
        type="DCGANDiscriminator",
        input_scale=32,
        output_scale=4,
        out_channels=1,
        in_channels=1,
        base_channels=16,
        default_act_cfg=dict(type="LeakyReLU", negative_slope=0.2),
    ),
)
