_base_ = [
    "../_base_/gen_default_runtime.py",
    "../_base_/datasets/digits_32x32.py",
    "../_base_/models/dcgan_32x32.py",
]

train_cfg = dict(type="IterBasedTrainLoop", max_iters=2500, val_interval=500)

optim_wrapper = dict(
    constructor="MultiOptimWrapperConstructor",
    generator=dict(optimizer=dict(type="Adam", lr=1e-3, betas=(0.5, 0.999))),
    discriminator=dict(optimizer=dict(type="Adam", lr=3e-4, betas=(0.5, 0.999))),
)

default_hooks = dict(checkpoint=dict(interval=500, save_best="FD-EMA/fd", rule="less"))
custom_hooks = [
    dict(
        type="ExponentialMovingAverageHook",
        module_keys="generator_ema",
        interp_cfg=dict(momentum=0.005),
        interval=1,
    ),
    dict(
        type="GenVisualizationHook",
        interval=500,
        fixed_input=True,
        vis_kwargs_list=dict(type="GAN", name="digits", sample_model="ema/orig"),
    ),
]

randomness = dict(seed=2024)
