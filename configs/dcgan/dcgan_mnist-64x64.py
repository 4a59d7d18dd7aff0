# DCGAN on the digits of MNIST, one channel, as images of a folder.
_base_ = [
    "../_base_/gan_default_runtime.py",
    "../_base_/datasets/folder_64x64.py",
    "../_base_/models/dcgan_64x64.py",
]

model = dict(
    generator=dict(out_channels=1),
    discriminator=dict(in_channels=1),
)

dataset = dict(
    data_root="data/mnist_64/train",
    pipeline=[
        dict(type="LoadImageFromFile", key="gt", color_type="grayscale"),
        dict(type="Resize", keys="gt", scale=(64, 64)),
        dict(type="PackInputs"),
    ],
)
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = val_dataloader

train_cfg = dict(max_iters=5000, val_interval=500)
optim_wrapper = dict(
    generator=dict(optimizer=dict(lr=4e-4)),
    discriminator=dict(optimizer=dict(lr=1e-4)),
)

val_evaluator = dict(
    metrics=[
        dict(type="MS_SSIM", prefix="ms-ssim", fake_nums=10000, sample_model="orig"),
        dict(type="SWD", prefix="swd", fake_nums=-1, sample_model="orig", image_shape=(1, 64, 64)),
    ]
)
test_evaluator = val_evaluator

default_hooks = dict(checkpoint=dict(interval=500))
custom_hooks = [
    dict(
        type="VisualizationHook",
        interval=500,
        vis_kwargs_list=dict(type="GAN", name="fake_img"),
    ),
]
