# StyleGAN2 (config F) at 256 x 256 pixels, on eight GPUs with batches of four.
_base_ = ["./gan_default_runtime.py"]

# R1 comes once in 16 iterations, path length once in 4: a share of the optimizer's settings.
disc_share = 16 / 17
gen_share = 4 / 5

model = dict(
    type="StyleGAN2",
    data_preprocessor=dict(type="DataPreprocessor"),
    generator=dict(type="StyleGANv2Generator", out_size=256, style_channels=512),
    discriminator=dict(type="StyleGAN2Discriminator", in_size=256),
    # Half of an average is of the last 10,000 images.
    ema_config=dict(type="ExponentialMovingAverage", interval=1, momentum=1 - 0.5 ** (32 / 10000)),
    loss_config=dict(
        r1_loss_weight=5.0 * 16,
        r1_interval=16,
        norm_mode="HWC",
        g_reg_weight=2.0 * 4,
        g_reg_interval=4,
        pl_batch_shrink=2,
    ),
)

optim_wrapper = dict(
    constructor="MultiOptimWrapperConstructor",
    generator=dict(optimizer=dict(type="Adam", lr=2e-3 * gen_share, betas=(0, 0.99**gen_share))),
    discriminator=dict(
        optimizer=dict(type="Adam", lr=2e-3 * disc_share, betas=(0, 0.99**disc_share))
    ),
)

train_dataloader = dict(
    batch_size=4,
    num_workers=8,
    persistent_workers=True,
    sampler=dict(type="InfiniteSampler", shuffle=True),
    dataset=dict(
        type="BasicImageDataset",
        data_prefix=dict(gt=""),
        pipeline=[
            dict(type="LoadImageFromFile", key="gt"),
            dict(type="Flip", keys=["gt"], direction="horizontal"),
            dict(type="PackInputs"),
        ],
    ),
)
val_dataloader = dict(
    batch_size=4,
    num_workers=8,
    persistent_workers=True,
    sampler=dict(type="DefaultSampler", shuffle=False),
    dataset=dict(
        type="BasicImageDataset",
        data_prefix=dict(gt=""),
        pipeline=[dict(type="LoadImageFromFile", key="gt"), dict(type="PackInputs")],
    ),
)
test_dataloader = val_dataloader

val_evaluator = dict(
    type="GenEvaluator",
    metrics=[
        dict(
            type="FrechetInceptionDistance",
            prefix="FID-50k",
            fake_nums=50000,
            real_nums=50000,
            inception_style="StyleGAN",
            sample_model="ema",
        ),
        dict(type="PrecisionAndRecall", prefix="PR-50k", fake_nums=50000),
        dict(type="PerceptualPathLength", prefix="ppl-w", fake_nums=50000),
    ],
)
test_evaluator = val_evaluator

train_cfg = dict(max_iters=800000)
default_hooks = dict(checkpoint=dict(save_best="FID-50k/fid", rule="less"))
