# StyleGAN2 on the cars of LSUN, 384 x 512 pixels with a black border above and below.
_base_ = ["../_base_/stylegan2.py"]

model = dict(generator=dict(out_size=512), discriminator=dict(in_size=512))

data_root = "data/lsun/images/car"
border = dict(type="NumpyPad", keys="gt", padding=((64, 64), (0, 0), (0, 0)))
train_dataloader = dict(
    dataset=dict(
        data_root=data_root,
        pipeline=[
            dict(type="LoadImageFromFile", key="gt"),
            border,
            dict(type="Flip", keys=["gt"], direction="horizontal"),
            dict(type="PackInputs"),
        ],
    )
)
val_dataloader = dict(
    dataset=dict(
        data_root=data_root,
        pipeline=[dict(type="LoadImageFromFile", key="gt"), border, dict(type="PackInputs")],
    )
)
test_dataloader = val_dataloader

train_cfg = dict(max_iters=1800000)
