# What trainings of GANs at full size share: days on one GPU or several.
_base_ = ["./gen_default_runtime.py"]

train_cfg = dict(type="IterBasedTrainLoop", val_interval=10000)
val_cfg = dict(type="GenValLoop")
test_cfg = dict(type="GenTestLoop")

default_hooks = dict(checkpoint=dict(interval=10000, max_keep_ckpts=20))
custom_hooks = [
    dict(
        type="VisualizationHook",
        interval=5000,
        vis_kwargs_list=dict(type="GAN", name="fake_img"),
    ),
]

model_wrapper_cfg = dict(type="MMSeparateDistributedDataParallel", broadcast_buffers=False)
randomness = dict(seed=2022, diff_rank_seed=True)
