# PGGAN up to 128 x 128 pixels: 600,000 images fade a scale in, 600,000 follow.
_base_ = ["./gan_default_runtime.py"]

model = dict(
    type="ProgressiveGrowingGAN",
    data_preprocessor=dict(type="DataPreprocessor"),
    noise_size=512,
    generator=dict(type="PGGANGenerator", out_scale=128),
    discriminator=dict(type="PGGANDiscriminator", in_scale=128),
    nkimgs_per_scale={"4": 600, "8": 1200, "16": 1200, "32": 1200, "64": 1200, "128": 12000},
    transition_kimgs=600,
    ema_config=dict(interval=1),
)

optim_wrapper = dict(
    constructor="PGGANOptimWrapperConstructor",
    generator=dict(optimizer=dict(type="Adam", lr=1e-3, betas=(0.0, 0.99))),
    discriminator=dict(optimizer=dict(type="Adam", lr=1e-3, betas=(0.0, 0.99))),
    lr_schedule=dict(generator={"128": 1.5e-3}, discriminator={"128": 1.5e-3}),
)

# On eight GPUs, for which the batches are.
train_dataloader = dict(
    batch_size=64,
    num_workers=4,
    sampler=dict(type="InfiniteSampler", shuffle=True),
    dataset=dict(
        type="GrowScaleImgDataset",
        gpu_samples_base=4,
        gpu_samples_per_scale={"4": 64, "8": 32, "16": 16, "32": 8, "64": 4},
        len_per_stage=-1,
        pipeline=[
            dict(type="LoadImageFromFile", key="gt"),
            dict(type="Resize", keys="gt", scale=(128, 128)),
            dict(type="Flip", keys="gt", direction="horizontal"),
            dict(type="PackInputs"),
        ],
    ),
)
train_cfg = dict(max_iters=280000)
model_wrapper_cfg = dict(find_unused_parameters=True)

# Images grow, so they are measured at the end alone.
val_cfg = None
test_dataloader = dict(
    batch_size=64,
    num_workers=4,
    sampler=dict(type="DefaultSampler", shuffle=False),
    dataset=dict(
        type="BasicImageDataset",
        data_prefix=dict(gt=""),
        pipeline=[
            dict(type="LoadImageFromFile", key="gt"),
            dict(type="Resize", keys="gt", scale=(128, 128)),
            dict(type="PackInputs"),
        ],
    ),
)
test_evaluator = dict(
    type="GenEvaluator",
    metrics=[
        dict(type="SWD", prefix="SWD", fake_nums=16384, image_shape=(3, 128, 128)),
        dict(type="MS_SSIM", prefix="MS-SSIM", fake_nums=10000),
    ],
)

custom_hooks = [
    dict(
        type="VisualizationHook",
        interval=5000,
        vis_kwargs_list=dict(type="Noise", name="fake_img", sample_model="ema/orig"),
    ),
    dict(type="PGGANFetchDataHook"),
]
