"""Configs under MMEngine and under mmlight: what is read, merged, dumped and refused."""

from __future__ import annotations

from tests.parity.compare import assert_same

FILES = {
    "base.py": (
        "a = 1\nb = dict(c=1, d=dict(e=2, f=[1, 2]))\n_p = 3\ndef helper():\n    return 1\n"
        "parts = [dict(type='A', size=(1, 2)), dict(type='B')]\n"
    ),
    "other.py": "x = 1\ny = dict(k=1)\nnames = ['p', 'q']\n",
    "clash.py": "a = 4\n",
    "data.json": '{"j": {"k": null}, "l": [1, 2.5, true]}',
    "data.yaml": "w: {k: [1, 2]}\nn: null\n",
    "_base_/runtime.py": "default_scope = 'x'\nhooks = dict(timer=dict(type='IterTimerHook'))\n",
    "_base_/model.py": "_base_ = './runtime.py'\nmodel = dict(head=dict(n=10, act='relu'))\n",
    "lazy_base.py": (
        "from torch.optim import SGD\nfrom torch.nn import ReLU, Linear\n"
        "opt = dict(type=SGD, lr=0.1)\n"
        "model = dict(type=Linear, act=dict(type=ReLU), sub=dict(a=1, b=[dict(type=ReLU), 2]))\n"
        "val = 3\n"
    ),
}

READ = "from mmengine.config import read_base\nwith read_base():\n    from .lazy_base import *\n"

CONFIGS = [
    "",
    "_base_ = 'base.py'\nb = dict(d=dict(e=5))",
    "_base_ = './base.py'\nb = dict(d=dict(_delete_=True, e=5))",
    "_base_ = ['base.py', 'other.py']\nb = 1\nparts = [dict(type='C')]",
    "_base_ = ['data.json', 'data.yaml', 'other.py']\ny = dict(k=dict(_delete_=True, z=1))",
    "_base_ = '_base_/model.py'\nmodel = dict(head=dict(n=3))\nhooks = dict(timer=None)",
    "_base_ = 'base.py'\nq = _base_.b.d.e\nr = dict(k=_base_.b)\nu = {{_base_.b.d.f}}\n",
    "_base_ = 'base.py'\nq = _base_.b\nq.c = 7\nparts = [*_base_.parts, dict(type='Z')]\n",
    "a = '{{ fileBasename }}'\nb = '{{fileBasenameNoExtension}}'\nc = '{{ fileExtname }}/x'\n",
    "a = '{{$PARITY_SET:3}}'\nb = '{{$PARITY_UNSET:x/y}}'\n",
    "x = [1, 2]\ny = [i + x[0] for i in x]\nfor i in range(2):\n    pass\nz = lambda: x\n",
    "a = {1: 2, 'x': {3: 4}}\nb = (1, dict(c=(2,)))\n",
    READ,
    READ + "opt.lr = 0.5\nmodel.update(dict(sub=dict(a=5)))\nnew = dict(type=Linear)\nval += 1\n",
    READ + "model.merge(dict(sub=dict(_delete_=True, z=1)))\nopt = dict(lr=3)\n",
    "from no_such_package.mod import Thing\na = dict(type=Thing, b=Thing.sub)\n",
    # What configs of mmdet, mmpretrain, mmrazor and opencompass do.
    READ + "sets = sum((v for k, v in locals().items() if k.endswith('_sets')), [])\n",
    READ + "for part in model.sub.b[:1]:\n    part['type'] = Linear\n    part['n'] = val\n",
    READ
    + "student = dict(**model)\nstudent.update(act=dict(type=SGD))\nmore = [*model.sub.b, 1]\n",
    READ + "old = model.pop('act')\ndel model['sub']\nmodel.setdefault('sub', dict(a=2))\n",
    READ + "kind = model.type\nkinds = [model['type'], opt.get('type')]\nn = len(model)\n",
    READ + "model['sub']['b'].insert(0, dict(type=SGD))\nmodel.sub.b[1].type = 'torch.nn.Tanh'\n",
    "use = True\nif use:\n    from no_such_package import Net\n    a = dict(type=Net)\n",
    "import no_such_package.a.b\nimport torch.nn as nn\n"
    "a = dict(type=no_such_package.a.b.C, d=nn.ReLU)\n",
]

REFUSED = [
    "_base_ = 'nope.py'",
    "a = (\nb = ",
    "_base_ = ['base.py', 'clash.py']",
    "_base_ = 'base.py'\na = dict(x=1)",
    "_base_ = 'base.py'\nb = dict(d=dict(f=dict(x=1)))",
    "_base_ = 'base.py'\nq = _base_.nope",
    "_base_ = 'base.py'\nq = {{_base_.nope}}",
    "a = '{{$PARITY_UNSET:}}'",
    "filename = 1",
    "pretty_text = 1",
    "custom_imports = dict(imports=['no_such_module'], allow_failed_imports=False)",
    "custom_imports = 3",
    "a = 1 / 0",
    "a = undefined_name",
    "from torch.nn import ReLU\na = ReLU()",
    "from torch.nn import ReLU\nclass Mine(ReLU):\n    pass",
    READ.replace("lazy_base", "nope"),
    "_base_ = 'lazy_base.py'",
    "from torch.nn import *\na = 1",
]


def read(engine, files, texts, kept):
    """What each config holds, and what it is dumped as; the error it raises if it is refused."""
    import importlib
    import os
    import tempfile
    import warnings
    from pathlib import Path

    os.environ["PARITY_SET"] = "5"
    warnings.simplefilter("ignore")
    config = importlib.import_module(f"{engine}.config")
    folder = Path(tempfile.mkdtemp())
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    results = []
    for index, text in enumerate(texts):
        path = folder / f"exp{index}.py"
        path.write_text(text.replace("mmengine.config", f"{engine}.config"))
        try:
            cfg = config.Config.fromfile(str(path))
        except Exception as err:
            kinds = [kind.__name__ for kind in type(err).__mro__]
            results.append(kinds[: kinds.index("Exception")])
            continue
        dumped = {"text": cfg.pretty_text} if kept == "text" else {}
        results.append({"values": cfg.to_dict(), **dumped})
    return results


def test_reads_the_same(both):
    theirs, ours = both(read, FILES, CONFIGS, kept="values")
    assert len(ours) == len(CONFIGS) and all(isinstance(result, dict) for result in ours)
    assert_same(ours, theirs)


def test_refuses_the_same_with_the_same_kind_of_error(both):
    theirs, ours = both(read, FILES, REFUSED, kept="values")
    for text, their_kinds, our_kinds in zip(REFUSED, theirs, ours, strict=True):
        assert their_kinds[0] in our_kinds, text


def read_from_elsewhere(engine):
    """The texts of a config whose path has detours, without the folder of this process."""
    import importlib
    import os
    import tempfile
    from pathlib import Path

    folder = Path(tempfile.mkdtemp()).resolve()
    (folder / "sub").mkdir()
    (folder / "base.py").write_text("a = 1\n")
    (folder / "sub" / "exp.py").write_text("_base_ = './../base.py'\n")
    os.chdir(folder)
    cfg = importlib.import_module(f"{engine}.config").Config.fromfile("./sub/exp.py")
    return cfg.filename, cfg.text.replace(str(folder), "")


def test_names_files_the_same(both):
    theirs, ours = both(read_from_elsewhere)
    assert ours == theirs


def test_dumps_the_same_text(both):
    texts = [
        "optimizer = dict(type='Adam', lr=1e-4, betas=(0.9, 0.999), weight_decay=0.05)\nn = None\n",
        "train_pipeline = [dict(type='LoadImageFromFile'), dict(type='Resize', scale=(256, 256),"
        " keep_ratio=True), dict(type='Normalize', mean=[123.675, 116.28, 103.53])]\n",
        "default_hooks = dict(timer=dict(type='IterTimerHook'), logger=dict(type='LoggerHook',"
        " interval=50), checkpoint=dict(type='CheckpointHook', interval=1, max_keep_ckpts=3,"
        " save_best='auto'))\nlaunch = 'none'\none = (1, )\nempty = [[], {}, ()]\n",
        "model = dict(type='GAN', generator=dict(type='Generator', channels=64, out=dict(k=1)),"
        " odd={'a b': 1, 3: 'it\\'s'})\nparam_scheduler = [dict(type='LinearLR', end=500)]\n",
        READ,
        # Lines that are just too long, and what stands alone in its dict.
        "test = [dict(type='COCOVQA', question_file="
        "'annotations/v2_OpenEnded_mscoco_validation2014_questions_and_more.json')]\n"
        "param_scheduler = [dict(type='LinearLR', begin=0, by_epoch=False, end=1000,"
        " start_factor=0.001)]\n"
        "train_cfg = dict(augments=[dict(type='Mixup', alpha=0.8),"
        " dict(type='CutMix', alpha=1.)])\n"
        "pipeline = [dict(type='Flip', direction='vertical', flip_ratio=0.5, keys=['img', 'gt'])]\n"
        "visualizer = dict(type='Visualizer', vis_backends=[dict(type='VisBackend')])\n",
    ]
    theirs, ours = both(read, FILES, texts, kept="text")
    for our_result, their_result in zip(ours, theirs, strict=True):
        assert our_result["text"] == their_result["text"]


def merged(engine, cases):
    """Settings after ``merge_from_dict``, or the kind of the error."""
    import copy
    import importlib

    config = importlib.import_module(f"{engine}.config")
    base = {
        "m": {"b": {"t": "R"}},
        "p": [{"type": "L"}, {"type": "M"}],
        "s": 3,
    }
    results = []
    for options, allow_list_keys in cases:
        cfg = config.Config(copy.deepcopy(base))
        try:
            cfg.merge_from_dict(copy.deepcopy(options), allow_list_keys)
        except Exception as err:
            results.append(type(err).__name__)
        else:
            results.append(cfg.to_dict())
    return results


def test_merges_options_the_same(both):
    options = [
        {"m.b.d": 5},
        {"m.b": {"_delete_": True, "x": 1}},
        {"m": {"b": {"t": {"_delete_": True, "k": 1}}}},
        {"m": {"b": {"_delete_": 0, "z": 1}}},
        {"m.b": None},
        {"p.0.type": "Z"},
        {"p": {"1": {"k": 1}}},
        {"p": {"x": 1}},
        {"p": [1]},
        {"p.5.type": "Z"},
        {"s.a": 1},
        {"s": {"_delete_": True, "a": 1}},
        {"new.a.b": {"c": [1, {"d": 2}]}},
    ]
    theirs, ours = both(merged, [(case, keys) for case in options for keys in (True, False)])
    assert_same(ours, theirs)


def parsed(engine, texts):
    """What ``DictAction`` makes of values."""
    import argparse
    import importlib

    parser = argparse.ArgumentParser()
    action = importlib.import_module(f"{engine}.config").DictAction
    parser.add_argument("-o", nargs="+", action=action)
    return [parser.parse_args(["-o", f"a.b={text}"]).o for text in texts]


def test_parses_options_the_same(both):
    texts = "1|1.5|-1|1e-3|true|TRUE|None|none|x|x,y|1,|[1,2]|(1,2)|(1)|(1,)|[]|()|b=c|inf|1_000"
    texts += "|[(1,2),(3,4)]|[[1,2],[3,(4,5)]]|[a,(b,c),[d]]|((1,2),(3,4))|[1, 2]|(1,2),3|'x'|[1"
    theirs, ours = both(parsed, texts.split("|"))
    assert_same(ours, theirs)


def behaviour(engine):
    """What a ConfigDict answers to what a dict and an object are asked."""
    import copy
    import importlib
    import pickle

    config_dict = importlib.import_module(f"{engine}.config").ConfigDict

    def outcome(action):
        cfg = config_dict({"a": 1, "b": {"c": 2, "d": [{"e": 3}, ({"f": 4},)]}})
        try:
            value = action(cfg)
        except Exception as err:
            return type(err).__name__
        return config_dict(value).to_dict() if isinstance(value, dict) else value

    def change(code):
        def act(cfg):
            exec(code, {"cfg": cfg})
            return cfg

        return act

    actions = [
        lambda cfg: cfg.b.d[1][0].f,
        lambda cfg: cfg.zz,
        lambda cfg: cfg["zz"],
        lambda cfg: [cfg.get("zz"), cfg.get("zz", 3), cfg.pop("zz"), cfg.pop("zz", 3)],
        lambda cfg: [cfg.pop("a"), sorted(cfg)],
        lambda cfg: [cfg.copy().b is cfg.b, copy.deepcopy(cfg).b is cfg.b, copy.copy(cfg) == cfg],
        lambda cfg: pickle.loads(pickle.dumps(cfg)),
        lambda cfg: [dict(**cfg) == cfg, len(cfg), list(cfg), "a" in cfg, repr(cfg), str(cfg)],
        lambda cfg: cfg | {"a": {"z": 1}},
        hash,
        change("cfg.n = {'x': {'y': 1}}; cfg.n.x.z = 2"),
        change("cfg['m'] = [{'x': 1}]; cfg.m[0].x = 2"),
        change("cfg.update(b={'c': 9}, s={'t': 1})"),
        change("cfg.update({'b': {'d': 1}})"),
        change("cfg |= {'k': {'l': 1}}; cfg.k.l = 2"),
        change("cfg.setdefault('a', 3); cfg.setdefault('q', 3)"),
        change("cfg.merge({'b': {'c': 1}, 'n': {'x': 1}})"),
        change("cfg.merge({'b': {'_delete_': True, 'x': 1}})"),
        change("cfg.merge({'a': {'x': 1}})"),
        change("cfg.items = 3"),
        change("cfg['items'] = 3"),
        change("del cfg.a"),
        change("del cfg['zz']"),
    ]
    return [outcome(action) for action in actions]


def test_config_dict_behaves_the_same(both):
    theirs, ours = both(behaviour)
    assert_same(ours, theirs)


def reread(engine, text):
    """What a dumped config reads as."""
    import importlib

    return importlib.import_module(f"{engine}.config").Config.fromstring(text, ".py").to_dict()


def test_mmengine_reads_what_mmlight_dumps(mmengine, mmlight):
    texts = CONFIGS[1:8] + CONFIGS[10:15]
    for result in mmlight.run(read, FILES, texts, kept="text"):
        assert_same(mmengine.run(reread, result["text"]), result["values"])
