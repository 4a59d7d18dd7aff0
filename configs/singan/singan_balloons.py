# SinGAN of the balloons of the paper's authors.
_base_ = ["../_base_/singan.py"]

num_scales = 8  # counted from 0

model = dict(
    generator=dict(num_scales=num_scales),
    discriminator=dict(num_scales=num_scales),
    num_scales=num_scales,
)
train_dataloader = dict(
    dataset=dict(
        data_root="data/singan/balloons.png",
        max_size=300,
        pipeline=[
            dict(
                type="PackInputs",
                keys=[*(f"real_scale{i}" for i in range(num_scales + 1)), "input_sample"],
            )
        ],
    )
)
# Each of the 2,000 has three updates of the discriminator, which an iteration is one of.
train_cfg = dict(max_iters=(num_scales + 1) * 2000 * 3)
