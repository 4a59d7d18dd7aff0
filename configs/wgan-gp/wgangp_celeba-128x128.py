# WGAN-GP on the cropped faces of CelebA.
_base_ = [
    "../_base_/gan_default_runtime.py",
    "../_base_/datasets/folder_128x128.py",
    "../_base_/models/wgangp_128x128.py",
]

data_root = "data/celeba-cropped/cropped_images_aligned_png"
train_dataloader = dict(dataset=dict(data_root=data_root))
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = val_dataloader

train_cfg = dict(max_iters=160000)
