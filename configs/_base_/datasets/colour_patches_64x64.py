# Pieces of two photographs in grey and in colour, 64 pixels a side; a quarter is held out.
pack = dict(
    type="PackInputs", keys=["img_grey", "img_colour"], data_keys=["img_grey", "img_colour"]
)

train_dataloader = dict(
    batch_size=4,
    num_workers=0,
    sampler=dict(type="InfiniteSampler", shuffle=True),
    dataset=dict(
        type="ColourPatchesDataset",
        split="train",
        pipeline=[
            dict(type="Resize", keys=["img_grey", "img_colour"], scale=(72, 72)),
            dict(type="FixedCrop", keys=["img_grey", "img_colour"], crop_size=(64, 64)),
            dict(type="Flip", keys=["img_grey", "img_colour"], direction="horizontal"),
            pack,
        ],
    ),
)
val_dataloader = dict(
    batch_size=10,
    num_workers=0,
    sampler=dict(type="DefaultSampler", shuffle=False),
    dataset=dict(type="ColourPatchesDataset", split="val", test_mode=True, pipeline=[pack]),
)
test_dataloader = val_dataloader

# The colours as a whole, by the Fréchet distance, and how near each pixel is to the truth.
val_evaluator = dict(
    type="GenEvaluator",
    metrics=[
        dict(
            type="FrechetDistance",
            prefix="FD",
            fake_nums=30,
            sample_model="orig",
            sampler_mode="normal",
            real_key="img_colour",
            fake_key="fake_colour",
            feature_extractor=dict(type="ColourStatistics"),
        ),
        dict(type="PSNR", prefix="colour", gt_key="img_colour", pred_key="fake_colour"),
        dict(type="MAE", prefix="colour", gt_key="img_colour", pred_key="fake_colour"),
    ],
)
test_evaluator = val_evaluator
val_cfg = dict(type="GenValLoop")
test_cfg = dict(type="GenTestLoop")
