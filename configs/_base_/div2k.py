# Pieces of DIV2K's images for training, Set5 and Set14 to measure. A config says the scale.
_base_ = ["./gen_default_runtime.py"]

model = dict(
    type="BaseEditModel",
    pixel_loss=dict(type="L1Loss"),
    data_preprocessor=dict(type="DataPreprocessor", mean=[0.0] * 3, std=[255.0] * 3),
)

# Steps of the pipelines, which configs put together.
load_small = dict(type="LoadImageFromFile", key="img", color_type="color", channel_order="rgb")
load_truth = dict(type="LoadImageFromFile", key="gt", color_type="color", channel_order="rgb")
flip_sides = dict(type="Flip", keys=["img", "gt"], direction="horizontal")
flip_upside_down = dict(type="Flip", keys=["img", "gt"], direction="vertical")
transpose = dict(type="RandomTransposeHW", keys=["img", "gt"])
pack = dict(type="PackInputs")

train_dataloader = dict(
    batch_size=16,
    num_workers=8,
    drop_last=True,
    sampler=dict(type="InfiniteSampler", shuffle=True),
    dataset=dict(
        type="BasicImageDataset",
        ann_file="meta_info_DIV2K800sub_GT.txt",
        metainfo=dict(dataset_type="div2k", task_name="sisr"),
        data_root="data/DIV2K",
        data_prefix=dict(gt="DIV2K_train_HR_sub"),
    ),
)
val_cfg = dict(type="MultiValLoop")
test_cfg = dict(type="MultiTestLoop")

default_hooks = dict(
    checkpoint=dict(interval=5000, max_keep_ckpts=10, save_best="Set5/PSNR", rule="greater")
)
custom_hooks = [dict(type="BasicVisualizationHook", interval=dict(val=5))]
visualizer = dict(
    _delete_=True,
    type="ConcatImageVisualizer",
    fn_key="gt_path",
    img_keys=["gt_img", "input", "pred_img"],
    vis_backends=[dict(type="LocalVisBackend"), dict(type="TensorboardVisBackend")],
)
