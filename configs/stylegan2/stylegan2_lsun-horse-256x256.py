# StyleGAN2 on the horses of LSUN, 256 x 256 pixels.
_base_ = ["../_base_/stylegan2.py"]

data_root = "data/lsun/images/horse"
train_dataloader = dict(dataset=dict(data_root=data_root))
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = val_dataloader
