# PGGAN on CelebA-HQ up to 1024 x 1024 pixels, 12 million images on eight GPUs.
_base_ = ["../_base_/pggan_128x128.py"]

rates = {"128": 1.5e-3, "256": 2e-3, "512": 3e-3, "1024": 3e-3}

model = dict(
    generator=dict(out_scale=1024),
    discriminator=dict(in_scale=1024),
    nkimgs_per_scale={"128": 1200, "256": 1200, "512": 1200, "1024": 12000},
)
optim_wrapper = dict(lr_schedule=dict(generator=rates, discriminator=rates))

train_dataloader = dict(
    dataset=dict(
        data_roots={
            "64": "data/celebahq/imgs_64",
            "256": "data/celebahq/imgs_256",
            "512": "data/celebahq/imgs_512",
            "1024": "data/celebahq/imgs_1024",
        },
        len_per_stage=300000,
        pipeline=[
            dict(type="LoadImageFromFile", key="gt"),
            dict(type="Flip", keys="gt", direction="horizontal"),
            dict(type="PackInputs"),
        ],
    ),
)
test_dataloader = dict(
    batch_size=4,
    dataset=dict(
        data_root="data/celebahq/imgs_1024",
        pipeline=[dict(type="LoadImageFromFile", key="gt"), dict(type="PackInputs")],
    ),
)
test_evaluator = dict(
    metrics=[
        dict(type="SWD", prefix="SWD", fake_nums=16384, image_shape=(3, 1024, 1024)),
        dict(type="MS_SSIM", prefix="MS-SSIM", fake_nums=10000),
    ]
)
