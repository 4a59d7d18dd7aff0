# StyleGAN2 on FFHQ, 256 x 256 pixels.
_base_ = ["../_base_/stylegan2.py"]

data_root = "data/ffhq/ffhq_imgs/ffhq_256"
train_dataloader = dict(dataset=dict(data_root=data_root))
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = val_dataloader
