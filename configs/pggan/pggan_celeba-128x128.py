# PGGAN on the cropped faces of CelebA, 12 million images.
_base_ = ["../_base_/pggan_128x128.py"]

data_root = "data/celeba-cropped/cropped_images_aligned_png"
train_dataloader = dict(dataset=dict(data_roots={"128": data_root}))
test_dataloader = dict(dataset=dict(data_root=data_root))
