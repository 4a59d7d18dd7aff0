# CycleGAN with nine residual blocks on images of 256 x 256 pixels.
# A config says the domains and the data, and lets rates fall to zero in the second half.
_base_ = ["./gan_default_runtime.py"]

model = dict(
    type="CycleGAN",
    generator=dict(
        type="ResnetGenerator",
        in_channels=3,
        out_channels=3,
        base_channels=64,
        norm_cfg=dict(type="IN"),
        use_dropout=False,
        num_blocks=9,
        padding_mode="reflect",
        init_cfg=dict(type="normal", gain=0.02),
    ),
    discriminator=dict(
        type="PatchDiscriminator",
        in_channels=3,
        base_channels=64,
        num_conv=3,
        norm_cfg=dict(type="IN"),
        init_cfg=dict(type="normal", gain=0.02),
    ),
    loss_config=dict(cycle_loss_weight=10.0, id_loss_weight=0.5),
)

optim_wrapper = dict(
    constructor="MultiOptimWrapperConstructor",
    generators=dict(optimizer=dict(type="Adam", lr=2e-4, betas=(0.5, 0.999))),
    discriminators=dict(optimizer=dict(type="Adam", lr=2e-4, betas=(0.5, 0.999))),
)

# Steps of the pipelines, which configs put together.
load_a = dict(type="LoadImageFromFile", key="img_A", color_type="color")
load_b = dict(type="LoadImageFromFile", key="img_B", color_type="color")
resize = dict(type="Resize", keys=["img_A", "img_B"], scale=(256, 256), interpolation="bicubic")
jitter_resize = dict(
    type="Resize", keys=["img_A", "img_B"], scale=(286, 286), interpolation="bicubic"
)
jitter_crop = dict(type="Crop", keys=["img_A", "img_B"], crop_size=(256, 256))
flip_a = dict(type="Flip", keys=["img_A"], direction="horizontal")
flip_b = dict(type="Flip", keys=["img_B"], direction="horizontal")

train_dataloader = dict(
    batch_size=1,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type="InfiniteSampler", shuffle=True),
    dataset=dict(type="UnpairedImageDataset"),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type="DefaultSampler", shuffle=False),
    dataset=dict(type="UnpairedImageDataset", test_mode=True),
)
test_dataloader = val_dataloader

custom_hooks = [
    dict(
        type="VisualizationHook",
        interval=5000,
        vis_kwargs_list=[
            dict(type="Translation", name="trans"),
            dict(type="TranslationVal", name="trans_val"),
        ],
    ),
]
