# SinGAN, 2,000 iterations a scale. A config says the photograph and how many scales there are.
_base_ = ["./gen_default_runtime.py"]

iters_per_scale = 2000

model = dict(
    type="SinGAN",
    data_preprocessor=dict(type="DataPreprocessor", non_image_keys=["input_sample"]),
    generator=dict(type="SinGANMultiScaleGenerator", in_channels=3, out_channels=3),
    discriminator=dict(type="SinGANMultiScaleDiscriminator", in_channels=3),
    noise_weight_init=0.1,
    generator_steps=3,
    discriminator_steps=3,
    iters_per_scale=iters_per_scale,
    lr_scheduler_args=dict(milestones=[1600], gamma=0.1),
)

train_dataloader = dict(
    batch_size=1,
    num_workers=0,
    sampler=None,
    dataset=dict(type="SinGANDataset", min_size=25, scale_factor_init=0.75),
)

train_cfg = dict(type="IterBasedTrainLoop")
optim_wrapper = dict(
    constructor="SinGANOptimWrapperConstructor",
    generator=dict(optimizer=dict(type="Adam", lr=5e-4, betas=(0.5, 0.999))),
    discriminator=dict(optimizer=dict(type="Adam", lr=5e-4, betas=(0.5, 0.999))),
)

default_hooks = dict(checkpoint=dict(interval=iters_per_scale))
custom_hooks = [
    # What sampling needs beside weights: model.test_pkl_data.
    dict(
        type="PickleDataHook",
        output_dir="pickle",
        after_run=True,
        data_name_list=["noise_weights", "fixed_noises", "curr_stage"],
    ),
    dict(
        type="VisualizationHook",
        interval=iters_per_scale,
        n_samples=4,
        vis_kwargs_list=dict(type="SinGAN", name="sample"),
    ),
]
randomness = dict(seed=2022)
