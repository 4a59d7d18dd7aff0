# pix2pix from grey to colour, on pieces of two photographs.
_base_ = [
    "../_base_/gen_default_runtime.py",
    "../_base_/datasets/colour_patches_64x64.py",
]

model = dict(
    type="Pix2Pix",
    data_preprocessor=dict(
        type="DataPreprocessor",
        data_keys=["img_grey", "img_colour"],
        input_channel_order="RGB",  # as ColourPatchesDataset gives them
    ),
    generator=dict(
        type="UnetGenerator", in_channels=3, out_channels=3, num_down=6, base_channels=32
    ),
    discriminator=dict(type="PatchDiscriminator", in_channels=6, base_channels=32, num_conv=2),
    default_domain="colour",
    reachable_domains=["colour"],
    related_domains=["grey", "colour"],
    loss_config=dict(pixel_loss_weight=100.0),
)

train_cfg = dict(type="IterBasedTrainLoop", max_iters=3000, val_interval=250)

optim_wrapper = dict(
    constructor="MultiOptimWrapperConstructor",
    generators=dict(optimizer=dict(type="Adam", lr=2e-4, betas=(0.5, 0.999))),
    discriminators=dict(optimizer=dict(type="Adam", lr=2e-4, betas=(0.5, 0.999))),
)
param_scheduler = dict(
    type="LinearLR", by_epoch=False, begin=1500, end=3000, start_factor=1.0, end_factor=0.01
)

default_hooks = dict(checkpoint=dict(interval=500, save_best="FD/fd", rule="less"))
custom_hooks = [
    dict(
        type="VisualizationHook",
        interval=500,
        n_samples=30,
        n_row=10,
        vis_kwargs_list=dict(type="TranslationVal", name="colour"),
    ),
]

randomness = dict(seed=2024)
