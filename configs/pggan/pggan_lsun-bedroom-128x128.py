# PGGAN on the bedrooms of LSUN, 12 million images.
_base_ = ["../_base_/pggan_128x128.py"]

data_root = "data/lsun/images/bedroom_train"
train_dataloader = dict(dataset=dict(data_roots={"128": data_root}))
test_dataloader = dict(dataset=dict(data_root=data_root))
