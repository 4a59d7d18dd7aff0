"""The low namespaces give what MMEngine's give, on the same inputs."""

from __future__ import annotations

import pytest

from tests.parity.compare import assert_same


def of_utils(engine):
    import importlib
    import io
    import os
    import tempfile
    from pathlib import Path

    os.chdir(tempfile.mkdtemp())

    utils = importlib.import_module(f"{engine}.utils")
    results = {}

    def record(name, func, *args, **kwargs):
        try:
            results[name] = func(*args, **kwargs)
        except Exception as error:
            results[name] = type(error).__name__

    versions = "1.0 1.2.3 v1.2 1 1.0a 1.0-alpha.1 1.0b3 1.0rc1 1.0rc1.post2 1.0rc1.dev2 1.0.post1"
    versions += " 2.0.0.dev1 1.10.0a0+git123 1.2.3+cu117 1.2.3.4.5 1!2.0 abc 1.x"
    for version in versions.split():
        record(f"version {version}", utils.digit_version, version)
        record(f"version {version} short", utils.digit_version, version, length=2)
    for path in [
        "/a",
        "a",
        "s3://a",
        "petrel://b",
        "http://x",
        "https://x",
        "C:/a",
        "",
        Path("/a"),
    ]:
        record(f"is_abs {path}", utils.is_abs, path)
    for value in ["a", Path("a"), 1, None]:
        record(f"is_filepath {value}", utils.is_filepath, value)
    sequences = [[1], "ab", (1,), [], {1}, [1, "a"], [[1]], ("a", "b")]
    for sequence in sequences:
        for expected in (int, str, (int, str)):
            for check in ("is_seq_of", "is_list_of", "is_tuple_of"):
                record(f"{check} {sequence} {expected}", getattr(utils, check), sequence, expected)
    for n in (1, 2, 3, 4):
        for value in (1, "ab", [1], (1, 2), None):
            record(f"to_{n}tuple {value}", getattr(utils, f"to_{n}tuple"), value)
    for lens in (1, 2, 3, 4, [1, 3], [1, 1], [], (2, 2), "a"):
        record(f"slice_list {lens}", utils.slice_list, [1, 2, 3, 4], lens)
    record("concat_list", utils.concat_list, [[1], [], [2, 3]])
    record("list_cast", utils.list_cast, ("1", "2"), int)
    record("tuple_cast of a number", utils.tuple_cast, 1, int)
    for imports in (None, [], "", 1, [1], "no_such_module", ["no_such_module"]):
        record(f"import {imports}", utils.import_modules_from_strings, imports)
    for name in ("nope.x", "math.nothing", "math.pi"):
        record(f"object {name}", utils.get_object_from_string, name)
    data = {"a": [1, (2, "x")], "b": None}
    record("apply_to", utils.apply_to, data, lambda v: isinstance(v, int), lambda v: v + 1)

    def bar(columns, width):
        os.environ["COLUMNS"] = str(columns)
        out = io.StringIO()
        utils.ProgressBar(10, width, file=out).update(3)
        line = out.getvalue().split("\r")[1]
        room = columns - len(line[line.index("]") + 1 :])
        # The rate is as long as the machine is fast: the width is told by the room it leaves.
        return line.index("]") - 1 - (room if 5 < room < width else 0)

    for columns in (30, 70, 100):
        for width in (5, 300):
            record(f"bar of {width} in {columns}", bar, columns, width)
    for name, task in {"tuple": (1, 2), "list": [1, 2], "dict": {"x": 1}, "str": "ab"}.items():
        record(f"rich {name}", utils.track_progress_rich, lambda *a, **k: (a, k), [task])
    record("rich number", utils.track_progress_rich, abs, [1, 2], task_num=3)
    for name in ("a.txt", "sub/b.txt", ".hidden/c.txt", "sub/.d.txt"):
        Path("scanned", name).parent.mkdir(parents=True, exist_ok=True)
        Path("scanned", name).touch()
    for recursive in (False, True):
        record(f"scan {recursive}", lambda r=recursive: sorted(utils.scandir("scanned", None, r)))

    class Managed(utils.ManagerMixin):
        def __init__(self, name="", value=0):
            super().__init__(name)
            self.value = value

    record("no instance", Managed.get_current_instance)
    record("empty name", Managed, "")
    record("number as name", Managed.get_instance, 3)
    record("value", lambda: Managed.get_instance("a", value=3).value)
    record("value again", lambda: Managed.get_instance("a", value=4).value)
    record("created", Managed.check_instance_created, "a")
    record("current", lambda: Managed.get_current_instance().instance_name)
    return results


def of_torch_helpers(engine):
    import importlib

    import torch
    from torch import nn

    helpers = importlib.import_module(f"{engine}.utils.dl_utils")
    results = {}
    torch.manual_seed(0)
    tensor = torch.randn(3, 3, 5, 4) * 60
    mean, std = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
    results["images"] = helpers.tensor2imgs(tensor, mean, std)
    results["images, RGB"] = helpers.tensor2imgs(tensor, to_bgr=False)
    results["images, gray"] = helpers.tensor2imgs(tensor[:, :1], (3,), (2,), to_bgr=False)
    for dtype in (torch.float16, torch.float64, torch.uint8):
        results[f"images, {dtype}"] = helpers.tensor2imgs(tensor.abs().to(dtype), (1, 2, 3))
    results["grid"] = helpers.torch_meshgrid(torch.arange(2), torch.arange(3))
    layers = [nn.BatchNorm1d(2), nn.SyncBatchNorm(2), nn.GroupNorm(1, 2), nn.LayerNorm(2)]
    layers += [nn.InstanceNorm2d(2), nn.Linear(1, 1), nn.LocalResponseNorm(2), nn.RMSNorm(2)]
    for layer in layers:
        name = type(layer).__name__
        results[f"is_norm {name}"] = helpers.is_norm(layer)
        results[f"is_norm {name} but"] = helpers.is_norm(layer, exclude=(nn.GroupNorm,))
        results[f"has_batch_norm {name}"] = helpers.has_batch_norm(nn.Sequential(layer))
    ours = helpers.collect_env()
    for key in ("sys.platform", "Python", "CUDA available", "GCC", "PyTorch", "OpenCV"):
        results[key] = str(ours[key])
    results["compiled"] = ours["PyTorch compiling details"]
    return results


def of_fileio(engine, folder):
    import importlib
    import io
    import os
    from pathlib import Path

    import numpy as np

    fileio = importlib.import_module(f"{engine}.fileio")
    top = Path(folder) / engine
    top.mkdir()
    os.chdir(top)
    results = {}

    def record(name, func, *args, **kwargs):
        try:
            result = func(*args, **kwargs)
        except Exception as error:
            # Ours may be of a type below theirs, such as a connection error below OSError.
            result = [cls.__name__ for cls in type(error).__mro__ if cls.__module__ == "builtins"]
        results[name] = str(result) if isinstance(result, Path) else result

    for name, text in {
        "lines": "a\nb\n\n c \nd\r\ne",
        "ended": "a\nb\n",
        "empty": "",
        "pairs": "1 cat\n2 dog cow\n\t3 x\n",
        "short": "1\n",
        "gap": "1 a\n\n2 b\n",
    }.items():
        Path(name).write_text(text, newline="")
        record(f"list {name}", fileio.list_from_file, name)
        record(f"list part of {name}", fileio.list_from_file, name, "p", 1, 2)
        record(f"list before {name}", fileio.list_from_file, name, offset=-1, max_num=2)
        record(f"dict {name}", fileio.dict_from_file, name)
        record(f"dict {name}, int", fileio.dict_from_file, name, key_type=int)
    values = {
        "plain": {"b": [1, {"c": 2.5}], "a": None, "ö": "ü"},
        "numpy": {"a": np.float32(0.1), "b": np.arange(3), "c": np.int64(2)},
        "set": {"a": {1, 2}, "r": range(3)},
        "tuple": {"t": (1, 2)},
        "object": {"a": object},
        "list": [1, "two", 3.0],
    }
    for name, value in values.items():
        record(f"json {name}", fileio.dump, value, file_format="json")
        record(f"json {name}, sorted", fileio.dump, value, file_format="json", sort_keys=True)
    for name in ("plain", "tuple", "list"):
        # MMEngine writes a tuple with a tag of Python's, which nothing else reads.
        endings = ["json", "pkl", "pickle", *(() if name == "tuple" else ("yaml", "yml"))]
        if "yaml" in endings:
            record(f"yaml {name}", fileio.dump, values[name], file_format="yaml")
        for ending in endings:
            path = f"new/{name}.{ending}"
            record(f"dump {path}", fileio.dump, values[name], path)
            record(f"load {path}", fileio.load, path)
    for file in ("x.foo", 3, "lines", "nope.json", io.StringIO("{}")):
        record(f"load {type(file).__name__} {str(file)[:9]}", fileio.load, file)
    record("dump nowhere", fileio.dump, {})
    record("dump to a number", fileio.dump, [1], 3, "json")
    for obj in ("abc", None, memoryview(b"abc")):
        record(f"put {type(obj)}", fileio.put, obj, "put.bin")
    record("put bytes as text", fileio.put_text, b"abc", "put.txt")
    record("join nothing", fileio.join_path, "a", None)
    record("remove a file as a tree", fileio.rmtree, "lines")
    record("list a file", lambda: list(fileio.list_dir_or_file("lines")))
    record("backend of no dict", fileio.get_file_backend, "a", backend_args="local")
    record("put", fileio.put, b"abc", "d/e/f.bin")
    record("get", fileio.get, "d/e/f.bin")
    record("text", fileio.get_text, Path("d/e/f.bin"))
    for name in ("exists", "isdir", "isfile"):
        for path in ("d", "d/e/f.bin", "none"):
            record(f"{name} {path}", getattr(fileio, name), path)
    for parts in (["a", "b"], [Path("a"), "b"], ["a", "/b"], ["/a/", "b", "c/"]):
        record(f"join {parts}", fileio.join_path, *parts)
    record("copy", fileio.copyfile, "d/e/f.bin", "d/g")
    record("copy Path", fileio.copyfile, Path("d/g"), Path("d/h"))
    record("copy into", fileio.copyfile, "d/e/f.bin", "d")
    record("copy onto itself", fileio.copyfile, "d/g", "d/g")
    record("copy nothing", fileio.copyfile, "none", "d/i")
    record("copy into nowhere", fileio.copyfile, "d/g", "no/folder")
    record("tree", fileio.copytree, "d", "d2")
    record("tree again", fileio.copytree, "d", "d2")
    record("link", fileio.copy_if_symlink_fails, str(top / "d/g"), str(top / "d/link"))
    record("link again", fileio.copy_if_symlink_fails, str(top / "d/g"), str(top / "d/link"))
    record("remove a folder", fileio.remove, "d2")
    record("remove nothing", fileio.remove, "none")
    record("remove a tree", fileio.rmtree, "d2")
    record("remove no tree", fileio.rmtree, "d2")
    for name in ("s/a.txt", "s/b.py", "s/sub/c.txt", "s/.hidden", "s/.folder/z.txt"):
        fileio.put(b"", name)
    for options in (
        {},
        {"list_dir": False},
        {"list_file": False},
        {"suffix": ".txt"},
        {"suffix": ".txt", "list_dir": False},
        {"recursive": True},
        {"recursive": True, "list_file": False},
        {"recursive": True, "list_dir": False, "suffix": (".txt", ".py")},
    ):
        record(f"list {options}", lambda o=options: sorted(fileio.list_dir_or_file("s", **o)))
    for uri in ("a", "/a", Path("a"), "http://x/y", "https://x/y", "foo://x"):
        record(f"backend {uri}", lambda u=uri: fileio.get_file_backend(u).name)
    for args in ({"backend": "local"}, {"backend": "http"}, {"backend": "foo"}, {}):
        record(f"backend {args}", lambda a=args: fileio.get_file_backend(backend_args=a).name)
    return results


def of_two_processes(engine, folder):
    import importlib
    import multiprocessing
    import os
    from pathlib import Path

    import numpy as np
    import torch

    dist = importlib.import_module(f"{engine}.dist")
    folder = Path(folder) / engine
    folder.mkdir()

    def work(rank):
        os.chdir(folder)
        store = torch.distributed.FileStore(str(folder / "store"), 2)
        torch.distributed.init_process_group("gloo", store=store, rank=rank, world_size=2)
        results = {}

        def record(name, func, *args, **kwargs):
            try:
                results[name] = func(*args, **kwargs)
            except Exception as error:
                results[name] = type(error).__name__

        def in_place(name, func, data, **kwargs):
            record(name, lambda: (func(data, **kwargs), data)[1])

        def mine():
            return torch.arange(2) + 1 + 2 * rank

        half = torch.tensor([1.0, 0.5 + rank], dtype=torch.float16)
        in_place("all_reduce half", dist.all_reduce, half, op="mean")
        in_place("broadcast of a view", dist.broadcast, torch.arange(6).view(2, 3).t() * (rank + 1))
        groups = [torch.distributed.new_group([member]) for member in (0, 1)]
        record("info of a group", dist.get_dist_info, groups[rank])
        record("info of the other group", dist.get_dist_info, groups[1 - rank])
        in_place("all_reduce in a group", dist.all_reduce, mine(), group=groups[rank])
        record("all_gather in a group", dist.all_gather, mine(), groups[rank])
        record("info", lambda: [*dist.get_dist_info(), dist.get_backend(), dist.is_main_process()])
        record("gather", dist.gather, mine())
        record("gather to 1", dist.gather, mine(), dst=1)
        record("gather_object", dist.gather_object, {"rank": rank})
        record("all_gather", dist.all_gather, mine())
        record("all_gather_object", dist.all_gather_object, ["foo", 12][rank])
        for op in ("sum", "mean", "product", "min", "max", "band", "bor", "bxor", "SUM", "foo"):
            in_place(f"all_reduce {op}", dist.all_reduce, mine(), op=op)
            if op not in ("band", "bor", "bxor"):
                in_place(f"all_reduce float {op}", dist.all_reduce, mine() / 3, op=op)
        in_place("mean of odd sums", dist.all_reduce, torch.tensor([rank, -rank]), op="mean")
        for op in ("sum", "mean", "max"):
            data = {"b": torch.full((2, 2), rank + 0.5), "a": torch.arange(3) + rank}
            in_place(f"all_reduce_dict {op}", dist.all_reduce_dict, data, op=op)
            data = {"b": torch.arange(2) + rank, "a": torch.tensor(rank)}
            in_place(f"all_reduce_dict of integers {op}", dist.all_reduce_dict, data, op=op)
            for options in ({}, {"coalesce": False}, {"bucket_size_mb": 1}):
                data = [torch.full((2, 2), rank / 3), torch.arange(3) * rank, torch.ones(1)]
                name = f"all_reduce_params {op} {options}"
                in_place(name, dist.all_reduce_params, data, op=op, **options)
        in_place("broadcast", dist.broadcast, mine(), src=1)
        in_place("broadcast_object_list", dist.broadcast_object_list, ["a", rank])
        np.random.seed(rank)
        record("seed", dist.sync_random_seed)
        results["next draw"] = int(np.random.randint(1000))
        for size in (1, 2, 3, 4):
            for device in ("cpu", "gpu"):
                part = [(rank, index) for index in range(2)]
                name = f"collect {size} {device}"
                record(name, dist.collect_results, part, size, device=device)
        record("collect uneven", dist.collect_results_cpu, list(range(2 - rank)), 3)
        record("master_only", dist.master_only(lambda: rank))
        dist.barrier()
        torch.save(results, folder / f"{rank}.pt")

    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=work, args=(rank,)) for rank in (0, 1)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    return [torch.load(folder / f"{rank}.pt", weights_only=False) for rank in (0, 1)]


@pytest.mark.parametrize("code", [of_utils, of_torch_helpers])
def test_same_results(both, code):
    theirs, ours = both(code)
    assert_same(ours, theirs)


@pytest.mark.parametrize("code", [of_fileio, of_two_processes])
def test_same_results_with_files_or_processes(both, code, tmp_path):
    theirs, ours = both(code, str(tmp_path))
    assert_same(ours, theirs)
