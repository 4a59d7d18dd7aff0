# A folder of images, made 128 pixels a side. A config names the folder.
dataset = dict(
    type="BasicImageDataset",
    data_prefix=dict(gt=""),
    pipeline=[
        dict(type="LoadImageFromFile", key="gt"),
        dict(type="Resize", keys="gt", scale=(128, 128)),
        dict(type="PackInputs"),
    ],
)

train_dataloader = dict(
    batch_size=64,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type="InfiniteSampler", shuffle=True),
    dataset=dataset,
)
val_dataloader = dict(
    batch_size=64,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type="DefaultSampler", shuffle=False),
    dataset=dataset,
)
test_dataloader = val_dataloader

val_evaluator = dict(
    type="GenEvaluator",
    metrics=[
        dict(type="MS_SSIM", prefix="ms-ssim", fake_nums=10000, sample_model="orig"),
        dict(
            type="SWD",
            prefix="swd",
            fake_nums=16384,
            sample_model="orig",
            image_shape=(3, 128, 128),
        ),
    ],
)
test_evaluator = val_evaluator
