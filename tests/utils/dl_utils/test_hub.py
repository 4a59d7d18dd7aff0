import hashlib
import pickle

import pytest
import torch

from mmlight.utils.dl_utils import load_url
from tests.web import serve


@pytest.fixture
def server(tmp_path, monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "served"
    folder.mkdir()
    with serve(folder) as address:
        yield address, folder


def test_a_file_is_downloaded_once(server, tmp_path):
    address, folder = server
    torch.save({"weight": torch.arange(3)}, folder / "a.pth")
    kept = tmp_path / "kept"
    for _ in range(2):
        loaded = load_url(f"{address}/a.pth", model_dir=str(kept), progress=False, file_name="b")
        assert loaded["weight"].tolist() == [0, 1, 2]
        (folder / "a.pth").unlink(missing_ok=True)
    assert [path.name for path in kept.iterdir()] == ["b"]


def test_the_hash_in_the_name(server, tmp_path):
    address, folder = server
    torch.save({"weight": torch.arange(3)}, folder / "a.pth")
    digest = hashlib.sha256((folder / "a.pth").read_bytes()).hexdigest()[:8]
    (folder / f"a-{digest}.pth").write_bytes((folder / "a.pth").read_bytes())
    (folder / "a-00000000.pth").write_bytes((folder / "a.pth").read_bytes())
    options = {"model_dir": str(tmp_path / "kept"), "check_hash": True, "progress": False}
    assert "weight" in load_url(f"{address}/a-{digest}.pth", **options)
    with pytest.raises(RuntimeError, match="invalid hash value"):
        load_url(f"{address}/a-00000000.pth", **options)


class Attack:
    def __reduce__(self):
        return exec, ("raise SystemExit('a checkpoint ran code')",)


def test_a_file_cannot_run_code(server, tmp_path):
    address, folder = server
    torch.save({"weight": Attack()}, folder / "a.pth")
    with pytest.raises(pickle.UnpicklingError, match="Weights only load failed"):
        load_url(f"{address}/a.pth", model_dir=str(tmp_path / "kept"), progress=False)
