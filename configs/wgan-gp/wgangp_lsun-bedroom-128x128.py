# WGAN-GP on the bedrooms of LSUN, with a heavier penalty.
_base_ = [
    "../_base_/gan_default_runtime.py",
    "../_base_/datasets/folder_128x128.py",
    "../_base_/models/wgangp_128x128.py",
]

data_root = "data/lsun/images/bedroom_train"
train_dataloader = dict(dataset=dict(data_root=data_root))
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = val_dataloader

train_cfg = dict(max_iters=160000)
model = dict(loss_config=dict(gp_loss_weight=50))
