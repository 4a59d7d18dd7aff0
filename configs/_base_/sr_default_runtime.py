_base_ = ["./gen_default_runtime.py"]

default_hooks = dict(checkpoint=dict(interval=1000, save_best="china/PSNR", rule="greater"))
custom_hooks = [dict(type="BasicVisualizationHook", interval=dict(val=12, test=12))]
visualizer = dict(
    _delete_=True,
    type="ConcatImageVisualizer",
    fn_key="gt_path",
    img_keys=["gt_img", "input", "pred_img"],
    bgr2rgb=True,
    vis_backends=[dict(type="LocalVisBackend"), dict(type="TensorboardVisBackend")],
)
randomness = dict(seed=2024)
