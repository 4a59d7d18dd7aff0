"""Checkpoints that a stranger might send: each is small, and wants to do harm when it is read."""

from __future__ import annotations

import io
import pickle
import struct
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Code = bytes
"""Instructions that leave one value."""


def plain(value: Any) -> Code:
    return pickle.dumps(value, protocol=2)[2:-1]


def name_of(module: str, name: str) -> Code:
    return f"c{module}\n{name}\n".encode()


def tuple_of(*parts: Code) -> Code:
    return b"(" + b"".join(parts) + b"t"


def call(function: Code, *args: Code) -> Code:
    return function + tuple_of(*args) + b"R"


def new(kind: Code, *args: Code) -> Code:
    return kind + tuple_of(*args) + b"\x81"


def build(value: Code, state: Code) -> Code:
    return value + state + b"b"


def whole(code: Code) -> bytes:
    return b"\x80\x02}" + plain("state_dict") + code + b"s."


def storage(
    kind: str = "FloatStorage", key: Any = "0", number: Any = 4, place: str = "cpu"
) -> Code:
    parts = (plain("storage"), name_of("torch", kind), plain(key), plain(place), plain(number))
    return tuple_of(*parts) + b"Q"


def tensor(size: tuple, stride: tuple, offset: int = 0, of: Code | None = None) -> Code:
    args = (plain(offset), plain(size), plain(stride), b"\x89", plain(None))
    return call(name_of("torch._utils", "_rebuild_tensor_v2"), of or storage(), *args)


def archive(pickled: bytes, parts: dict[str, bytes] | None = None, **kwargs: Any) -> bytes:
    """What torch would write around a pickle with one storage of four floats."""
    entries = {
        "archive/data.pkl": pickled,
        "archive/byteorder": b"little",
        "archive/data/0": struct.pack("<4f", 1, 2, 3, 4),
        "archive/version": b"3\n",
        **(parts or {}),
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", **kwargs) as target:
        for name, data in entries.items():
            target.writestr(name, data)
    return file.getvalue()


DTYPE = name_of("numpy", "dtype")
NDARRAY = name_of("numpy", "ndarray")
RECONSTRUCT = name_of("numpy.core.multiarray", "_reconstruct")
DOUBLE = call(DTYPE, plain("f8"), b"\x89", b"\x88")
FRESH = call(RECONSTRUCT, NDARRAY, plain((0,)), plain(b"b"))


def array(shape: Any, dtype: Code, data: bytes) -> Code:
    state = tuple_of(plain(1), plain(shape), dtype, b"\x89", plain(data))
    return build(FRESH, state)


def fields() -> Code:
    """A dict of fields that lays an object over the bytes of an array."""
    entry = tuple_of(call(DTYPE, plain("O8"), b"\x89", b"\x88"), plain(0))
    return b"}" + plain("a") + entry + b"s"


def forged_dtype(of: Code, size: int, named: bool = False) -> Code:
    names = (plain(("a",)), fields()) if named else (b"N", b"N")
    return build(of, tuple_of(plain(3), plain("|"), b"N", *names, plain(size), plain(1), plain(0)))


def laughs(levels: int) -> Code:
    """A pair of twice the same pair of twice the same pair of ..."""
    return b"]q\x01" + b"h\x01\x86q\x01" * levels


def arrays() -> Iterator[tuple[str, Code]]:
    objects = call(DTYPE, plain("O"))
    yield "objects", call(NDARRAY, plain((1,)), objects, plain(b"A" * 8))
    yield "objects-new", new(NDARRAY, plain((1,)), objects, plain(b"A" * 8))
    yield "objects-state", array((1,), call(DTYPE, plain("O8"), b"\x89", b"\x88"), b"A" * 8)
    yield "objects-named", array((1,), call(DTYPE, plain("object"), b"\x89", b"\x88"), b"A" * 8)
    yield "objects-in-list", array((1,), call(DTYPE, plain([("a", "O")])), b"A" * 8)
    yield (
        "fields-of-void",
        array((1,), forged_dtype(call(DTYPE, plain("V8"), b"\x89", b"\x88"), 8, True), b"A" * 8),
    )
    yield "fields-of-double", array((1,), forged_dtype(DOUBLE, 8, True), b"A" * 8)
    yield "wide-double", array((1,), forged_dtype(DOUBLE, 1 << 30), b"A" * 8)
    yield "wide-text", array((1 << 20,), call(DTYPE, plain("U99999999"), b"\x89", b"\x88"), b"")
    yield "huge-shape", array((1 << 40,), DOUBLE, b"A" * 8)
    yield "negative-shape", array((-1, -1), DOUBLE, b"A" * 8)
    yield "overflowing-shape", array((1 << 32, 1 << 32), DOUBLE, b"")
    yield "huge-ndarray", call(NDARRAY, plain((1 << 33,)))
    yield "huge-reconstruct", call(RECONSTRUCT, NDARRAY, plain((1 << 40,)), plain(b"b"))
    yield (
        "built-twice",
        build(
            array((1,), DOUBLE, b"A" * 8),
            tuple_of(plain(1), plain((1,)), DOUBLE, b"\x89", plain(b"B" * 8)),
        ),
    )
    yield (
        "scalar-of-objects",
        call(name_of("numpy.core.multiarray", "scalar"), objects, plain(b"A" * 8)),
    )
    yield "scalar-cut-off", call(name_of("numpy._core.multiarray", "scalar"), DOUBLE, plain(b"A"))


def tensors() -> Iterator[tuple[str, Code]]:
    yield "beyond", tensor((5,), (1,))
    yield "offset", tensor((1,), (1,), offset=4)
    yield "negative-offset", tensor((1,), (1,), offset=-1)
    yield "stride", tensor((2,), (1 << 40,))
    yield "negative-stride", tensor((2,), (-1,))
    yield "negative-size", tensor((-1,), (1,))
    yield "huge-size", tensor((1 << 40,), (1,))
    yield "overflowing-size", tensor((1 << 32, 1 << 32), (1 << 32, 1))
    yield "expanded", tensor((1 << 40,), (0,))
    yield "numel", tensor((1 << 20,), (1,), of=storage(number=1 << 20))
    yield "negative-numel", tensor((1,), (1,), of=storage(number=-4))
    yield "other-type", tensor((4,), (1,), of=storage("DoubleStorage"))
    yield "no-such-part", tensor((4,), (1,), of=storage(key="7"))
    yield "path-as-part", tensor((4,), (1,), of=storage(key="../../../etc/passwd"))
    yield "module", tuple_of(plain("module"), name_of("os", "system"), b"NN") + b"Q"
    yield (
        "hooks",
        call(
            name_of("torch._utils", "_rebuild_parameter"),
            tensor((4,), (1,)),
            b"\x88",
            b"}" + plain(0) + name_of("torch", "Size") + b"s",
        ),
    )
    yield (
        "attributes",
        call(
            name_of("torch._utils", "_rebuild_parameter_with_state"),
            tensor((4,), (1,)),
            b"\x88",
            b"}",
            plain({"__class__": 1}),
        ),
    )
    yield "allocation", call(name_of("torch", "FloatTensor"), plain(1 << 40))
    yield "new-allocation", new(name_of("torch", "Tensor"), plain(1 << 40))
    yield "untyped-allocation", call(name_of("torch.storage", "UntypedStorage"), plain(1 << 40))
    nested_tensor = (tensor((2,), (1,)), tensor((2, 1), (1, 1)), tensor((2, 1), (1, 1)))
    yield (
        "nested",
        call(name_of("torch._utils", "_rebuild_nested_tensor"), *nested_tensor, tensor((2,), (1,))),
    )
    indices = call(
        name_of("torch._utils", "_rebuild_tensor_v2"),
        storage("LongStorage", number=2),
        *(plain(0), plain((1, 2)), plain((2, 1)), b"\x89", plain(None)),
    )
    yield (
        "sparse",
        call(
            name_of("torch._utils", "_rebuild_sparse_tensor"),
            call(name_of("torch.serialization", "_get_layout"), plain("torch.sparse_coo")),
            tuple_of(indices, tensor((2,), (1,)), plain((2,))),
        ),
    )


def calls(trace: Path) -> Iterator[tuple[str, Code]]:
    folder = plain(str(trace))
    yield "system", call(name_of("posix", "system"), plain(f"mkdir {trace}"))
    yield "os-system", call(name_of("os", "system"), plain(f"mkdir {trace}"))
    yield "mkdir", call(name_of("os", "mkdir"), folder)
    yield "eval", call(name_of("__builtin__", "eval"), plain(f"__import__('os').mkdir('{trace}')"))
    yield "exec", call(name_of("builtins", "exec"), plain(f"import os; os.mkdir('{trace}')"))
    yield "getattr", call(name_of("builtins", "getattr"), NDARRAY, plain("tofile"))
    yield "open", call(name_of("io", "open"), folder, plain("w"))
    yield "path-attribute", call(name_of("pathlib", "PosixPath.mkdir"), folder)
    yield "import", call(name_of("importlib", "import_module"), plain("this"))
    yield "apply", call(name_of("functools", "partial"), name_of("os", "mkdir"), folder)
    yield (
        "set-state",
        build(
            name_of("mmengine.logging.history_buffer", "HistoryBuffer") + b")\x81",
            plain({"__class__": 1}),
        ),
    )
    yield (
        "shadowed-items",
        build(
            call(name_of("collections", "OrderedDict")),
            b"}" + plain("items") + name_of("torch", "Size") + b"s",
        ),
    )
    yield "state-of-class", build(name_of("collections", "OrderedDict"), plain({"a": 1}))
    yield "default-factory", call(name_of("collections", "defaultdict"), name_of("os", "getcwd"))
    yield "script", call(name_of("torch.jit", "load"), folder)
    yield "hub", call(name_of("torch.hub", "load"), folder)
    jagged = name_of("torch.nested._internal.nested_tensor", "_rebuild_njt")
    yield "jagged", call(jagged, tuple_of())
    yield "mesh", new(name_of("torch.distributed.device_mesh", "DeviceMesh"))
    yield "load-again", call(name_of("torch", "load"), folder)


def resources() -> Iterator[tuple[str, Code]]:
    many = call(name_of("__builtin__", "xrange"), plain(1 << 34))
    for kind in ("list", "set", "frozenset", "bytearray", "bytes", "dict"):
        yield f"range-as-{kind}", call(name_of("__builtin__", kind), many)
    yield "range-as-size", call(name_of("torch", "Size"), many)
    yield "range-as-counter", call(name_of("collections", "Counter"), many)
    yield "range-as-defaults", call(name_of("collections", "OrderedDict"), many)
    yield "zeros", call(name_of("__builtin__", "bytes"), plain(1 << 36))
    yield "zero-array", call(name_of("__builtin__", "bytearray"), plain(1 << 36))
    yield "slow-codec", call(name_of("_codecs", "encode"), plain("ä" * 200_000), plain("punycode"))
    yield "slow-domain", call(name_of("_codecs", "encode"), plain("ä" * 200_000), plain("idna"))
    equal_hashes = [n * (2**61 - 1) for n in range(20_000)]
    yield "equal-hashes", b"}(" + b"".join(plain(n) + b"N" for n in equal_hashes) + b"u"
    yield "equal-hashes-in-set", call(name_of("__builtin__", "set"), plain(equal_hashes))
    yield "deep-list", b"]" * 200_000 + b"a" * 199_999
    yield "deep-tuple", b")" + b"\x85" * 200_000
    yield "deep-dict", b"}K\x00" * 20_000 + b"}" + b"s" * 20_000
    yield "laughs", laughs(40)
    yield "contains-itself", b"]q\x01h\x01a"
    yield "long-text", b"X" + struct.pack("<I", 0xFFFFFFF0) + b"abc"
    yield "missing-memo", b"h\x07"
    yield "empty-stack", b"R"
    yield "extension", b"\x82\x01"
    yield "buffer", b"\x97"


def archives(trace: Path) -> Iterator[tuple[str, bytes]]:
    good = whole(tensor((4,), (1,)))
    zeros = bytes(1 << 28)
    bomb = archive(good, {"archive/data/1": zeros}, compression=zipfile.ZIP_DEFLATED)
    yield "bomb", bomb
    yield "bomb-of-pickle", archive(whole(b"N") + zeros, compression=zipfile.ZIP_DEFLATED)
    yield "outside", archive(good, {f"../../..{trace}": b"x"})
    yield "absolute", archive(good, {str(trace): b"x"})
    yield "two-folders", archive(good, {"other/data.pkl": whole(b"N")})
    yield "two-cases", archive(good, {"archive/DATA.PKL": whole(b"N")})
    yield "wrong-size", resized(archive(good), 1 << 20)
    yield "larger-than-file", resized(archive(good), 0xFFFFFFF0)
    yield "overlapping", overlapping(archive(good, {"archive/data/1": b"x" * 16}))
    yield "no-pickle", archive(b"")
    yield "cut-off", archive(good)[:-30]
    yield "cut-in-half", archive(good)[:200]
    yield "script", archive(good, {"archive/constants.pkl": whole(b"N")})
    yield "script-in-capitals", archive(good, {"archive/CONSTANTS.PKL": whole(b"N")})
    yield "tar", tar(trace)
    yield "nothing", b""
    yield "zeros", bytes(1000)


def resized(data: bytes, size: int) -> bytes:
    """An archive whose directory gives its storage another size."""
    at = data.rindex(b"archive/data/0") - 46
    assert data[at : at + 4] == b"PK\x01\x02"
    return data[: at + 20] + struct.pack("<II", size, size) + data[at + 28 :]


def overlapping(data: bytes) -> bytes:
    """An archive in which one part begins where another one does."""
    first = data.rindex(b"archive/data/0") - 46
    second = data.rindex(b"archive/data/1") - 46
    where = data[first + 42 : first + 46]
    return data[: second + 42] + where + data[second + 46 :]


def tar(trace: Path) -> bytes:
    """Torch's first format: two parts that torch unpacks, and a pickle."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as target:
        link = tarfile.TarInfo("storages")
        link.type, link.linkname = tarfile.SYMTYPE, str(trace)
        target.addfile(link)
    return file.getvalue()


def legacy(pickled: bytes, data: bytes = b"") -> bytes:
    """Torch's second format: pickles one behind the other, then storages."""
    magic = pickle.dumps(0x1950A86A20F9469CFC6C, protocol=2)
    info = pickle.dumps({"little_endian": True}, protocol=2)
    return magic + pickle.dumps(1001, protocol=2) + info + pickled + data


def legacies(trace: Path) -> Iterator[tuple[str, bytes]]:
    call_of_code = call(name_of("posix", "system"), plain(f"mkdir {trace}"))
    keys = pickle.dumps(["0"], protocol=2)
    yield "call", legacy(whole(call_of_code), keys)
    yield "instead-of-magic", whole(call_of_code)
    yield "in-keys", legacy(whole(b"N"), whole(call_of_code))
    for name, number in (("huge-storage", 1 << 40), ("short-storage", 4)):
        place = tuple_of(
            *(plain("storage"), name_of("torch", "FloatStorage"), plain("0"), plain("cpu")),
            *(plain(number), b"N"),
        )
        some = tensor((4,), (1,), of=place + b"Q")
        yield name, legacy(whole(some), keys + struct.pack("<q", number) + b"1234")


def corpus(trace: Path) -> dict[str, bytes]:
    """All of them by name; those that want to run code leave ``trace`` behind."""
    groups = {
        "array": arrays(),
        "tensor": tensors(),
        "call": calls(trace),
        "resource": resources(),
    }
    files = {
        f"{group}-{name}": archive(whole(code))
        for group, codes in groups.items()
        for name, code in codes
    }
    return {
        **files,
        **{f"archive-{name}": data for name, data in archives(trace)},
        **{f"legacy-{name}": data for name, data in legacies(trace)},
    }
