# StyleGAN2 on FFHQ, 1024 x 1024 pixels.
_base_ = ["../_base_/stylegan2.py"]

data_root = "data/ffhq/images"
train_dataloader = dict(dataset=dict(data_root=data_root))
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = val_dataloader

model = dict(generator=dict(out_size=1024), discriminator=dict(in_size=1024))
