# DCGAN on the bedrooms of LSUN, for about five epochs.
_base_ = [
    "../_base_/gan_default_runtime.py",
    "../_base_/datasets/folder_64x64.py",
    "../_base_/models/dcgan_64x64.py",
]

data_root = "data/lsun/images/bedroom_train"
train_dataloader = dict(dataset=dict(data_root=data_root))
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = val_dataloader

train_cfg = dict(max_iters=1500000)
