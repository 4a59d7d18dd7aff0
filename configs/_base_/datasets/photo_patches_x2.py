# Pieces of two photographs, 64 pixels a side, to be made from 32; a quarter is held out.
train_dataloader = dict(
    batch_size=4,
    num_workers=0,
    sampler=dict(type="InfiniteSampler", shuffle=True),
    dataset=dict(
        type="PhotoPatchesDataset",
        split="train",
        size=64,
        scale=2,
        pipeline=[
            dict(type="PairedRandomCrop", gt_patch_size=48),
            dict(type="Flip", keys=["img", "gt"], direction="horizontal"),
            dict(type="Flip", keys=["img", "gt"], direction="vertical"),
            dict(type="RandomTransposeHW", keys=["img", "gt"]),
            dict(type="PackInputs"),
        ],
    ),
)
val_dataloader = [
    dict(
        batch_size=1,
        num_workers=0,
        sampler=dict(type="DefaultSampler", shuffle=False),
        dataset=dict(
            type="PhotoPatchesDataset",
            split="val",
            photos=[photo],
            size=64,
            scale=2,
            pipeline=[dict(type="PackInputs")],
        ),
    )
    for photo in ("china", "flower")
]
val_evaluator = [
    dict(
        type="Evaluator",
        metrics=[
            dict(type="PSNR", crop_border=2, prefix=photo),
            dict(type="SSIM", crop_border=2, prefix=photo),
            dict(type="MAE", prefix=photo),
        ],
    )
    for photo in ("china", "flower")
]
val_cfg = dict(type="MultiValLoop")
test_dataloader = val_dataloader
test_evaluator = val_evaluator
test_cfg = dict(type="MultiTestLoop")
