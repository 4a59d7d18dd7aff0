# pix2pix: photographs of shoes from their edges, without cropping and mirroring.
_base_ = ["../_base_/pix2pix.py"]

domains = ["img_edges", "img_photo"]
# In a file of the dataset edges is on the left and photo on the right.
rename = dict(
    type="KeyMapper",
    mapping=dict(img_edges="img_A", img_photo="img_B"),
    remapping=dict(img_edges="img_edges", img_photo="img_photo"),
)
pack = dict(type="PackInputs", keys=domains, data_keys=domains)

model = dict(
    data_preprocessor=dict(type="DataPreprocessor", data_keys=domains),
    default_domain="photo",
    reachable_domains=["photo"],
    related_domains=["photo", "edges"],
)

data_root = "data/pix2pix/edges2shoes"
train_dataloader = dict(
    batch_size=4,
    dataset=dict(
        data_root=data_root,
        pipeline=[
            _base_.load,
            _base_.resize,
            rename,
            pack,
        ],
    ),
)
val_dataloader = dict(
    dataset=dict(
        data_root=data_root,
        test_dir="val",
        pipeline=[_base_.load, _base_.resize, rename, pack],
    )
)
test_dataloader = val_dataloader

val_evaluator = dict(
    type="GenEvaluator",
    metrics=[
        dict(
            type="TransIS",
            prefix="IS-Full",
            fake_nums=200,
            inception_style="PyTorch",
            fake_key="fake_photo",
            sample_model="orig",
        ),
        dict(
            type="TransFID",
            prefix="FID-Full",
            fake_nums=200,
            inception_style="PyTorch",
            real_key="img_photo",
            fake_key="fake_photo",
            sample_model="orig",
        ),
    ],
)
test_evaluator = val_evaluator

train_cfg = dict(max_iters=190000)
