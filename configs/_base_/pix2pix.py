# pix2pix with a U-Net on images of 256 x 256 pixels. A config says the domains and the data.
_base_ = ["./gan_default_runtime.py"]

model = dict(
    type="Pix2Pix",
    generator=dict(
        type="UnetGenerator",
        in_channels=3,
        out_channels=3,
        num_down=8,
        base_channels=64,
        norm_cfg=dict(type="BN"),
        use_dropout=True,
        init_cfg=dict(type="normal", gain=0.02),
    ),
    discriminator=dict(
        type="PatchDiscriminator",
        in_channels=6,
        base_channels=64,
        num_conv=3,
        norm_cfg=dict(type="BN"),
        init_cfg=dict(type="normal", gain=0.02),
    ),
    loss_config=dict(pixel_loss_weight=100.0),
)

optim_wrapper = dict(
    constructor="MultiOptimWrapperConstructor",
    generators=dict(optimizer=dict(type="Adam", lr=2e-4, betas=(0.5, 0.999))),
    discriminators=dict(optimizer=dict(type="Adam", lr=2e-4, betas=(0.5, 0.999))),
)

# Steps of the pipelines, which configs put together.
both = ["img_A", "img_B"]
load = dict(
    type="LoadPairedImageFromFile", key="pair", domain_a="A", domain_b="B", color_type="color"
)
resize = dict(type="Resize", keys=both, scale=(256, 256), interpolation="bicubic")
jitter_resize = dict(type="Resize", keys=both, scale=(286, 286), interpolation="bicubic")
jitter_crop = dict(type="FixedCrop", keys=both, crop_size=(256, 256))
flip = dict(type="Flip", keys=both, direction="horizontal")

train_dataloader = dict(
    batch_size=1,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type="InfiniteSampler", shuffle=True),
    dataset=dict(type="PairedImageDataset"),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type="DefaultSampler", shuffle=False),
    dataset=dict(type="PairedImageDataset", test_mode=True),
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
default_hooks = dict(checkpoint=dict(save_best="FID-Full/fid", rule="less"))
