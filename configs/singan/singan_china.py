# SinGAN of a photograph of scikit-learn's, at a size for which two cores need some minutes.
from importlib.resources import files

_base_ = ["../_base_/gen_default_runtime.py"]

num_scales = 3  # counted from 0: 25 x 37 to 43 x 64 pixels
iters_per_scale = 400

model = dict(
    type="SinGAN",
    data_preprocessor=dict(type="DataPreprocessor", non_image_keys=["input_sample"]),
    generator=dict(
        type="SinGANMultiScaleGenerator", in_channels=3, out_channels=3, num_scales=num_scales
    ),
    discriminator=dict(type="SinGANMultiScaleDiscriminator", in_channels=3, num_scales=num_scales),
    num_scales=num_scales,
    iters_per_scale=iters_per_scale,
    lr_scheduler_args=dict(milestones=[320], gamma=0.1),
)

train_dataloader = dict(
    batch_size=1,
    num_workers=0,
    sampler=None,
    dataset=dict(
        type="SinGANDataset",
        data_root=str(files("sklearn.datasets.images") / "china.jpg"),
        min_size=25,
        max_size=64,
        scale_factor_init=0.75,
        shrink=True,
        pipeline=[
            dict(
                type="PackInputs",
                keys=[*(f"real_scale{i}" for i in range(num_scales + 1)), "input_sample"],
            )
        ],
    ),
)

train_cfg = dict(type="IterBasedTrainLoop", max_iters=(num_scales + 1) * iters_per_scale)
optim_wrapper = dict(
    constructor="SinGANOptimWrapperConstructor",
    generator=dict(optimizer=dict(type="Adam", lr=5e-4, betas=(0.5, 0.999))),
    discriminator=dict(optimizer=dict(type="Adam", lr=5e-4, betas=(0.5, 0.999))),
)

custom_hooks = [
    # What sampling needs beside weights: model.test_pkl_data.
    dict(
        type="PickleDataHook",
        output_dir="pickle",
        after_run=True,
        data_name_list=["noise_weights", "fixed_noises", "curr_stage"],
    ),
    dict(
        type="GenVisualizationHook",
        interval=iters_per_scale,
        n_samples=4,
        vis_kwargs_list=dict(type="SinGAN", name="china"),
    ),
]

randomness = dict(seed=2024)
